import { endCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'hangUp',
	name: 'Hang Up',
	action: 'Hang up call',
	description: 'End a call, even while it rings. A call that is over already is no failure.',
	fields: [callField, optionsField()],
	prepare(read) {
		const callId = read.required(callField);
		return async (send) => await endCall(send, callId);
	},
};

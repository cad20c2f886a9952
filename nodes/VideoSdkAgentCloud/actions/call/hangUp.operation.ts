import { endCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'hangUp',
	name: 'Hang Up',
	action: 'Hang up call',
	description: 'End a call, even while it rings. A call that is over already is no failure.',
	fields: [callField, optionsField()],
	prepare(context, itemIndex) {
		const callId = readRequired(context, 'callId', 'Call', itemIndex);
		return async (send) => await endCall(send, callId);
	},
};

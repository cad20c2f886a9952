import { simplifyCall } from '../../api/callRecord';
import { endCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'hangUp',
	name: 'Hang Up',
	action: 'Hang up call',
	description: "End a call, even while it's still ringing. If it's already over, nothing happens.",
	fields: [callField, optionsField()],
	prepare(read) {
		const callId = read.text(callField);
		return async (send) => simplifyCall(await endCall(send, callId));
	},
};

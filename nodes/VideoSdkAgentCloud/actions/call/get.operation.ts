import { getCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { readRequired } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get call',
	description: 'Retrieve a call in its current state',
	fields: [callField, optionsField()],
	prepare(context, itemIndex) {
		const callId = readRequired(context, 'callId', 'Call', itemIndex);
		return async (send) => await getCall(send, callId);
	},
};

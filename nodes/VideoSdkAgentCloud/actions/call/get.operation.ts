import { getCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get call',
	description: 'Retrieve a call in its current state',
	fields: [callField, optionsField()],
	prepare(read) {
		const callId = read.required(callField);
		return async (send) => await getCall(send, callId);
	},
};

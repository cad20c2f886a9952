import { getSession } from '../../api/sessions';
import { readSessionId, sessionField } from '../../fields/locators';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get session',
	description: 'Retrieve a session in its current state',
	fields: [sessionField, optionsField()],
	prepare(read) {
		const sessionId = readSessionId(read);
		return async (send) => await getSession(send, sessionId);
	},
};

import { getSession } from '../../api/sessions';
import { sessionField } from '../../fields/locators';
import { readSessionId } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get session',
	description: 'Retrieve a session in its current state',
	fields: [sessionField, optionsField()],
	prepare(context, itemIndex) {
		const sessionId = readSessionId(context, itemIndex);
		return async (send) => await getSession(send, sessionId);
	},
};

import { endSession } from '../../api/sessions';
import { sessionField } from '../../fields/locators';
import { readSessionId } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'end',
	name: 'End',
	action: 'End session',
	description: 'End a running session. A session that has ended already is no failure.',
	fields: [sessionField, optionsField()],
	prepare(context, itemIndex) {
		const sessionId = readSessionId(context, itemIndex);
		return async (send) => await endSession(send, sessionId);
	},
};

import { endSession } from '../../api/sessions';
import { readSessionId, sessionField } from '../../fields/locators';
import { optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

export const operation: Operation = {
	value: 'end',
	name: 'End',
	action: 'End session',
	description: 'End a running session. If it has already ended, nothing happens.',
	fields: [sessionField, optionsField()],
	prepare(read) {
		const sessionId = readSessionId(read);
		return async (send) => await endSession(send, sessionId);
	},
};

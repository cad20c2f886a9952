import { type IDataObject } from 'n8n-workflow';
import { choicesField, optionsOf } from '../../fields/field';
import { getSession, hasStatus, SESSION_STATUSES, TERMINAL_STATUSES } from '../../api/sessions';
import { sessionField } from '../../fields/locators';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../../fields/maxWait';
import { fetchUntil } from '../lookUntil';
import { type Operation } from '../operation';

const statusesField = choicesField('required', 'Statuses', 'statuses', {
	options: optionsOf(SESSION_STATUSES),
	default: [...TERMINAL_STATUSES],
	description:
		'The statuses to wait for. One that passes between two checks is missed. If the session ends in a different one, the output has <code>timedOut</code>.',
});

export const operation: Operation = {
	value: 'waitForStatus',
	action: 'Wait for session status',
	description: 'Keep checking a session until it reaches one of the selected statuses',
	isTool: false,
	fields: [sessionField, statusesField, ...MAX_WAIT_FIELDS],
	prepare(read) {
		const sessionId = read.text(sessionField);
		const statuses = read.choices(statusesField);
		const maxWaitMs = readMaxWaitMs(read);
		const isReached = (session: IDataObject) => hasStatus(session, statuses);
		return async (send, { stopSignal }) => {
			const get = async () => await getSession(send, sessionId);
			// A status in which it has ended is its last.
			const isDone = (session: IDataObject) => isReached(session) || hasStatus(session, TERMINAL_STATUSES);
			const session = await fetchUntil(get, isDone, maxWaitMs, stopSignal);
			return isReached(session) ? session : { ...session, timedOut: true };
		};
	},
};

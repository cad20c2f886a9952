import { type IDataObject } from 'n8n-workflow';
import { choicesField, optionsOf } from '../../fields/field';
import { failureOf } from '../../api/client';
import { isPassing } from '../../api/failure';
import { getSession, hasStatus, SESSION_STATUSES, TERMINAL_STATUSES } from '../../api/sessions';
import { sessionField } from '../../fields/locators';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../../fields/maxWait';
import { type ItemReader } from '../../fields/reader';
import { lookUntil, orSeen } from '../lookUntil';
import { type ItemRun, type Operation } from '../operation';

const statusesField = choicesField('required', 'Statuses', 'statuses', {
	options: optionsOf(SESSION_STATUSES),
	default: [...TERMINAL_STATUSES],
	description:
		'The statuses to wait for. One that passes between two checks is missed, so include those in which a session ends.',
});

function prepare(read: ItemReader): ItemRun {
	const sessionId = read.text(sessionField);
	const statuses = read.choices(statusesField);
	const maxWaitMs = readMaxWaitMs(read);
	return async (send, { stopSignal }) => {
		let session: IDataObject | undefined;
		const look = async (isLast: boolean): Promise<IDataObject | undefined> => {
			session = await orSeen(getSession(send, sessionId), session).catch((error: object) => {
				if (isPassing(failureOf(error)) && !isLast) return undefined;
				throw error;
			});
			if (session === undefined || hasStatus(session, statuses)) return session;
			return isLast ? { ...session, timedOut: true } : undefined;
		};
		return (await lookUntil(look, maxWaitMs, stopSignal)) as IDataObject;
	};
}

export const operation: Operation = {
	value: 'waitForStatus',
	action: 'Wait for session status',
	description: 'Keep checking a session until it reaches one of the selected statuses',
	isTool: false,
	fields: [sessionField, statusesField, ...MAX_WAIT_FIELDS],
	prepare,
};

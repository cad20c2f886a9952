import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { failureOf } from '../../api/client';
import { isPassing } from '../../api/failure';
import { pause } from '../../api/pause';
import { getSession, hasStatus, SESSION_STATUSES, TERMINAL_STATUSES } from '../../api/sessions';
import { readSessionId, sessionField } from '../../fields/locators';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../../fields/maxWait';
import { type ItemReader } from '../../fields/reader';
import { optionsField } from '../../fields/requestOptions';
import { statusOptions } from '../../fields/statuses';
import { nextPollMs } from '../../waiting/schedule';
import { type ItemRun, type Operation } from '../operation';

const statusesField: INodeProperties = {
	displayName: 'Statuses',
	name: 'statuses',
	type: 'multiOptions',
	options: statusOptions(SESSION_STATUSES),
	default: [...TERMINAL_STATUSES],
	description: 'Continue as soon as the session has one of these statuses',
};

/** Between two looks. */
const LONGEST_PAUSE_MS = 30_000;

function readStatuses(read: ItemReader): string[] {
	const statuses = read.list(statusesField);
	if (statuses.length === 0) throw read.fail("'Statuses' is empty", 'Choose at least one status.');
	const unknown = statuses.find((status) => !hasStatus({ status }, SESSION_STATUSES));
	if (unknown !== undefined) {
		throw read.fail(
			`'Statuses' contains '${unknown}', which isn't a session status`,
			'Choose from the list.',
		);
	}
	return statuses;
}

function prepare(read: ItemReader): ItemRun {
	const sessionId = readSessionId(read);
	const statuses = readStatuses(read);
	const maxWaitMs = readMaxWaitMs(read);
	return async (send, { stopSignal }) => {
		const deadlineMs = Date.now() + maxWaitMs;
		let session: IDataObject | undefined;
		for (let looks = 0; ; looks++) {
			const poll = await getSession(send, sessionId).then(
				(found) => ({ found }),
				(error: object) => ({ error }),
			);
			if ('found' in poll) {
				session = poll.found;
				if (hasStatus(session, statuses)) return session;
			} else if (!isPassing(failureOf(poll.error)) || (session === undefined && Date.now() >= deadlineMs)) {
				throw poll.error;
			}
			const remainingMs = deadlineMs - Date.now();
			if (remainingMs <= 0 && session !== undefined) return { ...session, timedOut: true };
			// The last poll is at the deadline itself.
			await pause(Math.min(nextPollMs(looks, remainingMs), LONGEST_PAUSE_MS), stopSignal);
		}
	};
}

export const operation: Operation = {
	value: 'waitForStatus',
	name: 'Wait for Status',
	action: 'Wait for session status',
	description: 'Keep checking a session until it reaches one of the selected statuses',
	isTool: false,
	fields: [sessionField, statusesField, ...MAX_WAIT_FIELDS, optionsField()],
	prepare,
};

import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { failureOf } from '../../api/client';
import { isPassing } from '../../api/failure';
import { pause } from '../../api/pause';
import { getSession, hasStatus, SESSION_STATUSES, TERMINAL_STATUSES } from '../../api/sessions';
import { inputError } from '../../fields/inputError';
import { sessionField } from '../../fields/locators';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../../fields/maxWait';
import { readCount, readList, readSessionId } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { statusOptions } from '../../fields/statuses';
import type { ItemRun, Operation } from '../operation';

const DEFAULT_POLL_INTERVAL_S = 10;

function readStatuses(context: IExecuteFunctions, itemIndex: number): string[] {
	const statuses = readList(context.getNodeParameter('statuses', itemIndex, TERMINAL_STATUSES));
	if (statuses.length === 0) {
		throw inputError(context, "'Statuses' is empty", 'Choose at least one status.', itemIndex);
	}
	const unknown = statuses.find((status) => !hasStatus({ status }, SESSION_STATUSES));
	if (unknown !== undefined) {
		throw inputError(
			context,
			`'Statuses' contains '${unknown}', which no session can have`,
			'Choose from the list.',
			itemIndex,
		);
	}
	return statuses;
}

function prepare(context: IExecuteFunctions, itemIndex: number): ItemRun {
	const sessionId = readSessionId(context, itemIndex);
	const statuses = readStatuses(context, itemIndex);
	const maxWaitMs = readMaxWaitMs(context, itemIndex);
	const pollIntervalMs =
		1000 *
		readCount(
			context,
			context.getNodeParameter('pollInterval', itemIndex, DEFAULT_POLL_INTERVAL_S),
			'Poll Interval',
			itemIndex,
		);
	return async (send, { stopSignal }) => {
		const deadlineMs = Date.now() + maxWaitMs;
		let session: IDataObject | undefined;
		for (;;) {
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
			await pause(Math.min(pollIntervalMs, remainingMs), stopSignal);
		}
	};
}

export const operation: Operation = {
	value: 'waitForStatus',
	name: 'Wait for Status',
	action: 'Wait for session status',
	description: 'Poll a session until it reaches one of the selected statuses',
	isTool: false,
	fields: [
		sessionField,
		{
			displayName: 'Statuses',
			name: 'statuses',
			type: 'multiOptions',
			options: statusOptions(SESSION_STATUSES),
			default: [...TERMINAL_STATUSES],
			description: 'Continue as soon as the session has one of these statuses',
		},
		...MAX_WAIT_FIELDS,
		{
			displayName: 'Poll Interval',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: DEFAULT_POLL_INTERVAL_S,
			hint: 'In seconds',
			description: 'Time in seconds between two polls',
		},
		optionsField(),
	],
	prepare,
};

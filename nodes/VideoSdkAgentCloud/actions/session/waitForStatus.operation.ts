import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readList, readRequired, sessionProperty } from '../../fields/ids';
import { inputError } from '../../fields/inputError';
import { maxWaitProperties, readMaxWaitMs } from '../../fields/maxWait';
import { readCount, requestOptionsProperty } from '../../fields/requestOptions';
import { hasStatus, STATUS_OPTIONS, TERMINAL_STATUSES } from '../../fields/status';
import { pause } from '../../transport/pause';
import { failureOf } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';
import { getSession } from './get.operation';

const DEFAULT_POLL_INTERVAL_S = 10;
const KNOWN_STATUSES = STATUS_OPTIONS.map(({ value }) => value);

const show = showFor('session', ['waitForStatus']);

export const description: INodeProperties[] = [
	sessionProperty(show),
	{
		displayName: 'Statuses',
		name: 'statuses',
		type: 'multiOptions',
		options: STATUS_OPTIONS,
		default: ['completed', 'failed', 'stopped'],
		description: 'Go on as soon as the session has one of these statuses',
		displayOptions: show,
	},
	...maxWaitProperties(show),
	{
		displayName: 'Poll Interval',
		name: 'pollInterval',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: DEFAULT_POLL_INTERVAL_S,
		description: 'Time in seconds between two looks at the session',
		displayOptions: show,
	},
	requestOptionsProperty(show),
];

/** @returns whether a look at the session may go well next time: too many requests, a failure of the server or the network */
function isPassing(error: object): boolean {
	const { kind, status = 0 } = failureOf(error) ?? {};
	return (
		kind === 'timeout' ||
		kind === 'network' ||
		kind === 'notConnected' ||
		(kind === 'status' && (status === 429 || status >= 500))
	);
}

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const sessionId = readRequired(context, 'sessionId', 'Session ID', itemIndex);
	const statuses = readList(context.getNodeParameter('statuses', itemIndex, TERMINAL_STATUSES));
	if (statuses.length === 0) {
		throw inputError(context, '"Statuses" is empty', 'Choose at least one status to wait for.', itemIndex);
	}
	const unknown = statuses.find((status) => !hasStatus({ status }, KNOWN_STATUSES));
	if (unknown !== undefined) {
		throw inputError(
			context,
			`"Statuses" holds "${unknown}", which no session has`,
			'Choose from the list.',
			itemIndex,
		);
	}
	const maxWaitMs = readMaxWaitMs(context, itemIndex);
	const pollIntervalMs =
		1000 *
		readCount(
			context,
			context.getNodeParameter('pollInterval', itemIndex, DEFAULT_POLL_INTERVAL_S),
			'Poll Interval',
			itemIndex,
		);
	return async (send, stopSignal) => {
		const deadlineMs = Date.now() + maxWaitMs;
		let session: IDataObject | undefined;
		for (;;) {
			const look = await getSession(send, sessionId).then(
				(found) => ({ found }),
				(error: object) => ({ error }),
			);
			if ('found' in look) {
				session = look.found;
				if (hasStatus(session, statuses)) return session;
			} else if (!isPassing(look.error) || (session === undefined && Date.now() >= deadlineMs)) {
				throw look.error;
			}
			const remainingMs = deadlineMs - Date.now();
			if (remainingMs <= 0 && session !== undefined) return { ...session, timedOut: true };
			// The last look is at the deadline itself.
			await pause(Math.min(pollIntervalMs, remainingMs), stopSignal);
		}
	};
}

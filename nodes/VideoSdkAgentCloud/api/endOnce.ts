import type { IDataObject } from 'n8n-workflow';
import { failureOf, type Send } from './http/client';
import { isInDoubt } from './http/failure';
import { pause } from './http/pause';
import { retryDelay } from './http/retry';

/** The statuses with which the API may answer a request to end what is over. Its docs don't say. */
const MAY_BE_OVER = [400, 402, 404, 409];
/** @returns whether a session is ending, in whatever case VideoSDK says so */
export const isStopping = ({ status }: IDataObject): boolean => String(status).toLowerCase() === 'stopping';

/** A request on one thing, by its ID. @returns its record */
type RequestOn = (send: Send, id: string) => Promise<IDataObject>;

/**
 * Makes of single requests a function that ends something, with the record as the judge of whether that worked.
 *
 * Unlike a start, an end does no harm twice. So the request is repeated after a cut connection, a time-out, a failure of the server or
 * an answer without a record, such as a proxy's page, unless the record shows that it was carried out.
 *
 * @param end requests the end, once
 * @param get fetches the record
 * @returns gives the record, with `alreadyOver: true` if the first request found it over; throws the NodeApiError of `end` if it may
 *   still be running
 */
export function endOnce(end: RequestOn, get: RequestOn, isOver: (record: IDataObject) => boolean): RequestOn {
	return async (send, id) => {
		let sent: object | undefined;
		for (let requests = 1; ; requests++) {
			const result = await end(send, id).then(
				(record) => ({ record }),
				(error: object) => ({ error }),
			);
			if ('record' in result) return result.record;
			const failure = failureOf(result.error);
			// Without time for another request, the first one is what failed.
			if (failure === undefined || failure.kind === 'cancelled') throw sent ?? result.error;
			sent = result.error;
			const isRefused =
				failure.kind === 'declined' ||
				(failure.kind === 'status' && MAY_BE_OVER.includes(failure.status ?? 0));
			if (!isRefused && !isInDoubt(failure)) throw result.error;
			const record = await get(send, id).catch(() => undefined);
			if (record !== undefined && isOver(record)) {
				return isRefused && requests === 1 ? { ...record, alreadyOver: true } : record;
			}
			if (record && isStopping(record) && !isRefused) return record;
			const lost = failure.kind === 'answer' ? { ...failure, kind: 'timeout' as const } : failure;
			const delayMs = isRefused ? undefined : retryDelay(lost, true, requests, Math.random());
			if (delayMs === undefined) throw result.error;
			await pause(delayMs);
		}
	};
}

import type { IDataObject } from 'n8n-workflow';
import { failureOf, type Send } from './http/client';
import { isInDoubt } from './http/failure';
import { pause } from './http/pause';
import { retryDelay } from './http/retry';

/** The statuses with which the API may respond if what is to be ended is over already. Its docs don't name them. */
const MAY_BE_OVER = [400, 402, 404, 409];
/** @returns whether a session is ending. VideoSDK may write the status in upper case */
export const isStopping = ({ status }: IDataObject): boolean => String(status).toLowerCase() === 'stopping';

/** Sends a request for one call or session, by its ID. @returns its record */
type RequestOn = (send: Send, id: string) => Promise<IDataObject>;

/**
 * Makes a function that ends a call or session, and that goes by its record to see whether that worked.
 *
 * Unlike a start, an end does no harm twice. So the request is repeated after a cut connection, a timeout, a failure of the server or a
 * response without a record, such as a proxy's page, unless the record shows that it was carried out.
 *
 * @param end requests the end, once
 * @param get fetches the record
 * @returns a function that returns the record, with `alreadyOver: true` if it was over before the first request, and that throws the
 *   NodeApiError of `end` if the call or session may still be running
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
			// If there was no time for this request, the error of the one before tells more.
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

import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { deploymentProperty, readDeploymentId, readOptional, tagProperty } from '../../fields/ids';
import { envProperties, metaDataProperties, readEnv, readMetaData } from '../../fields/keyValue';
import type { RequestOptions } from '../../fields/requestOptions';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { readWebhook, webhookProperties } from '../../fields/webhook';
import { apiRequest, pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['start']);

export const description = [
	deploymentProperty(show),
	tagProperty(show, false),
	...envProperties(show),
	...metaDataProperties(show),
	...webhookProperties(show),
	requestOptionsProperty(show),
];

/** Reads the fields that Start and Start and Wait have in common. */
export function readSession(context: IExecuteFunctions, itemIndex: number): IDataObject {
	return {
		deploymentId: readDeploymentId(context, itemIndex),
		tag: readOptional(context, 'tag', itemIndex),
		env: readEnv(context, itemIndex),
		metaData: readMetaData(context, itemIndex),
	};
}

/**
 * Starts one session. Sent once: see `retryDelay`.
 *
 * @param body the start call's fields; undefined ones are not sent
 * @returns the session as the API answered it
 */
export async function startSession(
	context: IExecuteFunctions,
	itemIndex: number,
	body: IDataObject,
	timeoutMs: number,
	onRateLimited?: () => void,
): Promise<IDataObject> {
	return await apiRequest(
		context,
		{
			method: 'POST',
			path: pathOf('ai', 'v1', 'ai-deployment-sessions', 'start'),
			body,
			timeoutMs,
			itemIndex,
			startsSession: true,
			onRateLimited,
		},
		recordWith('sessionId'),
	);
}

export function prepare(context: IExecuteFunctions, itemIndex: number, options: RequestOptions): Call {
	const body = { ...readSession(context, itemIndex), webhook: readWebhook(context, itemIndex) };
	return async ({ onRateLimited }) =>
		await startSession(context, itemIndex, body, options.timeoutMs, onRateLimited);
}

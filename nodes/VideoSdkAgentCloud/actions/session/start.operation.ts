import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { deploymentProperty, readDeploymentId, readOptional, tagProperty } from '../../fields/ids';
import { envProperties, metaDataProperties, readEnv, readMetaData } from '../../fields/keyValue';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { readWebhook, webhookProperties } from '../../fields/webhook';
import type { Send } from '../../transport/request';
import { pathOf, recordWith } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['start']);
const showBoth = showFor('session', ['start', 'startAndWait']);

/** Also shown for Start and Wait, which starts a session in the same way. */
export const description = [
	deploymentProperty(showBoth),
	tagProperty(showBoth, false),
	...envProperties(showBoth),
	...metaDataProperties(showBoth),
	...webhookProperties(show),
	requestOptionsProperty(show),
];

/** Reads the fields that Start and Start and Wait have in common, as the API names them. */
export function readSession(context: IExecuteFunctions, itemIndex: number): IDataObject {
	return {
		deploymentId: readDeploymentId(context, itemIndex),
		tag: readOptional(context, 'tag', 'Tag', itemIndex),
		env: readEnv(context, itemIndex),
		metaData: readMetaData(context, itemIndex),
	};
}

/**
 * Starts one session. The request is sent once: see `retryDelay`.
 *
 * @param body the start call's fields; undefined ones are not sent
 * @returns the session as the API answered it
 */
export async function startSession(send: Send, body: IDataObject): Promise<IDataObject> {
	return await send(
		{
			method: 'POST',
			path: pathOf('ai', 'v1', 'ai-deployment-sessions', 'start'),
			body,
			starts: 'session',
		},
		recordWith('sessionId'),
	);
}

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const body = { ...readSession(context, itemIndex), webhook: readWebhook(context, itemIndex) };
	return async (send) => await startSession(send, body);
}

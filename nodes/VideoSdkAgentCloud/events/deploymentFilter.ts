import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { getSession } from '../actions/session/get.operation';
import { sendFrom } from '../transport/request';
import type { ReceivedEvent } from './event';

/** The sender waits for the answer meanwhile. */
const FETCH_TIMEOUT_MS = 5_000;
const MAX_REMEMBERED = 1_000;

/** The deployments of sessions by session id: a session sends several events and keeps its deployment. */
const deployments = new Map<string, string>();

/** @returns the deployment of the event's session, or undefined if it cannot be found out */
async function deploymentOf(context: IWebhookFunctions, event: ReceivedEvent): Promise<string | undefined> {
	if (typeof event.data.deploymentId === 'string') return event.data.deploymentId;
	if (event.sessionId === '') return undefined;
	const known = deployments.get(event.sessionId);
	if (known !== undefined) return known;
	const session: IDataObject = await getSession(
		sendFrom(context, { timeoutMs: FETCH_TIMEOUT_MS, maxAttempts: 1 }),
		event.sessionId,
	).catch(() => ({}));
	if (typeof session.deploymentId !== 'string') return undefined;
	if (deployments.size >= MAX_REMEMBERED) deployments.delete(deployments.keys().next().value as string);
	deployments.set(event.sessionId, session.deploymentId);
	return session.deploymentId;
}

/**
 * Tells whether an event belongs to one of the deployments that the user named.
 *
 * @param wanted ids; none: every deployment is wanted
 * @returns true also if the deployment cannot be found out: no event is lost over this
 */
export async function isOfDeployment(
	context: IWebhookFunctions,
	event: ReceivedEvent,
	wanted: string[],
): Promise<boolean> {
	if (wanted.length === 0) return true;
	const deployment = await deploymentOf(context, event);
	return deployment === undefined || wanted.includes(deployment);
}

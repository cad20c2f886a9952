import { setTimeout as sleep } from 'node:timers/promises';
import { plainStatus } from '../../nodes/VideoSdkAgentCloud/api/callRecord';
import { isCallOver } from '../../nodes/VideoSdkAgentCloud/api/calls';
import { hasStatus, TERMINAL_STATUSES } from '../../nodes/VideoSdkAgentCloud/api/sessions';
import { COMMON_CALL_EVENTS, SESSION_EVENTS } from '../schemas/events';
import type { Client } from './client';
import { isObject, type Exchange, type Json } from './evidence';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const CALL = '/v2/sip/call';
const WEBHOOKS = '/v2/sip/webhooks';
const ROOM_EVENTS = ['session-started', 'session-ended'];
const NONE_FOUND = 'none is in the list';
const RINGING_TIMEOUT_S = 30;
/** Against the case that no one can hang up any more. */
const MAX_CALL_S = 60;
const RECORDINGS = {
	room: '/v2/recordings',
	participant: '/v2/recordings/participant',
	track: '/v2/recordings/participant/track',
	merge: '/v2/recordings/participant/merge',
};

/** What is still to be ended. */
export class Undo {
	private readonly open = new Map<string, () => Promise<string | void>>();

	constructor(private readonly write: (line: string) => void) {}

	/**
	 * @param end may return what else than "done" is to be told
	 * @returns to be called when nothing is left of it
	 */
	add(what: string, end: () => Promise<string | void>): () => void {
		this.open.set(what, end);
		return () => void this.open.delete(what);
	}

	/** Ends all, the latest first, and tells what could not be ended. Never throws. */
	async all(): Promise<void> {
		for (const [what, end] of [...this.open].reverse()) {
			this.open.delete(what);
			await end().then(
				(result) => this.write(`${what}: ${result ?? 'done'}.`),
				(error: Error) => this.write(`${what}: FAILED (${error.message}). Do it in the VideoSDK dashboard.`),
			);
		}
	}
}

const isRefused = ({ status }: Exchange): boolean => status >= 400 && status < 500;
const idOf = (row: Json): string => String(row.id ?? row.webhookId ?? '');

/** Registers our address for calls, and leaves it there until the end. */
export async function tryWebhook(client: Client, undo: Undo): Promise<void> {
	const { evidence, plan } = client;
	const url = `${plan.webhook!.url}/call`;
	const done = undo.add('Removing the call webhook', async () => {
		const remove = async (id: string) =>
			await ended(client, 'webhook.deleted', `DELETE ${WEBHOOKS}/:id`, { ids: { id } });
		const known = idOf(evidence.record('webhook'));
		if (known) return await remove(known);
		// By its address: the answer was lost.
		const query = { page: '1', perPage: '50', search: url };
		await client.send('webhooks.ours', `GET ${WEBHOOKS}`, { query, isCleanUp: true });
		if (!evidence.succeeded('webhooks.ours'))
			throw new Error(`the list answered ${evidence.status('webhooks.ours')}`);
		const found = evidence.rows('webhooks.ours').filter((row) => row.url === url);
		for (const row of found) await remove(idOf(row));
	});
	const body = { url, events: COMMON_CALL_EVENTS };
	const created = await client.send('webhook', `POST ${WEBHOOKS}`, { body });
	if (isRefused(created)) done();
}

/** Sends what ends something. A time-out or a refusal is an error. */
async function ended(
	client: Client,
	step: string,
	endpoint: string,
	request: { ids?: Record<string, string>; body?: Json },
): Promise<void> {
	const { status } = await client.send(step, endpoint, { ...request, isCleanUp: true });
	// The webhook is not there any more. Of a session or call that would have to be seen.
	if (endpoint.startsWith('DELETE') && [402, 404].includes(status)) return;
	if (status < 200 || status > 299) throw new Error(`status ${status}`);
}

/** Our own record in a list, found by the mark that we gave it; it may appear a moment after a request that was broken off. */
async function findOurs(
	client: Client,
	endpoint: string,
	runId: string,
	attempts = 5,
): Promise<Json | undefined> {
	const query = { page: '1', perPage: '50' };
	await client.send('ours', endpoint, { query, isCleanUp: true });
	if (!client.evidence.succeeded('ours')) throw new Error('what was started cannot be looked up');
	const found = client.evidence
		.rows('ours')
		.find(({ metadata, metaData }) =>
			[metadata, metaData].some((data) => isObject(data) && data.verify === runId),
		);
	if (found || attempts <= 1) return found;
	await sleep(client.plan.pollMs);
	return await findOurs(client, endpoint, runId, attempts - 1);
}

/** Starts a session, waits until it runs, and ends it. */
export async function trySession(client: Client, undo: Undo, runId: string): Promise<void> {
	const { evidence, plan } = client;
	const { deploymentId, tag } = plan.start!;
	const webhook = plan.webhook && { endPoint: `${plan.webhook.url}/session`, events: SESSION_EVENTS };
	const end = async (): Promise<string | void> => {
		const found = evidence.sessionId || (await findOurs(client, `GET ${SESSIONS}`, runId))?.sessionId;
		if (!found) return NONE_FOUND;
		const sessionId = String(found);
		await ended(client, 'end', `POST ${SESSIONS}/end`, { body: { sessionId } }).catch(async (error) => {
			await client.send('session', `GET ${SESSIONS}/:id`, { ids: { id: sessionId }, isCleanUp: true });
			if (!hasStatus(evidence.record('session'), TERMINAL_STATUSES)) throw error;
		});
	};
	const done = undo.add('Ending the session', end);
	const body = {
		deploymentId,
		...(tag && { tag }),
		metaData: { verify: runId },
		...(webhook && { webhook }),
	};
	const started = await client.send('start', `POST ${SESSIONS}/start`, { body });
	if (isRefused(started)) done();
	evidence.sessionId = String(evidence.record('start').sessionId ?? '');
	if (!evidence.sessionId) return;
	plan.write(`Session ${evidence.sessionId} started; waiting until it runs ...`);
	const ids = { id: evidence.sessionId };
	await client.until(async () => {
		await client.send('session', `GET ${SESSIONS}/:id`, { ids });
		return evidence.succeeded('session') && !hasStatus(evidence.record('session'), ['queued']);
	});
	await end();
	done();
	plan.write('Session ended.');
	if (!webhook) return;
	plan.write('Waiting for its last event ...');
	await client.untilEvent(/-session-(stopped|failed)/);
}

/** Creates the room that the call is to run in, and that records it and tells us of it. @returns its ID */
async function tryRoom(client: Client, undo: Undo): Promise<string> {
	const { evidence, plan } = client;
	const webhook = plan.webhook && { endPoint: `${plan.webhook.url}/room`, events: ROOM_EVENTS };
	await client.send('room', 'POST /v2/rooms', {
		body: { autoStartConfig: { recording: {} }, ...(webhook && { webhook }) },
	});
	const roomId = String(evidence.record('room').roomId ?? '');
	if (roomId) {
		undo.add('Deactivating the room of the call', async () => {
			await ended(client, 'roomClosed', 'POST /v2/rooms/deactivate', { body: { roomId } });
		});
	}
	return roomId;
}

/** Makes a call, waits for an answer, and hangs up. */
export async function tryCall(client: Client, undo: Undo, runId: string): Promise<void> {
	const { evidence, plan } = client;
	const { to, from, ruleId } = plan.call!;
	const end = async (): Promise<string | void> => {
		const found = evidence.callId || idOfCall(await findOurs(client, `GET ${CALL}`, runId));
		if (!found) return NONE_FOUND;
		await ended(client, 'hangUp', `POST ${CALL}/end`, { body: { callId: found } }).catch(async (error) => {
			await client.send('callNow', `GET ${CALL}/:id`, { ids: { id: found }, isCleanUp: true });
			if (!isCallOver(evidence.record('callNow'))) throw error;
		});
	};
	const destinationRoomId = await tryRoom(client, undo);
	plan.write('Calling ...');
	const done = undo.add(`Hanging up the call (which ends by itself after ${MAX_CALL_S} s at most)`, end);
	const made = await client.send('call', `POST ${CALL}`, {
		body: {
			sipCallTo: to,
			sipCallFrom: from,
			routingRuleId: ruleId,
			...(destinationRoomId && { destinationRoomId }),
			metadata: { verify: runId },
			waitUntilAnswered: true,
			ringingTimeout: RINGING_TIMEOUT_S,
			maxCallDuration: MAX_CALL_S,
		},
	});
	if (isRefused(made)) done();
	evidence.callId = idOfCall(evidence.record('call'));
	if (!evidence.callId) return;
	plan.write(`Call ${evidence.callId} made; waiting for an answer ...`);
	const ids = { id: evidence.callId };
	const read = async (step: string): Promise<Json> => {
		await client.send(step, `GET ${CALL}/:id`, { ids });
		return evidence.record(step);
	};
	await read('callAtOnce');
	const isNoMore = ({ status }: Json, ...statuses: string[]): boolean =>
		typeof status === 'string' && !statuses.includes(plainStatus(status));
	await client.until(async () => isNoMore(await read('callAnswered'), 'initiated', 'incoming', 'ringing'));
	await end();
	done();
	plan.write('Call ended.');
	await client.until(async () => {
		const call = await read('callEnded');
		return isCallOver(call) && Boolean(call.end);
	});
	if (plan.webhook) await client.untilEvent(/call-(hangup|ended|missed)/);
	if (plainStatus(evidence.record('callAnswered').status) !== 'answered') return;
	if (plan.webhook && destinationRoomId) await client.untilEvent(/session-ended/);
	plan.write('Waiting for a recording of the call ...');
	await client.until(async () => {
		const query = { page: '1', perPage: '50', roomId: String(evidence.record('callEnded').roomId) };
		for (const [kind, path] of Object.entries(RECORDINGS)) {
			await client.send(`recorded.${kind}`, `GET ${path}`, { query });
		}
		return Object.keys(RECORDINGS).some((kind) => evidence.rows(`recorded.${kind}`).length > 0);
	});
}

function idOfCall(call: Json = {}): string {
	return String(call.callId ?? call.id ?? '');
}

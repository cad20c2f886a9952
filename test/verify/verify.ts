/** What is asked for, and what is made, watched, and ended again. */
import { randomUUID } from 'node:crypto';
import { isCallOver, plainStatus } from '../../nodes/VideoSdkAgentCloud/api/callOutcome';
import { hasStatus, TERMINAL_STATUSES } from '../../nodes/VideoSdkAgentCloud/api/sessions';
import { PlainError } from '../n8n/processes';
import { COMMON_CALL_EVENTS, SESSION_EVENTS } from '../schemas/events';
import type { Json } from '../simulator/request';
import { tryAgent } from './agent';
import { Evidence, FAILED_ONCE, isSuccess, type Plan } from './evidence';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const CALL = '/v2/sip/call';
const WEBHOOKS = '/v2/sip/webhooks';
const RECORDINGS = '/v2/recordings';
/** As the package asks for lists. */
const FIRST_PAGE = { page: '1', perPage: '50' };
export const LISTS = {
	sessions: SESSIONS,
	agents: '/ai/v1/cloud/deployments',
	numbers: '/v2/sip/phone-numbers',
	rules: '/v2/sip/routing-rule',
	webhooks: WEBHOOKS,
	calls: CALL,
	rooms: '/v2/rooms',
	recordings: RECORDINGS,
	transcriptions: '/ai/v1/post-transcriptions',
};
const OF_ONE = '/participant';
export const RECORDED = { room: '', participant: OF_ONE, track: `${OF_ONE}/track`, merge: `${OF_ONE}/merge` };
/** Against the case that no one can hang up any more. */
const MAX_CALL_S = 60;

/** Clocks differ. */
const MARGIN_MS = 60_000;
/** For so long the package looks for a call or session that may have been started. */
export const LISTED_WITHIN_S = 12;
/** As an agent that was built in the dashboard gets its data. */
const VARIABLES = [{ name: 'name', value: 'Ada' }];

/** Something that is made, and has to be ended again. */
interface Trial {
	/** How ending it is called. */
	ending: string;
	step: string;
	endpoint: string;
	body: Json;
	/** What its ID is called in requests and, but for `id`, in records. */
	idField: string;
	end: string;
	/** Whether it is over although ending it was refused. */
	isOver?(id: string): Promise<boolean>;
}

/** Asks the API everything that the plan allows. What it starts is ended again, also when it fails or is stopped. */
export async function verify(plan: Plan): Promise<Evidence> {
	const { start, call, deploy, webhook, write } = plan;
	const evidence = new Evidence(plan);
	const runId = `verify-${randomUUID()}`;
	const open = new Map<string, () => Promise<void>>();

	/** Makes something that is ended at last unless `end` was called. Its ID is empty if the answer names none. */
	async function make({ ending, step, endpoint, body, idField, end, isOver }: Trial) {
		const { status } = await evidence.send(step, endpoint, { body });
		const record = evidence.record(step);
		const id = String(record[idField] ?? record.id ?? '');
		const isRefused = status >= 400 && status < 500;
		if (!id && !isRefused) write(`${ending} may be necessary: look in the VideoSDK dashboard.`);
		const endIt = async () => {
			const idOf = end.includes(':id') ? { id } : { body: { [idField]: id } };
			const ended = await evidence.send(`${step}.ended`, end, { ...idOf, isCleanUp: true });
			if (!isSuccess(ended) && !(await isOver?.(id))) throw new Error(`status ${ended.status}`);
			open.delete(ending);
		};
		if (id) open.set(ending, endIt);
		return { id, end: endIt };
	}

	async function read(step: string, path: string, id: string, isCleanUp = false): Promise<Json> {
		await evidence.send(step, `GET ${path}/:id`, { id, isCleanUp });
		return evidence.record(step);
	}

	/** Looks in a list for what is being started, as the package does. Never throws: it has to be ended in any case. */
	async function untilListed(step: string, path: string, more: Record<string, string> = {}): Promise<void> {
		const query = { ...FIRST_PAGE, ...more };
		const look = async () => {
			await evidence.send(step, `GET ${path}`, { query });
			return evidence.keyed(step) !== undefined;
		};
		const patienceMs = Math.min(plan.patienceMs, LISTED_WITHIN_S * 1_000);
		await evidence.until(look, patienceMs).catch(() => undefined);
	}

	const hearOf = (to: string, events: string[]) =>
		webhook && { webhook: { endPoint: `${webhook.url}/${to}`, events } };

	async function trySession(deploymentId: string): Promise<void> {
		const listed = untilListed('sessionListed', SESSIONS);
		const { id, end } = await make({
			ending: 'Ending the session',
			step: 'start',
			endpoint: `POST ${SESSIONS}/start`,
			body: {
				deploymentId,
				metaData: { verify: runId, n8nKey: evidence.key },
				...hearOf('session', SESSION_EVENTS),
			},
			idField: 'sessionId',
			end: `POST ${SESSIONS}/end`,
			isOver: async (sessionId) =>
				hasStatus(await read('session', SESSIONS, sessionId, true), TERMINAL_STATUSES),
		});
		await listed;
		if (!id) return;
		write(`Session ${id} started; waiting until it runs ...`);
		await evidence.until(async () => {
			const session = await read('session', SESSIONS, id);
			return evidence.succeeded('session') && !hasStatus(session, ['queued']);
		});
		await end();
		write('Session ended; waiting for its last event ...');
		await evidence.untilEvent(/-session-(stopped|failed)/);
	}

	const makeRoom = async (step: string, ending: string, body: Json) =>
		await make({
			step,
			ending,
			body,
			endpoint: 'POST /v2/rooms',
			idField: 'roomId',
			end: 'POST /v2/rooms/deactivate',
		});

	/** @param more of the body */
	const makeCall = async (
		step: string,
		{ to, from, ruleId }: NonNullable<Plan['call']>,
		more: { destinationRoomId?: string; metadata: Json },
	) =>
		await make({
			ending: `Hanging up the call (which ends by itself after ${MAX_CALL_S} s at most)`,
			step,
			endpoint: `POST ${CALL}`,
			body: {
				sipCallTo: to,
				sipCallFrom: from,
				routingRuleId: ruleId,
				...more,
				waitUntilAnswered: true,
				ringingTimeout: 30,
				maxCallDuration: MAX_CALL_S,
			},
			idField: 'callId',
			end: `POST ${CALL}/end`,
			isOver: async (callId) => isCallOver(await read('callNow', CALL, callId, true)),
		});

	/** Waits until it rings no longer. @returns whether someone has picked up */
	async function isAnswered(step: string, id: string): Promise<boolean> {
		const statusNow = async () => String((await read(step, CALL, id)).status ?? 'ringing');
		await evidence.until(async () => !/^(initiated|incoming|ringing)$/.test(plainStatus(await statusNow())));
		return plainStatus(evidence.record(step).status) === 'answered';
	}

	/** In a room that records the call and tells us of it. */
	async function tryCall(chosen: NonNullable<Plan['call']>): Promise<void> {
		const room = await makeRoom('room', 'Deactivating the room of the call', {
			autoStartConfig: { recording: {} },
			...hearOf('room', ['session-started', 'session-ended', FAILED_ONCE]),
		});
		write('Calling ...');
		const startDate = String(Date.now() - MARGIN_MS);
		const query = { type: 'outbound', search: chosen.to, startDate };
		const listed = untilListed('callListed', CALL, query);
		const { id, end } = await makeCall('call', chosen, {
			destinationRoomId: room.id || undefined,
			metadata: { verify: runId, n8nKey: evidence.key, variables: VARIABLES },
		});
		evidence.callId = id;
		if (!id) return await listed;
		write(`Call ${id} made; waiting for an answer ...`);
		await read('callAtOnce', CALL, id);
		await listed;
		const wasAnswered = await isAnswered('callAnswered', id);
		await end();
		write('Call ended.');
		await evidence.until(async () => {
			const ended = await read('callEnded', CALL, id);
			return isCallOver(ended) && Boolean(ended.end);
		});
		await evidence.untilEvent(/call-(hangup|ended|missed)/);
		if (!wasAnswered) return;
		if (room.id) await evidence.untilEvent(/session-ended/);
		write('Waiting for a recording of the call ...');
		const ofRoom = { ...FIRST_PAGE, roomId: String(evidence.record('callEnded').roomId) };
		await evidence.until(async () => {
			for (const [kind, path] of Object.entries(RECORDED))
				await evidence.send(`recorded.${kind}`, `GET ${RECORDINGS}${path}`, { query: ofRoom });
			return Object.keys(RECORDED).some((kind) => evidence.rows(`recorded.${kind}`).length > 0);
		});
		const deliveries = () => evidence.eventsOf('room').filter(({ body }) => body.webhookType === FAILED_ONCE);
		if (deliveries().length === 0) return;
		write('Waiting whether VideoSDK sends an event again that was answered with 503 ...');
		await evidence.until(() => deliveries().length > 1);
	}

	try {
		write('Reading ...');
		await evidence.send('key', 'GET /v2/public/rsa-public-key');
		const { status } = await evidence.send('deployments', 'GET /ai/v1/ai-deployments', { query: FIRST_PAGE });
		if (status === 0) throw new PlainError(`${plan.baseUrl} can't be reached.`);
		if (status === 401)
			throw new PlainError(
				"VideoSDK didn't accept the keys (401). Check VIDEOSDK_API_KEY and VIDEOSDK_SECRET, and the clock of this machine.",
			);
		if (webhook) await checkTunnel(webhook);
		for (const [step, path] of Object.entries(LISTS)) {
			const query = { ...FIRST_PAGE, ...(step === 'rules' && { type: 'outbound' }) };
			await evidence.send(step, `GET ${path}`, { query });
		}
		if (webhook)
			await make({
				ending: 'Removing the call webhook',
				step: 'webhook',
				endpoint: `POST ${WEBHOOKS}`,
				body: { url: `${webhook.url}/call`, events: COMMON_CALL_EVENTS },
				idField: 'id',
				end: `DELETE ${WEBHOOKS}/:id`,
			});
		if (start) await trySession(start);
		if (call) await tryCall(call);
		if (deploy) await tryAgent({ evidence, runId, open, makeRoom, makeCall, isAnswered });
	} finally {
		for (const [what, end] of [...open].reverse())
			await end().then(
				() => write(`${what}: done.`),
				(error: Error) => write(`${what}: FAILED (${error.message}). Do it in the VideoSDK dashboard.`),
			);
	}
	return evidence;
}

async function checkTunnel({ url, receiver }: NonNullable<Plan['webhook']>): Promise<void> {
	const signal = AbortSignal.timeout(15_000);
	const answer = await fetch(`${url}/check`, { method: 'POST', body: '{}', signal })
		.then(({ status }) => String(status))
		.catch(() => 'nothing');
	if (receiver.deliveries.some(({ to }) => to === 'check')) return;
	throw new PlainError(
		`The address given with --webhook does not lead here: it answered ${answer}. Start the tunnel first, to port ${receiver.port}. Nothing was started.`,
	);
}

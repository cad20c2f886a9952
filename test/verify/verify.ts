/** What is asked for, and what is made, watched, and ended again. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainStatus } from '../../nodes/VideoSdkAgentCloud/api/callRecord';
import { isCallOver } from '../../nodes/VideoSdkAgentCloud/api/calls';
import { hasStatus, TERMINAL_STATUSES } from '../../nodes/VideoSdkAgentCloud/api/sessions';
import { PlainError } from '../n8n/processes';
import { COMMON_CALL_EVENTS, SESSION_EVENTS } from '../schemas/events';
import { Evidence, type Json, type Plan } from './evidence';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const CALL = '/v2/sip/call';
const WEBHOOKS = '/v2/sip/webhooks';
const RECORDINGS = '/v2/recordings';
/** As the package asks for lists. */
const FIRST_PAGE = { page: '1', perPage: '50' };
const LISTS = {
	sessions: SESSIONS,
	agents: '/ai/v1/cloud/deployments',
	gateways: '/v2/sip/outbound-gateways',
	numbers: '/v2/sip/phone-numbers',
	rules: '/v2/sip/routing-rule',
	webhooks: WEBHOOKS,
	calls: CALL,
	rooms: '/v2/rooms',
	recordings: RECORDINGS,
	transcriptions: '/ai/v1/post-transcriptions',
};
const RECORDED = {
	room: '',
	participant: '/participant',
	track: '/participant/track',
	merge: '/participant/merge',
};
const LOOKS = 5;
/** Against the case that no one can hang up any more. */
const MAX_CALL_S = 60;

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
	/** Whether it is over although ending it was answered with this status. */
	isOver?(id: string, status: number): Promise<boolean> | boolean;
	/** Where it is found, by a text in it, if the answer to making it was lost; without it, it is lost as well. */
	list?: { endpoint: string; query?: Record<string, string>; mark: string };
}

/** Asks the API everything that the plan allows. What it starts is ended again, also when it fails or is stopped. */
export async function verify(plan: Plan): Promise<Evidence> {
	const { start, call, webhook, write } = plan;
	const evidence = new Evidence(plan);
	const runId = `verify-${randomUUID()}`;
	const open = new Map<string, () => Promise<string>>();

	/** Ends what a trial made, also if its ID never came: it may appear in its list a moment later. */
	async function endOf({ step, end, idField, isOver, list }: Trial, known: string): Promise<string> {
		const ids = known ? [known] : [];
		for (let look = 0; list && ids.length === 0 && look < LOOKS; look++) {
			if (look > 0) await sleep(plan.pollMs);
			await evidence.send('ours', list.endpoint, {
				query: { ...FIRST_PAGE, ...list.query },
				isCleanUp: true,
			});
			if (!evidence.succeeded('ours')) throw new Error('what was started cannot be looked up');
			const ours = evidence.rows('ours').filter((row) => JSON.stringify(row).includes(`"${list.mark}"`));
			ids.push(...ours.map((row) => idOf(row, idField)));
		}
		for (const id of ids) {
			const body = end.startsWith('POST') ? { [idField]: id } : undefined;
			const { status } = await evidence.send(`${step}.ended`, end, { id, body, isCleanUp: true });
			const isEnded = (status >= 200 && status <= 299) || (await isOver?.(id, status));
			if (!isEnded) throw new Error(`status ${status}`);
		}
		return ids.length > 0 ? 'done' : 'none is in the list';
	}

	/** Makes something that is ended at last unless `end` was called. Its ID is empty if the answer names none. */
	async function make(trial: Trial): Promise<{ id: string; end: () => Promise<void> }> {
		const { ending, step, endpoint, body, idField, list } = trial;
		const known = () => idOf(evidence.record(step), idField);
		const end = async () => await endOf(trial, known());
		open.set(ending, end);
		const { status } = await evidence.send(step, endpoint, { body });
		const isRefused = status >= 400 && status < 500;
		if (isRefused || !(known() || list)) open.delete(ending);
		return { id: known(), end: async () => void (await end(), open.delete(ending)) };
	}

	async function read(step: string, path: string, id: string, isCleanUp = false): Promise<Json> {
		await evidence.send(step, `GET ${path}/:id`, { id, isCleanUp });
		return evidence.record(step);
	}

	async function tryWebhook(url: string): Promise<void> {
		await make({
			ending: 'Removing the call webhook',
			step: 'webhook',
			endpoint: `POST ${WEBHOOKS}`,
			body: { url, events: COMMON_CALL_EVENTS },
			idField: 'id',
			end: `DELETE ${WEBHOOKS}/:id`,
			isOver: (_id, status) => [402, 404].includes(status),
			list: { endpoint: `GET ${WEBHOOKS}`, query: { search: url }, mark: url },
		});
	}

	async function trySession({ deploymentId, tag }: NonNullable<Plan['start']>): Promise<void> {
		const events = webhook && { endPoint: `${webhook.url}/session`, events: SESSION_EVENTS };
		const { id, end } = await make({
			ending: 'Ending the session',
			step: 'start',
			endpoint: `POST ${SESSIONS}/start`,
			body: { deploymentId, tag, metaData: { verify: runId }, webhook: events },
			idField: 'sessionId',
			end: `POST ${SESSIONS}/end`,
			isOver: async (sessionId) =>
				hasStatus(await read('session', SESSIONS, sessionId, true), TERMINAL_STATUSES),
			list: { endpoint: `GET ${SESSIONS}`, mark: runId },
		});
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

	/** In a room that records the call and tells us of it. */
	async function tryCall({ to, from, ruleId }: NonNullable<Plan['call']>): Promise<void> {
		const roomEvents = ['session-started', 'session-ended'];
		const room = await make({
			ending: 'Deactivating the room of the call',
			step: 'room',
			endpoint: 'POST /v2/rooms',
			body: {
				autoStartConfig: { recording: {} },
				webhook: webhook && { endPoint: `${webhook.url}/room`, events: roomEvents },
			},
			idField: 'roomId',
			end: 'POST /v2/rooms/deactivate',
		});
		write('Calling ...');
		const { id, end } = await make({
			ending: `Hanging up the call (which ends by itself after ${MAX_CALL_S} s at most)`,
			step: 'call',
			endpoint: `POST ${CALL}`,
			body: {
				...{ sipCallTo: to, sipCallFrom: from, routingRuleId: ruleId },
				...{ destinationRoomId: room.id || undefined, metadata: { verify: runId } },
				...{ waitUntilAnswered: true, ringingTimeout: 30, maxCallDuration: MAX_CALL_S },
			},
			idField: 'callId',
			end: `POST ${CALL}/end`,
			isOver: async (callId) => isCallOver(await read('callNow', CALL, callId, true)),
			list: { endpoint: `GET ${CALL}`, mark: runId },
		});
		evidence.callId = id;
		if (!id) return;
		write(`Call ${id} made; waiting for an answer ...`);
		await read('callAtOnce', CALL, id);
		await evidence.until(async () => {
			const { status } = await read('callAnswered', CALL, id);
			return typeof status === 'string' && !/^(initiated|incoming|ringing)$/.test(plainStatus(status));
		});
		await end();
		write('Call ended.');
		await evidence.until(async () => {
			const ended = await read('callEnded', CALL, id);
			return isCallOver(ended) && Boolean(ended.end);
		});
		await evidence.untilEvent(/call-(hangup|ended|missed)/);
		if (plainStatus(evidence.record('callAnswered').status) !== 'answered') return;
		if (room.id) await evidence.untilEvent(/session-ended/);
		write('Waiting for a recording of the call ...');
		const query = { ...FIRST_PAGE, roomId: String(evidence.record('callEnded').roomId) };
		await evidence.until(async () => {
			for (const [kind, path] of Object.entries(RECORDED))
				await evidence.send(`recorded.${kind}`, `GET ${RECORDINGS}${path}`, { query });
			return Object.keys(RECORDED).some((kind) => evidence.rows(`recorded.${kind}`).length > 0);
		});
	}

	try {
		write('Reading ...');
		await evidence.send('key', 'GET /v2/public/rsa-public-key');
		const { status } = await evidence.send('deployments', 'GET /ai/v1/ai-deployments', { query: FIRST_PAGE });
		if (status === 401) {
			throw new PlainError(
				"VideoSDK didn't accept the keys (401). Check VIDEOSDK_API_KEY and VIDEOSDK_SECRET, and the clock of this machine.",
			);
		}
		if (webhook) await checkTunnel(webhook, plan.signal);
		for (const [step, path] of Object.entries(LISTS)) {
			const query = { ...FIRST_PAGE, ...(step === 'rules' && { type: 'outbound' }) };
			await evidence.send(step, `GET ${path}`, { query });
		}
		if (webhook) await tryWebhook(`${webhook.url}/call`);
		if (start) await trySession(start);
		if (call) await tryCall(call);
	} finally {
		for (const [what, end] of [...open].reverse()) {
			await end().then(
				(result) => write(`${what}: ${result}.`),
				(error: Error) => write(`${what}: FAILED (${error.message}). Do it in the VideoSDK dashboard.`),
			);
		}
	}
	return evidence;
}

const idOf = (record: Json, idField: string): string => String(record[idField] ?? record.id ?? '');

async function checkTunnel(
	{ url, receiver }: NonNullable<Plan['webhook']>,
	stopped: AbortSignal,
): Promise<void> {
	const signal = AbortSignal.any([stopped, AbortSignal.timeout(15_000)]);
	const answer = await fetch(`${url}/check`, { method: 'POST', body: '{}', signal })
		.then(({ status }) => String(status))
		.catch(() => 'nothing');
	if (receiver.deliveries.some(({ to }) => to === 'check')) return;
	throw new PlainError(
		`The address given with --webhook does not lead here: it answered ${answer}. Start the tunnel first, to the port that was named above. Nothing was started.`,
	);
}

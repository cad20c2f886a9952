/** What is made, watched, and ended again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { plainStatus } from '../../nodes/VideoSdkAgentCloud/api/callRecord';
import { isCallOver } from '../../nodes/VideoSdkAgentCloud/api/calls';
import { hasStatus, TERMINAL_STATUSES } from '../../nodes/VideoSdkAgentCloud/api/sessions';
import { COMMON_CALL_EVENTS, SESSION_EVENTS } from '../schemas/events';
import { FIRST_PAGE, type Client } from './client';
import { isObject, type Json } from './evidence';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const CALL = '/v2/sip/call';
const WEBHOOKS = '/v2/sip/webhooks';
const RECORDINGS = '/v2/recordings';
const LOOKS = 5;
const RINGING_TIMEOUT_S = 30;
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
	/** Where it is found if the answer to making it was lost; without it, it is lost as well. */
	list?: { endpoint: string; query?: Record<string, string>; isOurs(row: Json): boolean };
}

const idOf = ({ idField }: Trial, record: Json): string => String(record[idField] ?? record.id ?? '');

/** Makes things, and ends what is left of them. */
export class Trials {
	private readonly open = new Map<string, () => Promise<string | void>>();

	constructor(
		private readonly client: Client,
		private readonly runId: string,
	) {}

	/** Ends all that is left, the latest first, and tells what could not be ended. Never throws. */
	async endAll(): Promise<void> {
		const { write } = this.client.plan;
		for (const [what, end] of [...this.open].reverse()) {
			await end().then(
				(result) => write(`${what}: ${result ?? 'done'}.`),
				(error: Error) => write(`${what}: FAILED (${error.message}). Do it in the VideoSDK dashboard.`),
			);
		}
	}

	/** Registers our address for calls, and leaves it there until the end. */
	async tryWebhook(): Promise<void> {
		const url = `${this.client.plan.webhook!.url}/call`;
		await this.make({
			ending: 'Removing the call webhook',
			step: 'webhook',
			endpoint: `POST ${WEBHOOKS}`,
			body: { url, events: COMMON_CALL_EVENTS },
			idField: 'id',
			end: `DELETE ${WEBHOOKS}/:id`,
			isOver: (_id, status) => [402, 404].includes(status),
			list: { endpoint: `GET ${WEBHOOKS}`, query: { search: url }, isOurs: (row) => row.url === url },
		});
	}

	/** Starts a session, waits until it runs, and ends it. */
	async trySession(): Promise<void> {
		const { client } = this;
		const { plan, evidence } = client;
		const { deploymentId, tag } = plan.start!;
		const webhook = plan.webhook && { endPoint: `${plan.webhook.url}/session`, events: SESSION_EVENTS };
		const read = async (id: string, isCleanUp = false) => {
			await client.send('session', `GET ${SESSIONS}/:id`, { ids: { id }, isCleanUp });
			return evidence.record('session');
		};
		const { id, end } = await this.make({
			ending: 'Ending the session',
			step: 'start',
			endpoint: `POST ${SESSIONS}/start`,
			body: {
				deploymentId,
				...(tag && { tag }),
				metaData: { verify: this.runId },
				...(webhook && { webhook }),
			},
			idField: 'sessionId',
			end: `POST ${SESSIONS}/end`,
			isOver: async (sessionId) => hasStatus(await read(sessionId, true), TERMINAL_STATUSES),
			list: { endpoint: `GET ${SESSIONS}`, isOurs: this.isMarked },
		});
		if (!id) return;
		plan.write(`Session ${id} started; waiting until it runs ...`);
		await client.until(async () => {
			const session = await read(id);
			return evidence.succeeded('session') && !hasStatus(session, ['queued']);
		});
		await end();
		plan.write('Session ended.');
		if (!webhook) return;
		plan.write('Waiting for its last event ...');
		await client.untilEvent(/-session-(stopped|failed)/);
	}

	/** Makes a call, waits for an answer, and hangs up. */
	async tryCall(): Promise<void> {
		const { client } = this;
		const { plan, evidence } = client;
		const { to, from, ruleId } = plan.call!;
		const roomId = await this.tryRoom();
		const read = async (step: string, id: string, isCleanUp = false) => {
			await client.send(step, `GET ${CALL}/:id`, { ids: { id }, isCleanUp });
			return evidence.record(step);
		};
		plan.write('Calling ...');
		const { id, end } = await this.make({
			ending: `Hanging up the call (which ends by itself after ${MAX_CALL_S} s at most)`,
			step: 'call',
			endpoint: `POST ${CALL}`,
			body: {
				sipCallTo: to,
				sipCallFrom: from,
				routingRuleId: ruleId,
				...(roomId && { destinationRoomId: roomId }),
				metadata: { verify: this.runId },
				waitUntilAnswered: true,
				ringingTimeout: RINGING_TIMEOUT_S,
				maxCallDuration: MAX_CALL_S,
			},
			idField: 'callId',
			end: `POST ${CALL}/end`,
			isOver: async (callId) => isCallOver(await read('callNow', callId, true)),
			list: { endpoint: `GET ${CALL}`, isOurs: this.isMarked },
		});
		evidence.callId = id;
		if (!id) return;
		plan.write(`Call ${id} made; waiting for an answer ...`);
		await read('callAtOnce', id);
		const ringing = ['initiated', 'incoming', 'ringing'];
		await client.until(async () => {
			const { status } = await read('callAnswered', id);
			return typeof status === 'string' && !ringing.includes(plainStatus(status));
		});
		await end();
		plan.write('Call ended.');
		await client.until(async () => {
			const call = await read('callEnded', id);
			return isCallOver(call) && Boolean(call.end);
		});
		if (plan.webhook) await client.untilEvent(/call-(hangup|ended|missed)/);
		if (plainStatus(evidence.record('callAnswered').status) !== 'answered') return;
		if (plan.webhook && roomId) await client.untilEvent(/session-ended/);
		plan.write('Waiting for a recording of the call ...');
		await client.until(async () => await this.isRecorded(String(evidence.record('callEnded').roomId)));
	}

	/** Creates the room that the call is to run in, and that records it and tells us of it. @returns its ID */
	private async tryRoom(): Promise<string> {
		const { webhook } = this.client.plan;
		const events = ['session-started', 'session-ended'];
		const { id } = await this.make({
			ending: 'Deactivating the room of the call',
			step: 'room',
			endpoint: 'POST /v2/rooms',
			body: {
				autoStartConfig: { recording: {} },
				...(webhook && { webhook: { endPoint: `${webhook.url}/room`, events } }),
			},
			idField: 'roomId',
			end: 'POST /v2/rooms/deactivate',
		});
		return id;
	}

	/** Asks all lists of recordings. */
	private async isRecorded(roomId: string): Promise<boolean> {
		const { client } = this;
		let found = false;
		for (const [kind, path] of [
			['room', ''],
			['participant', '/participant'],
			['track', '/participant/track'],
			['merge', '/participant/merge'],
		]) {
			const query = { ...FIRST_PAGE, roomId };
			await client.send(`recorded.${kind}`, `GET ${RECORDINGS}${path}`, { query });
			found ||= client.evidence.rows(`recorded.${kind}`).length > 0;
		}
		return found;
	}

	private readonly isMarked = ({ metadata, metaData }: Json): boolean =>
		[metadata, metaData].some((data) => isObject(data) && data.verify === this.runId);

	/** Makes something that `endAll` ends unless `end` was called. Its ID is empty if the answer names none. */
	private async make(trial: Trial): Promise<{ id: string; end: () => Promise<void> }> {
		const { client, open } = this;
		const known = () => idOf(trial, client.evidence.record(trial.step));
		const end = async () => {
			const ids = known() ? [known()] : await this.findOurs(trial);
			for (const id of ids) await this.end(trial, id);
			return ids.length > 0 ? undefined : 'none is in the list';
		};
		open.set(trial.ending, end);
		const { status } = await client.send(trial.step, trial.endpoint, { body: trial.body });
		const isRefused = status >= 400 && status < 500;
		if (isRefused || !(known() || trial.list)) open.delete(trial.ending);
		return { id: known(), end: async () => void (await end(), open.delete(trial.ending)) };
	}

	/** A time-out or a refusal is an error, unless it is over anyway. */
	private async end(trial: Trial, id: string): Promise<void> {
		const { step, end, idField, isOver } = trial;
		const body = end.startsWith('POST') ? { [idField]: id } : undefined;
		const { status } = await this.client.send(`${step}.ended`, end, { ids: { id }, body, isCleanUp: true });
		const isEnded = (status >= 200 && status <= 299) || (await isOver?.(id, status));
		if (!isEnded) throw new Error(`status ${status}`);
	}

	/** Our own in its list; it may appear a moment after a request that was broken off. */
	private async findOurs(trial: Trial): Promise<string[]> {
		const { client } = this;
		const { list } = trial;
		for (let look = 0; list && look < LOOKS; look++) {
			if (look > 0) await sleep(client.plan.pollMs);
			const query = { ...FIRST_PAGE, ...list.query };
			await client.send('ours', list.endpoint, { query, isCleanUp: true });
			if (!client.evidence.succeeded('ours')) throw new Error('what was started cannot be looked up');
			const ids = client.evidence
				.rows('ours')
				.filter(list.isOurs)
				.map((row) => idOf(trial, row));
			if (ids.length > 0) return ids;
		}
		return [];
	}
}

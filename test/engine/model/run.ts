/** Runs a combination of the model to its end. See model.test.ts. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { ExecuteContext } from 'n8n-core';
import { type Known, unknown } from '../../../nodes/VideoSdkAgentCloud/conversation/known';
import type { Delivery, Fault, SimulatorOptions } from '../../simulator';
import { eventBody, sendAndLeave } from '../rig/delivery';
import type { Engine, RunResult } from '../rig/engine';
import {
	type Case,
	FAULTS,
	isTroubled,
	LARGE,
	parametersOf,
	PLANTED,
	PROXY_LIMIT,
	rowsOf,
	SHORT_WAIT_MS,
	SPEAKER,
	TALK_MS,
	TROUBLE_MS,
	USERS_ROOM,
} from './cases';
import { onEachRun, useRig } from '../rig/rig';
import type { ResumeRequest, WaitingRun } from '../rig/waitingRun';

/** What remains of the conversation in a room. */
let remains = (_roomId: string): ReturnType<NonNullable<SimulatorOptions['remains']>> => ({});
export const rig = useRig({ callBehaviour: false, remains: (roomId) => remains(roomId) });

let other: Engine | undefined;
/** The execution that is being run. */
let execution: { cancel: () => void } | undefined;
let cannotWait = false;
export const KEY_HEADER = 'x-agent-cloud-key';
/** What another execution has sent to its own resume URL. */
let formerRequest: ResumeRequest | undefined;

/** Tells which execution runs, which may be unable to wait. */
export function watchExecutions(): void {
	onEachRun((run) => (execution = run));
	const { putExecutionToWait } = ExecuteContext.prototype;
	jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockImplementation(async function (
		this: ExecuteContext,
		till,
	) {
		if (cannotWait) throw new Error('No database');
		await putExecutionToWait.call(this, till);
	});
}

/** Prepares the API: empty, but for the user's room and what goes wrong while the node runs. */
function arrange({ items, roomFaults, deactivateFaults, stopsAt, events, ...model }: Case): void {
	const { simulator, engine } = rig;
	cannotWait = model.cannotWait;
	const { sessions, calls, rooms, recordings, transcriptions } = simulator;
	for (const state of [sessions, calls, rooms, recordings, transcriptions]) state.clear();
	const now = new Date().toISOString();
	const usersRoom = { id: USERS_ROOM, roomId: USERS_ROOM, disabled: false, createdAt: now, updatedAt: now };
	simulator.rooms.set(USERS_ROOM, usersRoom);
	simulator.requests.length = 0;
	simulator.latencyMs = 0;
	simulator.clearFaults();
	simulator.setEventFaults({ drop: () => ['lost', 'late', 'left'].includes(events) });
	// A process that has died leaves no account to the next case, which would wait for its timers.
	engine.useOtherCredentials(
		rig.credentials({
			...(model.hasItemExpression && { secretKey: '={{ $json.secret }}' }),
			...(model.isPinned && { webhookPublicKey: simulator.publicKeyPem }),
		}),
	);
	const add = (names: string[], match: Fault['match'], more: Partial<Fault> = {}) => {
		for (const name of names)
			simulator.addFault({ ...(FAULTS[name] as Fault), ...more, match: { ...match, times: 1 } });
	};
	for (const [index, { faults }] of items.entries()) {
		const match = { method: 'POST', path: /start$|call$/, body: new RegExp(`"item-${index}"`) };
		const until = () => execution?.cancel();
		const isStopped = index === stopsAt;
		if (isStopped && faults.length === 0)
			simulator.addFault({ kind: 'delay', until, match: { ...match, times: 1 } });
		add(faults.slice(0, 1), match, isStopped ? { until } : {});
		add(faults.slice(1), match);
	}
	add(roomFaults, { method: 'POST', path: /rooms$/ });
	add(deactivateFaults, { path: /deactivate$/ });
	// Meanwhile others must not begin.
	simulator.addFault({ kind: 'delay', delayMs: 1_000, match: { path: /deactivate$/, times: Infinity } });
	if (model.hidesRule) simulator.addFault({ kind: 'status', status: 403, match: { path: /routing-rule/ } });
}

/** What was started, with its room. */
export interface Started {
	id: string;
	item: string;
	row: number;
	roomId: string;
	/** Before its Max Wait. */
	ends: boolean;
	end: string;
	talks: boolean;
}
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
export const wordsOf = (item: string, when: string) => `words of ${item}, ${when}`;

function allStarted({ items }: Case): Started[] {
	const { sessions, calls } = rig.simulator;
	const all = [
		...[...calls.values()].map(({ callId: id, roomId, metadata }) => ({ id, roomId, metadata })),
		...[...sessions.values()].map(({ sessionId: id, env, metaData: metadata }) => ({
			id,
			roomId: env?.VIDEOSDK_ROOM_ID ?? '',
			metadata,
		})),
	];
	return all.map(({ id, roomId, metadata }) => {
		const item = String(metadata?.item);
		const row = Number(item.slice(5));
		const { ends, maxWait, end } = items[row]!;
		const talks = ['ended', 'transferred'].includes(end) || (end === 'missed' && sessions.has(id));
		return { id, item, row, roomId, ends: ends || maxWait === 'long', end, talks };
	});
}

/** Others use the rooms of conversations that have ended, and VideoSDK shows other rooms. */
function confuse({ isReused, isMoved, hidesEnd }: Case, started: Started[]): void {
	const { simulator } = rig;
	const secret = 'Secret of others';
	const text = { lines: [{ speaker: SPEAKER, text: secret }], summary: secret };
	const [start, end] = [-180_000, -3_600_000].map(ago);
	const others = { roomId: 'room-of-others', sessionId: 'session-of-others', readyAfterMs: 0 };
	simulator.addRecording(others);
	simulator.addTranscription({ ...others, ...text });
	for (const { id, roomId } of started) {
		const call = simulator.calls.get(id);
		const later = { roomId, sessionId: 'later', readyAfterMs: 0, start };
		if (isReused) {
			simulator.addRecording({ ...later, end });
			simulator.addTranscription({ ...later, ...text });
		}
		if (call && isMoved) Object.assign(call, { roomId: others.roomId, sessionId: others.sessionId });
		if (call && hidesEnd) call.end = null;
	}
}

/** Ends what is to end, as the case says. @returns the events that were sent */
async function endConversations(model: Case, started: Started[]) {
	const { items, lags, isReversed } = model;
	const { simulator } = rig;
	const sent: Array<Promise<Array<Delivery | undefined>>> = [];
	const byRoom = new Map(started.map((one) => [one.roomId, one]));
	remains = (roomId) => {
		const { item = '', row = 0 } = byRoom.get(roomId) ?? {};
		const { recordedMs, transcribedMs, isTranscribed } = items[row]!;
		const said = wordsOf(item, 'at last') + (model.isLarge ? LARGE : '');
		const text = { lines: [{ speaker: SPEAKER, text: said }], summary: said };
		const start = ago(-model.transcribedFromMs);
		const transcription = { ...text, readyAfterMs: transcribedMs, fails: !isTranscribed, start };
		return { recording: { readyAfterMs: recordedMs }, transcription };
	};
	for (const { id, item, row, roomId } of started.filter(({ talks }) => talks)) {
		if (items[row]?.isCutOff === true && model.room === 'recorded') {
			const said = wordsOf(item, 'before');
			const [start, end] = [180_000, 180_000 - TALK_MS / 2].map(ago);
			const before = { roomId, sessionId: 'before', readyAfterMs: 0, start };
			const { id: recordingId } = simulator.addRecording({ ...before, end });
			const text = { lines: [{ speaker: SPEAKER, text: said }], summary: said };
			if (model.arranged !== 'record') simulator.addTranscription({ ...before, recordingId, ...text });
		}
		await (simulator.calls.has(id) ? simulator.moveCall(id, 'answered') : simulator.emit(id, 'started'));
	}
	// Phones that no one takes ring.
	for (const { id, talks } of started)
		if (!talks && simulator.calls.has(id)) await simulator.moveCall(id, 'ringing');
	await pause(TALK_MS);
	const ending = started.filter(({ ends }) => ends);
	for (const { id, row } of isReversed ? ending.reverse() : ending) {
		const session = simulator.sessions.get(id);
		const { end } = items[row]!;
		if (session === undefined) {
			if (end === 'transferred') await simulator.moveCall(id, 'transferring');
			sent.push(simulator.moveCall(id, end as 'ended'));
			continue;
		}
		const status = end === 'rejected' ? 'failed' : 'stopped';
		const event = simulator.emit(id, status).then((delivery) => [delivery]);
		sent.push(event);
		if (!lags) continue;
		session.status = 'running';
		void pause(items.some(({ maxWait }) => maxWait === 'short') ? 1_000 : 30_000).then(
			() => (session.status = status),
		);
	}
	confuse(model, ending);
	return (await Promise.all(sent)).flat();
}

const urlOf = (waiting: WaitingRun) => `${waiting.webhookWaitingBaseUrl}/1/videosdk`;
/** The event by which VideoSDK tells that a session is over, or a call's room. */
const endOf = ({ starts }: Case, { id, roomId, end }: Omit<Started, 'item' | 'row'>) =>
	starts === 'session'
		? eventBody(end === 'rejected' ? 'failed' : 'stopped', `session-${id}`)
		: { webhookType: 'session-ended', data: { meetingId: roomId, sessionId: 'session-of-the-room' } };

/** Nothing of this continues an execution, nor does it end a conversation. */
async function attack(model: Case, waiting: WaitingRun, started: Started[]): Promise<void> {
	const { simulator } = rig;
	const url = urlOf(waiting);
	const tell = async (...args: Parameters<typeof simulator.deliver>) =>
		(await simulator.deliver(...args)).status;
	const stored = JSON.stringify(waiting.result.run.data);
	const [one] = started.filter(({ id }) => stored.includes(id)) as [Started];
	const end = endOf(model, one);
	const foreign = endOf(model, { ...one, id: randomUUID(), roomId: 'aaaa-bbbb-cccc' });
	const known = started.map(({ id }): Known => ({ ...unknown(id), ended: true }));
	const forged = { signature: null, headers: { [KEY_HEADER]: 'f'.repeat(64) } };
	// Without the items of the execution no one can read such a credential.
	const unread = model.hasItemExpression ? [503] : [];
	expect(await tell(url, end, { signature: null })).toBe(401);
	expect([401, ...unread]).toContain(await tell(url, end, { signature: 'AAAA' }));
	expect([401, ...unread]).toContain(await tell(url, foreign));
	expect(await tell(url, { known }, forged)).toBe(401);
	if (formerRequest) expect((await waiting.replay(formerRequest)).status).toBe(401);
	if (model.starts === 'session')
		for (const name of ['starting', 'started', 'stopping'])
			expect([200, ...unread]).toContain(await tell(url, eventBody(name, `session-${one.id}`)));
	// After a transfer, or a change of rooms, the call goes on.
	else expect([200, ...unread]).toContain(await tell(url, end));
	expect(waiting.resumptions).toBe(0);
}

const textOf = ({ error }: RunResult): string => {
	const { message = '', description = '' } = (error ?? {}) as { message?: string; description?: string };
	return `${message} ${description}`;
};

/** Runs a case to its end. @returns all that a user can observe */
export async function observe(model: Case) {
	const { simulator, engine } = rig;
	arrange(model);
	const tries: number[] = [];
	engine.nodeTypes.onExecute = () => tries.push(simulator.requests.length);
	const warned: string[] = [];
	jest.spyOn(Container.get(Logger), 'warn').mockImplementation((text) => void warned.push(text));
	const items = rowsOf(model, rig.simulator.secret);
	const { maxTries, onError } = model;
	const waiting = await engine.startAndWait(1, parametersOf(model), {
		items,
		onError,
		node: { retryOnFail: maxTries > 1, maxTries, waitBetweenTries: 2_000 },
		staticData: PLANTED,
		withoutStaticData: model.isResumed,
	});
	const { run } = waiting.result;
	const tillMs = Number(run.waitTill) - Date.now();
	const { keyRequests } = simulator;
	const isWaiting = run.status === 'waiting';
	const dies = model.dies && isWaiting;
	// All that it would have done later: the API and this test have no timers yet.
	if (dies) {
		jest.clearAllTimers();
		other = undefined;
	}
	if (model.hops || dies) waiting.receiver = other ??= await rig.addEngine();
	const started = allStarted(model);
	if (isWaiting && model.isAttacked) await attack(model, waiting, started);
	let { refused } = model;
	const own = execution;
	const proxy = ({ headers }: IncomingMessage) => {
		if (headers[KEY_HEADER] && model.isCutThen)
			simulator.addFault({ kind: 'status', status: 503, match: { path: /ai|sip|v2.rec/, times: Infinity } });
		if (refused-- > 0) return 502;
		return Number(headers['content-length']) > PROXY_LIMIT ? 413 : undefined;
	};
	Object.assign(waiting, { busy: model.busy, failures: model.failures, proxy });
	const isShort = model.items.some(({ maxWait }) => maxWait === 'short');
	if (isWaiting && !isShort) await pause(model.endAfterMs);
	if (model.trouble > 0 && isWaiting) {
		const path = isTroubled(model, 'all')
			? /sessions|sip\/call|recordings|transcriptions/
			: new RegExp(model.troubled);
		simulator.addFault({ kind: 'status', status: model.trouble, match: { path, times: Infinity } });
		if (!model.lasts || isTroubled(model, 'all'))
			void pause(TROUBLE_MS).then(() => own === execution && simulator.clearFaults());
	}
	const deliveries = await endConversations(model, started);
	const endedAtMs = Date.now();
	const again = async () => {
		for (const { body, endPoint } of deliveries.flatMap((one) => one ?? []))
			await simulator.deliver(endPoint, body);
	};
	if (model.events === 'twice') await again();
	if (model.events === 'left' && isWaiting) {
		simulator.latencyMs = 400;
		const ends = started.filter(({ ends }) => ends);
		for (const one of ends) await sendAndLeave(urlOf(waiting), endOf(model, one), simulator, 200);
	}
	if (isWaiting) {
		// Else n8n goes on by itself.
		if (!(await waiting.resumedWithin())) await waiting.reachDeadline();
	} else if (model.waits && isShort && started.length > 0) {
		// What was started is ended at Max Wait, although the execution does not wait.
		await pause(2 * SHORT_WAIT_MS);
	}
	const knownAfterMs = Date.now() - endedAtMs;
	if (model.events === 'late') await again();
	await waiting.close();
	formerRequest = waiting.requests.find(({ headers }) => headers[KEY_HEADER]) ?? formerRequest;
	if (dies && other) [rig.engine, other] = [other, undefined];
	const result = waiting.resumed ?? waiting.result;
	const outputs = result.output.flat();
	const told = [...outputs.map(({ json }) => JSON.stringify(json)), textOf(result), ...warned].join('\n');
	return {
		requests: simulator.requests.filter(({ method }) => method === 'POST'),
		all: simulator.requests,
		tries,
		started: new Map(started.map((one) => [one.id, one])),
		outputs,
		result,
		told,
		items,
		isStopped: model.stopsAt >= 0 && run.status !== 'waiting' && run.status !== 'success',
		knownAfterMs: isWaiting ? knownAfterMs - (isShort ? SHORT_WAIT_MS : 0) : 0,
		resumptions: waiting.resumptions,
		tillMs: isWaiting ? tillMs : undefined,
		keyRequests: simulator.keyRequests - keyRequests,
		stored: JSON.stringify(waiting.result.run.data.executionData?.contextData),
		key: String(formerRequest?.headers[KEY_HEADER]),
	};
}
export type Observed = Awaited<ReturnType<typeof observe>>;

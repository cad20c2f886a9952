/**
 * What users combine, and what goes wrong meanwhile, at random: rooms, recordings, waits, tools, batches, calling hours, rows that must not be
 * called, On Error, Retry On Fail, concurrency, a credential by item, a faulty API, lost and late events, an n8n that can't wait or is busy, another
 * process, a stop. MODEL_CASES sets how many combinations are tried. Only what goes in and comes out counts: parameters, requests, items, errors and
 * n8n's log. Processes that die in the middle of something are tried in test/e2e.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Container } from '@n8n/di';
import { Logger } from '@n8n/backend-common';
import fc from 'fast-check';
import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import type { Delivery, Fault, RecordedRequest, SimulatorOptions } from '../simulator';
import { byRule, CALL, RULE } from './callRig';
import { eventBody, sendAndLeave } from './delivery';
import type { Engine, RunResult } from './engine';
import { onEachRun, SESSIONS, startParameters, useRig } from './rig';
import type { ResumeRequest, WaitingRun } from './waitingRun';

const CASES = Number(process.env.MODEL_CASES ?? 200);
/** Fixed, so that a run of CI fails for what was changed and nothing else. */
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115);
/** A counterexample to look at again, as the test prints it. */
const EXAMPLE = process.env.MODEL_CASE;
const [SHORT_WAIT_MS, LONG_WAIT_MS] = [20_000, 24 * 3_600_000];
const USERS_ROOM = 'room-of-the-user';
const NEVER_MS = 7 * 24 * 3_600_000;
/** Before a conversation ends, people talk for so long. */
const TALK_MS = 1_000;
/** Of the API, while an execution waits. */
const TROUBLE_MS = 60_000;
/** Without an event an end is known 30 s late at most, and then n8n may be busy, and what was said is awaited. */
const KNOWN_WITHIN_MS = 75_000;
const SPEAKER = 'Caller';
/** More than the proxy in front of n8n takes, also compressed. */
const LARGE = randomBytes(60_000).toString('base64');
const PROXY_LIMIT = 30_000;
const TOOL = { __rl: true, mode: 'url', value: 'https://n8n.example.com/webhook/a/mcp' };
/** How a call or session comes out, by its end. */
const OUTCOMES = {
	ended: ['answered', 'completed'],
	missed: ['noAnswer', 'completed'],
	rejected: ['rejected', 'failed'],
	transferred: ['transferred', 'completed'],
} as Record<string, string[]>;
const PLANTED = { 'node:Poll': { cursor: 7 }, global: { called: ['+15550100001'] } };

/** What the API makes of a request, and whether that leaves open if it was carried out. */
const FAULTS: Record<string, Fault & { isInDoubt?: true }> = {
	rejected400: { kind: 'status', status: 400 },
	rejected403: { kind: 'status', status: 403 },
	busy429: { kind: 'status', status: 429 },
	failed500: { kind: 'status', status: 500, isInDoubt: true },
	resetBefore: { kind: 'reset', status: 500, isInDoubt: true },
	resetAfter: { kind: 'reset', isInDoubt: true },
	unreadable: { kind: 'notJson', isInDoubt: true },
	silent: { kind: 'hang', isInDoubt: true },
	cut: { kind: 'truncate', isInDoubt: true },
	redirected: { kind: 'redirect', status: 302, isInDoubt: true },
	withoutId: { kind: 'noData', body: { data: { status: 'queued' } }, isInDoubt: true },
};
const fault = fc.oneof(
	{ weight: 5, arbitrary: fc.constantFrom('rejected400', 'rejected403') },
	{ weight: 4, arbitrary: fc.constantFrom('busy429') },
	{ weight: 4, arbitrary: fc.constantFrom('failed500', 'resetBefore', 'resetAfter', 'unreadable') },
	{ weight: 2, arbitrary: fc.constantFrom('silent', 'cut', 'redirected', 'withoutId') },
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
	fc.oneof(
		{ weight: 3, arbitrary: fc.constant([] as T[]) },
		{ weight: 1, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 2 }) },
	);
const cases = fc.record({
	starts: fc.constantFrom('session', 'call'),
	waits: fc.constantFrom(true, true, false),
	room: fc.constantFrom('none', 'recorded', 'recorded', 'own', 'existing'),
	/** The faults of each item's starts, in the order in which they are sent; whether and how it ends before the deadline, or is ended then. */
	items: fc.array(
		fc.record({
			faults: rarely(fault),
			ends: fc.boolean(),
			end: fc.constantFrom('ended', 'ended', 'missed', 'rejected', 'transferred'),
			isEnded: fc.boolean(),
			maxWait: fc.constantFrom('short', 'long', 'long'),
			/** So long after the end there is a recording, and a text, or none. */
			recordedMs: fc.constantFrom(0, 0, 3_000, 30_000, NEVER_MS),
			transcribedMs: fc.constantFrom(0, 0, 3_000, 30_000, NEVER_MS),
			isTranscribed: fc.constantFrom(true, true, true, false),
			/** People have talked in the room before, and been cut off. */
			isCutOff: fc.boolean(),
		}),
		{ minLength: 1, maxLength: 8 },
	),
	/** One row, if any, must not be called: outside its calling hours, from a number of others, the number of another row, or none. */
	odd: fc.constantFrom('', '', '', '', 'outside', 'foreign', 'twin', 'invalid'),
	oddRow: fc.nat(7),
	/** The numbers of the rule can't be fetched. */
	hidesRule: fc.constantFrom(false, false, true),
	roomFaults: rarely(fault),
	deactivateFaults: rarely(fault),
	onError: fc.constantFrom<OnError>(
		'stopWorkflow',
		'stopWorkflow',
		'continueRegularOutput',
		'continueErrorOutput',
	),
	maxTries: fc.constantFrom(1, 2, 3),
	maxConcurrency: fc.constantFrom(1, 1, 2, 3),
	/** If no row's Max Wait is short, the conversations end after this time. */
	endAfterMs: fc.constantFrom(0, 10_000, 600_000),
	batchSize: fc.constantFrom(-1, -1, 1, 2),
	isResumed: fc.boolean(),
	/** n8n fails to put the execution to wait. */
	cannotWait: fc.constantFrom(false, false, false, false, false, true),
	/** So many requests to the resume URL find that n8n is still busy with the execution; so many resumptions fail. */
	busy: fc.constantFrom(0, 0, 0, 2),
	failures: fc.constantFrom(0, 0, 1),
	/** A proxy in front of n8n refuses so many requests to the resume URL, and those that are too large. */
	refused: fc.constantFrom(0, 0, 0, 1, 2),
	large: fc.constantFrom('', '', '', '', '', 'text', 'record'),
	/** As soon as this package asks n8n to continue, VideoSDK answers nothing any more. */
	isCutThen: fc.constantFrom(false, false, true),
	isPinned: fc.constantFrom(false, false, true),
	/** Before anything ends, strangers send there, and VideoSDK what means nothing. */
	isAttacked: fc.boolean(),
	hasTools: fc.boolean(),
	isCredentialByItem: fc.constantFrom(false, false, true),
	/** Requests to the resume URL reach another process. */
	hops: fc.constantFrom(false, false, true),
	/** The process that runs the node dies once the execution waits. */
	dies: fc.constantFrom(false, false, false, true),
	/** `left`: their sender goes away while n8n still asks VideoSDK. */
	events: fc.constantFrom('once', 'lost', 'twice', 'late', 'left'),
	/** Sessions: the event comes before the API shows the end. */
	lags: fc.boolean(),
	isReversed: fc.boolean(),
	/** What the API answers for a minute, while the execution waits. */
	trouble: fc.oneof(fc.constant(0), fc.constantFrom(400, 401, 402, 403, 404, 429, 500, 503)),
	/** ... only for a list of what was said, and then perhaps for ever. */
	troubled: fc.constantFrom('all', 'all', 'recordings', 'transcriptions'),
	lasts: fc.boolean(),
	/** What is to remain of a conversation in a room of its own, and for how long that is waited for after its end, in minutes. */
	arranged: fc.constantFrom('record', 'transcribe', 'summarize', 'summarize'),
	includeWait: fc.constantFrom(0, 0.1, 2),
	/** A transcription begins so long after its recording has ended. */
	transcribedFromMs: fc.constantFrom(0, 0, 180_000),
	/** Others talk in the room later. */
	isReused: fc.boolean(),
	/** VideoSDK moves calls to a room of others, and shows no end in their records. */
	isMoved: fc.constantFrom(false, false, true),
	hidesEnd: fc.constantFrom(false, false, true),
	/** The user stops the execution while this item is being started. */
	stopsAt: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** What remains of the conversation in a room. */
let remains = (_roomId: string): ReturnType<NonNullable<SimulatorOptions['remains']>> => ({});
const rig = useRig({ callBehaviour: false, remains: (roomId) => remains(roomId) });
const isStart = ({ method, path }: RecordedRequest) =>
	method === 'POST' && [CALL, `${SESSIONS}/start`].includes(path);
const itemOf = ({ body }: RecordedRequest): string => {
	const { metaData, metadata } = body as { metaData?: IDataObject; metadata?: IDataObject };
	return String((metaData ?? metadata)?.item);
};
/** Names a fault that leaves the client without an answer that it can use. */
const isInDoubt = (name = '') => FAULTS[name]?.isInDoubt === true;
/** Whether a request may have been carried out. */
const mayHaveActed = ({ status }: RecordedRequest) => status === undefined || status < 400 || status >= 500;
/** Whether a request is known to have been rejected after it was read. */
const isRejected = ({ status = 0 }: RecordedRequest) => status >= 400 && status < 500 && status !== 429;

/** Whether the API is in trouble, with all or one of its lists. */
const isTroubled = ({ trouble, troubled }: Case, what = troubled) => trouble > 0 && troubled === what;

/** Whether a case is to put out what was said. If no process is left that learns of an end, n8n continues with what it has stored. */
const isIncluding = ({ waits, room }: Case) => waits && room === 'recorded';

/** The row that must not be called, and that with the same number. */
const oddRows = ({ odd, oddRow, starts, items }: Case): number[] => {
	const [first, second] = [oddRow % items.length, (oddRow + 1) % items.length];
	if (odd === '' || (starts === 'session' && odd !== 'invalid')) return [];
	return odd !== 'twin' ? [first] : first === second ? [] : [first, second];
};
/** Whether rows are refused before anything is sent. */
const isRefusing = (model: Case) => ['twin', 'invalid'].includes(model.odd) && oddRows(model).length > 0;

/** Such a record can't be handed over at all, and is fetched again, if that is possible. */
const isLargeRecord = ({ large, isCredentialByItem }: Case) => large === 'record' && !isCredentialByItem;

/** What comes in. */
function rowsOf(model: Case) {
	const [first, second] = oddRows(model);
	return model.items.map(({ isEnded, maxWait }, index) => {
		const odd = index === first ? model.odd : '';
		const number = odd === 'twin' ? second : index;
		return {
			item: `item-${index}`,
			customer: `customer ${index}`,
			notes: isLargeRecord(model) ? LARGE : '',
			secret: rig.simulator.secret,
			isEnded,
			minutes: (maxWait === 'short' ? SHORT_WAIT_MS : LONG_WAIT_MS) / 60_000,
			deploymentId: odd === 'invalid' ? ' ' : 'ddv_support',
			to: odd === 'invalid' ? '12' : `+1555000300${number}`,
			from: odd === 'foreign' ? '+14155559999' : RULE.from,
			// Far enough from today, whatever the time.
			days: odd === 'outside' ? [((new Date().getUTCDay() + 3) % 7) + 1] : [1, 2, 3, 4, 5, 6, 7],
		};
	});
}

/** Hours that have begun, and last for as long as starts can take. */
const nowOpen = () => {
	const [from, to] = [-1, 8].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
	return { from: from?.slice(11, 16), to: to?.slice(11, 16) };
};

function parametersOf(model: Case): INodeParameters {
	const { starts, waits, room, arranged, includeWait, maxConcurrency, batchSize, hasTools } = model;
	const isEnded = '={{ $json.isEnded }}';
	const common = {
		recording: room === 'recorded' ? arranged : 'none',
		operation: `${starts === 'call' ? 'make' : 'start'}${waits ? 'AndWait' : ''}`,
		metaData: {
			entries: ['item', 'customer', 'notes'].map((key) => ({ key, value: `={{ $json.${key} }}` })),
		},
		options: {
			maxConcurrency,
			...(room === 'existing' && { roomId: USERS_ROOM }),
			...(room === 'own' && waits && starts === 'call' && { ownRoom: true }),
			...(waits && { includeWait }),
			...(waits && { [starts === 'call' ? 'hangUpAtTimeout' : 'endAtTimeout']: isEnded }),
			...(starts === 'call' && {
				batching: { batch: { batchSize, batchInterval: 1_000 } },
				callingHours: { hours: { days: '={{ $json.days }}', ...nowOpen(), timeZone: 'UTC' } },
			}),
		},
		maxWait: '={{ $json.minutes }}',
		maxWaitUnit: 'minutes',
		...(hasTools && { agentTools: { tools: [{ tool: TOOL }] } }),
	};
	if (starts === 'call') return byRule({ ...common, to: '={{ $json.to }}', from: '={{ $json.from }}' });
	const env = { variables: [{ name: 'CUSTOMER', value: '={{ $json.customer }}' }] };
	return startParameters({ ...common, env, deploymentId: '={{ $json.deploymentId }}' });
}

let other: Engine | undefined;
/** The execution that is being run. */
let execution: { cancel: () => void } | undefined;
let cannotWait = false;
const KEY_HEADER = 'x-agent-cloud-key';
/** What another execution has sent to its own resume URL. */
let formerRequest: ResumeRequest | undefined;

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
	engine.setCredentials(
		rig.credentials({
			...(model.isCredentialByItem && { secretKey: '={{ $json.secret }}' }),
			...(model.isPinned && { webhookPublicKey: simulator.publicKeyPem }),
		}),
	);
	const add = (names: string[], match: Fault['match'], more: Partial<Fault> = {}) => {
		for (const name of names)
			simulator.addFault({ ...(FAULTS[name] as Fault), ...more, match: { ...match, times: 1 } });
	};
	for (const [index, { faults }] of items.entries()) {
		const match = { method: 'POST', path: /start$|call$/, body: new RegExp(`"item-${index}"`) };
		const until = () => {
			execution?.cancel();
			return true;
		};
		const isStopped = index === stopsAt;
		if (isStopped && faults.length === 0)
			simulator.addFault({ kind: 'delay', until, match: { ...match, times: 1 } });
		add(faults.slice(0, 1), match, isStopped ? { until } : {});
		add(faults.slice(1), match);
	}
	add(roomFaults, { method: 'POST', path: /rooms$/ });
	add(deactivateFaults, { path: /deactivate$/ });
	if (model.hidesRule) simulator.addFault({ kind: 'status', status: 403, match: { path: /routing-rule/ } });
}

/** What was started, with its room. */
interface Started {
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
const wordsOf = (item: string, when: string) => `words of ${item}, ${when}`;

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
		const said = wordsOf(item, 'at last') + (model.large === 'text' ? LARGE : '');
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
	const nothing = { fields: {}, timelog: {}, isAnswered: false, told: {}, parts: {} };
	const known = started.map(({ id }) => ({ ...nothing, id, ended: true }));
	const forged = { signature: null, headers: { [KEY_HEADER]: 'f'.repeat(64) } };
	// Without the items of the execution no one can read a credential that differs by item.
	const unread = model.isCredentialByItem ? [503] : [];
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

/** Runs a case to its end. @returns all that a user can observe */
async function observe(model: Case) {
	const { simulator, engine } = rig;
	arrange(model);
	const tries: number[] = [];
	engine.nodeTypes.onExecute = () => tries.push(simulator.requests.length);
	const warned: string[] = [];
	jest.spyOn(Container.get(Logger), 'warn').mockImplementation((text) => void warned.push(text));
	const items = rowsOf(model);
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
		if (headers[KEY_HEADER] && model.isCutThen && !isLargeRecord(model))
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
type Observed = Awaited<ReturnType<typeof observe>>;

const textOf = ({ error }: RunResult): string => {
	const { message = '', description = '' } = (error ?? {}) as { message?: string; description?: string };
	return `${message} ${description}`;
};
const idOf = ({ sessionId, callId }: IDataObject) => (callId ?? sessionId) as string | undefined;
/** The starts of each try of the node. */
const startsByTry = ({ all, tries }: Observed) =>
	tries.map((from, index) => all.slice(from, tries[index + 1]).filter(isStart));

const startOf = ({ requests }: Observed, item: string) =>
	requests.filter((request) => isStart(request) && itemOf(request) === item);

/** @returns what must be there of a conversation, else what may be, and why it is not */
function remainsOf(
	model: Case,
	{ item, row, roomId, ends, talks }: Started,
	name: string,
): { value?: unknown; mayBe: unknown[]; reason?: unknown } {
	const { starts, trouble, troubled, lasts, isReused, transcribedFromMs, includeWait } = model;
	const { isEnded, isCutOff, isTranscribed, recordedMs, transcribedMs } = model.items[row]!;
	const isQuiet = trouble === 0;
	if (!ends && !isEnded) return { mayBe: [], ...(isQuiet && { reason: `The ${starts} hasn't ended yet.` }) };
	if (!talks) {
		const isCall = starts === 'call';
		return { mayBe: [], ...(isCall && isQuiet && { reason: "The call wasn't answered." }) };
	}
	const isRecording = name === 'recording';
	const own = [...rig.simulator.recordings.values()].filter((one) => one.roomId === roomId);
	const { large, hops, isCredentialByItem, isCutThen } = model;
	const before = `${SPEAKER}: ${wordsOf(item, 'before')}`;
	const last = `${SPEAKER}: ${wordsOf(item, 'at last')}${large === 'text' ? LARGE : ''}`;
	const values = isRecording
		? own.filter(({ sessionId }) => sessionId !== 'later').map(({ fileUrl }) => fileUrl)
		: [before, last].slice(isCutOff ? 0 : 1).map((text) => (name === 'summary' ? text.slice(8) : text));
	const mayBe = isRecording ? values : [...values, values.join('\n\n')];
	const needed = transcribedFromMs > 0 && !isRecording ? recordedMs : 0;
	const readyMs = isRecording ? recordedMs : Math.max(transcribedMs, needed);
	const waitMs = includeWait * 60_000;
	const isListed =
		!isTroubled(model, 'all') && !isTroubled(model, isRecording ? 'recordings' : 'transcriptions');
	if (!isListed && lasts && troubled !== 'all') return { mayBe: [] };
	// Transcriptions are told from others' by their recordings.
	const isLater = isReused || transcribedFromMs > 0;
	const isUnsure = isTroubled(model, 'recordings') && (isLater || trouble === 404);
	const isFailed = !isRecording && !isTranscribed;
	const isLate = readyMs > waitMs || (!(isListed && !isUnsure) && (lasts || waitMs < 2 * TROUBLE_MS));
	// A process that can't ask VideoSDK learns nothing that is too much to hand over.
	const isTooMuch = large !== '' && hops && (isCredentialByItem || isCutThen);
	if (isLate || isTooMuch || (isFailed && isCutOff)) {
		const isNotYet = readyMs === NEVER_MS && isQuiet && !isCutOff && !isTooMuch;
		return { mayBe, ...(isNotYet && { reason: `The ${name} isn't ready yet.` }) };
	}
	if (isFailed)
		return { mayBe: [], reason: isQuiet ? "VideoSDK couldn't transcribe the conversation." : undefined };
	return { mayBe, value: isRecording ? values.at(-1) : values.join('\n\n') };
}

const INVARIANTS: Record<string, (seen: Observed, model: Case) => void> = {
	'nobody is called on behalf of a row that was not there': ({ requests, items }) => {
		for (const request of requests.filter(isStart)) {
			const { metaData, metadata, env } = request.body as Record<string, IDataObject | undefined>;
			const item = items.find(({ item }) => item === itemOf(request));
			expect(metaData ?? metadata).toMatchObject({ item: item?.item, customer: item?.customer });
			if (env) expect(env.CUSTOMER).toBe(item?.customer);
		}
	},
	'nobody is called who must not be': (seen, model) => {
		if (model.odd === 'foreign' && model.hidesRule) return;
		for (const row of oddRows(model)) expect(startOf(seen, `item-${row}`)).toEqual([]);
		if (!isRefusing(model) || model.onError !== 'stopWorkflow') return;
		// What an earlier case has started may still be ended.
		expect(seen.requests.filter(({ path }) => !path.endsWith('/end'))).toEqual([]);
	},
	'nobody is called twice': ({ requests, items, ...seen }) => {
		for (const { item } of items) {
			const own = requests.filter((request) => isStart(request) && itemOf(request) === item);
			const first = own.findIndex(mayHaveActed);
			expect(own.slice(first === -1 ? own.length : first + 1)).toHaveLength(0);
		}
		for (const starts of startsByTry({ requests, items, ...seen })) {
			const rejected = starts.filter(isRejected).map(itemOf);
			expect(new Set(rejected).size).toBe(rejected.length);
		}
	},
	'what was rejected is tried again': (seen, { cannotWait, roomFaults, odd, items }) => {
		if (seen.isStopped || cannotWait || odd !== '' || roomFaults.length > 0) return;
		if (items.some(({ faults }) => faults.some(isInDoubt))) return;
		for (const starts of startsByTry(seen)) expect(starts).not.toEqual([]);
	},
	'nobody else is called once a start has failed under Stop': (seen, { onError, maxConcurrency }) => {
		if (onError !== 'stopWorkflow') return;
		for (const starts of startsByTry(seen)) {
			const failed = starts.findIndex(isRejected);
			if (failed !== -1) expect(starts.length - failed - 1).toBeLessThanOrEqual(maxConcurrency);
		}
	},
	'every session or call that costs money is named': ({ started, told, requests, outputs }, { items }) => {
		for (const [id, { item }] of started) {
			const index = Number(item.slice(5));
			const own = requests.filter((request) => isStart(request) && itemOf(request) === item);
			if (!isInDoubt(items[index]?.faults[own.findIndex(mayHaveActed)])) {
				expect(told).toContain(id);
				continue;
			}
			const output = outputs.find(({ pairedItem }) => (pairedItem as { item: number }).item === index);
			if (output) expect(output.json.error).toMatch(/may (also )?have been/);
			// Of an execution that was stopped, n8n keeps no error: the log says it.
			else expect(told).toMatch(new RegExp(`items? (\\d+, )*${index}\\b`));
			expect(told).toMatch(/may (also )?have been/);
		}
	},
	'no room is closed in which someone may talk': ({ started }) => {
		const { rooms } = rig.simulator;
		for (const { roomId } of started.values()) {
			expect(rooms.get(roomId)?.disabled).not.toBe(true);
		}
	},
	'no room stays open without a need, or without a word': ({ told, started }, model) => {
		const { roomFaults, deactivateFaults, items, starts, room, waits } = model;
		// VideoSDK makes a call's own room.
		if (starts === 'call' && room !== 'recorded' && !(room === 'own' && waits)) return;
		// One whose answer was lost cannot be named.
		const unanswered = ['resetAfter', 'unreadable', 'silent', 'cut', 'withoutId'];
		const unknown = roomFaults.filter((name) => unanswered.includes(name));
		const { rooms } = rig.simulator;
		const usedIds = [...started.values()].filter(({ id }) => told.includes(id)).map(({ roomId }) => roomId);
		const mayStay = deactivateFaults.length > 0 || items.some(({ faults }) => faults.some(isInDoubt));
		const named = [mayStay ? told : '', USERS_ROOM, ...usedIds].join(' ');
		const silent = [...rooms.values()].filter(({ roomId, disabled }) => !disabled && !named.includes(roomId));
		expect(silent.length).toBeLessThanOrEqual(unknown.length);
	},
	'what was said is there, or why it is not, and it is its own': ({ outputs, started }, model) => {
		const { arranged, dies, cannotWait } = model;
		const names = { recording: 'recordingUrl', transcript: 'transcript', summary: 'summary' };
		const kept = Object.entries(names).slice(0, ['record', 'transcribe', 'summarize'].indexOf(arranged) + 1);
		for (const { json } of outputs.filter(({ json }) => isIncluding(model) && idOf(json) && !json.error)) {
			const one = started.get(String(idOf(json)))!;
			expect(JSON.stringify(json)).not.toMatch(/Secret/);
			const missing = (json.missing ?? {}) as IDataObject;
			for (const [name, field] of kept) {
				const [value, reason] = [json[field], missing[name]];
				expect([value, reason].filter((one) => typeof one === 'string')).toHaveLength(1);
				if (dies || cannotWait) continue;
				const expected = remainsOf(model, one, name);
				if (expected.value !== undefined) expect([value, reason]).toEqual([expected.value, undefined]);
				else if (reason === undefined) expect(expected.mayBe).toContainEqual(value);
				else if (expected.reason !== undefined) expect(reason).toEqual(expected.reason);
			}
			expect(Object.keys(missing).filter((name) => !kept.some(([one]) => one === name))).toEqual([]);
		}
	},
	'what other nodes and the user keep with the workflow survives': ({ result }) => {
		expect(result.staticData).toEqual(PLANTED);
	},
	"n8n's own deadline leaves time for all waits": ({ tillMs, started }, model) => {
		if (tillMs === undefined) return;
		const longest = [...started.values()].map(({ row }) => model.items[row]?.maxWait).includes('long');
		const keptMs = isIncluding(model) ? model.includeWait * 60_000 : 0;
		if (longest && model.items.every(({ faults }) => faults.length === 0))
			expect(tillMs).toBeGreaterThanOrEqual(LONG_WAIT_MS + keptMs + 199_000);
	},
	'no secret comes to light': ({ told, stored, key, keyRequests }, { isPinned }) => {
		expect(told).not.toContain(key);
		expect(stored ?? '').not.toContain(rig.simulator.secret);
		if (isPinned) expect(keyRequests).toBe(0);
	},
	'the workflow continues once': ({ resumptions }) => expect(resumptions).toBeLessThanOrEqual(1),
	'the workflow continues in time': ({ knownAfterMs }, model) => {
		const { trouble, dies, includeWait, items } = model;
		if (isTroubled(model, 'all') || dies) return;
		const readyMs = Math.max(...items.flatMap((one) => [one.recordedMs, one.transcribedMs]));
		const waitMs = Math.min(trouble === 0 ? readyMs * 1.25 : Infinity, includeWait * 60_000);
		const refusedMs = [0, 20_000, 60_000][model.refused] ?? 0;
		expect(knownAfterMs).toBeLessThan(KNOWN_WITHIN_MS + refusedMs + (isIncluding(model) ? waitMs : 0));
	},
	'each row has its own outcome': (seen, model) => {
		const { result, outputs, items, started, isStopped, tries } = seen;
		if (isStopped) return;
		const { onError, waits, dies, roomFaults, maxTries } = model;
		const odd = oddRows(model);
		if (result.run.status === 'error') {
			const isFaulty = model.items.some(({ faults }) => faults.length > 0) || roomFaults.length > 0;
			expect([onError, isFaulty || odd.length > 0 || model.cannotWait]).toEqual(['stopWorkflow', true]);
			return expect(tries).toHaveLength(maxTries);
		}
		expect(result.run.status).toBe('success');
		const rows = outputs.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		expect([...rows].sort()).toEqual(items.map((_, index) => index));
		for (const [index, branch] of result.output.entries()) {
			const own = branch.map(({ pairedItem }) => (pairedItem as { item: number }).item);
			expect(own).toEqual([...own].sort());
			if (onError !== 'continueErrorOutput') continue;
			for (const { json } of branch) expect(typeof json.error === 'string').toBe(index === 1);
		}
		for (const [index, { json }] of outputs.entries()) {
			const [id, row] = [idOf(json), rows[index]!];
			const { faults, maxWait, end } = model.items[row]!;
			if (id === undefined) {
				const isOutside = model.odd === 'outside' && odd.includes(row);
				expect([json.reason, json.error]).toEqual(
					isOutside ? [expect.any(String), undefined] : [undefined, expect.any(String)],
				);
				// A row without trouble of its own is not affected by that of others.
				expect([...faults, ...roomFaults, ...odd.filter((one) => one === row)]).not.toEqual([]);
				// A workflow goes on by whom it has not called, or may have called.
				const isDoubtful = isInDoubt(faults[startOf(seen, `item-${row}`).findIndex(mayHaveActed)]);
				const notCalled = { outcome: isDoubtful ? 'inDoubt' : 'notCalled', to: items[row]?.to };
				const isOfErrors = result.output[1]?.some((item) => item.json === json) ?? false;
				if (isOfErrors) expect(json.item).toBe(`item-${row}`);
				// After a wait, the error output has nothing but what came in, and the error.
				if (model.starts === 'call' && !(isOfErrors && waits)) expect(json).toMatchObject(notCalled);
				continue;
			}
			expect(started.get(id)?.item).toBe(`item-${row}`);
			if (model.cannotWait && waits) expect(json.error).toEqual(expect.any(String));
			// Whether a process that is left learns of an end depends on the events.
			if (!waits || dies || model.cannotWait) continue;
			if (started.get(id)?.ends !== true) expect([json.timedOut, maxWait]).toEqual([true, 'short']);
			// The API may have been in trouble until after a short Max Wait.
			else if (maxWait === 'long' || !isTroubled(model, 'all')) {
				expect(json).not.toHaveProperty('timedOut');
				expect(OUTCOMES[end]).toContain(json.outcome);
			}
		}
	},
	'what is to be ended at Max Wait has ended, then and no earlier, and nothing else': (seen, model) => {
		const { waits, dies } = model;
		const ends = seen.requests.filter(({ path }) => path.endsWith('/end'));
		const begunAtMs = Math.max(...seen.requests.filter(isStart).map(({ receivedAtMs }) => receivedAtMs));
		for (const [id, { item, ends: isOver }] of seen.started) {
			const { faults, isEnded, maxWait } = model.items[Number(item.slice(5))]!;
			const own = ends.filter(({ body }) => idOf(body as IDataObject) === id);
			const isLate = ({ receivedAtMs }: RecordedRequest) => receivedAtMs >= begunAtMs + SHORT_WAIT_MS;
			expect(own.every((request) => waits && isEnded && isLate(request))).toBe(true);
			// Of a start in doubt there is no ID.
			const isNamed = !isInDoubt(faults[startOf(seen, item).findIndex(mayHaveActed)]);
			if (!waits || !isEnded || maxWait === 'long' || isOver || !isNamed || dies || isTroubled(model, 'all'))
				continue;
			const { status } = rig.simulator.sessions.get(id) ?? rig.simulator.calls.get(id) ?? {};
			expect([id, status]).toEqual([id, expect.stringMatching(/stopped|completed|ended/)]);
		}
	},
};

it(`Of ${CASES} combinations none costs a user money or data`, async () => {
	const only = new RegExp(process.env.MODEL_INVARIANT ?? '');
	onEachRun((run) => (execution = run));
	const { putExecutionToWait } = ExecuteContext.prototype;
	jest.spyOn(ExecuteContext.prototype, 'putExecutionToWait').mockImplementation(async function (
		this: ExecuteContext,
		till,
	) {
		if (cannotWait) throw new Error('No database');
		await putExecutionToWait.call(this, till);
	});
	const checkAll = (seen: Observed, model: Case) => {
		for (const [name, check] of Object.entries(INVARIANTS)) {
			if (!only.test(name)) continue;
			try {
				check(seen, model);
			} catch (error) {
				throw new Error(`Not so: ${name}\n${(error as Error).message}`);
			}
		}
	};
	const property = fc.asyncProperty(cases, async (model) => checkAll(await observe(model), model));
	await fc.assert(property, {
		seed: SEED,
		...(EXAMPLE ? { examples: [JSON.parse(EXAMPLE) as [Case]], numRuns: 1 } : { numRuns: CASES }),
	});
}, 3_600_000);

/**
 * What users combine, and what goes wrong meanwhile, at random: rooms, recordings, waits, tools, batches, calling hours, rows that must not be
 * called, On Error, Retry On Fail, concurrency, a credential by item, a faulty API, lost and late events, an n8n that can't wait or is busy, another
 * process, a stop. MODEL_CASES sets how many combinations are tried. Only what goes in and comes out counts: parameters, requests, items, errors and
 * n8n's log. Processes that die in the middle of something are tried in test/e2e.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Container } from '@n8n/di';
import { Logger } from '@n8n/backend-common';
import fc from 'fast-check';
import { ExecuteContext } from 'n8n-core';
import type { IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import type { Delivery, Fault, RecordedRequest } from '../simulator';
import { byRule, CALL, RULE } from './callRig';
import type { Engine, RunResult } from './engine';
import { onEachRun, SESSIONS, startParameters, useRig } from './rig';

const CASES = Number(process.env.MODEL_CASES ?? 200);
/** Fixed, so that a run of CI fails for what was changed and nothing else. */
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115);
/** A counterexample to look at again, as the test prints it. */
const EXAMPLE = process.env.MODEL_CASE;
const [SHORT_WAIT_MS, LONG_WAIT_MS] = [20_000, 24 * 3_600_000];
const USERS_ROOM = 'room-of-the-user';
const INCLUDE_MINUTES = 0.1;
/** Of the API, while an execution waits. */
const TROUBLE_MS = 60_000;
/** Without an event an end is known 30 s late at most, and then n8n may be busy, and what was said is awaited. */
const KNOWN_WITHIN_MS = 75_000;
const TOOL = { __rl: true, mode: 'url', value: 'https://n8n.example.com/webhook/a/mcp' };
/** How a call or session comes out, by its end. */
const OUTCOMES = {
	ended: ['answered', 'completed'],
	missed: ['noAnswer', 'completed'],
	rejected: ['rejected', 'failed'],
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
	waits: fc.boolean(),
	room: fc.constantFrom('none', 'recorded', 'recorded', 'own', 'existing'),
	/** The faults of each item's starts, in the order in which they are sent; whether and how it ends before the deadline, or is ended then. */
	items: fc.array(
		fc.record({
			faults: rarely(fault),
			ends: fc.boolean(),
			end: fc.constantFrom('ended', 'ended', 'missed', 'rejected'),
			isEnded: fc.boolean(),
			maxWait: fc.constantFrom('short', 'long', 'long'),
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
	failures: fc.constantFrom(0, 0, 0, 1),
	hasTools: fc.boolean(),
	isCredentialByItem: fc.constantFrom(false, false, true),
	/** Requests to the resume URL reach another process. */
	hops: fc.constantFrom(false, false, true),
	/** The process that runs the node dies once the execution waits. */
	dies: fc.constantFrom(false, false, false, true),
	events: fc.constantFrom('once', 'once', 'lost', 'twice', 'late'),
	/** Sessions: the event comes before the API shows the end. */
	lags: fc.boolean(),
	isReversed: fc.boolean(),
	/** What the API answers for a minute, while the execution waits. */
	trouble: fc.constantFrom(0, 0, 0, 402, 404, 429, 503),
	/** The user stops the execution while this item is being started. */
	stopsAt: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const rig = useRig({ callBehaviour: false });
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

/** What comes in. */
function rowsOf(model: Case) {
	const [first, second] = oddRows(model);
	return model.items.map(({ isEnded, maxWait }, index) => {
		const odd = index === first ? model.odd : '';
		const number = odd === 'twin' ? second : index;
		return {
			item: `item-${index}`,
			customer: `customer ${index}`,
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
	const { starts, waits, room, maxConcurrency, batchSize, hasTools } = model;
	const isEnded = '={{ $json.isEnded }}';
	const common = {
		recording: room === 'recorded' ? 'transcribe' : 'none',
		operation: `${starts === 'call' ? 'make' : 'start'}${waits ? 'AndWait' : ''}`,
		metaData: { entries: ['item', 'customer'].map((key) => ({ key, value: `={{ $json.${key} }}` })) },
		options: {
			maxConcurrency,
			...(room === 'existing' && { roomId: USERS_ROOM }),
			...(room === 'own' && waits && starts === 'call' && { ownRoom: true }),
			...(waits && { includeWait: INCLUDE_MINUTES }),
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

/** Prepares the API: empty, but for the user's room and what goes wrong while the node runs. */
function arrange({ items, roomFaults, deactivateFaults, stopsAt, events, ...model }: Case): void {
	const { simulator, engine } = rig;
	cannotWait = model.cannotWait;
	for (const state of [simulator.sessions, simulator.calls, simulator.rooms]) state.clear();
	const now = new Date().toISOString();
	const usersRoom = { id: USERS_ROOM, roomId: USERS_ROOM, disabled: false, createdAt: now, updatedAt: now };
	simulator.rooms.set(USERS_ROOM, usersRoom);
	simulator.requests.length = 0;
	simulator.clearFaults();
	simulator.setEventFaults({ drop: () => events === 'lost' || events === 'late' });
	engine.setCredentials(
		rig.credentials(model.isCredentialByItem ? { secretKey: '={{ $json.secret }}' } : {}),
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

/** Ends what is to end, as the case says. @returns what was started, and the events that were sent */
async function endConversations({ items, lags, isReversed }: Case) {
	const { simulator } = rig;
	const sent: Array<Promise<Array<Delivery | undefined>>> = [];
	const started = new Map<string, { item: string; ends: boolean }>();
	for (const conversation of [...simulator.sessions.values(), ...simulator.calls.values()]) {
		const isCall = 'callId' in conversation;
		const { item } = (isCall ? conversation.metadata : conversation.metaData) as { item: string };
		const { ends, maxWait } = items[Number(item.slice(5))]!;
		started.set(isCall ? conversation.callId : conversation.sessionId, {
			item,
			ends: ends || maxWait === 'long',
		});
	}
	const ending = [...started].filter(([, { ends }]) => ends).map(([id]) => id);
	for (const id of isReversed ? ending.reverse() : ending) {
		const session = simulator.sessions.get(id);
		const { end } = items[Number(started.get(id)?.item.slice(5))]!;
		if (session === undefined) {
			if (end === 'ended') sent.push(simulator.moveCall(id, 'answered'));
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
	return { started, deliveries: (await Promise.all(sent)).flat() };
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
	const isWaiting = run.status === 'waiting';
	const dies = model.dies && isWaiting;
	// All that it would have done later: the API and this test have no timers yet.
	if (dies) {
		jest.clearAllTimers();
		other = undefined;
	}
	if (model.hops || dies) waiting.receiver = other ??= await rig.addEngine();
	Object.assign(waiting, { busy: model.busy, failures: model.failures });
	const isShort = model.items.some(({ maxWait }) => maxWait === 'short');
	if (isWaiting && !isShort) await pause(model.endAfterMs);
	if (model.trouble > 0 && isWaiting) {
		const match = { path: /sessions|sip\/call|recordings|transcriptions/, times: Infinity };
		simulator.addFault({ kind: 'status', status: model.trouble, match });
		const own = execution;
		void pause(TROUBLE_MS).then(() => own === execution && simulator.clearFaults());
	}
	const { started, deliveries } = await endConversations(model);
	const endedAtMs = Date.now();
	const again = async () => {
		for (const { body, endPoint } of deliveries.flatMap((one) => one ?? []))
			await simulator.deliver(endPoint, body);
	};
	if (model.events === 'twice') await again();
	if (isWaiting) {
		// Else n8n goes on by itself.
		if (!(await waiting.resumedWithin())) await waiting.reachDeadline();
	} else if (model.waits && isShort && started.size > 0) {
		// What was started is ended at Max Wait, although the execution does not wait.
		await pause(2 * SHORT_WAIT_MS);
	}
	const knownAfterMs = Date.now() - endedAtMs;
	if (model.events === 'late') await again();
	await waiting.close();
	if (dies && other) [rig.engine, other] = [other, undefined];
	const result = waiting.resumed ?? waiting.result;
	const outputs = result.output.flat();
	const told = [...outputs.map(({ json }) => JSON.stringify(json)), textOf(result), ...warned].join('\n');
	return {
		requests: simulator.requests.filter(({ method }) => method === 'POST'),
		all: simulator.requests,
		tries,
		started,
		outputs,
		result,
		told,
		items,
		isStopped: model.stopsAt >= 0 && run.status !== 'waiting' && run.status !== 'success',
		knownAfterMs: isWaiting && !isShort ? knownAfterMs : 0,
		resumptions: waiting.resumptions,
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
		const { rooms, sessions, calls } = rig.simulator;
		for (const id of started.keys()) {
			const roomId = sessions.get(id)?.env?.VIDEOSDK_ROOM_ID ?? calls.get(id)?.roomId;
			expect(rooms.get(String(roomId))?.disabled).not.toBe(true);
		}
	},
	'no room stays open without a need, or without a word': ({ told }, model) => {
		const { roomFaults, deactivateFaults, items, starts, room, waits } = model;
		// VideoSDK makes a call's own room.
		if (starts === 'call' && room !== 'recorded' && !(room === 'own' && waits)) return;
		// One whose answer was lost cannot be named.
		const unanswered = ['resetAfter', 'unreadable', 'silent', 'cut', 'withoutId'];
		const unknown = roomFaults.filter((name) => unanswered.includes(name));
		const { rooms, sessions, calls } = rig.simulator;
		const used = [...sessions.values()].filter(({ sessionId }) => told.includes(sessionId));
		const usedByCalls = [...calls.values()].filter(({ callId }) => told.includes(callId));
		const usedIds = [
			...used.map(({ env }) => env?.VIDEOSDK_ROOM_ID),
			...usedByCalls.map(({ roomId }) => roomId),
		];
		const mayStay = deactivateFaults.length > 0 || items.some(({ faults }) => faults.some(isInDoubt));
		const named = [mayStay ? told : '', USERS_ROOM, ...usedIds].join(' ');
		const silent = [...rooms.values()].filter(({ roomId, disabled }) => !disabled && !named.includes(roomId));
		expect(silent.length).toBeLessThanOrEqual(unknown.length);
	},
	'what is to be included is there, or why it is not': ({ outputs }, model) => {
		for (const { json } of outputs.filter(({ json }) => isIncluding(model) && idOf(json) && !json.error)) {
			const missing = (json.missing ?? {}) as IDataObject;
			for (const [name, field] of Object.entries({ transcript: 'transcript', recording: 'recordingUrl' })) {
				expect([json[field], missing[name]].filter((value) => typeof value === 'string')).toHaveLength(1);
			}
		}
	},
	'what other nodes and the user keep with the workflow survives': ({ result }) => {
		expect(result.staticData).toEqual(PLANTED);
	},
	'the workflow continues once': ({ resumptions }) => expect(resumptions).toBeLessThanOrEqual(1),
	'the workflow continues in time': ({ knownAfterMs }, { trouble, dies }) => {
		if (trouble === 0 && !dies) expect(knownAfterMs).toBeLessThan(KNOWN_WITHIN_MS);
	},
	'each row has its own outcome': (seen, model) => {
		const { result, outputs, items, started, isStopped, tries } = seen;
		if (isStopped) return;
		const { onError, waits, trouble, dies, roomFaults, maxTries } = model;
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
			else if (maxWait === 'long' || trouble === 0) {
				expect(json).not.toHaveProperty('timedOut');
				expect(OUTCOMES[end]).toContain(json.outcome);
			}
		}
	},
	'what is to be ended at Max Wait has ended, then and no earlier, and nothing else': (seen, model) => {
		const { waits, trouble, dies } = model;
		const ends = seen.requests.filter(({ path }) => path.endsWith('/end'));
		const begunAtMs = Math.max(...seen.requests.filter(isStart).map(({ receivedAtMs }) => receivedAtMs));
		for (const [id, { item, ends: isOver }] of seen.started) {
			const { faults, isEnded, maxWait } = model.items[Number(item.slice(5))]!;
			const own = ends.filter(({ body }) => idOf(body as IDataObject) === id);
			const isLate = ({ receivedAtMs }: RecordedRequest) => receivedAtMs >= begunAtMs + SHORT_WAIT_MS;
			expect(own.every((request) => waits && isEnded && isLate(request))).toBe(true);
			// Of a start in doubt there is no ID.
			const isNamed = !isInDoubt(faults[startOf(seen, item).findIndex(mayHaveActed)]);
			if (!waits || !isEnded || maxWait === 'long' || isOver || !isNamed || dies || trouble > 0) continue;
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

/**
 * What users combine, and what goes wrong meanwhile, at random: rooms, recordings, waits, tools, batches, On Error, Retry On Fail, concurrency, a
 * credential by item, a faulty API, lost and late events, another process, a stop. MODEL_CASES sets how many combinations are tried. Only what goes
 * in and comes out counts: parameters, requests, items, errors and n8n's log. Processes that die in the middle of something are tried in test/e2e.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Container } from '@n8n/di';
import { Logger } from '@n8n/backend-common';
import fc from 'fast-check';
import { WorkflowExecute } from 'n8n-core';
import type { IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import type { Delivery, Fault, RecordedRequest } from '../simulator';
import { byRule, CALL } from './callRig';
import type { Engine, RunResult } from './engine';
import { SESSIONS, startParameters, useRig } from './rig';

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
const TOOL = { __rl: true, mode: 'url', value: 'https://n8n.example.com/webhook/a/mcp' };
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
};
const fault = fc.oneof(
	{ weight: 5, arbitrary: fc.constantFrom('rejected400', 'rejected403') },
	{ weight: 4, arbitrary: fc.constantFrom('busy429') },
	{ weight: 4, arbitrary: fc.constantFrom('failed500', 'resetBefore', 'resetAfter', 'unreadable') },
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
	/** The faults of each item's starts, in the order in which they are sent; and whether it ends before the deadline. */
	items: fc.array(fc.record({ faults: rarely(fault), ends: fc.boolean() }), { minLength: 1, maxLength: 8 }),
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
	maxWait: fc.constantFrom('short', 'long'),
	batchSize: fc.constantFrom(-1, -1, 1, 2),
	isResumed: fc.boolean(),
	isEnded: fc.boolean(),
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
	stopsAt: fc.oneof({ weight: 9, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
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

function parametersOf(model: Case): INodeParameters {
	const { starts, waits, room, maxConcurrency, maxWait, batchSize, isEnded, hasTools } = model;
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
			...(starts === 'call' && { batching: { batch: { batchSize, batchInterval: 1_000 } } }),
		},
		maxWait: (maxWait === 'short' ? SHORT_WAIT_MS : LONG_WAIT_MS) / 60_000,
		maxWaitUnit: 'minutes',
		...(hasTools && { agentTools: { tools: [{ tool: TOOL }] } }),
	};
	if (starts === 'call') return byRule(common);
	const env = { variables: [{ name: 'CUSTOMER', value: '={{ $json.customer }}' }] };
	return startParameters({ ...common, env });
}

let other: Engine | undefined;
/** The execution that is being run. */
let execution: { cancel: () => void } | undefined;

/** Prepares the API: empty, but for the user's room and what goes wrong while the node runs. */
function arrange({ items, roomFaults, deactivateFaults, stopsAt, events, isCredentialByItem }: Case): void {
	const { simulator, engine } = rig;
	for (const state of [simulator.sessions, simulator.calls, simulator.rooms]) state.clear();
	const now = new Date().toISOString();
	const usersRoom = { id: USERS_ROOM, roomId: USERS_ROOM, disabled: false, createdAt: now, updatedAt: now };
	simulator.rooms.set(USERS_ROOM, usersRoom);
	simulator.requests.length = 0;
	simulator.clearFaults();
	simulator.setEventFaults({ drop: () => events === 'lost' || events === 'late' });
	engine.setCredentials(rig.credentials(isCredentialByItem ? { secretKey: '={{ $json.secret }}' } : {}));
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
}

/** Ends what is to end, as the case says. @returns what was started, and the events that were sent */
async function endConversations({ maxWait, items, room, lags, isReversed }: Case) {
	const { simulator } = rig;
	const sent: Array<Promise<Array<Delivery | undefined>>> = [];
	const started = new Map<string, { item: string; ends: boolean }>();
	for (const conversation of [...simulator.sessions.values(), ...simulator.calls.values()]) {
		const isCall = 'callId' in conversation;
		const { item } = (isCall ? conversation.metadata : conversation.metaData) as { item: string };
		const ends = maxWait !== 'short' || items[Number(item.slice(5))]?.ends !== false;
		started.set(isCall ? conversation.callId : conversation.sessionId, { item, ends });
	}
	const ending = [...started].filter(([, { ends }]) => ends).map(([id]) => id);
	for (const id of isReversed ? ending.reverse() : ending) {
		const session = simulator.sessions.get(id);
		if (session === undefined) {
			// What ends is recorded only if someone has picked up.
			if (room === 'recorded') sent.push(simulator.moveCall(id, 'answered'));
			sent.push(simulator.moveCall(id, 'ended'));
			continue;
		}
		const event = simulator.emit(id, 'stopped').then((delivery) => [delivery]);
		sent.push(event);
		if (!lags) continue;
		session.status = 'running';
		void pause(maxWait === 'short' ? 1_000 : 30_000).then(() => (session.status = 'stopped'));
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
	const { secret } = simulator;
	const items = model.items.map((_, index) => ({
		item: `item-${index}`,
		customer: `customer ${index}`,
		secret,
	}));
	const { maxTries, onError } = model;
	const waiting = await engine.startAndWait(1, parametersOf(model), {
		items,
		onError,
		node: { retryOnFail: maxTries > 1, maxTries, waitBetweenTries: 1 },
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
	if (model.trouble > 0 && isWaiting) {
		const match = { path: /sessions|sip\/call|recordings|transcriptions/, times: Infinity };
		simulator.addFault({ kind: 'status', status: model.trouble, match });
		const own = execution;
		void pause(TROUBLE_MS).then(() => own === execution && simulator.clearFaults());
	}
	const { started, deliveries } = await endConversations(model);
	const again = async () => {
		for (const { body, endPoint } of deliveries.flatMap((one) => one ?? []))
			await simulator.deliver(endPoint, body);
	};
	if (model.events === 'twice') await again();
	if (isWaiting) {
		// Else n8n goes on by itself.
		if (!(await waiting.resumedWithin())) await waiting.reachDeadline();
	} else if (model.waits && model.maxWait === 'short' && started.size > 0) {
		// What was started is ended at Max Wait, although the execution does not wait.
		await pause(2 * SHORT_WAIT_MS);
	}
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

const INVARIANTS: Record<string, (seen: Observed, model: Case) => void> = {
	'nobody is called on behalf of a row that was not there': ({ requests, items }) => {
		for (const request of requests.filter(isStart)) {
			const { metaData, metadata, env } = request.body as Record<string, IDataObject | undefined>;
			const item = items.find(({ item }) => item === itemOf(request));
			expect(metaData ?? metadata).toMatchObject({ item: item?.item, customer: item?.customer });
			if (env) expect(env.CUSTOMER).toBe(item?.customer);
		}
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
	'no room stays open without a word': ({ told }, { roomFaults, starts, room, waits }) => {
		// VideoSDK makes a call's own room.
		if (starts === 'call' && room !== 'recorded' && !(room === 'own' && waits)) return;
		// One whose answer was lost cannot be named.
		const unknown = roomFaults.filter((name) => ['resetAfter', 'unreadable', 'silent'].includes(name));
		const { rooms, sessions, calls } = rig.simulator;
		const used = [...sessions.values()].filter(({ sessionId }) => told.includes(sessionId));
		const usedByCalls = [...calls.values()].filter(({ callId }) => told.includes(callId));
		const usedIds = [
			...used.map(({ env }) => env?.VIDEOSDK_ROOM_ID),
			...usedByCalls.map(({ roomId }) => roomId),
		];
		const named = [told, USERS_ROOM, ...usedIds].join(' ');
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
	'each row has its own outcome': ({ result, outputs, items, started, isStopped }, model) => {
		if (isStopped) return;
		const { onError, waits, maxWait, trouble, dies } = model;
		if (result.run.status === 'error') return expect(onError).toBe('stopWorkflow');
		expect(result.run.status).toBe('success');
		const rows = outputs.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		expect([...rows].sort()).toEqual(items.map((_, index) => index));
		for (const branch of result.output) {
			const own = branch.map(({ pairedItem }) => (pairedItem as { item: number }).item);
			expect(own).toEqual([...own].sort());
		}
		for (const [index, { json }] of outputs.entries()) {
			const id = idOf(json);
			if (id === undefined) expect(json.error).toEqual(expect.any(String));
			else expect(started.get(id)?.item).toBe(`item-${rows[index]}`);
			// Whether a process that is left learns of an end depends on the events.
			if (id === undefined || !waits || dies) continue;
			if (started.get(id)?.ends !== true) expect([json.timedOut, maxWait]).toEqual([true, 'short']);
			// The API may have been in trouble until after a short Max Wait.
			else if (maxWait === 'long' || trouble === 0) expect(json).not.toHaveProperty('timedOut');
		}
	},
	'what is to be ended at Max Wait has ended, whether or not the execution waited for it': (seen, model) => {
		const { waits, maxWait, isEnded, trouble, dies } = model;
		if (!waits || dies || maxWait !== 'short' || !isEnded || trouble > 0) return;
		const { sessions, calls } = rig.simulator;
		for (const [id, { item }] of seen.started) {
			// Of a start in doubt there is no ID.
			const own = seen.requests.filter((request) => isStart(request) && itemOf(request) === item);
			if (isInDoubt(model.items[Number(item.slice(5))]?.faults[own.findIndex(mayHaveActed)])) continue;
			const { status } = sessions.get(id) ?? calls.get(id) ?? {};
			expect([id, status]).toEqual([id, expect.stringMatching(/stopped|completed|ended/)]);
		}
	},
};

it(`Of ${CASES} combinations none costs a user money or data`, async () => {
	const only = new RegExp(process.env.MODEL_INVARIANT ?? '');
	const { processRunExecutionData } = WorkflowExecute.prototype;
	jest.spyOn(WorkflowExecute.prototype, 'processRunExecutionData').mockImplementation(function (
		this: WorkflowExecute,
		workflow,
	) {
		const run = processRunExecutionData.call(this, workflow);
		execution = run;
		return run;
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

/**
 * What users combine: rooms, recordings, waits, batches, On Error, Retry On Fail, concurrency and a faulty API, at random. MODEL_CASES sets how many
 * combinations are tried. Only what goes in and comes out counts: parameters, requests, items, errors and n8n's log.
 */
import { Container } from '@n8n/di';
import { Logger } from '@n8n/backend-common';
import fc from 'fast-check';
import type { IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import type { Fault, RecordedRequest } from '../simulator';
import { byRule, CALL } from './callRig';
import type { RunResult } from './engine';
import { accelerateTime, SESSIONS, startParameters, useRig } from './rig';

const CASES = Number(process.env.MODEL_CASES ?? 200);
/** Fixed, so that a run of CI fails for what was changed and nothing else. */
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115);
/** A counterexample to look at again, as the test prints it. */
const EXAMPLE = process.env.MODEL_CASE;
const SPEED = 100;
/** In real time; a wait takes a tenth of a second. */
const PATIENCE_MS = 4_000;
/** In the package's time; the timeout of a request is not to be hit on a busy machine. */
const [TIMEOUT_MS, SHORT_WAIT_MS, LONG_WAIT_MS] = [2_000_000, 20_000, 24 * 3_600_000];
const USERS_ROOM = 'room-of-the-user';
const INCLUDE_MINUTES = 0.1;
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

/** Whether a case is to put out what was said. */
const isIncluding = ({ waits, room }: Case) => waits && room === 'recorded';

function parametersOf(model: Case): INodeParameters {
	const { starts, waits, room, maxConcurrency, maxWait, batchSize } = model;
	const common = {
		recording: room === 'recorded' ? 'transcribe' : 'none',
		operation: `${starts === 'call' ? 'make' : 'start'}${waits ? 'AndWait' : ''}`,
		metaData: { entries: ['item', 'customer'].map((key) => ({ key, value: `={{ $json.${key} }}` })) },
		options: {
			...{ maxConcurrency, timeout: TIMEOUT_MS },
			...(room === 'existing' && { roomId: USERS_ROOM }),
			...(room === 'own' && waits && starts === 'call' && { ownRoom: true }),
			...(waits && { includeWait: INCLUDE_MINUTES }),
			...(starts === 'call' && { batching: { batch: { batchSize, batchInterval: 1_000 } } }),
		},
		maxWait: (maxWait === 'short' ? SHORT_WAIT_MS : LONG_WAIT_MS) / 60_000,
		maxWaitUnit: 'minutes',
	};
	if (starts === 'call') return byRule(common);
	const env = { variables: [{ name: 'CUSTOMER', value: '={{ $json.customer }}' }] };
	return startParameters({ ...common, env });
}

/** Runs a case to its end. @returns all that a user can observe */
async function observe(model: Case) {
	const { simulator, engine } = rig;
	for (const state of [simulator.sessions, simulator.calls, simulator.rooms]) state.clear();
	const now = new Date().toISOString();
	const usersRoom = { id: USERS_ROOM, roomId: USERS_ROOM, disabled: false, createdAt: now, updatedAt: now };
	simulator.rooms.set(USERS_ROOM, usersRoom);
	simulator.requests.length = 0;
	simulator.clearFaults();
	const add = (names: string[], match: Fault['match']) => {
		for (const name of names)
			simulator.addFault({ ...(FAULTS[name] as Fault), match: { ...match, times: 1 } });
	};
	for (const [index, { faults }] of model.items.entries())
		add(faults, { method: 'POST', path: /start$|call$/, body: new RegExp(`"item-${index}"`) });
	add(model.roomFaults, { method: 'POST', path: /rooms$/ });
	add(model.deactivateFaults, { path: /deactivate$/ });
	const tries: number[] = [];
	engine.nodeTypes.onExecute = () => tries.push(simulator.requests.length);
	const warned: string[] = [];
	jest.spyOn(Container.get(Logger), 'warn').mockImplementation((text) => void warned.push(text));

	const items = model.items.map((_, index) => ({ item: `item-${index}`, customer: `customer ${index}` }));
	const { maxTries, onError } = model;
	const waiting = await engine.startAndWait(1, parametersOf(model), {
		items,
		onError,
		node: { retryOnFail: maxTries > 1, maxTries, waitBetweenTries: 1 },
		staticData: PLANTED,
		withoutStaticData: model.isResumed,
	});
	/** The events of ends, which are all there before the first one is delivered. */
	const delivering: Array<Promise<unknown>> = [];
	const started = new Map<string, { item: string; ends: boolean }>();
	for (const conversation of [...simulator.sessions.values(), ...simulator.calls.values()]) {
		const isCall = 'callId' in conversation;
		const { item } = (isCall ? conversation.metadata : conversation.metaData) as { item: string };
		const ends = model.maxWait !== 'short' || model.items[Number(item.slice(5))]?.ends !== false;
		started.set(isCall ? conversation.callId : conversation.sessionId, { item, ends });
		if (!ends) continue;
		if (isCall) {
			const steps = model.room === 'recorded' ? (['answered', 'ended'] as const) : (['ended'] as const);
			for (const step of steps) delivering.push(simulator.moveCall(conversation.callId, step));
		} else conversation.status = 'stopped';
	}
	await Promise.all(delivering);
	if (waiting.result.run.status === 'waiting') await waiting.resumedWithin(PATIENCE_MS);
	await waiting.close();
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
			expect(metaData ?? metadata).toEqual(item);
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
	'every session or call that costs money is named': (
		{ started, told, requests, outputs, result },
		{ items },
	) => {
		for (const [id, { item }] of started) {
			const index = Number(item.slice(5));
			const own = requests.filter((request) => isStart(request) && itemOf(request) === item);
			if (!isInDoubt(items[index]?.faults[own.findIndex(mayHaveActed)])) {
				expect(told).toContain(id);
				continue;
			}
			const output = outputs.find(({ pairedItem }) => (pairedItem as { item: number }).item === index);
			if (output) expect(output.json.error).toMatch(/may (also )?have been/);
			else expect(textOf(result)).toMatch(new RegExp(`item (\\d+, )*${index}\\b`));
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
	'each row has its own outcome': ({ result, outputs, items, started }, { onError, waits, maxWait }) => {
		if (result.run.status === 'error') return expect(onError).toBe('stopWorkflow');
		expect(result.run.status).toBe('success');
		const rows = outputs.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		expect([...rows].sort()).toEqual(items.map((_, index) => index));
		for (const [index, { json }] of outputs.entries()) {
			const id = idOf(json);
			if (id === undefined) expect(json.error).toEqual(expect.any(String));
			else expect(started.get(id)?.item).toBe(`item-${rows[index]}`);
			if (id === undefined || !waits) continue;
			// What ends about when a short Max Wait does, may have ended by it.
			if (started.get(id)?.ends && maxWait === 'short') continue;
			if (started.get(id)?.ends) expect(json).not.toHaveProperty('timedOut');
			else expect([json.timedOut, maxWait]).toEqual([true, 'short']);
		}
	},
};

it(`Of ${CASES} combinations none costs a user money or data`, async () => {
	const only = new RegExp(process.env.MODEL_INVARIANT ?? '');
	const beganAtMs = performance.now();
	const restore = accelerateTime(SPEED);
	const property = fc.asyncProperty(cases, async (model) => {
		const seen = await observe(model);
		for (const [name, check] of Object.entries(INVARIANTS)) {
			if (!only.test(name)) continue;
			try {
				check(seen, model);
			} catch (error) {
				throw new Error(`Not so: ${name}\n${(error as Error).message}`);
			}
		}
	});
	try {
		await fc.assert(property, {
			seed: SEED,
			...(EXAMPLE ? { examples: [JSON.parse(EXAMPLE) as [Case]], numRuns: 1 } : { numRuns: CASES }),
		});
	} finally {
		restore();
	}
	const seconds = ((performance.now() - beganAtMs) / 1000).toFixed(1);
	process.stdout.write(`${CASES} combinations in ${seconds} s\n`);
}, 3_600_000);

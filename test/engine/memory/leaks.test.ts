/** A process of n8n runs for weeks: what it keeps in memory has a bound, whatever it has done. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PackageDirectoryLoader } from 'n8n-core';
import type { SimulatedCall } from '../../simulator';
import type { HandedTool } from '../../simulator/toolAgent';
import { byRule, fromSip, makeAndWait } from '../rig/callRig';
import { skipIdleTime, stopSkipping } from '../rig/clock';
import { overwriteDeduplication } from '../rig/deduplication';
import { eventBody, send } from '../rig/delivery';
import { Engine } from '../rig/engine';
import { workFolder } from '../rig/environment';
import { loadPackage } from '../rig/packageCopy';
import { PublishedTool } from '../rig/publishedTool';
import type { PublishedTrigger } from '../rig/publishedTrigger';
import { later, parametersOf, Rig, startParameters } from '../rig/rig';

const NODES = join(__dirname, '../../../nodes');

/** Every store of a module, or of a state (`*State.ts`), by what bounds it. */
const STORES = {
	/** To the entries that were set last. */
	size: ['claims', 'nodes', 'over', 'placedCalls', 'published', 'whole'],
	/** It's in `nodes`. */
	node: ['accepted', 'facts', 'keys', 'known', 'recorded', 'settingsCache', 'startChecks', 'warnings'],
	/** To what is under way. */
	present: ['deploying', 'lastTurn', 'pollers', 'requests', 'scheduledEnds', 'waits'],
	/** An entry goes with its key. */
	weak: ['keys', 'ownClaims', 'tries'],
};

/** A variable of a module, or a constant that begins empty. */
const STORE =
	/^(?:export )?(?:let (\w+)|const (\w+)(?:: [^=]+)? = (?:new (?:Map|Set|Weak\w+|BoundedMap|PerNode|Limiter|Credentials?Cache)\b(?:<.+>)?\((?!\[|valuesOf)|\[\]|\{\}))/gm;

/** A member of a state. */
const MEMBER = /^\t(?:private )?readonly (\w+) = new (?:\w*Map|Set)\b/gm;

it('is in a store that is listed here', () => {
	const paths = readdirSync(NODES, { recursive: true, encoding: 'utf8' }).filter((path) =>
		path.endsWith('.ts'),
	);
	const found = paths.flatMap((path) => {
		const source = readFileSync(join(NODES, path), 'utf8');
		const members = path.endsWith('State.ts') ? [...source.matchAll(MEMBER)] : [];
		return [...source.matchAll(STORE), ...members].map(([, variable, constant]) => variable ?? constant);
	});
	expect(found.sort()).toEqual(Object.values(STORES).flat().sort());
});

/** Nightly, 2,000 executions of each kind are run, which takes minutes. Else, few show that the bounds hold. */
const { NIGHTLY } = process.env;
/** Of each kind, before memory is measured. */
const EACH = NIGHTLY ? 1_000 : 30;
/** Of each kind, before what they leave at VideoSDK is thrown away. */
const OF_STAGE = Math.min(EACH, 250);
const AT_ONCE = Math.min(EACH / 2, 25);
/** What stores are bounded to here, so that so few executions fill them. */
const BOUND = NIGHTLY ? 100 : 25;
type Store = Map<unknown, unknown> & { maxSize?: number };

/** Loads the package. @returns the maps that its modules make then */
async function loadStores() {
	const stores: Store[] = [];
	const { Map: Original } = globalThis;
	globalThis.Map = class<K, V> extends Original<K, V> {
		constructor(entries?: Iterable<readonly [K, V]> | null) {
			super(entries);
			const isLoading = globalThis.Map !== Original;
			if (isLoading && new Error().stack?.includes(workFolder)) stores.push(this);
		}
	} as MapConstructor;
	const loader = await loadPackage().finally(() => (globalThis.Map = Original));
	return { loader, stores };
}

const isMap = (value: unknown): value is Store => value instanceof Map;

/** A store, and all maps in it. */
const mapsIn = (store: Store): Store[] => [store, ...[...store.values()].filter(isMap).flatMap(mapsIn)];

/** Lowers the bounds of stores, and of what is in them. */
function lowerBounds(stores: Store[]): void {
	for (const store of stores.flatMap(mapsIn)) {
		if (store.maxSize !== undefined) store.maxSize = Math.min(store.maxSize, BOUND);
	}
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Turns of the event loop. Sockets that were closed are held for some, and with them all that used them. */
const TURNS = 200;

/** @returns the median of what is in use after three collections, in bytes */
async function heapInUse(): Promise<number> {
	const sizes: number[] = [];
	for (let count = 0; count < 8; count++) {
		for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate);
		collect();
		sizes.push(process.memoryUsage().heapUsed);
	}
	return sizes.slice(-3).sort((one, other) => one - other)[1] ?? NaN;
}

/** Where executions run, until they and all that VideoSDK has of them are thrown away. */
interface Stage {
	rig: Rig;
	trigger: PublishedTrigger;
	/** What an agent has of a tool. */
	access: HandedTool;
}

const MAX_WAIT_MS = 600_000;
const HOUR_MS = 3_600_000;

/** Calls a tool as an agent does. Unlike `fetch`, this keeps nothing of the host. */
async function callTool({ url, headers }: Pick<HandedTool, 'url' | 'headers'>, name: string, input: object) {
	const params = { name, arguments: input };
	const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
	const answer = await send(url, { headers: { ...headers, 'content-type': 'application/json' }, body });
	expect(answer).toMatchObject({ status: 200, body: expect.not.stringContaining('"isError":true') });
}

const callTo = ({ simulator }: Rig, to: string) =>
	[...simulator.calls.values()].find((call) => call.to === to) as SimulatedCall;

/** One execution of each kind. `to`: a number that no other one calls. */
const KINDS: Record<string, (stage: Stage, to: string) => Promise<void>> = {
	'a call': async ({ rig }, to) => {
		expect(await rig.json(fromSip({ to }))).toMatchObject([{ to }]);
	},
	'a session, and the delivery of its event': async ({ rig, trigger }) => {
		const [session] = await rig.json(startParameters());
		const event = eventBody('started', String(session?.sessionId));
		expect(await rig.simulator.deliver(trigger.url, event)).toMatchObject({ status: 200 });
	},
	'a wait that an event ends': async ({ rig }, to) => {
		const env = { variables: [{ name: 'TO', value: to }] };
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, { env });
		const [id = ''] = [...rig.simulator.sessions].find(([, session]) => session.env?.TO === to) ?? [];
		await rig.simulator.emit(id, 'stopped');
		expect(await waiting.jsonWithin()).toMatchObject([{ sessionId: id, event: 'stopped' }]);
	},
	'a wait that asks': async ({ rig }, to) => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ to }));
		Object.assign(callTo(rig, to), { status: 'ended', end: new Date().toISOString() });
		expect(await waiting.jsonWithin()).toMatchObject([{ to, status: 'ended' }]);
	},
	'a delivery to a node with a credential of its own': async ({ rig }, id) => {
		const { engine } = rig;
		const { credentialId } = engine;
		engine.useOtherCredentials(rig.credentials());
		const publishing = engine.publish();
		engine.credentialId = credentialId;
		const trigger = await publishing;
		expect(await rig.simulator.deliver(trigger.url, eventBody('started', id))).toMatchObject({ status: 200 });
		await forget(trigger);
	},
	'a tool call': async ({ access }) => {
		await callTool(access, 'find_order', { number: 'A-17' });
	},
	'a question': async ({ rig }, to) => {
		const ask = byRule({ operation: 'sendAndWait', to, message: 'Does Thursday work?' });
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, ask);
		const [handed] = callTo(rig, to).metadata.n8nTools as [HandedTool];
		await callTool(handed, 'submit_response', { approved: true });
		expect(await waiting.jsonWithin()).toMatchObject([{ responded: true }]);
	},
};

async function forget(trigger: PublishedTrigger): Promise<void> {
	await trigger.settled();
	await trigger.close();
	expect(trigger.thrown).toEqual([]);
	// As n8n keeps it in its database.
	overwriteDeduplication(trigger.workflow.id);
}

/** Runs so many executions of each kind. @param eachTime called now and then */
async function run(loader: PackageDirectoryLoader, count: number, eachTime: () => void): Promise<void> {
	const rig = new Rig();
	rig.simulator = await rig.addSimulator({ lifecycle: false, callBehaviour: false });
	rig.engine = new Engine(loader, { credentials: rig.credentials(), credentialId: 'one' });
	const trigger = await rig.engine.publish({ options: { deploymentIds: ['ddv_support'] } });
	const tool = new PublishedTool(rig.engine, {}, { answer: { answerJson: '={{ $json }}' } }, randomUUID());
	await tool.listen();
	await tool.hook('create');
	const agentTools = { tools: [{ tool: { __rl: true, mode: 'url', value: tool.url } }] };
	const [created] = await rig.json(parametersOf('tool', 'createAccess', { agentTools }));
	const [access] = created?.tools as unknown as [HandedTool];
	const stage = { rig, trigger, access };
	for (const [index, execute] of Object.values(KINDS).entries()) {
		for (let from = 0; from < count; from += AT_ONCE) {
			const numbers = Array.from({ length: AT_ONCE }, (_, one) => `+1555${1e7 + index * 1e6 + from + one}`);
			await Promise.all(numbers.map(async (to) => await execute(stage, to)));
			eachTime();
		}
	}
	await tool.settled();
	await tool.close();
	await forget(trigger);
	await rig.engine.close();
	await rig.close();
	// Whatever was to be done later is done.
	await later(HOUR_MS);
}

afterEach(stopSkipping);

const what = NIGHTLY
	? 'has the same size after 2,000 executions of each kind as after 1,000, and no store exceeds its bound'
	: 'has no store that exceeds its bound';
it(
	what,
	async () => {
		skipIdleTime();
		const { loader, stores } = await loadStores();
		const sizes: number[] = [];
		for (let half = 0; half < (NIGHTLY ? 2 : 1); half++) {
			for (let count = 0; count < EACH; count += OF_STAGE)
				await run(loader, OF_STAGE, () => lowerBounds(stores));
			sizes.push(await heapInUse());
		}
		const bounded = stores.filter(({ maxSize }) => maxSize !== undefined);
		expect(bounded.map(({ size }) => size)).toEqual(STORES.size.map(() => BOUND));
		const tooLarge = stores.flatMap(mapsIn).filter(({ size }) => size > BOUND);
		expect(tooLarge.map((store) => [...store.keys()].slice(0, 3))).toEqual([]);
		const [half = 0, whole = half] = sizes;
		expect(whole).toBeLessThan(half * 1.1);
	},
	HOUR_MS,
);

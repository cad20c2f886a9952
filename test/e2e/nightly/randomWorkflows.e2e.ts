/**
 * Random workflows in a real n8n, several at once, while people, VideoSDK, events, the user and n8n itself do as they like: no
 * one is called
 * twice, nothing is lost or given to another row, and everything ends. What each case is drawn from is printed.
 *
 * FUZZ_SEED, FUZZ_CASES: the first case, and how many follow. FUZZ_ONLY=12,34: these. FUZZ_RESTARTS=1: n8n is killed now and then (in queue
 * mode a worker). FUZZ_QUEUE=1: in queue mode. FUZZ_FOLDER: what was found is stored there with its workflow, requests and executions.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor, write } from '../../n8n/processes';
import type { Execution } from '../../n8n/rest';
import { testedVersions } from '../../n8n/installN8n';
import type { SimulatedCall, SimulatedSession } from '../../simulator';
import { during, untilPublished } from '../deliveries';
import { type Mark, randomCase, type RandomCase, type RandomWorkflow } from '../randomWorkflow';
import { PATIENT, setUpAll } from '../setup';

const { FUZZ_SEED, FUZZ_CASES, FUZZ_ONLY, FUZZ_RESTARTS, FUZZ_QUEUE, FUZZ_FOLDER } = process.env;
const FIRST = Number(FUZZ_SEED ?? 20_261);
const CASES = Number(FUZZ_CASES ?? 120);
const AT_ONCE = 8;
const SEEDS = FUZZ_ONLY?.split(',').map(Number) ?? Array.from({ length: CASES }, (_, index) => FIRST + index);
/** Longer than any wait of these workflows takes, also with n8n's own deadline after a restart. */
const ENDLESS_MS = 480_000;
const AFTER_STOP_MS = 1_500;
/** As long as a request that hangs: only then the log says what a stopped execution may have started. */
const HANGS_MS = 32_000;
const OPEN = ['new', 'running', 'waiting', 'unknown'];

type Out = { [field: string]: unknown; error?: string; outcome?: string };
const keyOf = ({ tag, row, path, node }: Partial<Mark> = {}) => [tag, row, path, node].join(' ');
const isStart = (node = '') => /X(make|start|send)/.test(node);

describe.each(testedVersions())('n8n %s', (version) => {
	const setup = setUpAll({
		n8n: { version },
		queue: FUZZ_QUEUE ? { webhooks: 2, workers: 2 } : undefined,
		// What was said tells where.
		simulator: { lifecycle: false, ...PATIENT, remains: (roomId) => remains(roomId) },
	});
	const restarts: number[] = [];
	let isOver = false;

	const all = () => [...setup.simulator.calls.values(), ...setup.simulator.sessions.values()];
	const idOf = (one: SimulatedCall | SimulatedSession) => ('callId' in one ? one.callId : one.sessionId);
	const roomOf = (one: SimulatedCall | SimulatedSession) =>
		'callId' in one ? one.roomId : one.env?.VIDEOSDK_ROOM_ID;
	const markOf = (one: SimulatedCall | SimulatedSession) =>
		('callId' in one ? one.metadata : one.metaData) as Partial<Mark> | undefined;
	const remains = (roomId: string) => {
		const ids = all().flatMap((one) => (roomOf(one) === roomId ? `said-in-${idOf(one)}` : []));
		const lines = ids.map((text) => ({ speaker: 'Caller', text }));
		return { transcription: { lines, summary: ids.join(' '), readyAfterMs: 1_000 } };
	};

	/** Asks n8n again while it restarts. */
	const patiently = async <T>(what: string, ask: () => Promise<T>): Promise<T> =>
		await waitFor(what, async () => [await ask().catch(() => undefined)].find(Boolean), 120_000, 500);

	/** Sessions run and end; of their events some are lost, others come again, late. */
	async function world() {
		const { emit, sessions, deliveries, deliver, setEventFaults } = setup.simulator;
		const known = new Set<string>();
		setEventFaults({ drop: () => Math.random() < 0.15 });
		const live = async (id: string) => {
			await during(100 + 700 * Math.random());
			await emit(id, 'started');
			await during(8_000 * Math.random());
			if (!sessions.get(id)?.end && Math.random() < 0.8)
				await emit(id, Math.random() < 0.85 ? 'stopped' : 'failed');
		};
		while (!isOver) {
			const fresh = [...sessions.keys()].filter((id) => !known.has(id));
			for (const id of fresh) void live(known.add(id) && id).catch(() => undefined);
			const old = deliveries[deliveries.length - 1 - Math.floor(30 * Math.random())];
			if (old && Math.random() < 0.1) void deliver(old.endPoint, old.body);
			await during(50);
		}
	}

	async function restart() {
		while (FUZZ_RESTARTS && !isOver) {
			await during(20_000 + 40_000 * Math.random());
			const target = [setup.n8n, ...setup.workers].at(Math.random() < 0.5 ? 1 : -1) ?? setup.n8n;
			restarts.push(Date.now());
			if (Math.random() < 0.5) await target.kill();
			await target.restart();
			restarts.push(Date.now());
		}
	}

	async function store({ nodes, connections }: RandomWorkflow, name: string, ids: string[]) {
		const text = JSON.stringify({ name, nodes, connections })
			.replaceAll('"CREDENTIAL"', JSON.stringify(setup.credentialId))
			.replace(/CHILD (\d)/g, (_, index: string) => ids[Number(index)] ?? '');
		const { rest } = setup.n8n;
		const { id } = await patiently('to store', async () => await rest.createWorkflow(JSON.parse(text)));
		const publish = async () => (await rest.activate(id), true);
		await patiently('to publish', publish);
		return id;
	}

	async function untilOver(workflowIds: string[]): Promise<boolean> {
		const isOpen = async () => {
			const lists = await Promise.all(
				workflowIds.map(
					async (workflowId) => await setup.n8n.rest.listExecutions({ workflowId, status: OPEN }),
				),
			);
			return lists.flat().length > 0;
		};
		const startedMs = Date.now();
		for (let quiet = 0; quiet < 2; await during(700)) {
			if (Date.now() > Math.max(startedMs, ...restarts) + ENDLESS_MS) return false;
			quiet = (await isOpen().catch(() => true)) ? 0 : quiet + 1;
		}
		return true;
	}

	async function run(seed: number): Promise<string[]> {
		const { n8n, simulator, webhooksUrl } = setup;
		const { rest } = n8n;
		const drawn = randomCase(seed);
		const { tag, people, children, faults, stopAfterMs, retries } = drawn;
		for (const { to, behaviour } of people) simulator.setCallBehaviour(behaviour, to);
		const ids: string[] = [];
		for (const index of [...children.keys()].reverse())
			ids[index] = await store(children[index]!, `${tag}-${index}`, ids);
		const id = await store(drawn, tag, ids);
		await patiently('the webhook', async () => (await untilPublished(webhooksUrl, tag), true));
		for (const fault of faults) simulator.addFault(fault);
		const startedMs = Date.now();
		void rest.triggerByWebhook(`${webhooksUrl}/webhook/${tag}`).catch(() => undefined);
		await during(stopAfterMs ?? 3_000);
		let stoppedMs = Infinity;
		for (const one of stopAfterMs
			? await rest.listExecutions({ workflowId: id, status: OPEN }).catch(() => [])
			: []) {
			await rest.call('POST', `/executions/${one.id}/stop`, {}).catch(() => undefined);
			stoppedMs = Date.now();
		}
		const problems = (await untilOver([id, ...ids])) ? [] : ['endless'];
		const failed = (
			await patiently('executions', async () => await rest.listExecutions({ workflowId: id }))
		).find(({ status }) => ['error', 'crashed'].includes(status));
		const clicks = Array.from({ length: failed ? retries : 0 }, async (_, click) => {
			await during(click * (seed % 3) * 400);
			const body = { loadWorkflow: seed % 2 === 0 };
			await rest.call('POST', `/executions/${failed!.id}/retry`, body).catch(() => undefined);
		});
		await Promise.race([Promise.all(clicks), during(60_000)]);
		if (clicks.length > 0 && !(await untilOver([id, ...ids]))) problems.push('endless after Retry');
		const isOwn = ({ body }: { body?: unknown }) => JSON.stringify(body ?? '').includes(tag);
		// Another case's fault may be what hangs.
		const hangs = simulator.requests.some((one) => isOwn(one) && one.status === undefined);
		if (stoppedMs < Infinity && hangs) await during(HANGS_MS);
		const isDisturbed = restarts.some((atMs) => atMs > startedMs - 1_000);
		const read = async () =>
			await Promise.all([id, ...ids].map(async (workflowId) => await rest.executions({ workflowId })));
		let executions = (await patiently('executions', read)).flat();
		// In queue mode, a worker may begin what was stopped before it did.
		if (executions.some(({ status }) => OPEN.includes(status))) {
			if (!(await untilOver([id, ...ids]))) problems.push('endless after the stop');
			executions = (await patiently('executions', read)).flat();
		}
		problems.push(...judge(drawn, executions, { isDisturbed, isRetried: clicks.length > 0, stoppedMs }));
		if (FUZZ_FOLDER && (problems.length > 0 || FUZZ_ONLY)) {
			const own = all().filter((one) => markOf(one)?.tag === tag);
			const requests = simulator.requests.filter(isOwn);
			const found = JSON.stringify({ problems, drawn, own, requests, executions }, null, 1);
			writeFileSync(join(FUZZ_FOLDER, `${version}-${seed}.json`), found);
		}
		return problems.map((problem) => `${seed}${isDisturbed ? ' (restart)' : ''}: ${problem}`);
	}

	type Circumstances = { isDisturbed: boolean; isRetried: boolean; stoppedMs: number };

	function judge(
		{ tag, nodes }: RandomCase,
		executions: Execution[],
		{ isDisturbed, isRetried, stoppedMs }: Circumstances,
	): string[] {
		const problems: string[] = [];
		const isOfRoot = ({ node }: Partial<Mark>) => nodes.some(({ name }) => name === node);
		const times = new Map<string, number>();
		for (const { method, path, body, status = 0, receivedAtMs } of setup.simulator.requests) {
			const { metadata, metaData } = (body ?? {}) as { metadata?: Partial<Mark>; metaData?: Partial<Mark> };
			const mark = metadata ?? metaData ?? {};
			if (mark.tag !== tag || method !== 'POST' || !/sip\/call$|sessions\/start$/.test(path)) continue;
			// A Retry of what ran a sub-workflow, or of what was being placed when n8n was killed, runs that again: known.
			const mayBeTwice = isRetried && (isDisturbed || !isOfRoot(mark));
			const count = (times.get(keyOf(mark)) ?? 0) + Number(status < 400 || status === 408 || status >= 500);
			times.set(keyOf(mark), count);
			if (count > 1 && !mayBeTwice) problems.push(`started twice: ${keyOf(mark)}`);
			const isCanceled = executions.some((execution) => execution.status === 'canceled');
			if (isCanceled && isOfRoot(mark) && receivedAtMs > stoppedMs + AFTER_STOP_MS)
				problems.push(`started after the stop: ${keyOf(mark)}`);
		}
		const logs = [setup.n8n, ...setup.workers].map((one) => one.logs).join('');
		const told = JSON.stringify(executions) + logs;
		// No one learns the ID if VideoSDK's answer was lost, and n8n may store what was stopped without its data, or a second run.
		const isUnknown = executions.some(
			({ status, data }) =>
				/may (also )?have been|inDoubt/.test(JSON.stringify(data) + (status === 'canceled' ? logs : '')) ||
				(status === 'canceled' && Object.keys(data?.resultData?.runData ?? {}).length === 0),
		);
		for (const one of all())
			if (markOf(one)?.tag === tag && !told.includes(idOf(one)) && !isUnknown && !isDisturbed)
				problems.push(`lost: ${keyOf(markOf(one))}`);
		for (const { id, status, data } of executions) {
			const { runData = {}, error } = data?.resultData ?? {};
			// n8n's own: Execute Sub-workflow for each item, with On Error: Continue, if one of them fails.
			if (
				/paired|multiple matches|undefined(?! or null)|TypeError/i.test(error?.message ?? '') &&
				!/'entries'/.test(error!.message)
			)
				problems.push(`${error!.message} in execution ${id}`);
			for (const [name, runs] of Object.entries(runData))
				for (const [index, { data: output }] of runs.entries())
					for (const { json } of output?.main?.[0] ?? [])
						if (/A\d+$/.test(name))
							problems.push(
								...judgeItem(json, isDisturbed).map(
									(what) => `${what} (${id}, ${status}, ${name}, ${index})`,
								),
							);
		}
		return problems;
	}

	/** What the node before gave for a row. */
	function judgeItem(json: object, isDisturbed: boolean): string[] {
		const { log, ...mark } = json as Mark & { log: Array<{ node: string; out: Out }> };
		const { node, out } = log.at(-1)!;
		const problems: string[] = [];
		const own =
			setup.simulator.calls.get(String(out.callId)) ?? setup.simulator.sessions.get(String(out.sessionId));
		if (own && markOf(own)?.row !== mark.row)
			problems.push(`row ${mark.row} has that of ${keyOf(markOf(own))}`);
		for (const [, id] of [out.transcript, out.summary, out.text].join(' ').matchAll(/said-in-([\w-]+)/g))
			if (id !== (own && idOf(own))) problems.push(`words of ${id} at ${node}`);
		const key = keyOf({ ...mark, path: mark.path.slice(0, -1), node });
		const isKnown =
			own || out.outcome === 'inDoubt' || /may (also )?have been|Nothing was sent/.test(String(out.error));
		if (isStart(node) && !isKnown && all().some((one) => keyOf(markOf(one)) === key))
			problems.push(`not told of what was started: ${key}: ${JSON.stringify(out)}`);
		if (!/makeAndWait/.test(node) || !own || !('callId' in own) || isDisturbed) return problems;
		const wasAnswered = own.timelog.some(({ status }) => status === 'answered');
		if (out.outcome === (wasAnswered ? 'noAnswer' : 'answered'))
			problems.push(`${out.outcome}, which is wrong: ${key}`);
		if (out.outcome === 'running' && !out.timedOut && !out.error)
			problems.push(`running before Max Wait: ${key}`);
		return problems;
	}

	it(`${SEEDS.length} cases from ${SEEDS[0]} on`, async () => {
		if (FUZZ_FOLDER) mkdirSync(FUZZ_FOLDER, { recursive: true });
		const found: string[] = [];
		const others = [world(), restart()];
		const left = [...SEEDS];
		const work = async () => {
			for (let seed = left.shift(); seed !== undefined; seed = left.shift())
				found.push(...(await run(seed).catch((error: Error) => [`${seed}: ${error.stack}`])));
		};
		await Promise.all(Array.from({ length: AT_ONCE }, work));
		isOver = true;
		await Promise.all(others);
		const { calls, sessions } = setup.simulator;
		write(`${SEEDS.length} cases, ${calls.size} calls, ${sessions.size} sessions`);
		if (FUZZ_FOLDER) writeFileSync(join(FUZZ_FOLDER, `${version}.log`), setup.n8n.logs);
		const logs = [setup.n8n, ...setup.workers].flatMap((one) => one.logs.split('\n'));
		found.push(...logs.filter((line) => /unhandled|uncaught|TypeError|ReferenceError/i.test(line)));
		expect(found).toEqual([]);
	}, 3_600_000);
});

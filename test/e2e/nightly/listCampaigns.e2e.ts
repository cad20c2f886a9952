/**
 * Campaigns over Data Tables whose rows change meanwhile, in one process and in queue mode, with faults, kills, stops, and the user's
 * Retries: within one execution and its Retries nobody is called twice. VideoSDK's list shows calls with their metadata within 12 s.
 *
 * CAMPAIGN_SEED, CAMPAIGN_GROUPS: the first group of campaigns, and how many follow; each is drawn from its seed. CAMPAIGN_MODE: one
 * mode only. CAMPAIGN_FOLDER: what was found is stored there with requests and executions.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDataTable, type DataTable } from '../../n8n/dataTables';
import { write } from '../../n8n/processes';
import type { SimulatedCall } from '../../simulator';
import { during, MODES, untilPublished } from '../deliveries';
import { Campaign, drawCampaigns, type Edit, type Person, type Phase } from '../listCampaign';
import { PATIENT, setUpAll } from '../setup';

const { CAMPAIGN_SEED, CAMPAIGN_GROUPS, CAMPAIGN_MODE, CAMPAIGN_FOLDER } = process.env;
const FIRST = Number(CAMPAIGN_SEED ?? 6_701);
const GROUPS = Number(CAMPAIGN_GROUPS ?? 4);
const SEEDS = Array.from({ length: GROUPS }, (_, index) => FIRST + index);
/** At the same time, so that one kill hits all of them. */
const CAMPAIGNS = 5;
const OPEN = ['new', 'running', 'waiting', 'unknown'];
/** Nothing fails if executions take longer: they are stopped. In queue mode n8n takes up to 45 s to notice that a worker is gone. */
const LONGEST_MS = 150_000;
/** A campaign may make fewer calls than an event waits for. */
const QUIET_MS = 6_000;

/** A campaign in n8n. */
interface Running {
	campaign: Campaign;
	table: DataTable;
	workflowId: string;
	/** Whether its latest execution was killed or stopped by the test: then the user retries the first one (docs/waiting.md). */
	wasEnded: boolean;
}

const setUpOf = (mode: (typeof MODES)[number]) =>
	setUpAll({
		n8n: {},
		queue: mode === 'queue' ? { webhooks: 0, workers: 2 } : undefined,
		// So slow that a kill hits calls that are being made.
		simulator: { latencyMs: 80, callBehaviour: { ringAfterMs: 20, ringForMs: 100, talkMs: 300 }, ...PATIENT },
	});

describe.each(CAMPAIGN_MODE ? MODES.filter((mode) => mode === CAMPAIGN_MODE) : MODES)('n8n, %s', (mode) => {
	const setup = setUpOf(mode);
	const counts = { campaigns: 0, calls: 0, kills: 0, stops: 0, retries: 0, adopted: 0, unsettled: 0 };

	const personOf = ({ metadata }: SimulatedCall) => String(metadata.person);
	const callsOf = (tag: string) =>
		[...setup.simulator.calls.values()].filter((call) => personOf(call).startsWith(`${tag}-`));

	/** What was read of the rows, each time. */
	const readsOf = ({ reportPath }: Campaign) =>
		setup.simulator.requests.flatMap(({ path, body }) =>
			path === reportPath ? [body as Array<{ person: string; phone: string }>] : [],
		);

	const executionsOf = async ({ workflowId }: Running) =>
		(await setup.n8n.rest.listExecutions({ workflowId })).sort(
			(one, other) => Number(one.id) - Number(other.id),
		);

	async function begin(campaign: Campaign): Promise<Running> {
		const { rest } = setup.n8n;
		const table = await createDataTable(
			rest,
			campaign.tag,
			Campaign.columns,
			campaign.people.map(campaign.rowOf),
		);
		const { id: workflowId } = await rest.createWorkflow(campaign.workflow(setup, table.id));
		await rest.activate(workflowId);
		await untilPublished(setup.n8n.url, campaign.tag);
		for (const fault of campaign.faults) setup.simulator.addFault(fault);
		counts.campaigns++;
		return { campaign, table, workflowId, wasEnded: false };
	}

	async function edit({ campaign, table }: Running, edits: Edit[]): Promise<void> {
		for (const one of edits) {
			const { added, removed } = campaign.edit(one);
			for (const { id } of removed) await table.remove('person', id);
			if (added.length > 0) await table.add(added.map(campaign.rowOf));
			const moved = (person: Person) =>
				table.change('person', person.id, { position: campaign.rowOf(person).position! });
			for (const person of campaign.people) await moved(person);
		}
	}

	const isOver = async () => (await setup.n8n.rest.listExecutions({ status: OPEN })).length === 0;

	/** Waits until nothing is under way, at two looks. */
	async function settle(): Promise<void> {
		const untilMs = Date.now() + LONGEST_MS;
		for (let quiet = 0; quiet < 2; await during(400)) {
			quiet = (await isOver().catch(() => false)) ? quiet + 1 : 0;
			if (Date.now() < untilMs) continue;
			counts.unsettled++;
			const open = await setup.n8n.rest.listExecutions({ status: OPEN });
			write(`Not over: ${open.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
			for (const { id } of open)
				await setup.n8n.rest.call('POST', `/executions/${id}/stop`, {}).catch(() => undefined);
			await during(3_000);
			return;
		}
	}

	async function stop(running: Running): Promise<void> {
		const { workflowId } = running;
		for (const { id } of await setup.n8n.rest.listExecutions({ workflowId, status: OPEN })) {
			counts.stops++;
			running.wasEnded = true;
			await setup.n8n.rest.call('POST', `/executions/${id}/stop`, {}).catch(() => undefined);
		}
	}

	/** Kills n8n, or in queue mode the worker with the most to do. */
	async function kill(all: Running[]): Promise<void> {
		const open = ({ logs }: { logs: string }) =>
			logs.split('Worker started execution').length - logs.split('Worker finished execution').length;
		const victim = [...setup.workers].sort((one, other) => open(other) - open(one))[0] ?? setup.n8n;
		await victim.kill();
		counts.kills++;
		for (const running of all) running.wasEnded = true;
		await victim.restart();
	}

	/** Does what happens in a phase, each after so many calls. */
	async function pass(all: Running[], phase: Phase): Promise<void> {
		const before = setup.simulator.calls.size;
		const events = all.flatMap((running, index) => {
			const { edits, editsAfterCalls, stopAfterCalls } = phase.each[index]!;
			return [
				{ after: editsAfterCalls, act: async () => await edit(running, edits) },
				...(stopAfterCalls === null ? [] : [{ after: stopAfterCalls, act: async () => await stop(running) }]),
			];
		});
		if (phase.kill !== 'none') {
			const act = async () => {
				await during(phase.killAfterMs);
				await kill(all);
			};
			events.push({ after: phase.killAfterCalls, act });
		}
		for (const { after, act } of events.sort((one, other) => one.after - other.after)) {
			let quietSinceMs = Date.now();
			for (let seen = before; setup.simulator.calls.size < before + after; await during(5)) {
				const { size } = setup.simulator.calls;
				if (size > seen) quietSinceMs = Date.now();
				seen = size;
				if (Date.now() > quietSinceMs + QUIET_MS) break;
			}
			await act();
		}
		await settle();
	}

	/** Retries what can be retried. @returns whether anything was */
	async function retryAll(all: Running[], phase: Phase): Promise<boolean> {
		let isAny = false;
		for (const [index, running] of all.entries()) {
			const { editsBeforeRetry, loadWorkflow, retriesFirst } = phase.each[index]!;
			await edit(running, editsBeforeRetry);
			const executions = await executionsOf(running);
			const [first, latest] = [executions[0], executions.at(-1)];
			// Whoever has succeeded can't be retried, but what it is a Retry of can.
			const isLatest = latest?.status === 'error' && !running.wasEnded && !retriesFirst;
			const chosen = isLatest ? latest : first;
			if (!chosen || ['success', ...OPEN].includes(chosen.status)) continue;
			counts.retries++;
			isAny = true;
			running.wasEnded = false;
			// It is answered only when the execution is over or waits.
			void setup.n8n.rest
				.call('POST', `/executions/${chosen.id}/retry`, { loadWorkflow })
				.catch((error: Error) => write(`Retry of ${chosen.id}: ${error.message.slice(0, 200)}`));
		}
		return isAny;
	}

	/** Nobody was called more often than their number was in one reading of the rows. */
	function judge({ campaign }: Running): string[] {
		const wanted = new Map<string, number>();
		for (const rows of readsOf(campaign)) {
			const inThis = new Map<string, number>();
			for (const { phone } of rows) inThis.set(phone, (inThis.get(phone) ?? 0) + 1);
			for (const [phone, count] of inThis) wanted.set(phone, Math.max(count, wanted.get(phone) ?? 0));
		}
		const made = new Map<string, SimulatedCall[]>();
		for (const call of callsOf(campaign.tag)) made.set(call.to, [...(made.get(call.to) ?? []), call]);
		return [...made].flatMap(([phone, calls]) => {
			const most = wanted.get(phone) ?? 0;
			if (calls.length <= most) return [];
			const who = calls.map((call) => `${personOf(call)} at ${call.start}`);
			return [
				`${phone}: in ${most} rows, called ${calls.length} times (${who.join(', ')}): ${campaign.words}`,
			];
		});
	}

	async function store(seed: number, all: Running[], found: string[]): Promise<void> {
		if (!CAMPAIGN_FOLDER || found.length === 0) return;
		mkdirSync(CAMPAIGN_FOLDER, { recursive: true });
		const executions = await Promise.all(
			all.map(async ({ workflowId }) => await setup.n8n.rest.executions({ workflowId })),
		);
		const requests = setup.simulator.requests.filter(
			({ method, path }) => method === 'POST' || /call$/.test(path),
		);
		const shown = requests.map(({ method, path, query, body, receivedAtMs, status }) => ({
			method,
			path,
			query,
			body,
			status,
			at: new Date(receivedAtMs).toISOString(),
		}));
		const calls = [...setup.simulator.calls.values()];
		const drawn = drawCampaigns(seed, CAMPAIGNS);
		const text = JSON.stringify(
			{ found, drawn, calls, requests: shown, executions: executions.flat() },
			null,
			1,
		);
		writeFileSync(join(CAMPAIGN_FOLDER, `${mode}-${seed}.json`), text);
	}

	it.each(SEEDS)(`${CAMPAIGNS} campaigns of seed %d call nobody twice`, async (seed) => {
		const { simulator, n8n } = setup;
		const { lagMs, campaigns, phases } = drawCampaigns(seed, CAMPAIGNS);
		simulator.setListing({ lagMs, hasMetadata: true });
		simulator.clearFaults();
		const beganMs = Date.now();
		const callsBefore = simulator.calls.size;
		const before = { ...counts };
		const all: Running[] = [];
		for (const campaign of campaigns) all.push(await begin(campaign));
		for (const { campaign } of all)
			void n8n.rest.triggerByWebhook(`${setup.webhooksUrl}/webhook/${campaign.tag}`).catch(() => undefined);
		for (const [index, phase] of phases.entries()) {
			await pass(all, index === phases.length - 1 ? { ...phase, kill: 'none' } : phase);
			if (index === phases.length - 1) break;
			// A Retry that comes sooner, in another process, may not see the latest calls (docs/waiting.md).
			const latestMs = Math.max(...[...simulator.calls.values()].map(({ start }) => Date.parse(start)));
			await during(Math.max(0, latestMs + lagMs + 500 - Date.now()));
			if (!(await retryAll(all, phase))) break;
			await during(500);
		}
		const adopted = (
			await Promise.all(all.map(async ({ workflowId }) => await n8n.rest.executions({ workflowId })))
		)
			.flat()
			.map((execution) => JSON.stringify(execution.data).split('"alreadyStarted":true').length - 1);
		counts.adopted += adopted.reduce((sum, one) => sum + one, 0);
		counts.calls += simulator.calls.size - callsBefore;
		const found = all.flatMap(judge);
		await store(seed, all, found);
		const change = Object.entries(counts).map(
			([name, count]) => `${count - before[name as keyof typeof counts]} ${name}`,
		);
		write(
			`${mode}, seed ${seed}, lag ${lagMs} ms, ${Math.round((Date.now() - beganMs) / 1_000)} s: ${change.join(', ')}`,
		);
		for (const { campaign } of all)
			write(`  ${campaign.tag}: ${callsOf(campaign.tag).length} calls; ${campaign.words}`);
		expect(found).toEqual([]);
	});

	afterAll(() => {
		write(`${mode}: ${JSON.stringify(counts)}`);
		// Else nothing was tried.
		expect(counts.calls).toBeGreaterThan(counts.campaigns);
		if (GROUPS > 1)
			expect([counts.kills > 0, counts.retries > 0, counts.adopted > 0]).toEqual([true, true, true]);
	});
});

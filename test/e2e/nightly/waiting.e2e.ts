/**
 * Executions that wait, in a real n8n: each continues once, with an item for each row, whatever order the ends come in, also in
 * a loop; after a crash: kills.e2e.ts. What is known of a conversation, and when it is asked about, is tested in test/engine/model.
 */
import fc from 'fast-check';
import { waitFor } from '../../n8n/processes';
import { outputOf } from '../../n8n/rest';
import type { SimulatedSession } from '../../simulator';
import { during, eventBody, isWaiting, publish, publishWebhook, startNew } from '../deliveries';
import {
	actionNode,
	chain,
	countingNode,
	inMode,
	itemNodes,
	jsonNode,
	loop,
	MANUAL,
	n8nNode,
	SESSION,
	timesContinued,
} from '../nodes';
import { PATIENT, setUpAll } from '../setup';

const WAIT = 'Wait for all';
const LAST = 'Count';
const ROWS = 300;
const EARLY = 20;
/** More than the minute after which n8n looks for deadlines that are near. */
const LOOP_MAX_WAIT_S = 66;
/** By then a timer that n8n had set for the first session's deadline would have struck. */
const AFTER_DEADLINE_MS = 30_000;

const SESSIONS = {
	...SESSION,
	operation: 'startAndWait',
	metaData: { entries: ['case', 'index'].map((key) => ({ key, value: `={{ $json.${key} }}` })) },
	maxWait: 60,
	maxWaitUnit: 'minutes',
};

describe('Waiting in n8n', () => {
	const setup = setUpAll({ simulator: { lifecycle: false, ...PATIENT } });
	let caseNumber = 0;

	beforeAll(async () => await publishWait('sessions'));

	/** Publishes Webhook, Row, the node that waits, and what follows; the last node counts. */
	async function publishWait(path: string, settings: Record<string, unknown> = {}) {
		const nodes = [
			n8nNode('Rows', 'splitOut', { fieldToSplitOut: 'body.rows', options: {} }),
			jsonNode('Row', "={{ $json['body.rows'] ?? $json.rows ?? $json }}"),
			actionNode(setup, WAIT, SESSIONS),
			jsonNode('After', "={{ { row: $('Row').item.json.index } }}"),
			{ ...countingNode(setup, LAST), executeOnce: true },
		];
		await publishWebhook(setup, path, nodes, settings);
	}

	/** In the order of the rows. */
	const startedIn = (name: string): SimulatedSession[] =>
		[...setup.simulator.sessions.values()]
			.filter(({ metaData }) => metaData?.case === name)
			.sort((a, b) => Number(a.metaData?.index) - Number(b.metaData?.index));

	/** Starts an execution for so many rows. @returns what waits until it waits, and what has been started by then */
	async function start(path: string, rows: number) {
		const name = `case-${++caseNumber}`;
		const items = Array.from({ length: rows }, (_, index) => ({ case: name, index: String(index) }));
		const known = new Set((await setup.n8n.rest.listExecutions()).map(({ id }) => id));
		expect((await setup.n8n.rest.triggerByWebhook(path, { rows: items })).status).toBe(200);
		const untilItWaits = async () =>
			await waitFor('the execution to wait', async () => {
				const id = (await setup.n8n.rest.listExecutions()).find((each) => !known.has(each.id))?.id;
				return id && isWaiting(await setup.n8n.rest.getExecution(id)) ? id : undefined;
			});
		return { untilItWaits, started: () => startedIn(name) };
	}

	/** Ends a session, if it has not ended, and delivers the event. @returns the status */
	async function end(session: SimulatedSession, event: 'stopped' | 'failed' = 'stopped', more = {}) {
		const { signature, url = String(session.webhook?.endPoint) } = more as { signature?: null; url?: string };
		if (signature === undefined)
			Object.assign(session, { status: event, end: session.end ?? new Date().toISOString() });
		return (await setup.simulator.deliver(url, eventBody(session.sessionId, event), { signature })).status;
	}
	const statusOf = async (id: string) => (await setup.n8n.rest.getExecution(id))?.status;

	it('many sessions, whose ends come while others are being started, in any order, twice, with forged ones among them', async () => {
		// n8n rejects what comes before it has stored the waiting execution.
		setup.simulator.latencyMs = 300;
		const run = await start('sessions', ROWS);
		await waitFor('sessions', async () => run.started().length >= EARLY, 30_000, 10);
		const early = run.started().slice(0, EARLY);
		await Promise.all(early.map(async (session) => await end(session, 'failed')));
		setup.simulator.latencyMs = 0;
		const executionId = await run.untilItWaits();
		const started = run.started();
		const later = started.filter((session) => !early.includes(session));
		// In an order that is the same in each run, and not their own.
		const [others = []] = fc.sample(fc.shuffledSubarray(later, { minLength: later.length }), {
			seed: 1,
			numRuns: 1,
		});
		const last = others.pop()!;
		// n8n signs its URLs as well.
		const url = new URL(String(last.webhook?.endPoint));
		expect(url.searchParams.has('signature')).toBe(true);
		url.search = '';
		for (const forged of [{ signature: null }, { signature: null, url: url.href }])
			expect(await end(last, 'stopped', forged)).toBe(401);
		for (let at = 0; at < others.length; at += 10) {
			const twice = others.slice(at, at + 10).flatMap((session) => [end(session), end(session)]);
			expect(new Set(await Promise.all(twice))).toEqual(new Set([200]));
		}
		expect(await statusOf(executionId)).toBe('waiting');
		const answers = await Promise.all(Array.from({ length: 5 }, async () => await end(last)));
		expect(answers).toContain(200);
		for (const status of answers) expect([200, 409]).toContain(status);
		const execution = await setup.n8n.rest.untilEnded(executionId, LAST);
		expect(execution.status).toBe('success');
		await during(1_500);
		expect(timesContinued(setup, executionId)).toBe(1);
		expect(execution.data.resultData.runData[WAIT]).toHaveLength(1);
		const rows = outputOf(execution, 'After').map(({ row }) => row);
		expect(rows).toEqual(started.map((_, index) => String(index)));
		expect(outputOf(execution, WAIT)).toMatchObject(
			started.map((session) => ({
				sessionId: session.sessionId,
				event: early.includes(session) ? 'failed' : 'stopped',
			})),
		);
	});

	it('continues where n8n saves no successful executions, which versions in between deleted while they waited', async () => {
		await publishWait('unsaved', { saveDataSuccessExecution: 'none' });
		const { untilItWaits, started } = await start('unsaved', 1);
		const executionId = await untilItWaits();
		await end(started()[0]!);
		await waitFor('n8n to delete it', async () => !(await statusOf(executionId)));
		expect(timesContinued(setup, executionId)).toBe(1);
	});

	it('each session in a loop has the whole of its time', async () => {
		const { rest } = setup.n8n;
		const node = actionNode(setup, WAIT, { ...SESSIONS, maxWait: LOOP_MAX_WAIT_S / 60 });
		const items = itemNodes([{ case: 'loop' }, { case: 'loop' }]);
		const executionId = await startNew(setup.n8n, loop('Loop', [MANUAL, ...items], node));
		await waitFor('the second session', async () => startedIn('loop')[1], LOOP_MAX_WAIT_S * 1_000 + 60_000);
		await during(AFTER_DEADLINE_MS);
		expect(await statusOf(executionId)).toBe('waiting');
		const [first, second] = startedIn('loop') as [SimulatedSession, SimulatedSession];
		await end(second);
		expect(outputOf(await rest.untilEnded(executionId, 'After'), 'After')).toMatchObject([
			{ sessionId: first.sessionId, timedOut: true },
			{ sessionId: second.sessionId, event: 'stopped' },
		]);
		expect(startedIn('loop')).toHaveLength(2);
	});

	it('no sub-workflow that ends late ends it', async () => {
		const { rest } = setup.n8n;
		const waits = (name: string, index: string) => {
			const entries = Object.entries({ case: 'each', index }).map(([key, value]) => ({ key, value }));
			return actionNode(setup, name, { ...SESSIONS, metaData: { entries } });
		};
		const child = chain('Child', [
			n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1),
			waits('Child waits', '={{ $json.item }}'),
		]);
		const workflowId = inMode('id', await publish(setup.n8n, child));
		const parent = chain('Parent', [
			MANUAL,
			...itemNodes([0, 1]),
			n8nNode('Each', 'executeWorkflow', { workflowId, mode: 'each', options: {} }, 1.2),
			{ ...waits(WAIT, '2'), executeOnce: true },
		]);
		const executionId = await startNew(setup.n8n, parent);
		const session = async (index: number) => await waitFor('a session', async () => startedIn('each')[index]);
		await session(1);
		await waitFor('the parent to wait', async () => (await statusOf(executionId)) === 'waiting');
		await end(await session(0));
		const last = await session(2);
		await waitFor('the parent to wait again', async () => (await statusOf(executionId)) === 'waiting');
		await end(await session(1));
		await during(6_000);
		expect(await statusOf(executionId)).toBe('waiting');
		await end(last);
		expect(outputOf(await rest.untilEnded(executionId, WAIT), WAIT)).toMatchObject([
			{ sessionId: last.sessionId, outcome: 'completed' },
		]);
	});

	it('nothing is left waiting', async () => {
		expect(await setup.n8n.rest.listExecutions({ status: ['waiting', 'running', 'new'] })).toEqual([]);
	});
});

/** A sub-workflow that waits. What n8n itself makes of it is stated here, and in docs/waiting.md with the way around it. */
import { waitFor } from '../../n8n/processes';
import { outputOf } from '../../n8n/rest';
import type { SimulatedSession } from '../../simulator';
import { during, endSession, isWaiting, n8nOptions, runEnded, VERSIONS } from '../deliveries';
import { chain, itemNodes, n8nNode, ourNode, PATIENT, type Setup, setUp } from '../setup';

const ITEMS = 3;
const CALL = 'Call sub-workflow';
const WAIT = 'Start and Wait';
const AFTER = 'After';

/** How the sessions of a sub-workflow end. */
type End = 'event' | 'poll' | 'deadline';
/** Whether the sub-workflow is called with all items, or for each of them. */
type Mode = 'once' | 'each';
const CASES = (['event', 'poll', 'deadline'] as End[]).flatMap((end) =>
	(['once', 'each'] as Mode[]).map((mode) => ({ mode, end })),
);

const itemsOf = (mode: Mode, end: End) =>
	Array.from({ length: ITEMS }, (_, index) => ({
		case: `${mode}-${end}`,
		index,
		// Long enough for n8n to store the parent before, also on a busy machine.
		maxWait: end === 'deadline' ? 0.15 : 60,
	}));

describe.each(VERSIONS)('A sub-workflow with Start and Wait in n8n %s', (version) => {
	let setup: Setup;
	let childId: string;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
		const metaData = {
			entries: ['case', 'index'].map((key) => ({ key, value: `={{ $json.${key} }}` })),
		};
		const wait = ourNode(setup, WAIT, 'videoSdkAgentCloud', {
			operation: 'startAndWait',
			deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
			metaData,
			maxWait: '={{ $json.maxWait }}',
			maxWaitUnit: 'minutes',
		});
		const called = n8nNode('Called', 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1);
		childId = (await setup.n8n.rest.createWorkflow(chain('Child', [called, wait]))).id;
		// 2.x wants it published, 1.x has nothing to publish in it.
		if (version === '2.41.1') await setup.n8n.rest.activate(childId);
	});
	afterAll(async () => await setup?.stop());

	const sessionsOf = (mode: Mode, end: End): SimulatedSession[] =>
		[...setup.simulator.sessions.values()]
			.filter(({ metaData }) => metaData?.case === `${mode}-${end}`)
			.sort((a, b) => Number(a.metaData?.index) - Number(b.metaData?.index));

	/** Starts the parent with three items. */
	async function startParent(mode: Mode, end: End): Promise<string> {
		const { rest } = setup.n8n;
		const workflowId = { __rl: true, mode: 'id', value: childId };
		const workflowInputs = { mappingMode: 'defineBelow', value: {} };
		const options = { waitForSubWorkflow: true };
		const parameters = { source: 'database', workflowId, workflowInputs, mode, options };
		const { id } = await rest.createWorkflow(
			chain(`Parent ${mode} ${end}`, [
				n8nNode('Manual', 'manualTrigger'),
				...itemNodes(itemsOf(mode, end)),
				n8nNode(CALL, 'executeWorkflow', parameters, 1.2),
				n8nNode(AFTER, 'noOp'),
			]),
		);
		return await rest.startWorkflow(id);
	}

	const statusOf = async (executionId: string) => (await setup.n8n.rest.getExecution(executionId))?.status;
	const isOver = async (executionId: string) => (await statusOf(executionId)) === 'success' || undefined;

	/** Checks the output of the node behind the sub-workflow. */
	function expectOutput(output: object[], sessions: SimulatedSession[], mode: Mode, end: End): void {
		// The input, as if nothing had been called.
		if (version === '1.123.81') return expect(output).toEqual(itemsOf(mode, end));
		const outcome = end === 'deadline' ? { timedOut: true } : { event: 'stopped' };
		if (mode === 'once')
			return expect(output).toMatchObject(sessions.map(({ sessionId }) => ({ sessionId, ...outcome })));
		// The parent continues when the first of the sub-workflows is over, and the outputs of the others are lost. Which one is first
		// is certain only where one event comes before the others.
		expect(output).toMatchObject([outcome]);
		const candidates = end === 'event' ? sessions.slice(0, 1) : sessions;
		const ids = candidates.map(({ sessionId }) => sessionId);
		expect(ids).toContain((output[0] as SimulatedSession).sessionId);
	}

	it.each(CASES)('in mode "$mode", ended by $end', async ({ mode, end }) => {
		const parent = await startParent(mode, end);
		const sessions = await waitFor(
			'the parent to wait',
			async () => {
				const started = sessionsOf(mode, end);
				if (started.length < ITEMS) return undefined;
				// On a busy machine a deadline may come before the waiting is seen.
				if (end === 'deadline' && (await isOver(parent))) return started;
				return isWaiting(await setup.n8n.rest.getExecution(parent)) ? started : undefined;
			},
			60_000,
			100,
		);
		if (end === 'poll')
			for (const session of sessions)
				Object.assign(session, { status: 'stopped', end: new Date().toISOString() });
		if (end === 'event') {
			const [first, ...others] = sessions as [SimulatedSession, ...SimulatedSession[]];
			await endSession(setup, first.sessionId);
			if (mode === 'each') {
				// n8n looks once a minute for a parent that it missed.
				await waitFor('the parent to continue', async () => await isOver(parent), 120_000, 100);
			} else {
				await during(1_500);
				expect(await statusOf(parent)).toBe('waiting');
			}
			for (const { sessionId } of others) await endSession(setup, sessionId);
		}
		const execution = await runEnded(setup.n8n, parent, AFTER);
		expect(execution.status).toBe('success');
		expect(execution.data.resultData.runData[CALL]).toHaveLength(1);
		expectOutput(outputOf(execution, AFTER), sessions, mode, end);
		const all = await setup.n8n.rest.listExecutions({ workflowId: childId });
		const children = all.filter(({ id }) => Number(id) > Number(parent));
		expect(children).toHaveLength(mode === 'each' ? ITEMS : 1);
		// In the child itself everything is right.
		for (const { id } of children) {
			const items = outputOf(await runEnded(setup.n8n, id, WAIT), WAIT);
			expect(items).toHaveLength(ITEMS / children.length);
			for (const item of items)
				expect(item).toMatchObject(end === 'deadline' ? { timedOut: true } : { event: 'stopped' });
		}
	});
});

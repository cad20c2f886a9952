/** Start and Wait in a loop: a session that outlasts its time does not end the wait for the next one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { n8nOptions, runEnded, LATEST_VERSION } from './deliveries';
import type { Setup } from './setup';
import { chain, n8nNode, ourNode, PATIENT, setUp } from './setup';

const WAIT = 'Start and Wait';
const LOOP = 'Loop';
/** More than the minute after which n8n looks for deadlines that are near. */
const MAX_WAIT_S = 66;
/** By then a timer that n8n had set for the first session's deadline would have struck. */
const AFTER_DEADLINE_S = 30;

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	let setup: Setup;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
	});

	afterAll(async () => {
		await setup.stop();
	});

	test('each session has the whole of its time', async () => {
		const { rest } = setup.n8n;
		const workflow = chain('Loop', [
			n8nNode('Manual', 'manualTrigger'),
			n8nNode('List', 'set', { mode: 'raw', jsonOutput: '{ "list": [1, 2] }', options: {} }, 3.4),
			n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }),
			n8nNode(LOOP, 'splitInBatches', { batchSize: 1, options: {} }, 3),
		]);
		const wait = ourNode(setup, WAIT, 'videoSdkAgentCloud', {
			operation: 'startAndWait',
			deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
			maxWait: MAX_WAIT_S / 60,
			maxWaitUnit: 'minutes',
		});
		const to = (node: string) => [{ node, type: 'main', index: 0 }];
		const { id } = await rest.createWorkflow({
			...workflow,
			nodes: [...workflow.nodes, wait, n8nNode('After', 'noOp')],
			connections: {
				...workflow.connections,
				[LOOP]: { main: [to('After'), to(WAIT)] },
				[WAIT]: { main: [to(LOOP)] },
			},
		});
		const executionId = await rest.startWorkflow(id);
		const sessions = () => [...setup.simulator.sessions.values()];
		const started = async (count: number, timeoutS: number) =>
			await waitFor(
				`session ${count}`,
				async () => (sessions().length >= count ? sessions()[count - 1] : undefined),
				timeoutS * 1000,
			);
		const first = await started(1, 60);
		const second = await started(2, MAX_WAIT_S + 60);

		await sleep(AFTER_DEADLINE_S * 1000);
		expect((await rest.getExecution(executionId))?.status).toBe('waiting');
		expect(sessions()).toHaveLength(2);

		// 409: a poll found the end before the event was there.
		expect([200, 409]).toContain((await setup.simulator.emit(second.sessionId, 'stopped'))?.status);
		const execution = await runEnded(setup.n8n, executionId, 'After');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'After')).toEqual([
			expect.objectContaining({ sessionId: first.sessionId, timedOut: true }),
			expect.objectContaining({ sessionId: second.sessionId, event: 'stopped' }),
		]);
		expect(sessions()).toHaveLength(2);
	});
});

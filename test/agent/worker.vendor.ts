import { temporaryFolder } from '../n8n/processes';
import { CONVERSATIONS_PER_COPY } from '../../nodes/VideoSdkAgentCloud/api/versionTag';
import { PythonProgram } from './python';

/** agent/ as a worker of VideoSDK's framework, which VideoSDK's registry offers conversations. */
describe('A copy of the agent', () => {
	let worker: PythonProgram;

	beforeEach(() => {
		worker = new PythonProgram('run_worker.py', {
			JOBS: temporaryFolder('jobs'),
			VIDEOSDK_AUTH_TOKEN: 'account-token',
		});
	});
	afterEach(async () => await worker.stop());

	const NAMES = Array.from({ length: CONVERSATIONS_PER_COPY }, (_, index) => `job-${index}`);
	const registered = async () => await worker.ask<{ registered: number }>({});
	const offer = async (...jobs: string[]) =>
		(await worker.ask<{ available: boolean[] }>({ offer: jobs })).available;
	const assign = async (...jobs: string[]) =>
		(await worker.ask<{ statuses: string[] }>({ assign: jobs })).statuses;

	it('takes as many conversations as its tag says, one after another, not one more, and one again when one has ended', async () => {
		await registered();
		for (const job of NAMES) {
			expect([job, await offer(job)]).toEqual([job, [true]]);
			expect(await assign(job)).toEqual(['running']);
		}
		expect(await offer('one-more')).toEqual([false]);
		expect((await worker.ask<{ status: string }>({ end: NAMES[1] })).status).toBe('completed');
		expect(await offer('another')).toEqual([true]);
		expect(await assign('another')).toEqual(['running']);
		expect(await offer('one-more')).toEqual([false]);
	});

	// The framework counts a conversation when it's assigned, not when it accepts the offer.
	it('accepts two at the same moment though it has room for one, and fails one of them', async () => {
		await registered();
		const [last, ...others] = [...NAMES].reverse();
		for (const job of others) expect([await offer(job), await assign(job)]).toEqual([[true], ['running']]);
		expect(await offer(String(last), 'one-more')).toEqual([true, true]);
		expect((await assign(String(last), 'one-more')).sort()).toEqual(['failed', 'running']);
	});

	it('shows its port to its own machine only, unless it is told otherwise', async () => {
		const { host } = await worker.ask<{ host: string }>({});
		expect(host).toBe('localhost');
		await worker.stop();
		const open = { JOBS: temporaryFolder('jobs'), VIDEOSDK_AUTH_TOKEN: 'a', N8N_AGENT_HOST: '0.0.0.0' };
		worker = new PythonProgram('run_worker.py', open);
		expect((await worker.ask<{ host: string }>({})).host).toBe('0.0.0.0');
	});
});

import type { N8nOptions, N8nProcess } from '../n8n/instance';
import { startN8n, startProcess } from '../n8n/instance';
import type { N8nRest } from '../n8n/rest';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';
import { leaks, signaturesOf } from './leaks';
import { CREDENTIAL_TYPE } from './nodes';
import { startQueueServices } from './queueMode';

/** For a simulator: a sender that also waits for the answer of an n8n that is busy or stalls. */
export const PATIENT = { deliveryTimeoutMs: 30_000 };

/** A real n8n with the package and our credential, and the simulator that the credential names. */
export type Setup = Awaited<ReturnType<typeof setUp>>;

interface SetupOptions {
	n8n?: N8nOptions;
	simulator?: SimulatorOptions;
	queue?: { webhooks: number; workers: number };
}

export async function setUp(options: SetupOptions = {}) {
	const undo: Array<() => Promise<unknown>> = [];
	// An open simulator would keep jest from ending.
	const stop = async () => {
		for (const step of undo.splice(0).reverse()) await step();
	};
	try {
		const targets: N8nProcess[] = [];
		const { webhooks: webhookCount = 0, workers: workerCount = 0 } = options.queue ?? {};
		const queue = options.queue && (await startQueueServices(targets));
		if (queue) undo.push(queue.stop);
		const n8nOptions: N8nOptions = queue
			? { ...options.n8n, mode: 'queue', env: { ...queue.env, ...options.n8n?.env } }
			: (options.n8n ?? {});
		const simulator = await startSimulator(options.simulator);
		undo.push(async () => await simulator.close());
		// Production webhooks are the webhook processes' alone.
		const env = { ...n8nOptions.env, N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true' };
		const n8n = await startN8n(webhookCount > 0 ? { ...n8nOptions, env } : n8nOptions);
		undo.push(async () => await n8n.stop());
		const startAll = async (role: 'webhook' | 'worker', count: number) => {
			const starts = Array.from({ length: count }, async () => await startProcess(role, n8nOptions));
			const processes = await Promise.all(starts);
			undo.push(async () => await Promise.all(processes.map(async (process) => await process.stop())));
			return processes;
		};
		const webhooks = await startAll('webhook', webhookCount);
		const workers = await startAll('worker', workerCount);
		targets.push(...(webhookCount > 0 ? webhooks : [n8n]));
		const { id: credentialId } = await createCredential(n8n.rest, simulator);
		/** Where n8n itself says that it is reached. */
		const webhooksUrl = queue?.url ?? n8n.url.replace('127.0.0.1', 'localhost');
		return { n8n, simulator, credentialId, webhooksUrl, webhooks, workers, queue, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** Starts all before the tests of a file or a group, and stops it after them, if no secret and no token has come to light. */
export function setUpAll(options: SetupOptions): Setup {
	const setup = {} as Setup;
	beforeAll(async () => void Object.assign(setup, await setUp(options)));
	afterAll(async () => {
		// It may not have started.
		if (!('stop' in setup)) return;
		const found = leaks(setup, signaturesOf(setup.simulator), [setup.simulator.secret]);
		await setup.stop();
		expect(found).toEqual([]);
	});
	return setup;
}

export async function createCredential(
	rest: N8nRest,
	{ apiKey, secret, url }: Pick<Simulator, 'apiKey' | 'secret' | 'url'>,
	more: object = {},
): Promise<{ id: string }> {
	const data = { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...more };
	return await rest.createCredential({ name: 'VideoSDK', type: CREDENTIAL_TYPE, data });
}

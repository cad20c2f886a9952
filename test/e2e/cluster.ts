import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import type { N8nProcess } from '../n8n/instance';
import { startWebhookProcess, startWorker } from '../n8n/instance';
import { startQueueServices } from '../n8n/queueMode';
import type { Postgres } from '../n8n/services';
import type { Setup } from './setup';
import { PATIENT, setUp } from './setup';

/** So long takes the API for an answer, so that a kill hits starts that are under way. */
export const API_LATENCY_MS = 80;

type Pair = [N8nProcess, N8nProcess];

/** n8n in queue mode: one main process, two webhook processes behind a load balancer, two workers. */
export interface Cluster extends Setup {
	webhooks: Pair;
	workers: Pair;
	balancerUrl: string;
	postgres: Postgres;
}

/**
 * What stands before the webhook processes in production: connections go round, and past a process that is down.
 *
 * @param targets read at each connection: n8n has to know the balancer's URL before there is a webhook process
 */
async function startBalancer(targets: N8nProcess[]): Promise<{ url: string; close(): void }> {
	let turn = 0;
	const server = createServer((client) => {
		client.on('error', () => client.destroy());
		const pass = (attemptsLeft: number) => {
			const process = targets[turn++ % targets.length];
			if (!process) {
				client.destroy();
				return;
			}
			const target = connect(process.port, '127.0.0.1');
			target.once('connect', () => client.pipe(target).pipe(client));
			target.once('error', () => {
				if (attemptsLeft > 1 && target.bytesWritten === 0) pass(attemptsLeft - 1);
				else client.destroy();
			});
		};
		pass(targets.length);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: () => void server.close(),
	};
}

/** Starts one. */
export async function startCluster(version: string): Promise<Cluster> {
	const undo: Array<() => Promise<void> | void> = [];
	/** The processes of n8n first, then what they need. */
	const stop = async () => {
		for (const step of undo.splice(0).reverse()) await step();
	};
	try {
		const behindBalancer: N8nProcess[] = [];
		const balancer = await startBalancer(behindBalancer);
		undo.push(() => balancer.close());
		const services = await startQueueServices(version, {
			// 1.x knows the former name only.
			[version === '2.41.1' ? 'N8N_WEBHOOK_URL' : 'WEBHOOK_URL']: `${balancer.url}/`,
		});
		undo.push(services.stop);
		const { options, postgres } = services;
		const setup = await setUp({
			// Production webhooks are the webhook processes' alone.
			n8n: { ...options, env: { ...options.env, N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true' } },
			simulator: { lifecycle: false, callBehaviour: false, latencyMs: API_LATENCY_MS, ...PATIENT },
		});
		undo.push(async () => await setup.stop());
		const started = await Promise.all([
			startWebhookProcess(options),
			startWebhookProcess(options),
			startWorker(options),
			startWorker(options),
		]);
		undo.push(async () => void (await Promise.all(started.map(async (process) => await process.stop()))));
		const [firstWebhook, secondWebhook, firstWorker, secondWorker] = started;
		behindBalancer.push(firstWebhook, secondWebhook);
		return {
			...setup,
			webhooks: [firstWebhook, secondWebhook],
			workers: [firstWorker, secondWorker],
			balancerUrl: balancer.url,
			postgres,
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}

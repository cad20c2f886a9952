import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { startPostgres, startRedis } from '../n8n/services';

/** n8n notices after a minute or two by default that a worker is gone; tests have not got so long. */
const FAST_STALL_CHECK = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

/** Starts Postgres, Redis, and a load balancer, which reads its targets at each connection, and goes past those that are down. */
export async function startQueueServices(targets: Array<{ port: number }>) {
	let turn = 0;
	const balancer = createServer((client) => {
		client.on('error', () => client.destroy());
		const pass = (attemptsLeft: number) => {
			const { port = 0 } = targets[turn++ % targets.length] ?? {};
			const target = connect(port, '127.0.0.1');
			target.once('connect', () => client.pipe(target).pipe(client));
			target.once('error', () => {
				if (attemptsLeft > 1 && target.bytesWritten === 0) pass(attemptsLeft - 1);
				else client.destroy();
			});
		};
		pass(targets.length);
	});
	await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
	const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
	return {
		postgres,
		url,
		/** For each process of n8n. */
		env: {
			...postgres.env,
			...redis.env,
			...FAST_STALL_CHECK,
			// Before 2.35 n8n knows the former name only.
			N8N_WEBHOOK_URL: `${url}/`,
			WEBHOOK_URL: `${url}/`,
		},
		async stop() {
			balancer.close();
			await redis.stop();
			await postgres.stop();
		},
	};
}

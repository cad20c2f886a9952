import type { N8nOptions } from './instance';
import { type Postgres, startPostgres, startRedis } from './services';

/** n8n notices after a minute or two by default that a worker is gone; tests have not got so long. */
const FAST_STALL_CHECK = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

/** As docs/dev/queue-mode.md asks: by default, n8n 1.x begins a dead worker's job again, and its calls with it. */
const NO_SECOND_RUN = { QUEUE_WORKER_MAX_STALLED_COUNT: '0' };

/** Starts what queue mode needs. @returns also the options that each process of n8n is started with */
export async function startQueueServices(
	version: string,
	env: Record<string, string> = {},
): Promise<{ postgres: Postgres; options: N8nOptions; stop(): Promise<void> }> {
	const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
	return {
		postgres,
		options: {
			version,
			mode: 'queue',
			env: { ...postgres.env, ...redis.env, ...FAST_STALL_CHECK, ...NO_SECOND_RUN, ...env },
		},
		async stop() {
			await redis.stop();
			await postgres.stop();
		},
	};
}

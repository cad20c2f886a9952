import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats what may fail for a while because the editor has not yet caught up; at the end its own failure counts. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
	const deadline = Date.now() + timeoutMs;
	for (;;) {
		try {
			return await attempt();
		} catch (error) {
			if (Date.now() > deadline) throw error;
			await sleep(200);
		}
	}
}

/** Trouble that a user has the simulated API have, to see what a workflow makes of it. */
import { createInterface } from 'node:readline';
import type { Fault } from './faults';
import type { Simulator } from './index';

const TROUBLE_MS = 60_000;

/** By what is typed: what the API does then, and what befalls each request. */
export const TROUBLE: Record<string, { does: string; fault: Fault }> = {
	down: { does: 'answers every request with status 503', fault: { kind: 'status', status: 503 } },
	slow: { does: 'takes ten seconds for every answer', fault: { kind: 'delay', delayMs: 10_000 } },
};

/** What the user is told of it, a line for each. */
export const TROUBLE_HINTS = Object.entries(TROUBLE).map(
	([word, { does }]) => `${word} and Enter: for a minute, the API ${does}`,
);

/**
 * Has the API in trouble whenever the user types it, each time for a minute.
 *
 * @param input what the user types
 * @param write told what happens
 */
export function obeyTrouble(
	simulator: Pick<Simulator, 'setTrouble'>,
	input: NodeJS.ReadableStream,
	write: (line: string) => void,
): void {
	let timer: NodeJS.Timeout | undefined;
	createInterface({ input }).on('line', (line) => {
		const trouble = TROUBLE[line.trim().toLowerCase()];
		if (trouble === undefined) return TROUBLE_HINTS.forEach(write);
		clearTimeout(timer);
		simulator.setTrouble(trouble.fault);
		write(`For a minute, the API ${trouble.does}.`);
		timer = setTimeout(() => {
			simulator.setTrouble(undefined);
			write('The API works again.');
		}, TROUBLE_MS).unref();
	});
}

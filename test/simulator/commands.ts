/** What a user can type while the simulator runs: to see what workflows make of it. */
import { createInterface } from 'node:readline';
import type { Fault } from './faults';
import type { Simulator } from './index';

const TROUBLE_MS = 60_000;
/** Who calls, and which number of the account, unless the user says otherwise. */
const CALLER = '+14155550123';
const CALLED = '+15550102001';

/** By what is typed: what the API does then for a minute, and what befalls each request. */
const TROUBLE: Record<string, { does: string; fault: Fault }> = {
	down: { does: 'answers every request with status 503', fault: { kind: 'status', status: 503 } },
	slow: { does: 'takes ten seconds for every answer', fault: { kind: 'delay', delayMs: 10_000 } },
};

/** What the user is told of it, a line for each. */
export const COMMANDS = [
	...Object.entries(TROUBLE).map(([word, { does }]) => `${word}: for a minute, the API ${does}`),
	`call: ${CALLER} calls ${CALLED}. A number after it is that of the caller`,
];

/**
 * Obeys what the user types.
 *
 * @param input what the user types
 * @param write told what happens
 */
export function obey(
	simulator: Pick<Simulator, 'incomingCall' | 'setTrouble'>,
	input: NodeJS.ReadableStream,
	write: (line: string) => void,
): void {
	let timer: NodeJS.Timeout | undefined;
	createInterface({ input }).on('line', (line) => {
		const [word = '', from = CALLER] = line.trim().toLowerCase().split(/\s+/);
		const trouble = TROUBLE[word];
		if (word === 'call') {
			const { callId } = simulator.incomingCall({ to: CALLED, from });
			return write(`${from} calls ${CALLED} (call ${callId}).`);
		}
		if (trouble === undefined) return COMMANDS.forEach((command) => write(`  ${command}`));
		clearTimeout(timer);
		simulator.setTrouble(trouble.fault);
		write(`For a minute, the API ${trouble.does}.`);
		timer = setTimeout(() => {
			simulator.setTrouble(undefined);
			write('The API works again.');
		}, TROUBLE_MS).unref();
	});
}

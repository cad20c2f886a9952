/** What must not come to light, and where it is looked for: after the tests of each file that has a real n8n. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../n8n/processes';
import type { Simulator } from '../simulator';
import { SIP_PASSWORD } from '../simulator/telephony';
import type { Setup } from './setup';

/** Those of requests, and those of agents, which are in bodies. */
export const tokensSeen = ({ requests }: Simulator): string[] =>
	requests.flatMap(({ headers, rawBody }) => [
		...[headers.authorization ?? []].flat(),
		...(rawBody.toString().match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g) ?? []),
	]);

/** The password of SIP trunks, and the signature of each token that a host received, without which a token is none. */
export const signaturesOf = (simulator: Simulator): string[] => [
	...new Set([SIP_PASSWORD, ...tokensSeen(simulator).map((token) => token.split('.')[2] ?? token)]),
];

/** The database has a journal that comes and goes. */
function contentOf(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
		throw error;
	}
}

/** The places in which any of the texts occurs. @param inLogs more texts, which the workflows of a test may store */
export function leaks({ n8n, webhooks, workers }: Setup, texts: string[], inLogs: string[] = []): string[] {
	const found = (place: string, content: Buffer, looked: string[]) =>
		looked.filter((text) => content.includes(text)).map((text) => `${place}: ${text.slice(0, 20)}…`);
	return [n8n, ...webhooks, ...workers].flatMap(({ logs, userFolder }) => [
		...found('the log', Buffer.from(logs), [...texts, ...inLogs]),
		// All that n8n wrote: database with its write-ahead log, event log, configuration.
		...filesIn(userFolder)
			.filter((file) => !file.includes('node_modules'))
			.flatMap((file) => found(file, contentOf(join(userFolder, file)), texts)),
	]);
}

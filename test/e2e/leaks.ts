/** What must not come to light, and where it is looked for: after the tests of each file that has a real n8n. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Simulator } from '../simulator';
import { SIP_PASSWORD } from '../simulator/telephony';
import type { Setup } from './setup';

export const tokensSeen = ({ requests }: Simulator): string[] =>
	requests.flatMap(({ headers }) => headers.authorization ?? []);

/** The password of SIP trunks, and the signature of each token that a host received, without which a token is none. */
export const signaturesOf = (simulator: Simulator): string[] => [
	...new Set([SIP_PASSWORD, ...tokensSeen(simulator).map((token) => token.split('.')[2] ?? token)]),
];

/** All files that n8n wrote: database with its write-ahead log, event log, configuration. */
function filesOf(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesOf(path);
		return entry.isFile() ? [path] : [];
	});
}

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
		...filesOf(userFolder).flatMap((file) => found(relative(userFolder, file), contentOf(file), texts)),
	]);
}

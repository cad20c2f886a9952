import { parseArgs } from 'node:util';
import { PlainError } from '../n8n/processes';
import { write } from './demo';

export const DEFAULT_PORT = 5678;

const usage = `Usage: npm start -- [--once] [--port <number>]

  --once           exit after the session and the call, with exit code 0 on success
  --port <number>  the port of n8n's editor; ${DEFAULT_PORT} if not given, any free one with --once`;

/**
 * Reads the command line; shows the usage and ends if that is asked for.
 *
 * @throws PlainError for what it doesn't know
 */
export function readArguments(): { once: boolean; port?: number } {
	const flag = { type: 'boolean', default: false } as const;
	const options = { once: flag, help: { ...flag, short: 'h' }, port: { type: 'string' } } as const;
	let values;
	try {
		({ values } = parseArgs({ options }));
	} catch (error) {
		throw new PlainError(`${(error as Error).message}\n\n${usage}`);
	}
	if (values.help) {
		write(usage);
		process.exit(0);
	}
	const port = values.port === undefined ? undefined : Number(values.port);
	if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
		throw new PlainError('--port needs a number from 1 to 65535.');
	}
	return { once: values.once, port };
}

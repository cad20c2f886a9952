/**
 * `npm start`: the package in a real n8n on this machine, with a session started, its events received, and a call made.
 * `--once` ends after that, `--port <number>` chooses n8n's port.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startN8n, type N8n } from '../n8n/instance';
import { packPackage } from '../n8n/package';
import { freePorts, isPortFree, onShutdown, PlainError, runMain, write } from '../n8n/processes';
import { OWNER } from '../n8n/rest';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/installN8n';
import { peopleInLines } from '../simulator';
import { COMMANDS, obey } from '../simulator/commands';
import { showCall, showSession } from './demo';
import { CALL_EXAMPLE, SESSION_EXAMPLE } from './examples';
import type { Mail } from './mailbox';
import { startTarget } from './target';
import { restoreTables } from './tables';
import { importExamples, publishSelected } from './workflows';

const DEFAULT_PORT = 5678;
const USAGE = `Usage: npm start -- [--once] [--port <number>]

  --once           exit after the session and the call, with exit code 0 on success
  --port <number>  the port of n8n's editor; ${DEFAULT_PORT} if not given, any free one with --once`;
const STEPS = 7;
let lastStep = 0;

/** Does one step of the list that the user sees, and tells how long it took. */
async function step<T>(what: string, action: () => Promise<T>): Promise<T> {
	write(`[${++lastStep}/${STEPS}] ${what} ...`);
	const startedAt = Date.now();
	const result = await action();
	write(`      done (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
	return result;
}

/** Reads the command line. @throws PlainError for what it doesn't know */
function readArguments(): { once: boolean; port?: number } {
	const flag = { type: 'boolean', default: false } as const;
	const options = { once: flag, help: { ...flag, short: 'h' }, port: { type: 'string' } } as const;
	try {
		const { once, help, port } = parseArgs({ options }).values;
		if (help) {
			write(USAGE);
			process.exit(0);
		}
		if (port === undefined) return { once };
		if (/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535) return { once, port: Number(port) };
	} catch (error) {
		throw error instanceof PlainError ? error : new PlainError(`${(error as Error).message}\n\n${USAGE}`);
	}
	throw new PlainError('--port needs a number from 1 to 65535.');
}

/** Emails go nowhere: they are shown here. */
function showMail({ to, subject, text }: Mail): void {
	write(`Email to ${to.join(', ')}: ${subject}`);
	for (const line of text.trim().split(/\r?\n/)) write(`  ${line}`);
}

runMain(async () => {
	const begunAt = Date.now();
	const { once, port: wantedPort } = readArguments();
	const [freePort = DEFAULT_PORT] = once ? await freePorts(1) : [];
	const port = wantedPort ?? freePort;
	if (!(await isPortFree(port)))
		throw new PlainError(
			`Port ${port} is taken, perhaps by another n8n. Stop that program, or choose a different port, such as npm start -- --port ${port + 1}`,
		);

	const logFile = join(tmpdir(), `videosdk-n8n-${port}.log`);
	write('VideoSDK Agent Cloud in n8n, on this machine');
	write(
		"Nothing here costs anything or calls anyone. A simulator takes VideoSDK's place, so you need no account.",
	);
	write();

	await step(`n8n ${DEFAULT_N8N_VERSION}`, async () => await ensureRuntime(DEFAULT_N8N_VERSION, write));
	const tarball = await step('Building the package', packPackage);
	const target = await step('Starting the VideoSDK simulator', async () => await startTarget(showMail));

	let n8n: N8n | undefined;
	const closeDown = async () => {
		await n8n?.stop();
		await target.close();
	};
	onShutdown(async () => {
		write('\nStopping ...');
		await closeDown();
		write('Stopped.');
		process.exit(0);
	});

	try {
		const env = { N8N_LOG_OUTPUT: 'console,file', N8N_LOG_FILE_LOCATION: logFile };
		const start = async () => await startN8n({ port, tarball, env });
		n8n = await step('Starting n8n with the package installed', start);
		const running = n8n;
		const add = async () => {
			const result = await importExamples(running, target);
			const tested = await running.rest.testCredential(result.credential.id);
			if (tested.status !== 'OK') throw new PlainError(`The credential's test failed: ${tested.message}`);
			await publishSelected(running.rest, result);
			for (const { name } of Object.values(result.workflows)) write(`      "${name}"`);
			return result;
		};
		const imported = await step(
			'Adding the credential, tables, and workflows, and publishing those that answer',
			add,
		);
		const demo = { n8n: running, imported, target };
		const { [SESSION_EXAMPLE]: sessions, [CALL_EXAMPLE]: calls } = imported.workflows;
		const events = await step(`Running "${sessions!.name}"`, async () => await showSession(demo));
		await step(`Running "${calls!.name}"`, async () => await showCall(demo));
		// Whoever executes it again is to see the same.
		await restoreTables(imported.tables);
		write();
		write(
			`It works. A session was started and its ${events} events arrived, a simulated call was made and transcribed, and n8n answered the agent in the middle of it (${Math.round((Date.now() - begunAt) / 1000)} s in total).`,
		);
		if (!once) {
			write();
			// The first call of the README, ready to be executed.
			write(`Open the editor:  ${running.url}/workflow/${calls!.id}`);
			write(`  Email           ${OWNER.email}`);
			write(`  Password        ${OWNER.password}`);
			write('VideoSDK account, for a credential of your own or another program:');
			const { apiKey, secret, url } = target.simulator;
			for (const [field, value] of Object.entries({
				'API Key': apiKey,
				'Secret Key': secret,
				'Base URL': url,
			}))
				write(`  ${field.padEnd(14)}  ${value}`);
			write('Numbers to call:  any. These people always do the same:');
			for (const line of peopleInLines()) write(`  ${line}`);
			write('You can type here, and press Enter:');
			for (const command of COMMANDS) write(`  ${command}`);
			write(`n8n's log:        ${logFile}`);
			write('Press Ctrl+C to stop. That deletes this n8n and everything in it.');
			obey(target.simulator, process.stdin, write);
			// Until Ctrl+C, or until n8n ends by itself.
			while (running.running) await sleep(1_000);
			throw new PlainError(`n8n has stopped:\n${running.logs.trim().split('\n').slice(-15).join('\n')}`);
		}
	} finally {
		await closeDown();
	}
	return 0;
});

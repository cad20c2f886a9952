import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryFolder } from '../n8n/processes';
import type { Simulator } from '../simulator';

/** A Python program of this folder that takes a JSON line and answers with one. It ends when its input does. */
export class PythonProgram {
	log = '';
	private readonly child: ChildProcessWithoutNullStreams;
	private readonly lines: AsyncIterator<string>;

	constructor(script: string, env: Record<string, string>) {
		this.child = spawn(String(process.env.VENDOR_PYTHON), [join(__dirname, script)], {
			env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
		});
		this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
	}

	/** @throws with its log if it ended instead of answering */
	async ask<T>(line: object): Promise<T> {
		this.child.stdin.write(`${JSON.stringify(line)}\n`);
		const { value, done } = await this.lines.next();
		if (done) throw new Error(`The program ended:\n${this.log.slice(-4000)}`);
		return JSON.parse(value as string) as T;
	}

	async stop(): Promise<void> {
		const ended = new Promise((resolve) => this.child.once('close', resolve));
		this.child.stdin.end();
		const timer = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
		// A program that was killed has a signal instead of an exit code.
		if (this.child.exitCode === null && this.child.signalCode === null) await ended;
		clearTimeout(timer);
	}
}

/** VideoSDK's own clients, with the simulator in the place of VideoSDK. */
export const runClients = ({ url, apiKey, secret }: Simulator): PythonProgram =>
	new PythonProgram('run_clients.py', {
		SIMULATOR_URL: url,
		VIDEOSDK_API_KEY: apiKey,
		VIDEOSDK_SECRET_KEY: secret,
		VIDEOSDK_SECRET: secret,
		XDG_CONFIG_HOME: temporaryFolder('videosdk-cli'),
	});

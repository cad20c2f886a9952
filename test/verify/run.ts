/** `npm run verify:api`: compares the live API with what the package assumes. See `--help`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { onShutdown, PlainError, runMain } from '../n8n/processes';
import { type Plan, startReceiver } from './evidence';
import { type Answers, answersOf, deviations, findings } from './report';
import { verify } from './verify';

const REAL_BASE_URL = 'https://api.videosdk.live';
const PATIENCE_MS = 90_000;
const POLL_MS = 1_000;

const HELP = `Tests the open points of VideoSDK's API (docs/dev/open-points.md) with your project. Without options it only reads.

  VIDEOSDK_API_KEY=... VIDEOSDK_SECRET=... npm run verify:api -- [options]

  --start DEPLOYMENT   starts one session of this deployment and ends it (costs money)
  --call NUMBER        calls this number, in a room that it creates, and hangs up (costs money, and the phone
                       rings); with
    --rule ID          the routing rule
    --from NUMBER      the number to call from
  --webhook URL        receives events at this public URL, which has to point to this machine (a tunnel).
                       Registers a webhook for calls there and removes it afterwards
  --port NUMBER        the port on this machine that the tunnel points to; default 4790
  --answers FILE       where to save the responses, without keys, names and numbers; default verify-api.json
  --yes                doesn't ask before it starts a session or makes a call
  --compare FILE       sends nothing; compares saved responses with test/schemas, and so with the simulator

Also read: VIDEOSDK_BASE_URL, VIDEOSDK_DEPLOYMENT_TAG (with --start).`;

const write = (line = '') => process.stdout.write(`${line}\n`);

function readOptions() {
	const text = { type: 'string' } as const;
	const flag = { type: 'boolean' } as const;
	try {
		return parseArgs({
			options: {
				...{ start: text, call: text, rule: text, from: text, webhook: text, compare: text },
				...{ port: { ...text, default: '4790' }, answers: { ...text, default: 'verify-api.json' } },
				...{ yes: flag, help: flag },
			},
		}).values;
	} catch (error) {
		throw new PlainError(`${(error as Error).message}\n\n${HELP}`);
	}
}

type Options = ReturnType<typeof readOptions>;

function callOf({ call: to, rule: ruleId, from }: Options): Plan['call'] {
	if (!to && !ruleId && !from) return undefined;
	if (to && ruleId && from) return { to, ruleId, from };
	throw new PlainError('A call needs all of --call NUMBER, --rule ID and --from NUMBER.');
}

function accountOf(env: NodeJS.ProcessEnv): Pick<Plan, 'apiKey' | 'secretKey' | 'baseUrl'> {
	const apiKey = env.VIDEOSDK_API_KEY?.trim();
	const secretKey = env.VIDEOSDK_SECRET?.trim();
	if (!apiKey || !secretKey) {
		throw new PlainError(
			'VIDEOSDK_API_KEY and VIDEOSDK_SECRET must be set: the API key of your project and its secret (https://app.videosdk.live/api-keys).',
		);
	}
	const baseUrl = env.VIDEOSDK_BASE_URL?.trim() || REAL_BASE_URL;
	return { apiKey, secretKey, baseUrl: addressIn('VIDEOSDK_BASE_URL', baseUrl) };
}

function addressIn(name: string, text: string): string {
	if (/^https?:\/\//.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '');
	throw new PlainError(`${name} must be an http or https address.`);
}

/** Tells what will happen and asks, if it costs something. */
async function confirm({ start, call, webhook, yes }: Options, baseUrl: string, signal: AbortSignal) {
	write(`Checking VideoSDK's API at ${baseUrl} with your project. This`);
	write('  - reads lists and records (free);');
	if (webhook) write('  - registers a webhook for call events and removes it at the end (free);');
	if (start)
		write('  - starts ONE SESSION of the deployment and ends it: COSTS MONEY (some seconds of an agent);');
	if (call) write('  - makes ONE CALL and hangs up: COSTS MONEY, and THE PHONE RINGS (60 s at most in all);');
	write(`  - changes nothing${start || call || webhook ? ' else' : ''}.\n`);
	if ((!start && !call) || yes) return;
	if (!process.stdin.isTTY)
		throw new PlainError('This is not a terminal, so no one can confirm. Add --yes. Nothing was started.');
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	// In a terminal Ctrl+C comes to the question, not to the process.
	terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
	const answer = await terminal.question('Continue? (y/N) ', { signal }).catch(() => '');
	terminal.close();
	if (!/^y(es)?$/i.test(answer.trim())) throw new PlainError('Nothing was started.');
}

function compare(file: string): number {
	let answers: Answers;
	try {
		answers = JSON.parse(readFileSync(file, 'utf8')) as Answers;
	} catch {
		throw new PlainError(`${file} can't be read as JSON.`);
	}
	if (answers.format !== 1) throw new PlainError(`${file} contains no responses from npm run verify:api.`);
	for (const line of answers.lines) write(line);
	return showDeviations(answers);
}

function showDeviations(seen: Parameters<typeof deviations>[0]): number {
	const found = deviations(seen);
	write(
		found.length === 0
			? '\nAll answers are as test/schemas describes them.'
			: `\n${found.length} answers are not as test/schemas describes them, nor as the simulator gives them:`,
	);
	for (const sentence of found) write(`  ${sentence}`);
	return found.length === 0 ? 0 : 1;
}

runMain(async () => {
	const options = readOptions();
	if (options.help) {
		write(HELP);
		return 0;
	}
	if (options.compare !== undefined) return compare(options.compare);
	const account = accountOf(process.env);
	const port = Number(options.port);
	if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new PlainError('--port needs a number.');
	const call = callOf(options);
	const url = options.webhook === undefined ? undefined : addressIn('--webhook', options.webhook);

	const stop = new AbortController();
	let ended: Promise<unknown> = Promise.resolve();
	onShutdown(async () => {
		write('\nStopping ...');
		stop.abort();
		await ended.catch(() => undefined);
	});
	await confirm(options, account.baseUrl, stop.signal);

	const receiver = url === undefined ? undefined : await startReceiver(port);
	if (receiver) write(`Receiving events on 127.0.0.1:${receiver.port}.`);
	const tag = process.env.VIDEOSDK_DEPLOYMENT_TAG?.trim() || undefined;
	const running = verify({
		...account,
		start: options.start ? { deploymentId: options.start, tag } : undefined,
		call,
		webhook: url && receiver ? { url, receiver } : undefined,
		patienceMs: PATIENCE_MS,
		pollMs: POLL_MS,
		signal: stop.signal,
		write,
	});
	ended = running;
	const evidence = await running.finally(() => receiver?.close());

	write();
	const found = findings(evidence);
	for (const { line } of found) write(line);
	const count = (verdict: string) => found.filter((finding) => finding.verdict === verdict).length;
	write(`\n${count('same')} same, ${count('different')} different, ${count('not tried')} not tried.`);
	const deviating = showDeviations(evidence);
	const secrets = [account.apiKey, account.secretKey, options.start, options.rule, call?.to, call?.from, url];
	const answers = answersOf(
		evidence,
		secrets.filter((secret) => secret !== undefined),
	);
	writeFileSync(options.answers, `${JSON.stringify(answers, null, 2)}\n`);
	write(
		`The answers are in ${options.answers}, without keys, names and numbers. Read through it, then attach it to an issue.`,
	);
	return count('different') === 0 ? deviating : 1;
});

/** `npm run verify:api`: compares the live API with what the package assumes. See `--help`. */
import { parseArgs } from 'node:util';
import { onShutdown, PlainError, runMain, write } from '../n8n/processes';
import { startReceiver } from './evidence';
import { findings } from './openPoints';
import { verify } from './verify';

const REAL_BASE_URL = 'https://api.videosdk.live';
const PORT = 4790;
const PATIENCE_MS = 90_000;
const LISTEN_MS = 15_000;
const POLL_MS = 1_000;

const HELP = `Tests the open points of VideoSDK's API (docs/dev/open-points.md) with your project. Without options it only reads.

  VIDEOSDK_API_KEY=... VIDEOSDK_SECRET=... npm run verify:api -- [options]

  --start DEPLOYMENT   STARTS ONE SESSION of this deployment and ends it: COSTS MONEY (some seconds of an agent)
  --call NUMBER        CALLS THIS NUMBER, in a room that it creates, and hangs up: COSTS MONEY, and THE PHONE RINGS
                       (60 s at most in all). It has the variable 'name', Ada: an agent that was built in the
                       dashboard, and whose prompt uses it, should say it; with
    --rule ID          the routing rule
    --from NUMBER      the number to call from
  --deploy             DEPLOYS THE AGENT OF THIS PACKAGE and deletes it again: COSTS MONEY (a build, and some minutes of
                       an agent). With --rule ID, this rule gets it, and then what it had before. With a call,
                       THE PHONE RINGS A SECOND TIME: pick up, and let the agent speak alone
  --webhook URL        receives events at this public URL, which has to point to port ${PORT} of this machine (a
                       tunnel). Registers a webhook for calls there and removes it afterwards

Ctrl+C ends what was started, once VideoSDK has responded. What it prints has no key, no name, and no number in it, except for IDs of
what it starts.`;

function readOptions() {
	const text = { type: 'string' } as const;
	const flag = { type: 'boolean' } as const;
	const words = { start: text, call: text, rule: text, from: text, webhook: text };
	try {
		return parseArgs({ options: { ...words, deploy: flag, help: flag } }).values;
	} catch (error) {
		throw new PlainError(`${(error as Error).message}\n\n${HELP}`);
	}
}

function addressIn(name: string, text: string): string {
	if (/^https?:\/\//.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '');
	throw new PlainError(`${name} must be an http or https address.`);
}

runMain(async () => {
	const { start, call: to, rule: ruleId, from, deploy, webhook, help } = readOptions();
	if (help) {
		write(HELP);
		return 0;
	}
	const { VIDEOSDK_API_KEY = '', VIDEOSDK_SECRET = '', VIDEOSDK_BASE_URL = REAL_BASE_URL } = process.env;
	const [apiKey, secretKey] = [VIDEOSDK_API_KEY.trim(), VIDEOSDK_SECRET.trim()];
	if (!apiKey || !secretKey)
		throw new PlainError(
			'VIDEOSDK_API_KEY and VIDEOSDK_SECRET must be set: the API key of your project and its secret (https://app.videosdk.live/api-keys).',
		);
	const baseUrl = addressIn('VIDEOSDK_BASE_URL', VIDEOSDK_BASE_URL);
	const call = to && ruleId && from ? { to, ruleId, from } : undefined;
	if (!call && (to || from || (ruleId && !deploy)))
		throw new PlainError('A call needs all of --call NUMBER, --rule ID and --from NUMBER.');
	const url = webhook === undefined ? undefined : addressIn('--webhook', webhook);

	const stop = new AbortController();
	const receiver = url === undefined ? undefined : await startReceiver(PORT);
	const running = verify({
		apiKey,
		secretKey,
		baseUrl,
		start,
		call,
		write,
		deploy: deploy ? { ruleId } : undefined,
		webhook: url && receiver ? { url, receiver } : undefined,
		patienceMs: PATIENCE_MS,
		pollMs: POLL_MS,
		listenMs: LISTEN_MS,
		signal: stop.signal,
	});
	onShutdown(async () => {
		write('\nStopping ...');
		stop.abort();
		await running.catch(() => undefined);
	});
	const evidence = await running.finally(() => receiver?.close());

	write();
	const found = findings(evidence);
	for (const { line } of found) write(line);
	const count = (verdict: string) => found.filter((finding) => finding.verdict === verdict).length;
	write(`\n${count('same')} same, ${count('different')} different, ${count('not tried')} not tried.`);
	const { deviations } = evidence;
	if (deviations.length === 0) write('All answers are as test/schemas describes them.');
	else write(`${deviations.length} answers are not as test/schemas describes them:`);
	for (const sentence of deviations) write(`  ${sentence}`);
	write('Read through it, then paste it into an issue.');
	return count('different') + deviations.length === 0 ? 0 : 1;
});

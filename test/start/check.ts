/**
 * `npm run check:n8n -- <address>`: one session started and one signed event received, in a new n8n that runs already and has the
 * package, such as a container. n8n has to reach this machine's loopback address, on which the simulator listens.
 */
import { createCredential, PATIENT } from '../e2e/setup';
import { PlainError, repositoryRoot, runMain, waitFor } from '../n8n/processes';
import { N8nRest } from '../n8n/rest';
import { DEFAULT_N8N_VERSION, type Runtime } from '../n8n/runtime';
import { startSimulator } from '../simulator';
import { mainJob } from '../versions/checks';

const START_TIMEOUT_MS = 300_000;

/**
 * Starts a session and receives its first event.
 *
 * @param url of n8n; a new one, or one of these tests: the owner's account is theirs
 * @returns what was seen, as a sentence
 */
export async function checkN8n(url: string): Promise<string> {
	const isUp = async () => (await (await fetch(`${url}/rest/settings`)).text()).startsWith('{') || undefined;
	await waitFor(`n8n at ${url}`, async () => await isUp().catch(() => undefined), START_TIMEOUT_MS);
	const simulator = await startSimulator({ lifecycle: false, ...PATIENT });
	try {
		// Only to read executions, in which n8n flattens its data; ESLint brings the same library.
		const runtime: Runtime = { version: DEFAULT_N8N_VERSION, folder: repositoryRoot, node: '', n8n: '' };
		const rest = new N8nRest(url, runtime);
		await rest.setupOwner();
		// n8n tells it only to those who are signed in.
		const { versionCli } = await rest.call<{ versionCli: string }>('GET', '/settings');
		runtime.version = versionCli;
		const { id: credentialId } = await createCredential(rest, simulator);
		const tested = await rest.testCredential(credentialId);
		if (tested.status !== 'OK') throw new PlainError(`The credential's test failed: ${tested.message}`);
		const sessionId = await mainJob({ n8n: { rest, url }, simulator, credentialId });
		return `n8n ${versionCli}: session ${sessionId} started; its signed event started an execution, an unsigned one got a 401 response.`;
	} finally {
		await simulator.close();
	}
}

if (require.main === module) {
	runMain(async () => {
		const [address, ...more] = process.argv.slice(2);
		if (!address || !URL.canParse(address) || more.length > 0) {
			throw new PlainError('Usage: npm run check:n8n -- <address of n8n, such as http://127.0.0.1:5678>');
		}
		process.stdout.write(`${await checkN8n(new URL(address).origin)}\n`);
		return 0;
	});
}

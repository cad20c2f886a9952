/**
 * `npm run check:n8n -- <address>`: one session started and one signed event received, in a new n8n that runs already and has the
 * package, such as a container. n8n has to reach this machine's loopback address, on which the simulator listens.
 */
import { randomUUID } from 'node:crypto';
import { CREDENTIAL_TYPE, n8nNode, PACKAGE, PATIENT } from '../e2e/setup';
import { PlainError, repositoryRoot, runMain, waitFor } from '../n8n/processes';
import { N8nRest, outputOf } from '../n8n/rest';
import { DEFAULT_N8N_VERSION, type Runtime } from '../n8n/runtime';
import { startSimulator } from '../simulator';

const START_TIMEOUT_MS = 300_000;
const EVENT_TIMEOUT_MS = 60_000;

/** Waits until n8n answers. */
async function isUp(url: string): Promise<void> {
	await waitFor(
		`n8n at ${url}`,
		async () =>
			await fetch(`${url}/rest/settings`).then(
				async (answer) => (await answer.text()).startsWith('{') || undefined,
				() => undefined,
			),
		START_TIMEOUT_MS,
	);
}

/**
 * Starts a session and receives its first event.
 *
 * @param url of n8n; a new one, or one of these tests: the owner's account is theirs
 * @returns what was seen, as a sentence
 */
export async function checkN8n(url: string): Promise<string> {
	await isUp(url);
	const simulator = await startSimulator({ lifecycle: false, ...PATIENT });
	try {
		// Only to read executions, in which n8n flattens its data; ESLint brings the same library.
		const runtime: Runtime = { version: DEFAULT_N8N_VERSION, folder: repositoryRoot, node: '', n8n: '' };
		const rest = new N8nRest(url, runtime);
		await rest.setupOwner();
		// n8n tells it only to those who are signed in.
		const { versionCli } = await rest.call<{ versionCli: string }>('GET', '/settings');
		runtime.version = versionCli;
		const { id } = await rest.createCredential({
			name: 'VideoSDK',
			type: CREDENTIAL_TYPE,
			data: { apiKey: simulator.apiKey, secretKey: simulator.secret, baseUrl: simulator.url },
		});
		const tested = await rest.testCredential(id);
		if (tested.status !== 'OK') throw new PlainError(`The credential's test failed: ${tested.message}`);

		const webhookId = randomUUID();
		const ours = {
			typeVersion: 1,
			position: [200, 0] as [number, number],
			credentials: { [CREDENTIAL_TYPE]: { id, name: 'VideoSDK' } },
		};
		const react = await rest.createWorkflow({
			name: 'React',
			nodes: [
				{
					...ours,
					name: 'Trigger',
					type: `${PACKAGE}.videoSdkAgentCloudTrigger`,
					webhookId,
					parameters: { events: ['ai-deployment-session-started'] },
				},
			],
			connections: {},
		});
		const start = await rest.createWorkflow({
			name: 'Start',
			nodes: [
				n8nNode('Manual', 'manualTrigger'),
				{
					...ours,
					name: 'Start',
					type: `${PACKAGE}.videoSdkAgentCloud`,
					parameters: {
						resource: 'session',
						operation: 'start',
						deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
						webhookUrl: { __rl: true, mode: 'url', value: `${url}/webhook/${webhookId}/webhook` },
						webhookEvents: ['ai-deployment-session-started'],
					},
				},
			],
			connections: { Manual: { main: [[{ node: 'Start', type: 'main', index: 0 }]] } },
		});
		await rest.activate(react.id);
		const unsigned = await rest.waitForWebhook(`${webhookId}/webhook`);
		if (unsigned !== 401) throw new PlainError(`An unsigned event was answered ${unsigned}, not 401.`);

		const started = await rest.runWorkflow(start.id);
		const { sessionId } = outputOf(started, 'Start')[0] ?? {};
		if (!sessionId) {
			throw new PlainError(
				`No session was started: ${started.data.resultData.error?.message ?? started.status}`,
			);
		}
		await simulator.emit(String(sessionId), 'started');
		const received = await rest.waitForExecution(
			(execution) => outputOf(execution, 'Trigger').some((event) => event.sessionId === sessionId),
			EVENT_TIMEOUT_MS,
			{ workflowId: react.id },
		);
		return `n8n ${versionCli}: session ${String(sessionId)} started; its signed event started execution ${received.id}, an unsigned one was answered 401.`;
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

/**
 * `npm run check:n8n -- <address>`: one session started and one signed event received, in a new n8n that runs already and has the
 * package, such as a container. n8n has to reach this machine's loopback address, on which the simulator listens.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { during, publishTrigger, runByHand } from '../e2e/deliveries';
import { actionNode, inMode, SESSION } from '../e2e/nodes';
import { createCredential, PATIENT, type Setup } from '../e2e/setup';
import { PlainError, runMain, waitFor } from '../n8n/processes';
import { type Execution, isStored, N8nRest, outputOf } from '../n8n/rest';
import { startSimulator } from '../simulator';

const START_TIMEOUT_MS = 300_000;
/** In this time an execution that should not be would have begun. */
const SETTLING_MS = 1_000;
export const EVENTS = { events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] };

/** The executions of a workflow, once so many are over and no more come. */
export async function executionsOf(rest: N8nRest, workflowId: string, wanted: number): Promise<Execution[]> {
	const over = async () => {
		const executions = await rest.executions({ workflowId });
		const areOver = executions.every((execution) => isStored(execution));
		return areOver && executions.length >= wanted && executions;
	};
	const ended = async () => await waitFor(`${wanted} executions of the trigger`, over);
	await ended();
	await during(SETTLING_MS);
	return await ended();
}

/** A session is started, and its signed event starts another workflow; an unsigned one doesn't. @returns the session's ID */
export async function mainJob(
	setup: Pick<Setup, 'simulator' | 'credentialId'> & { n8n: Pick<Setup['n8n'], 'rest' | 'url'> },
): Promise<string> {
	const { rest } = setup.n8n;
	const { url, workflowId } = await publishTrigger(setup, { parameters: EVENTS });
	equal(await rest.waitForWebhook(url), 401, 'an unsigned event');
	const webhookUrl = inMode('url', url);
	const parameters = { ...SESSION, operation: 'start', webhookUrl, webhookEvents: EVENTS.events };
	const run = await runByHand(setup.n8n, actionNode(setup, 'Start', parameters));
	equal(run.status, 'success', run.data.resultData.error?.message);
	const sessionId = String(outputOf(run, 'Start')[0]?.sessionId);
	equal((await setup.simulator.emit(sessionId, 'started'))?.status, 200);
	const executions = await executionsOf(rest, workflowId, 1);
	const received = executions.map((execution) => outputOf(execution, 'After')[0] ?? {});
	const told = received.map(({ event, sessionId: id }) => [event, id]);
	deepEqual(told, [['started', sessionId]]);
	return sessionId;
}

/** Does that in an n8n: a new one, or one of these tests, since the owner's account is theirs. @returns what was seen, as a sentence */
export async function checkN8n(url: string): Promise<string> {
	const isUp = async () => (await (await fetch(`${url}/rest/settings`)).text()).startsWith('{');
	await waitFor(`n8n at ${url}`, async () => await isUp().catch(() => undefined), START_TIMEOUT_MS);
	const simulator = await startSimulator({ lifecycle: false, ...PATIENT });
	try {
		const rest = new N8nRest(url);
		await rest.setupOwner();
		// n8n tells it only to those who are signed in.
		const { versionCli } = await rest.call<{ versionCli: string }>('GET', '/settings');
		rest.version = versionCli;
		const { id: credentialId } = await createCredential(rest, simulator);
		const tested = await rest.testCredential(credentialId);
		if (tested.status !== 'OK') throw new PlainError(`The credential's test failed: ${tested.message}`);
		const sessionId = await mainJob({ n8n: { rest, url }, simulator, credentialId });
		return `n8n ${versionCli}: session ${sessionId} started; its signed event started an execution, an unsigned one got a 401 response.`;
	} finally {
		await simulator.close();
	}
}

if (require.main === module)
	runMain(async () => {
		const [address, ...more] = process.argv.slice(2);
		if (!address || !URL.canParse(address) || more.length > 0)
			throw new PlainError('Usage: npm run check:n8n -- <address of n8n, such as http://127.0.0.1:5678>');
		process.stdout.write(`${await checkN8n(new URL(address).origin)}\n`);
		return 0;
	});

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { repositoryRoot } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { browserTest, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';

const TRIGGER = 'VideoSDK Agent Cloud Trigger';
const WAITING = 'Start and wait';

let stage: Stage;

beforeAll(async () => {
	stage = await startStage({ lifecycle: false });
});

afterAll(async () => await stage?.stop());

const inBrowser = (name: string, body: (editor: Editor) => Promise<void>) =>
	browserTest(name, () => stage, body);

let webhooks = 0;

/** Stores a workflow that begins with our trigger. */
async function storeTrigger(parameters: object = {}): Promise<{ id: string; url: string }> {
	const webhookId = `browser-test-${++webhooks}`;
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Trigger', [ourNode(stage, TRIGGER, 'videoSdkAgentCloudTrigger', parameters, { webhookId })]),
	);
	return { id, url: `${stage.n8n.url}/webhook/${webhookId}/webhook` };
}

const event = (name: string, sessionId: string) => ({
	webhookType: `ai-deployment-session-${name}`,
	data: { sessionId: `session-${sessionId}` },
});

inBrowser('is added by the event, and shows the addresses to copy', async (editor) => {
	await editor.newWorkflow();
	await editor.add('Triggers', 'On agent session started');
	await editor.expectFields(['Credential', 'Trigger On', 'Verify Signature', 'Options']);
	expect(await editor.parameter('events').innerText()).toContain('Agent Session: Started');
	const test = await editor.copyUrl('test');
	const production = await editor.copyUrl('production');
	expect(test).toMatch(/^http:\/\/localhost:\d+\/webhook-test\/[0-9a-f-]{36}\/webhook$/);
	expect(production).toBe(test.replace('webhook-test', 'webhook'));
});

inBrowser('an example has an address of its own in each copy', async (editor) => {
	const urls: string[] = [];
	for (let copy = 0; copy < 2; copy++) {
		await editor.importWorkflow(join(repositoryRoot, 'examples', 'start-and-react-events.json'));
		await editor.open('When the session changes');
		urls.push(await editor.copyUrl('production'));
	}
	for (const url of urls) expect(url).toMatch(/\/webhook\/[0-9a-f-]{36}\/webhook$/);
	expect(urls[0]).not.toBe(urls[1]);
});

inBrowser('its options appear when they are added', async (editor) => {
	const { id } = await storeTrigger();
	await editor.openNode(id, TRIGGER);
	for (const name of ['Deployment Names or IDs', 'Session Details', 'Skip Duplicates'])
		await editor.addOption(name);
	await editor.expectFields([
		'Credential',
		'Trigger On',
		'Verify Signature',
		'Options',
		'Deployment Names or IDs',
		'Session Details',
		'Skip Duplicates',
	]);
});

inBrowser('listens for a test event, and shows it', async (editor) => {
	const { id } = await storeTrigger();
	await editor.openNode(id, TRIGGER);
	const url = await editor.copyUrl('test');
	await editor.runStep();
	await editor.panel.getByTestId('trigger-listening').waitFor();
	const delivery = await stage.simulator.deliver(url, event('started', 'in-test'));
	expect(delivery.status).toBe(200);
	const [head, row] = await editor.outputTable();
	const item = Object.fromEntries((head ?? []).map((name, index) => [name, row?.[index]]));
	expect(item).toMatchObject({
		event: 'started',
		webhookType: 'ai-deployment-session-started',
		sessionId: 'in-test',
	});
});

inBrowser('goes on listening after a forged test event', async (editor) => {
	const { id } = await storeTrigger();
	await editor.openNode(id, TRIGGER);
	const url = await editor.copyUrl('test');
	await editor.runStep();
	await editor.panel.getByTestId('trigger-listening').waitFor();
	const forged = await stage.simulator.deliver(url, event('started', 'forged'), { signature: 'bm8=' });
	expect(forged.status).toBe(401);
	const genuine = await stage.simulator.deliver(url, event('started', 'genuine'));
	expect(genuine.status).toBe(200);
	expect((await editor.outputTable()).flat()).toContain('genuine');
});

inBrowser('published, it receives real events, and the run is found under Executions', async (editor) => {
	const { id, url } = await storeTrigger();
	await editor.openWorkflow(id);
	expect(await editor.publish()).toContain(
		"select it in 'Webhook URL' in the node that starts the session or creates the room.",
	);
	await stage.n8n.rest.waitForWebhook(url);
	const { sessionId } = await startSession(url);
	const delivery = await stage.simulator.emit(sessionId, 'started');
	expect(delivery?.status).toBe(200);
	const run = await stage.n8n.rest.waitForExecution(({ status }) => status === 'success', 60_000, {
		workflowId: id,
	});
	expect(outputOf(run, TRIGGER)[0]).toMatchObject({ event: 'started', sessionId });

	await editor.page.getByTestId('radio-button-executions').click();
	await editor.page.getByTestId('current-executions-list').getByText('Succeeded').waitFor();

	// What nobody signed starts nothing.
	const forged = await stage.simulator.deliver(url, event('failed', sessionId), { signature: null });
	expect(forged.status).toBe(401);
	await sleep(1_000);
	expect(await stage.n8n.rest.listExecutions({ workflowId: id })).toHaveLength(1);
});

/** Starts a session with a webhook, as the Start operation does. */
async function startSession(endPoint: string): Promise<{ sessionId: string }> {
	const workflow = await stage.n8n.rest.createWorkflow(
		chain('Start', [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(stage, 'Start', 'videoSdkAgentCloud', {
				resource: 'session',
				operation: 'start',
				deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
				webhookUrl: endPoint,
			}),
		]),
	);
	const run = await stage.n8n.rest.runWorkflow(workflow.id);
	return { sessionId: String(outputOf(run, 'Start')[0]?.sessionId) };
}

inBrowser('Start and Wait shows that it waits, and ends with the session', async (editor) => {
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Waiting', [
			n8nNode('Manual', 'manualTrigger'),
			{
				...ourNode(stage, WAITING, 'videoSdkAgentCloud', {
					resource: 'session',
					operation: 'startAndWait',
					deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
				}),
				position: [220, 0],
			},
		]),
	);
	await editor.openWorkflow(id);
	await editor.page.getByTestId('execute-workflow-button').click();
	await editor.open(WAITING);
	const waiting = editor.output.getByText('Waiting for your calls or sessions to end.');
	await waiting.waitFor();
	expect(await waiting.innerText()).toContain('To end them, use Call: Hang Up, Session: End');
	await stage.n8n.rest.waitForExecution(({ status }) => status === 'waiting', 60_000, { workflowId: id });
	const sessionId = [...stage.simulator.sessions.keys()].at(-1) ?? '';
	// 409: a poll found the end before the event was there.
	expect([200, 409]).toContain((await stage.simulator.emit(sessionId, 'stopped'))?.status);
	await waiting.waitFor({ state: 'hidden' });
	const run = await stage.n8n.rest.waitForExecution(({ status }) => status === 'success', 60_000, {
		workflowId: id,
	});
	expect(outputOf(run, WAITING)[0]).toMatchObject({ sessionId, event: 'stopped' });
});

inBrowser('a credential with a bad Base URL is rejected when the workflow is published', async (editor) => {
	const { id: credentialId } = await stage.n8n.rest.createCredential({
		name: 'Blank',
		type: 'videoSdkAgentCloudApi',
		data: {
			apiKey: 'key',
			secretKey: 'secret',
			baseUrl: 'api.videosdk.live',
			webhookPublicKey: '',
		},
	});
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Blank', [
			ourNode(
				stage,
				TRIGGER,
				'videoSdkAgentCloudTrigger',
				{},
				{ webhookId: 'blank', credentials: { videoSdkAgentCloudApi: { id: credentialId, name: 'Blank' } } },
			),
		]),
	);
	await editor.openWorkflow(id);
	await editor.page.getByTestId('workflow-open-publish-modal-button').click();
	await editor.page.getByTestId('workflow-publish-button').click();
	await editor.page.getByText('must be a plain http or https address').first().waitFor();
});

/** The trigger in the editor, and from a finished trigger to its first event: no click for calls, two for sessions. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chain, createCredential, n8nNode, ourCredential, ourNode } from '../e2e/setup';
import { repositoryRoot, waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { browserTest, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';
import { eventually } from './eventually';

const TRIGGER = 'VideoSDK Agent Cloud Trigger';
const ACTION = 'Our node';
const PATIENCE_MS = 60_000;

let stage: Stage;

beforeAll(async () => {
	stage = await startStage({ lifecycle: false, callBehaviour: false });
});
afterAll(async () => await stage?.stop());

const inBrowser = (name: string, body: (editor: Editor) => Promise<void>) =>
	browserTest(name, () => stage, body);

/** Stores a workflow that begins with our trigger. */
async function storeTrigger(parameters: object = {}, name = 'Trigger', extra: object = {}) {
	const webhookId = randomUUID();
	const node = ourNode(stage, TRIGGER, 'videoSdkAgentCloudTrigger', parameters, { webhookId, ...extra });
	const after = { ...n8nNode('After', 'noOp'), position: [300, 0] };
	const { id } = await stage.n8n.rest.createWorkflow(chain(name, [node, after as never]));
	return { id, url: `${stage.n8n.url}/webhook/${webhookId}/webhook` };
}

/** Stores a workflow that starts a session. @returns its ID */
async function storeAction(operation: string): Promise<string> {
	const deploymentId = { __rl: true, mode: 'id', value: 'ddv_support' };
	const action = ourNode(stage, ACTION, 'videoSdkAgentCloud', { operation, deploymentId });
	const manual = { ...n8nNode('Manual', 'manualTrigger'), position: [-300, 0] };
	return (await stage.n8n.rest.createWorkflow(chain('Action', [manual as never, action]))).id;
}

const event = (name: string, sessionId: string) => ({
	webhookType: `ai-deployment-session-${name}`,
	data: { sessionId: `session-${sessionId}` },
});

inBrowser(
	'is added by the event, shows the addresses to copy, and its options when added',
	async (editor) => {
		await editor.newWorkflow();
		await editor.add('Triggers', 'On agent session started');
		const fields = ['Credential', 'Trigger On', 'Verify Signature', 'Options'];
		await editor.expectFields(fields);
		expect(await editor.parameter('events').innerText()).toContain('Agent Session: Started');
		const test = await editor.copyUrl('test');
		expect(test).toMatch(/^http:\/\/localhost:\d+\/webhook-test\/[0-9a-f-]{36}\/webhook$/);
		expect(await editor.copyUrl('production')).toBe(test.replace('webhook-test', 'webhook'));
		const options = ['Deployment Names or IDs', 'Session Details', 'Skip Duplicates'];
		for (const name of options) await editor.addOption(name);
		await editor.expectFields([...fields, ...options]);
	},
);

inBrowser('an example has an address of its own in each copy', async (editor) => {
	const urls = new Set<string>();
	for (let copy = 0; copy < 2; copy++) {
		await editor.importWorkflow(join(repositoryRoot, 'examples', 'start-and-react-events.json'));
		await editor.open('When the session changes');
		urls.add(await editor.copyUrl('production'));
	}
	expect(urls.size).toBe(2);
	for (const url of urls) expect(url).toMatch(/\/webhook\/[0-9a-f-]{36}\/webhook$/);
});

inBrowser('listens for a test event, also after a forged one, and shows it', async (editor) => {
	const { id } = await storeTrigger();
	await editor.openNode(id, TRIGGER);
	const url = await editor.copyUrl('test');
	await editor.runStep();
	await editor.panel.getByTestId('trigger-listening').waitFor();
	const forged = await stage.simulator.deliver(url, event('started', 'forged'), { signature: 'bm8=' });
	expect(forged.status).toBe(401);
	expect((await stage.simulator.deliver(url, event('started', 'genuine'))).status).toBe(200);
	expect(await editor.firstRow()).toMatchObject({
		...{ event: 'started', webhookType: 'ai-deployment-session-started', sessionId: 'genuine' },
	});
});

inBrowser('a call starts a test execution without any URL', async (editor) => {
	await editor.openNode((await storeTrigger({ events: ['call-hangup'] })).id, TRIGGER);
	await editor.runStep();
	// By then n8n has kept what it registered, and so can remove it.
	await editor.panel.getByTestId('trigger-listening').waitFor();
	const webhooks = () =>
		[...stage.simulator.callWebhooks.values()].filter(
			({ url, deletedAt }) => url.includes('/webhook-test/') && deletedAt === undefined,
		);
	await waitFor('the registration', async () => webhooks().length === 1 || undefined, PATIENCE_MS);
	const call = stage.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
	await stage.simulator.emitCall(call.callId, 'call-hangup');
	await editor.output.getByText(call.callId).first().waitFor();
	await waitFor('the end of listening', async () => webhooks().length === 0 || undefined, PATIENCE_MS);
});

inBrowser('published, two clicks lead from a start to the events of its session', async (editor) => {
	const { id: workflowId, url } = await storeTrigger(
		{ events: ['ai-deployment-session-started', 'call-hangup'] },
		'Follow up',
	);
	await editor.openWorkflow(workflowId);
	expect(await editor.publish()).toContain(
		"select it in 'Webhook URL' in the node that starts the session or creates the room.",
	);
	await stage.n8n.rest.waitForWebhook(url);
	await editor.openNode(await storeAction('start'), ACTION);
	const webhookUrl = editor.panel.getByTestId('resource-locator-webhookUrl').getByTestId('rlc-input');
	await webhookUrl.click();
	const entry = editor.page.getByTestId('rlc-item').filter({ hasText: 'Follow up' });
	await entry.click();
	// The lists of events differ: the trigger does not want to hear of the end.
	await webhookUrl.click();
	await eventually(async () =>
		expect(await entry.innerText()).toContain('Follow up (missing: Stopped, Failed)'),
	);
	await editor.page.keyboard.press('Escape');
	await editor.runStep();
	const { sessionId = '' } = await editor.firstRow();
	expect((await stage.simulator.emit(sessionId, 'started'))?.status).toBe(200);
	const execution = await stage.n8n.rest.waitForExecution(
		(candidate) => outputOf(candidate, 'After').length === 1,
		PATIENCE_MS,
		{ workflowId },
	);
	expect(outputOf(execution, 'After')).toMatchObject([{ event: 'started', sessionId }]);

	await editor.openWorkflow(workflowId);
	await editor.page.getByTestId('radio-button-executions').click();
	await editor.page.getByTestId('current-executions-list').getByText('Succeeded').waitFor();
	// What no one signed starts nothing.
	const forged = await stage.simulator.deliver(url, event('failed', sessionId), { signature: null });
	expect(forged.status).toBe(401);
	await sleep(1_000);
	expect(await stage.n8n.rest.listExecutions({ workflowId })).toHaveLength(1);
});

inBrowser('the last entry of the list says what to do, and starts nothing', async (editor) => {
	await editor.openNode(await storeAction('start'), ACTION);
	await editor.panel.getByTestId('resource-locator-webhookUrl').getByTestId('rlc-input').click();
	const hasText = "Not listed? Publish its workflow, or use 'By URL'";
	await editor.page.getByTestId('rlc-item').filter({ hasText }).click();
	await editor.runStep();
	expect((await editor.failure()).title).toContain(
		"'Webhook URL' must be a URL that starts with https:// or http://",
	);
});

inBrowser('Start and Wait shows that it waits, and ends with the session', async (editor) => {
	const workflowId = await storeAction('startAndWait');
	await editor.openWorkflow(workflowId);
	await editor.page.getByTestId('execute-workflow-button').click();
	await editor.open(ACTION);
	const waiting = editor.output.getByText('Waiting for your calls or sessions to end.');
	await waiting.waitFor();
	expect(await waiting.innerText()).toContain('To end them, use Call: Hang Up, Session: End');
	const { rest } = stage.n8n;
	await rest.waitForExecution(({ status }) => status === 'waiting', PATIENCE_MS, { workflowId });
	const sessionId = [...stage.simulator.sessions.keys()].at(-1) ?? '';
	// 409: a poll found the end before the event was there.
	expect([200, 409]).toContain((await stage.simulator.emit(sessionId, 'stopped'))?.status);
	await waiting.waitFor({ state: 'hidden' });
	const ended = await rest.waitForExecution(({ status }) => status === 'success', PATIENCE_MS, {
		workflowId,
	});
	expect(outputOf(ended, ACTION)[0]).toMatchObject({ sessionId, event: 'stopped' });
});

inBrowser('a credential with a bad Base URL is rejected when the workflow is published', async (editor) => {
	const bad = await createCredential(stage.n8n.rest, stage.simulator, { baseUrl: 'api.videosdk.live' });
	const { id } = await storeTrigger({}, 'Bad', { credentials: ourCredential(bad.id) });
	await editor.openWorkflow(id);
	await editor.page.getByTestId('workflow-open-publish-modal-button').click();
	await editor.page.getByTestId('workflow-publish-button').click();
	await editor.page.getByText('must be a plain http or https address').first().waitFor();
});

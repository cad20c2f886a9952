/** From a finished trigger to its first event, counted in clicks: none for calls, two for sessions. */
import { randomUUID } from 'node:crypto';
import type { Locator } from 'playwright-core';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { waitFor } from '../n8n/processes';
import { outputOf } from '../n8n/rest';
import { browserTest, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';
import { eventually } from './eventually';

const TRIGGER = 'VideoSDK Agent Cloud Trigger';
const START = 'Start session';
const EVENTS = ['ai-deployment-session-started', 'call-hangup'];
const PATIENCE_MS = 60_000;

let stage: Stage;

beforeAll(async () => {
	stage = await startStage({ callBehaviour: false });
});

afterAll(async () => await stage?.stop());

const inBrowser = (name: string, body: (editor: Editor) => Promise<void>) =>
	browserTest(name, () => stage, body);

async function storeTrigger(name: string, events = EVENTS): Promise<string> {
	const node = ourNode(
		stage,
		TRIGGER,
		'videoSdkAgentCloudTrigger',
		{ events },
		{
			typeVersion: 1,
			webhookId: randomUUID(),
		},
	);
	return (
		await stage.n8n.rest.createWorkflow(
			chain(name, [node, { ...n8nNode('After', 'noOp'), position: [300, 0] }]),
		)
	).id;
}

async function storeStart(): Promise<string> {
	const start = ourNode(stage, START, 'videoSdkAgentCloud', {
		resource: 'session',
		operation: 'start',
		deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' },
	});
	return (
		await stage.n8n.rest.createWorkflow(
			chain('Start', [{ ...n8nNode('By hand', 'manualTrigger'), position: [-300, 0] }, start]),
		)
	).id;
}

const webhookUrl = ({ panel }: Editor): Locator => panel.getByTestId('resource-locator-webhookUrl');
const entries = ({ page }: Editor) => page.getByTestId('rlc-item');

inBrowser('two clicks lead from a start to the events of its session', async (editor) => {
	const workflowId = await storeTrigger('Follow up');
	await stage.n8n.rest.activate(workflowId);
	await editor.openNode(await storeStart(), START);
	await webhookUrl(editor).getByTestId('rlc-input').click();
	const entry = entries(editor).filter({ hasText: 'Follow up' });
	await entry.click();
	// The lists of events differ: the trigger does not want to hear of the end.
	await webhookUrl(editor).getByTestId('rlc-input').click();
	await eventually(async () =>
		expect(await entry.innerText()).toContain('Follow up (missing: Stopped, Failed)'),
	);
	await editor.page.keyboard.press('Escape');
	await editor.runStep();
	const execution = await stage.n8n.rest.waitForExecution(
		(candidate) => outputOf(candidate, 'After').length === 1,
		PATIENCE_MS,
		{ workflowId },
	);
	expect(outputOf(execution, 'After')).toMatchObject([{ event: 'started' }]);
});

inBrowser('the last entry of the list leads on, and starts nothing', async (editor) => {
	await editor.openNode(await storeStart(), START);
	await webhookUrl(editor).getByTestId('rlc-input').click();
	await entries(editor).filter({ hasText: 'Not listed?' }).click();
	await editor.panel.getByText("or switch to 'By URL' and paste the trigger's Production URL").waitFor();
	await editor.runStep();
	expect((await editor.failure()).title).toContain(
		"'Webhook URL' must be a URL that starts with https:// or http://",
	);
});

inBrowser('a call starts a test execution without any URL', async (editor) => {
	await editor.openNode(await storeTrigger('Calls', ['call-hangup']), TRIGGER);
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

inBrowser('is found by what people look for, when a workflow begins', async (editor) => {
	await editor.newWorkflow();
	for (const words of [
		'missed call',
		'call ended',
		'AI call',
		'voice bot',
		'SIP',
		'conversation',
		'outbound call',
	]) {
		await editor.search(words);
		await editor.searchResult().first().waitFor();
	}
});

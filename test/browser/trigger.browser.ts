/** The trigger in the editor, and from a finished trigger to its first event: two clicks; and a node that waits. */
import { randomUUID } from 'node:crypto';
import { actionNode, chain, MANUAL, n8nNode, ourNode, SESSION } from '../e2e/nodes';
import { type Execution, outputOf } from '../n8n/rest';
import { onStage } from './browserTest';
import { eventually } from './editor';

const TRIGGER = 'VideoSDK Agent Cloud Trigger';
const ACTION = 'Our node';

const { stage, inBrowser } = onStage({ lifecycle: false, callBehaviour: false });

const withAction = (operation: string) =>
	chain('Action', [MANUAL, actionNode(stage, ACTION, { ...SESSION, operation })]);

inBrowser('is added by the event, and offers its options', async (editor) => {
	await editor.newWorkflow();
	await editor.search('videosdk');
	await editor.add('Triggers', 'On agent session started');
	expect(await editor.parameter('events').innerText()).toContain('Agent Session: Started');
	for (const name of ['Deployment Names or IDs', 'Session Details', 'Skip Duplicates'])
		await editor.addOption(name);
});

inBrowser('published, two clicks lead from a start to the events of its session', async (editor) => {
	const webhookId = randomUUID();
	const events = { events: ['ai-deployment-session-started', 'call-hangup'] };
	const trigger = ourNode(stage, TRIGGER, 'videoSdkAgentCloudTrigger', events, { webhookId });
	const workflowId = await editor.openNew(chain('Follow up', [trigger, n8nNode('After', 'noOp')]));
	expect(await editor.publish()).toContain(
		"select it in 'Webhook URL' in the node that starts the session or creates the room.",
	);
	await stage.n8n.rest.waitForWebhook(`${webhookId}/webhook`);
	await editor.openNew(withAction('start'), ACTION);
	await editor.openList('webhookUrl');
	const entry = editor.listed.filter({ hasText: 'Follow up' });
	await entry.click();
	// The lists of events differ: the trigger does not want to hear of the end.
	await editor.openList('webhookUrl');
	await eventually(async () =>
		expect(await entry.innerText()).toContain('Follow up (not set to start on Stopped, Failed)'),
	);
	await editor.page.keyboard.press('Escape');
	await editor.runStep();
	const { sessionId = '' } = await editor.firstRow();
	expect((await stage.simulator.emit(sessionId, 'started'))?.status).toBe(200);
	const isOver = (execution: Execution) => outputOf(execution, 'After').length === 1;
	const execution = await stage.n8n.rest.waitForExecution(workflowId, isOver);
	expect(outputOf(execution, 'After')).toMatchObject([{ event: 'started', sessionId }]);
	await editor.openWorkflow(workflowId);
	await editor.page.getByTestId('radio-button-executions').click();
	await editor.page.getByTestId('current-executions-list').getByText('Succeeded').waitFor();
});

inBrowser('Start and Wait shows that it waits, and ends with the session', async (editor) => {
	const workflowId = await editor.openNew(withAction('startAndWait'));
	await editor.page.getByTestId('execute-workflow-button').click();
	await editor.open(ACTION);
	const waiting = editor.output.getByText('Waiting for your calls or sessions to end.');
	await waiting.waitFor();
	expect(await waiting.innerText()).toContain('To end them, use Call: Hang Up, Session: End');
	const { rest } = stage.n8n;
	await rest.waitForExecution(workflowId, ({ status }) => status === 'waiting');
	const sessionId = [...stage.simulator.sessions.keys()].at(-1) ?? '';
	// 409: a poll found the end before the event was there.
	expect([200, 409]).toContain((await stage.simulator.emit(sessionId, 'stopped'))?.status);
	await waiting.waitFor({ state: 'hidden' });
	const ended = await rest.waitForExecution(workflowId, ({ status }) => status === 'success');
	expect(outputOf(ended, ACTION)[0]).toMatchObject({ sessionId, event: 'stopped' });
});

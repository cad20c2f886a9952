/** From an empty workflow to what it is for, counted in clicks: a call with what was said, and a tool for an agent. */
import { signToken, toolKey } from '../../nodes/VideoSdkAgentCloud/tools/token';
import { connectMcp } from '../e2e/mcpClient';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { browserTest, keepPicture, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';

const TRIGGER = 'VideoSDK Agent Cloud Tool Trigger';
const MAX_CLICKS = { call: 15, tool: 12 };
const TO = '+15550003001';

let stage: Stage;

beforeAll(async () => {
	// The call's ends after a moment, and its transcript is there soon after.
	stage = await startStage({ callBehaviour: { ringForMs: 0, talkMs: 500 } });
});

afterAll(async () => await stage?.stop());

const inBrowser = (name: string, body: (editor: Editor) => Promise<void>) =>
	browserTest(name, () => stage, body);

/** Counts each press of the mouse from now on. */
async function countClicks({ page }: Editor): Promise<() => Promise<number>> {
	await page.evaluate('window.clicks = 0; addEventListener("mousedown", () => window.clicks++, true)');
	return async () => await page.evaluate<number>('window.clicks');
}

/** Types into a field as a user does, who clicks into it. */
async function type(editor: Editor, field: string, text: string): Promise<void> {
	await editor.parameter(field).locator('input, textarea').first().click();
	await editor.page.keyboard.insertText(text);
}

/** Where the tool built first is reached. */
let url = '';

inBrowser(`a call and what was said, in at most ${MAX_CLICKS.call} clicks`, async (editor) => {
	const { page } = editor;
	await editor.newWorkflow();
	const clicks = await countClicks(editor);
	// n8n's shortcuts: N opens the search, Enter takes the first result.
	await page.keyboard.press('n');
	await page.getByTestId('node-creator-search-bar').waitFor();
	await editor.search('videosdk');
	await editor.searchResult().first().waitFor();
	await page.keyboard.press('Enter');
	await (await editor.line('Actions', 'Make call and wait')).click();
	await editor.panel.waitFor();
	await type(editor, 'to', TO);
	await editor.pick('routingRuleId', 'Outbound rule 03');
	await editor.pick('from', 'Line 03');
	await editor.choose('recording', 'Recording, Transcript, and Summary');
	await keepPicture(editor, 'call-from-nothing');
	await editor.runStep();
	await editor.output.getByText('1 item').waitFor({ timeout: 60_000 });
	expect(await clicks()).toBeLessThanOrEqual(MAX_CLICKS.call);
	const row = await editor.firstRow();
	await keepPicture(editor, 'call-from-nothing-output');
	expect(Object.keys(row).slice(0, 6)).toEqual([
		'outcome',
		'answered',
		'durationSeconds',
		'summary',
		'to',
		'callId',
	]);
	const transcript = expect.stringMatching(/\S/) as string;
	expect(row).toMatchObject({ outcome: 'answered', answered: 'true', transcript });
});

inBrowser(
	`a tool is built from nothing in at most ${MAX_CLICKS.tool} clicks, and answers`,
	async (editor) => {
		const { page } = editor;
		await editor.newWorkflow();
		const clicks = await countClicks(editor);
		await editor.search(TRIGGER);
		await page.getByTestId('item-iterator-item').filter({ hasText: TRIGGER }).click();
		await page.getByRole('button', { name: 'Add to workflow' }).click();
		await editor.panel.waitFor();
		await type(editor, 'toolName', 'find_order');
		await type(editor, 'toolDescription', 'Finds an order of the caller.');
		await keepPicture(editor, 'tool-trigger');
		await editor.closePanel();
		await page.getByTestId('canvas-handle-plus').first().click();
		await page.getByTestId('node-creator-search-bar').fill('videosdk');
		await editor.searchResult().first().click();
		await (await editor.line('Actions', 'Answer tool call')).click();
		await editor.panel.waitFor();
		await keepPicture(editor, 'answer-tool-call');
		await editor.closePanel();
		await page.getByTestId('workflow-open-publish-modal-button').click();
		await page.getByTestId('workflow-publish-button').click();
		await page.getByTestId('activation-modal').waitFor();
		await keepPicture(editor, 'tool-published');
		expect(await clicks()).toBeLessThanOrEqual(MAX_CLICKS.tool);

		const { id } = await newest();
		const { nodes } = await stage.n8n.rest.getWorkflow(id);
		const webhookId = nodes.find(({ type: nodeType }) => nodeType.endsWith('McpTrigger'))?.webhookId;
		url = `${stage.n8n.url.replace('127.0.0.1', 'localhost')}/webhook/${webhookId}/mcp`;
		await stage.n8n.rest.waitForWebhook(url);
		const access = { url, expiresAtS: Date.now() / 1000 + 600, context: { customer: 'C-4711' } };
		const client = await connectMcp(
			stage.n8n.runtime,
			url,
			signToken(access, toolKey(stage.simulator.secret)),
		);
		const { content } = await client.callTool({ name: 'find_order', arguments: {} });
		await client.close();
		expect(JSON.parse((content as [{ text: string }])[0].text)).toMatchObject({
			tool: 'find_order',
			context: { customer: 'C-4711' },
		});
	},
);

/** The workflow that was made last. */
async function newest(): Promise<{ id: string }> {
	const workflows = await stage.n8n.rest.call<Array<{ id: string }>>(
		'GET',
		'/workflows?sortBy=createdAt:desc',
	);
	return workflows[0] as { id: string };
}

inBrowser('it is handed over from the list, and its access is created', async (editor) => {
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Access', [
			n8nNode('Manual', 'manualTrigger'),
			{
				...ourNode(stage, 'Access', 'videoSdkAgentCloud', {
					resource: 'tool',
					operation: 'createAccess',
				}),
				position: [220, 0],
			},
		]),
	);
	await editor.openNode(id, 'Access');
	await editor.addEntry('agentTools');
	await editor.panel.getByTestId('resource-locator-tool').getByTestId('rlc-input').click();
	const entry = editor.listed.filter({ hasText: 'find_order' });
	await entry.waitFor();
	await keepPicture(editor, 'agent-tools-list');
	await entry.click();
	await editor.runStep();
	const { tools, expiresAt } = await editor.firstRow();
	await keepPicture(editor, 'create-tool-access');
	expect(tools).toContain(url);
	expect(Date.parse(String(expiresAt))).toBeGreaterThan(Date.now());
});

/** From an n8n without a credential and an empty workflow to a call, a table of people, and a tool, by mouse alone, in clicks. */
import { callTool, withMcp } from '../e2e/mcpClient';
import { actionNode, chain, MANUAL } from '../e2e/nodes';
import { createDataTable } from '../n8n/dataTables';
import { outputOf } from '../n8n/rest';
import { CALL_NUMBERS } from '../simulator';
import type { HandedTool } from '../simulator/toolAgent';
import { createTables } from '../start/tables';
import { onStage } from './browserTest';
import { type Editor, eventually, TAKE_UP_MS } from './editor';

const TRIGGER = 'VideoSDK Agent Cloud Tool Trigger';
/** Presses of the mouse besides those that make the credential, which are needed once. */
const MAX_CLICKS = { call: 10, summary: 12, ask: 11, table: 20, tool: 32 };
/** The credential, in the first node of ours: open its form, click into both keys, and save. */
const MAX_CREDENTIAL_CLICKS = 4;
const TO = '+15550003001';
const ORDER_NUMBER = '{{ $json.input.order_number }}';
const FOCUS_MS = 10_000;

// The phone rings until the execution waits. The call ends after a moment, and its transcript is there soon after.
const { stage, inBrowser } = onStage(
	{ callBehaviour: { ringForMs: 1_500, talkMs: 500 } },
	async ({ n8n }) => await createTables(n8n.rest),
);

const credentials = async () => await stage.n8n.rest.call<Array<{ id: string }>>('GET', '/credentials');

interface Clicks {
	credential: number;
	others: number;
}

/** A new workflow in an n8n that has no credential. @returns what counts the clicks from then on */
async function startFromNothing(editor: Editor): Promise<() => Promise<number>> {
	for (const { id } of await credentials()) await stage.n8n.rest.call('DELETE', `/credentials/${id}`);
	await editor.newWorkflow();
	return await editor.countClicks();
}

/** Creates the credential in the open node, which has none to select. @returns the clicks it took */
async function makeCredential(editor: Editor, count: () => Promise<number>): Promise<number> {
	const before = await count();
	const { apiKey, secret, url } = stage.simulator;
	await editor.panel.getByRole('button', { name: 'Connect to VideoSDK Agent Cloud' }).click();
	await editor.credential.waitFor();
	for (const [field, value] of [
		['apiKey', apiKey],
		['secretKey', secret],
	] as const) {
		await editor.parameter(field, editor.credential).locator('input').first().click();
		await editor.page.keyboard.insertText(value);
	}
	// Only because a simulator takes VideoSDK's place: a user leaves this field as it is.
	await editor.fill('baseUrl', url, editor.credential);
	await editor.saveCredential();
	await editor.credential.waitFor({ state: 'hidden' });
	return (await count()) - before;
}

/** Prints what it took, and compares it with what it may take. */
function expectClicks(job: string, { credential, others }: Clicks, limit: number): void {
	process.stdout.write(`${job}: ${others} clicks, and ${credential} for the credential\n`);
	expect(others).toBeLessThanOrEqual(limit);
	expect(credential).toBeLessThanOrEqual(MAX_CREDENTIAL_CLICKS);
}

/** Switches a field to an expression and types it, until it stays: n8n loses what is typed before its editor is loaded. */
async function typeExpression(editor: Editor, field: string, text: string): Promise<void> {
	const { page, panel } = editor;
	const input = editor.parameter(field);
	const content = input.locator('.cm-content');
	await eventually(async () => {
		if (!(await content.isVisible())) {
			await input.locator('input').first().click();
			await panel
				.getByTestId(`${field}-parameter-input-options-container`)
				.getByTestId('radio-button-expression')
				.click();
			await input.locator('.cm-focused').waitFor({ timeout: FOCUS_MS });
		}
		if ((await content.innerText()).trim() !== text) {
			await page.keyboard.press('ControlOrMeta+A');
			await page.keyboard.insertText(text);
		}
		await page.waitForTimeout(TAKE_UP_MS);
		expect((await content.innerText()).trim()).toBe(text);
	});
}

/** Adds n8n's node that reads a data table from the open node creator, and selects the table. */
async function addTable(editor: Editor, table: string): Promise<void> {
	await editor.page.getByTestId('item-iterator-item').filter({ hasText: 'Data table' }).first().click();
	await editor.page.getByTestId('node-creator-item-name').getByText('Get row(s)', { exact: true }).click();
	await editor.panel.waitFor();
	await editor.pick('dataTableId', table);
}

/** Adds an action that calls from the open node creator, fills it in, and calls. @returns the clicks it took, from `count` on */
async function call(
	editor: Editor,
	action: string,
	count: () => Promise<number>,
	fill: () => Promise<void>,
	items = '1 item',
): Promise<Clicks> {
	await editor.add('Actions', action);
	const credential = await makeCredential(editor, count);
	await fill();
	await editor.pick('routingRuleId', 'Outbound rule 03');
	await editor.pick('from', 'Line 03');
	await editor.runStep();
	await editor.output.getByText(items).waitFor({ timeout: 60_000 });
	return { credential, others: (await count()) - credential };
}

inBrowser(
	`a first call in at most ${MAX_CLICKS.call} clicks, what was said in ${MAX_CLICKS.summary}, and no failed execution`,
	async (editor) => {
		const count = await startFromNothing(editor);
		await editor.search('phone call');
		let before = 0;
		const clicks = await call(editor, 'Make call and wait', count, async () => {
			await editor.type('to', TO);
			before = await count();
			await editor.choose('recording', 'Recording, Transcript, and Summary');
			before -= await count();
		});
		expectClicks('A first call', { ...clicks, others: clicks.others + before }, MAX_CLICKS.call);
		expectClicks('What was said', clicks, MAX_CLICKS.summary);
		const row = await editor.firstRow();
		const columns = ['outcome', 'answered', 'durationSeconds', 'summary', 'to', 'callId'];
		expect(Object.keys(row).slice(0, columns.length)).toEqual(columns);
		const text = expect.stringMatching(/\S/) as string;
		expect(row).toMatchObject({ outcome: 'answered', answered: 'true', summary: text, transcript: text });
		expect(await stage.n8n.rest.listExecutions({ status: ['error'] })).toEqual([]);
	},
);

inBrowser(`a question by phone in at most ${MAX_CLICKS.ask} clicks, and its answer`, async (editor) => {
	const count = await startFromNothing(editor);
	await editor.search('phone call');
	const clicks = await call(editor, 'Ask by phone and wait', count, async () => {
		await editor.type('to', TO);
		await editor.type('message', 'May we come on Thursday?');
	});
	expectClicks('A question by phone', clicks, MAX_CLICKS.ask);
	expect(await editor.firstRow()).toMatchObject({ outcome: 'answered', responded: 'true', to: TO });
});

inBrowser(`three people in a table, in at most ${MAX_CLICKS.table} clicks`, async (editor) => {
	const phones = [TO, CALL_NUMBERS.missed, CALL_NUMBERS.rejected];
	const rows = phones.map((phone) => ({ phone }));
	await createDataTable(stage.n8n.rest, 'People', { phone: 'string' }, rows);
	const count = await startFromNothing(editor);
	await editor.search('data table');
	await addTable(editor, 'People');
	await editor.closePanel();
	await editor.searchNext('phone call');
	const fill = async () => {
		await typeExpression(editor, 'to', '{{ $json.phone }}');
		await editor.choose('recording', 'Recording, Transcript, and Summary');
	};
	const clicks = await call(editor, 'Make call and wait', count, fill, '3 items');
	expectClicks('Three people in a table', clicks, MAX_CLICKS.table);
	const [head = [], ...calls] = await editor.outputTable();
	const columns = ['outcome', 'to'].map((name) => head.indexOf(name));
	expect(calls.map((cells) => columns.map((column) => cells[column]))).toEqual([
		['answered', phones[0]],
		['noAnswer', phones[1]],
		['rejected', phones[2]],
	]);
});

inBrowser(
	`a tool that looks up a row of a table and answers, in at most ${MAX_CLICKS.tool} clicks`,
	async (editor) => {
		const { page, panel } = editor;
		const count = await startFromNothing(editor);
		await editor.search('tool trigger');
		await page.getByTestId('item-iterator-item').filter({ hasText: TRIGGER }).click();
		await page.getByRole('button', { name: 'Add to workflow' }).click();
		await panel.waitFor();
		const credential = await makeCredential(editor, count);
		await editor.type('toolName', 'find order');
		await editor.type('toolDescription', 'Finds an order of the caller.');
		await editor.addEntry('toolParameters');
		await editor.type('name', 'order_number');
		await editor.closePanel();

		await editor.searchNext('data table');
		await addTable(editor, 'Orders');
		await editor.addEntry('filters');
		await editor.choose('keyName', 'number (string)');
		await typeExpression(editor, 'keyValue', ORDER_NUMBER);
		await panel.getByTestId('tab-settings').click();
		// Without it, the workflow would end without an answer where there is no such row.
		await editor.toggle('alwaysOutputData');
		await editor.closePanel();

		await editor.searchNext('videosdk');
		await editor.add('Actions', 'Answer tool call');
		await editor.closePanel();
		await editor.publish();
		const others = (await count()) - credential;
		expectClicks('A tool that answers', { credential, others }, MAX_CLICKS.tool);

		// It is handed over from the list, and works.
		const [{ id: credentialId } = { id: '' }] = await credentials();
		const access = actionNode({ credentialId }, 'Access', { resource: 'tool', operation: 'createAccess' });
		const workflowId = await editor.openNew(chain('Access', [MANUAL, access]), 'Access');
		await editor.addEntry('agentTools');
		await editor.openList('tool');
		await editor.listed.filter({ hasText: 'find_order' }).click();
		await editor.runStep();
		const created = ({ status }: { status: string }) => status === 'success';
		const execution = await stage.n8n.rest.waitForExecution(workflowId, created);
		const [tool] = outputOf(execution, 'Access')[0]!.tools as [HandedTool];
		await withMcp(tool, async (client) => {
			const ask = async (order_number: string) =>
				JSON.parse((await callTool(client, 'find_order', { order_number })).text) as object;
			expect(await ask('A-17')).toMatchObject({ name: 'Ada Lovelace', delivery: 'Friday' });
			expect(await ask('A-99')).toEqual({});
		});
	},
);

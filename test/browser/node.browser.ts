/** The node in the editor: finding it, its credential, its lists, and its fields. Each operation is run in operations.browser.ts. */
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { TRIGGER_EVENT_OPTIONS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
import { actionNode, chain, MANUAL } from '../e2e/nodes';
import { onStage } from './browserTest';
import { type Editor, eventually } from './editor';

const NODE = 'Our node';
const SEARCHES = ['voice agent', 'phone call', 'missed call', 'call ended', 'AI call', 'voice bot', 'SIP'];
const WEBHOOK_URL = 'https://n8n.example.com/webhook/abc/webhook';

const { stage, inBrowser } = onStage({ lifecycle: false });

async function openNodeWith(editor: Editor, parameters: object): Promise<string> {
	return await editor.openNew(chain('Browser test', [MANUAL, actionNode(stage, NODE, parameters)]), NODE);
}

/** What is typed counts a moment later only, and is then saved by the editor. */
const untilStored = async (workflowId: string, parameters: object): Promise<void> =>
	await eventually(async () => {
		const { nodes } = await stage.n8n.rest.getWorkflow(workflowId);
		expect(nodes.find(({ name }) => name === NODE)?.parameters).toMatchObject(parameters);
	});

inBrowser('is found by what people look for, with all triggers and actions', async (editor) => {
	await editor.newWorkflow();
	for (const words of [...SEARCHES, 'conversation', 'outbound call']) {
		await editor.search(words);
		await editor.searchResult().first().waitFor();
	}
	await editor.searchResult().first().click();
	await editor.line('Triggers', 'On agent session started');
	const expected = [
		...TRIGGER_EVENT_OPTIONS.map(({ name }) => `On ${name.replace(':', '').toLowerCase()}`),
		...RESOURCES.flatMap(({ operations }) => operations.map(({ action }) => action)),
	];
	await eventually(async () => {
		await editor.unfold('Actions');
		const shown = await editor.page.getByTestId('node-creator-item-name').allInnerTexts();
		expect(shown.sort()).toEqual(expected.sort());
	});
});

inBrowser('a credential with a wrong secret says to copy both keys again', async (editor) => {
	const { apiKey, url } = stage.simulator;
	await openNodeWith(editor, { operation: 'getAll' });
	await editor.newCredential();
	for (const [name, value] of Object.entries({ apiKey, secretKey: 'not-the-secret', baseUrl: url }))
		await editor.fill(name, value, editor.credential);
	await editor.saveCredential();
	expect(await editor.credentialFailure()).toContain(
		"VideoSDK didn't accept this API key and secret. Copy both again from https://app.videosdk.live/api-keys",
	);
	const link = editor.credential.getByRole('link', { name: 'app.videosdk.live/api-keys' });
	expect(await link.getAttribute('href')).toBe('https://app.videosdk.live/api-keys');
});

inBrowser(
	'the list of deployments shows the tags, can be searched, and says why it is empty',
	async (editor) => {
		const id = await openNodeWith(editor, { operation: 'start' });
		await editor.openList('tag');
		await editor.page.getByText("Select a 'Deployment' first").waitFor();
		await editor.openList('deploymentId');
		const shown = async () => await editor.listed.allInnerTexts();
		await eventually(async () => expect(await shown()).toHaveLength(14));
		expect(await shown()).toEqual(
			expect.arrayContaining(['Support agent (latest, v1)', 'Sales agent (latest)']),
		);
		await editor.listSearch.fill('v1');
		await eventually(async () => expect(await shown()).toEqual(['Support agent (latest, v1)']));
		await editor.listed.click();
		const cachedResultName = 'Support agent (latest, v1)';
		await untilStored(id, { deploymentId: { mode: 'list', value: 'ddv_support', cachedResultName } });

		stage.simulator.addFault({ kind: 'status', status: 403, match: { path: /ai-deployments$/, times: 50 } });
		try {
			await openNodeWith(editor, { operation: 'start' });
			await editor.openList('deploymentId');
			await editor.page.getByText("VideoSDK doesn't allow this").first().waitFor();
		} finally {
			stage.simulator.clearFaults();
		}
	},
);

inBrowser('every field of Start reaches VideoSDK, and the session is the output', async (editor) => {
	const id = await openNodeWith(editor, { operation: 'start' });
	// What most need is shown without scrolling, with hints.
	for (const name of ['deploymentId', 'tag', 'instructions', 'firstMessage', 'webhookUrl'])
		await eventually(async () => {
			const { y = 0, height = 0 } = (await editor.parameter(name).boundingBox()) ?? {};
			expect([name, y > 0 && y + height < 900]).toEqual([name, true]);
		});
	await editor.panel.getByText("Leave empty if you don't need events").waitFor();
	const hint = editor.output.getByText('No one has made a real call with this package yet.');
	await hint.waitFor();
	await editor.openList('deploymentId');
	await editor.listed.filter({ hasText: 'Support agent' }).click();
	await editor.enter('tag', 'By Name', 'v1');
	const env = await editor.addEntry('env');
	await editor.fillEntry(env, 0, 'name', 'VIDEOSDK_ROOM_ID');
	await editor.fillEntry(env, 0, 'value', 'abcd-efgh-ijkl');
	await editor.addEntry('env');
	await editor.fillEntry(env, 1, 'name', 'LANGUAGE');
	await editor.fillEntry(env, 1, 'value', 'en');
	await editor.choose('specifyMetaData', 'Using JSON');
	await editor.fillCode('jsonMetaData', '{ "customer": { "id": 4711, "vip": true } }');
	await editor.enter('webhookUrl', 'By URL', WEBHOOK_URL);
	await editor.panel.getByText("VideoSDK can't reach localhost or private addresses").waitFor();
	await editor.choose('webhookEvents', 'Agent Session: Starting');
	// Folds it up.
	await editor.page.getByTestId('tab-params').click();
	await editor.addOption('Timeout');
	await editor.fill('timeout', '20000');
	await editor.addOption('Max Concurrency');
	await editor.fill('maxConcurrency', '5');
	await untilStored(id, { options: { timeout: 20000, maxConcurrency: 5 } });
	await editor.runStep();
	await hint.waitFor({ state: 'hidden' });
	const row = await editor.firstRow();
	const started = stage.simulator.requests.filter(({ path }) => path.endsWith('/start')).at(-1);
	expect(started?.body).toEqual({
		deploymentId: 'ddv_support',
		tag: 'v1',
		env: {
			VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl',
			LANGUAGE: 'en',
			N8N_AGENT: expect.stringContaining('"timeZone"') as string,
		},
		metaData: { customer: { id: 4711, vip: true }, n8nKey: expect.stringMatching(/^[\w-]{22}$/) },
		webhook: {
			endPoint: WEBHOOK_URL,
			events: expect.arrayContaining(
				['started', 'stopped', 'failed', 'starting'].map((event) => `ai-deployment-session-${event}`),
			),
		},
	});
	expect(row).toMatchObject({
		sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
		status: 'queued',
		deploymentId: 'ddv_support',
		tag: 'v1',
	});
});

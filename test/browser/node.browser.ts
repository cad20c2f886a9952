import { chain, CREDENTIAL_TYPE, n8nNode, ourNode } from '../e2e/setup';
import { browserTest, type Stage, startStage } from './browserTest';
import type { Editor } from './editor';
import { eventually } from './eventually';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { TRIGGER_EVENT_OPTIONS } from '../../nodes/VideoSdkAgentCloud/fields/events';

const NODE = 'Our node';

let stage: Stage;

beforeAll(async () => {
	stage = await startStage({ lifecycle: false });
});

afterAll(async () => await stage?.stop());

const inBrowser = (name: string, body: (editor: Editor) => Promise<void>) =>
	browserTest(name, () => stage, body);

/** Stores a workflow that runs one of our nodes, and opens the node. */
async function openNodeWith(editor: Editor, parameters: object): Promise<string> {
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Browser test', [
			n8nNode('Manual', 'manualTrigger'),
			{ ...ourNode(stage, NODE, 'videoSdkAgentCloud', parameters), position: [220, 0] },
		]),
	);
	await editor.openNode(id, NODE);
	return id;
}

/** The parameters of our node as n8n has stored them; the editor saves by itself. */
async function storedParameters(workflowId: string): Promise<Record<string, unknown>> {
	const { nodes } = await stage.n8n.rest.getWorkflow(workflowId);
	return nodes.find((node) => node.name === NODE)?.parameters ?? {};
}

/** What is typed counts a moment later only, and is then saved. */
async function untilStored(workflowId: string, parameters: object): Promise<void> {
	await eventually(async () => expect(await storedParameters(workflowId)).toMatchObject(parameters));
}

const lastStart = () => stage.simulator.requests.filter(({ path }) => path.endsWith('/start')).at(-1);

describe('finding and adding the node', () => {
	for (const words of ['videosdk', 'voice agent', 'phone call']) {
		inBrowser(`a search for "${words}" finds it`, async (editor) => {
			await editor.newWorkflow();
			await editor.search(words);
			await editor.searchResult().first().waitFor();
		});
	}

	inBrowser('its triggers and actions are listed', async (editor) => {
		await editor.newWorkflow();
		await editor.openActions('Triggers');
		const expected = [
			...TRIGGER_EVENT_OPTIONS.map(({ name }) => `On ${name.replace(':', '').toLowerCase()}`),
			...RESOURCES.flatMap(({ operations }) => operations.map(({ action }) => action)),
		];
		await eventually(async () => {
			await editor.unfold('Actions');
			expect((await editor.page.getByTestId('node-creator-item-name').allInnerTexts()).sort()).toEqual(
				expected.sort(),
			);
		});
	});

	inBrowser('an action is added by a click, and opened', async (editor) => {
		await editor.newWorkflow();
		await editor.add('Actions', 'Start session');
		await eventually(async () =>
			expect(await editor.parameter('operation').locator('input').inputValue()).toBe('Start'),
		);
		await editor.closePanel();
		await eventually(async () =>
			expect(await editor.node('Start session').innerText()).toContain('Start: Session'),
		);
	});

	inBrowser('an action is dragged onto the canvas', async (editor) => {
		await editor.newWorkflow();
		await editor.openActions('Actions');
		const line = editor.page.getByTestId('item-iterator-item').filter({ hasText: 'Get many deployments' });
		await line.dragTo(editor.page.getByTestId('canvas'), { targetPosition: { x: 400, y: 300 } });
		await editor.node('Get many deployments').waitFor();
	});
});

describe('the credential', () => {
	async function fillIn(editor: Editor, values: Record<string, string>) {
		await openNodeWith(editor, { operation: 'getAll' });
		await editor.newCredential();
		for (const [name, value] of Object.entries(values)) await editor.fill(name, value, editor.credential);
	}

	async function storedCredentials(): Promise<number> {
		const all = await stage.n8n.rest.call<Array<{ type: string }>>('GET', '/credentials');
		return all.filter(({ type }) => type === CREDENTIAL_TYPE).length;
	}

	inBrowser('with the right keys it is tested, saved, and used by the node', async (editor) => {
		const { apiKey, secret, url } = stage.simulator;
		const before = await storedCredentials();
		await fillIn(editor, { apiKey, secretKey: secret, baseUrl: url });
		await editor.saveCredential();
		await editor.credential.waitFor({ state: 'hidden' });
		expect(await storedCredentials()).toBe(before + 1);
		await editor.page.getByTestId('credential-edit-button').click();
		await editor.credential.getByText('Connection tested successfully').waitFor();
		await editor.closeCredential();
		await editor.runStep();
		await editor.output.getByText('No output data returned').waitFor();
	});

	inBrowser('with a wrong secret it says to copy both keys again', async (editor) => {
		const { apiKey, url } = stage.simulator;
		await fillIn(editor, { apiKey, secretKey: 'not-the-secret', baseUrl: url });
		await editor.saveCredential();
		expect(await editor.credentialFailure()).toContain(
			"VideoSDK didn't accept this API key and secret. Copy both again from https://app.videosdk.live/api-keys",
		);
	});

	inBrowser('with an address that cannot be reached it says so', async (editor) => {
		const { apiKey, secret } = stage.simulator;
		await fillIn(editor, { apiKey, secretKey: secret, baseUrl: 'http://127.0.0.1:9' });
		await editor.saveCredential();
		// n8n's own word: a credential test cannot bring one of its own for this, but the form explains it.
		expect(await editor.credentialFailure()).toContain('ECONNREFUSED');
		await editor.credential.getByText("n8n can't reach this address").waitFor();
		const link = editor.credential.getByRole('link', { name: 'app.videosdk.live/api-keys' });
		expect(await link.getAttribute('href')).toBe('https://app.videosdk.live/api-keys');
	});

	inBrowser('with a Base URL that is no address it says what belongs there', async (editor) => {
		const { apiKey, secret } = stage.simulator;
		await fillIn(editor, { apiKey, secretKey: secret, baseUrl: 'api.videosdk.live' });
		await editor.saveCredential();
		expect(await editor.credentialFailure()).toContain(
			"'Base URL' in the VideoSDK Agent Cloud credential must be a plain http or https address",
		);
	});

	inBrowser('with blanks for a key it names the field', async (editor) => {
		const { secret, url } = stage.simulator;
		await fillIn(editor, { apiKey: '   ', secretKey: secret, baseUrl: url });
		await editor.saveCredential();
		expect(await editor.credentialFailure()).toContain(
			"'API Key' is missing from the VideoSDK Agent Cloud credential. Copy it from",
		);
	});

	inBrowser('without keys it is not saved', async (editor) => {
		const before = await storedCredentials();
		await fillIn(editor, { baseUrl: stage.simulator.url });
		await editor.saveCredential();
		await editor.page.waitForTimeout(2_000);
		expect(await editor.credential.isVisible()).toBe(true);
		expect(await storedCredentials()).toBe(before);
	});
});

describe('the list of deployments', () => {
	inBrowser('shows the tags, is narrowed by a search, and the choice is kept', async (editor) => {
		const id = await openNodeWith(editor, { operation: 'start' });
		await editor.openDeployments();
		const shown = async () => await editor.listed.allInnerTexts();
		await eventually(async () => expect(await shown()).toHaveLength(14));
		expect(await shown()).toEqual(
			expect.arrayContaining(['Support agent (latest, v1)', 'Sales agent (latest)']),
		);
		await editor.listSearch.fill('v1');
		await eventually(async () => expect(await shown()).toEqual(['Support agent (latest, v1)']));
		await editor.listed.click();
		await untilStored(id, {
			deploymentId: expect.objectContaining({
				mode: 'list',
				value: 'ddv_support',
				cachedResultName: 'Support agent (latest, v1)',
			}),
		});
	});

	inBrowser('has an ID in its place', async (editor) => {
		const id = await openNodeWith(editor, { operation: 'start' });
		await editor.enter('deploymentId', 'By ID', 'ddv_sales');
		await untilStored(id, { deploymentId: expect.objectContaining({ mode: 'id', value: 'ddv_sales' }) });
		await editor.runStep();
		await editor.output.getByText('ddv_sales').first().waitFor();
		expect(lastStart()?.body).toEqual({ deploymentId: 'ddv_sales' });
	});

	inBrowser('says why it cannot be shown', async (editor) => {
		stage.simulator.addFault({ kind: 'status', status: 403, match: { path: /ai-deployments$/, times: 50 } });
		try {
			await openNodeWith(editor, { operation: 'start' });
			await editor.openDeployments();
			await editor.page.getByText("VideoSDK doesn't allow this").first().waitFor();
		} finally {
			stage.simulator.clearFaults();
		}
	});
});

describe('starting a session', () => {
	inBrowser('what most need is shown without scrolling, with hints', async (editor) => {
		const isOnScreen = async (name: string) => {
			const { y = 0, height = 0 } = (await editor.parameter(name).boundingBox()) ?? {};
			return y > 0 && y + height < 900;
		};
		await openNodeWith(editor, { operation: 'start' });
		for (const name of ['deploymentId', 'tag', 'webhookUrl', 'recording', 'specifyEnv'])
			await eventually(async () => expect([name, await isOnScreen(name)]).toEqual([name, true]));
		await editor.panel.getByText("Leave empty if you don't need events").waitFor();
		await editor.enter('webhookUrl', 'By URL', 'https://n8n.example.com/webhook/abc/webhook');
		await editor.panel.getByText("VideoSDK can't reach localhost or private addresses").waitFor();
	});

	inBrowser('the list of tags asks for a deployment', async (editor) => {
		await openNodeWith(editor, { operation: 'start' });
		await editor.parameter('tag').getByTestId('rlc-input').click();
		await editor.page.getByText("Select a 'Deployment' first").waitFor();
	});

	inBrowser('every field reaches VideoSDK, and the session comes out', async (editor) => {
		const id = await openNodeWith(editor, { operation: 'start' });
		await editor.openDeployments();
		await editor.listed.filter({ hasText: 'Support agent' }).click();
		await editor.enter('tag', 'By Name', 'v1');
		const env = await editor.addEntry('env');
		await editor.fillEntry(env, 0, 'name', 'VIDEOSDK_ROOM_ID');
		await editor.fillEntry(env, 0, 'value', 'abcd-efgh-ijkl');
		await editor.addEntry('env');
		await editor.fillEntry(env, 1, 'name', 'LANGUAGE');
		await editor.fillEntry(env, 1, 'value', 'en');
		const metaData = await editor.addEntry('metaData');
		await editor.fillEntry(metaData, 0, 'key', 'customerId');
		await editor.fillEntry(metaData, 0, 'value', '4711');
		await editor.enter('webhookUrl', 'By URL', 'https://n8n.example.com/webhook/abc/webhook');
		await editor.chooseAlso('webhookEvents', 'Agent Session: Starting');
		await editor.addOption('Timeout');
		await editor.fill('timeout', '20000');
		await editor.addOption('Max Concurrency');
		await editor.fill('maxConcurrency', '5');
		await untilStored(id, { options: { timeout: 20000, maxConcurrency: 5 } });
		await editor.runStep();
		const [head, row] = await editor.outputTable();
		expect(lastStart()?.body).toEqual({
			deploymentId: 'ddv_support',
			tag: 'v1',
			env: { VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl', LANGUAGE: 'en' },
			metaData: { customerId: '4711' },
			webhook: {
				endPoint: 'https://n8n.example.com/webhook/abc/webhook',
				events: expect.arrayContaining(
					['started', 'stopped', 'failed', 'starting'].map((event) => `ai-deployment-session-${event}`),
				),
			},
		});
		const session = Object.fromEntries((head ?? []).map((name, index) => [name, row?.[index]]));
		expect(session).toMatchObject({
			sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
			status: 'queued',
			deploymentId: 'ddv_support',
			tag: 'v1',
		});
	});

	inBrowser('JSON takes the place of the pairs, and keeps types', async (editor) => {
		const id = await openNodeWith(editor, {
			operation: 'start',
			deploymentId: { __rl: true, mode: 'id', value: 'ddv_sales' },
		});
		await editor.choose('specifyEnv', 'Using JSON');
		await editor.fillCode('jsonEnv', '{ "ROOM": "abc", "TRIES": 3 }');
		await editor.choose('specifyMetaData', 'Using JSON');
		await editor.fillCode('jsonMetaData', '{ "customer": { "id": 4711, "vip": true } }');
		await untilStored(id, { jsonMetaData: expect.stringContaining('"vip": true } }') });
		await editor.runStep();
		await editor.output.getByText('ddv_sales').first().waitFor();
		expect(lastStart()?.body).toEqual({
			deploymentId: 'ddv_sales',
			env: { ROOM: 'abc', TRIES: '3' },
			metaData: { customer: { id: 4711, vip: true } },
		});
	});
});

describe('the fields of each operation', () => {
	const COMMON = ['Credential', 'Resource', 'Operation'];
	const TARGET = ['Deployment', 'Tag'];
	const WAIT = ['Max Wait', 'Max Wait Unit'];
	const REST = [
		'Specify Environment Variables',
		'Environment Variables',
		'Specify Metadata',
		'Metadata',
		'Agent Tools',
		'Options',
	];
	const FIELDS: Record<string, Record<string, string[]>> = {
		Account: {
			'Check Setup': ['Deployment', 'Tag', 'Webhook URL', 'Routing Rule', 'From', 'Gateway', 'Options'],
		},
		Session: {
			Start: [...TARGET, 'Webhook URL', 'Recording', ...REST],
			'Start and Wait': [...TARGET, 'Recording', ...WAIT, ...REST],
			End: ['Session', 'Options'],
			Get: ['Session', 'Options'],
			'Get Many': ['Return All', 'Limit', 'Filters', 'Simplify', 'Options'],
			'Wait for Status': ['Session', 'Statuses', ...WAIT, 'Options'],
		},
		Deployment: {
			'Get Many': ['Return All', 'Limit', 'Options'],
			Create: ['Name', 'Description', 'Options'],
			Get: ['Deployment', 'Tag', 'Options'],
		},
		Agent: {
			Dispatch: [
				'Agent',
				'Room ID',
				'Version ID',
				'Version Tag',
				'Specify Metadata',
				'Metadata',
				'Agent Tools',
				'Room Options',
				'Options',
			],
		},
	};

	for (const [resource, operations] of Object.entries(FIELDS)) {
		inBrowser(`${resource}: appear and vanish with the operation`, async (editor) => {
			await openNodeWith(editor, {});
			if (resource !== 'Session') await editor.choose('resource', resource);
			for (const [operation, fields] of Object.entries(operations)) {
				await editor.choose('operation', operation);
				await editor.expectFields([...COMMON, ...fields]);
			}
		});
	}

	inBrowser('appear and vanish with other fields', async (editor) => {
		await openNodeWith(editor, { operation: 'startAndWait' });
		await editor.choose('specifyEnv', 'Using JSON');
		await editor.choose('specifyMetaData', 'Using JSON');
		await editor.expectFields([
			...COMMON,
			...TARGET,
			'Recording',
			...WAIT,
			'Specify Environment Variables',
			'Environment Variables (JSON)',
			'Specify Metadata',
			'Metadata (JSON)',
			'Agent Tools',
			'Options',
		]);
		await editor.choose('operation', 'Get Many');
		await editor.toggle('returnAll');
		await editor.expectFields([...COMMON, 'Return All', 'Filters', 'Simplify', 'Options']);
	});
});

describe('a bad input is explained', () => {
	const deploymentId = { __rl: true, mode: 'id', value: 'ddv_sales' };
	const CASES: Array<[what: string, parameters: object, title: string, nextStep: string]> = [
		[
			'a deployment that an expression leaves empty',
			{ operation: 'start', deploymentId: { __rl: true, mode: 'id', value: '={{ $json.nothing }}' } },
			"'Deployment' is empty [item 0]",
			"Enter a value in 'Deployment'.",
		],
		[
			'a relative webhook URL',
			{ operation: 'start', deploymentId, webhookUrl: '/webhook/abc' },
			"'Webhook URL' must be a URL that starts with https:// or http:// [item 0]",
			'Select a VideoSDK Agent Cloud Trigger, paste its Production URL',
		],
		[
			'a webhook URL without events',
			{ operation: 'start', deploymentId, webhookUrl: 'https://n8n.example.com/', webhookEvents: [] },
			"'Webhook Events' is empty [item 0]",
			"Select at least one option in 'Webhook Events'.",
		],
		[
			'a variable given twice',
			{
				operation: 'start',
				deploymentId,
				env: {
					variables: [
						{ name: 'ROOM', value: 'a' },
						{ name: 'ROOM', value: 'b' },
					],
				},
			},
			"'ROOM' appears twice in 'Environment Variables' [item 0]",
			'Remove one of the two entries',
		],
		[
			'a variable without a name',
			{ operation: 'start', deploymentId, env: { variables: [{ name: '', value: 'a' }] } },
			"Entry 1 of 'Environment Variables' has no 'Name' [item 0]",
			"Enter its 'Name', or remove the entry.",
		],
		[
			'JSON that is none',
			{ operation: 'start', deploymentId, specifyMetaData: 'json', jsonMetaData: '{ "a": }' },
			"'Metadata (JSON)' isn't valid JSON [item 0]",
			'Correct it',
		],
		[
			'a session ID that an expression leaves empty',
			{ operation: 'get', sessionId: '={{ $json.sessionId }}' },
			"'Session' is empty [item 0]",
			'check that the incoming item has a value for it',
		],
		[
			'a limit of 0',
			{ operation: 'getAll', limit: 0 },
			"'Limit' must be a number (1 or more) [item 0]",
			"Enter a number (1 or more) in 'Limit'.",
		],
		[
			'no status to wait for',
			{ operation: 'waitForStatus', sessionId: 'abc', statuses: [] },
			"'Statuses' is empty [item 0]",
			"Select at least one option in 'Statuses'.",
		],
		[
			'a session that does not exist',
			{ operation: 'get', sessionId: 'no-such-session' },
			"VideoSDK couldn't find anything with this ID",
			'Check each ID in this node',
		],
		[
			'a deployment that does not exist',
			{ operation: 'start', deploymentId: { __rl: true, mode: 'id', value: 'ddv_none' } },
			"VideoSDK couldn't find anything with this ID",
			'Check each ID in this node',
		],
	];

	for (const [what, parameters, title, nextStep] of CASES) {
		inBrowser(what, async (editor) => {
			await openNodeWith(editor, { resource: 'session', ...parameters });
			const starts = stage.simulator.sessions.size;
			await editor.runStep();
			const failure = await editor.failure();
			expect(failure.title).toContain(title);
			expect(failure.description).toContain(nextStep);
			expect(stage.simulator.sessions.size).toBe(starts);
		});
	}

	for (const [what, operation, field] of [
		['no deployment', 'start', 'Deployment'],
		['no session', 'end', 'Session'],
	] as const) {
		inBrowser(`${what}: named before anything is run`, async (editor) => {
			await openNodeWith(editor, { operation });
			await editor.runStep();
			await editor.page.getByText(`Parameter "${field}" is required`).first().waitFor();
		});
	}
});

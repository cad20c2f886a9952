/**
 * `npm run screenshots`: remakes the pictures of docs/images, each in a light and a dark one (`<name>.png`, `<name>.dark.png`).
 * Arguments name the ones to make; without any, all are made.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { packPackage } from '../n8n/package';
import { PlainError, repositoryRoot, runMain } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/runtime';
import { type Stage, startStage } from './browserTest';
import { ensureChromium, newContext } from './chromium';
import { Editor } from './editor';

const FOLDER = join(repositoryRoot, 'docs', 'images');
const MAX_BYTES = 150_000;
/** n8n fades things in. */
const SETTLE_MS = 700;

const deploymentId = {
	__rl: true,
	mode: 'list',
	value: 'ddv_support',
	cachedResultName: 'Support agent (tags: latest, v1)',
};
const started = {
	resource: 'session',
	operation: 'start',
	deploymentId,
	tag: 'v1',
	env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: '={{ $json.roomId }}' }] },
	metaData: { entries: [{ key: 'customerId', value: '={{ $json.customerId }}' }] },
	webhookUrl: 'https://n8n.example.com/webhook/3f0c7a52-8d1e-4b6f-9a57-2c61d0e8b9f4/webhook',
};

interface Picture {
	width?: number;
	height: number;
	/** Brings the editor into the state, and tells what to cut out of it. */
	show: (
		editor: Editor,
		stage: Stage,
	) => Promise<Locator | { x: number; y: number; width: number; height: number }>;
}

/** A note behind a workflow. */
const caption = (content: string, y: number): WorkflowNode => ({
	...n8nNode(content, 'stickyNote', { content, height: 270, width: 760, color: 7 }),
	position: [-80, y],
});

async function openAction(editor: Editor, stage: Stage, name: string, parameters: object): Promise<void> {
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Pictures', [
			n8nNode('When a customer calls', 'manualTrigger'),
			{ ...ourNode(stage, name, 'videoSdkAgentCloud', parameters), position: [220, 0] },
		]),
	);
	await editor.openNode(id, name);
}

/** The column of the open node that holds its fields: the least part of the page with the button and the fields in it. */
const form = (editor: Editor): Locator =>
	editor.panel
		.getByTestId('node-execute-button')
		.locator("xpath=ancestor::*[.//*[@data-test-id='node-parameters']][1]");

/** The fields of an operation. */
const formPicture = (height: number, name: string, parameters: object): Picture => ({
	height,
	async show(editor, stage) {
		await openAction(editor, stage, name, parameters);
		return form(editor);
	},
});

const PICTURES: Record<string, Picture> = {
	'node-panel': {
		height: 1150,
		async show(editor) {
			await editor.newWorkflow();
			await editor.openActions('Triggers');
			await editor.page.getByTestId('node-creator-category-item').filter({ hasText: 'Actions' }).click();
			await editor.page.getByText('Wait for the status of a session').waitFor();
			return editor.creator;
		},
	},
	'start-form': formPicture(1330, 'Start a session', started),
	'start-and-wait-form': formPicture(1380, 'Start a session and wait', {
		...started,
		operation: 'startAndWait',
		webhookUrl: undefined,
	}),
	'wait-for-status-form': formPicture(880, 'Wait for the status', {
		resource: 'session',
		operation: 'waitForStatus',
		sessionId: '={{ $json.sessionId }}',
	}),
	'get-many-form': formPicture(880, 'Get many sessions', {
		resource: 'session',
		operation: 'getAll',
		filters: { status: ['running'], deploymentId: 'ddv_support' },
	}),
	'dispatch-form': formPicture(1050, 'Dispatch an agent', {
		resource: 'agent',
		operation: 'dispatch',
		agentId: 'support-agent',
		meetingId: '={{ $json.roomId }}',
		roomOptions: { autoEndSession: true },
	}),
	'end-form': formPicture(560, 'End a session', {
		resource: 'session',
		operation: 'end',
		sessionId: '={{ $json.sessionId }}',
	}),
	'deployment-create-form': formPicture(660, 'Create a deployment', {
		resource: 'deployment',
		operation: 'create',
		name: 'Support agent',
		description: 'Answers calls about orders',
	}),
	'deployment-get-form': formPicture(660, 'Get a deployment', {
		resource: 'deployment',
		operation: 'get',
		deploymentId: started.deploymentId,
		tag: 'v1',
	}),
	'deployment-list': {
		height: 760,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start a session', { resource: 'session', operation: 'start' });
			await editor.openDeployments();
			await editor.page.getByTestId('rlc-search').fill('agent');
			const last = editor.page.getByTestId('rlc-item').filter({ hasText: 'Support agent' });
			await last.waitFor();
			await editor.page.addStyleTag({ content: '[data-test-id=parameter-issues] { visibility: hidden }' });
			// The fields below show through no list.
			const fields = await boxOf(form(editor));
			const list = await boxOf(last);
			return { ...fields, height: list.y + list.height + 6 - fields.y };
		},
	},
	credential: {
		height: 980,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start a session', started);
			await editor.newCredential();
			// As a user fills it in; it is not saved.
			await editor.fill('apiKey', 'a'.repeat(36), editor.credential);
			await editor.fill('secretKey', 's'.repeat(64), editor.credential);
			return editor.credential;
		},
	},
	output: {
		width: 1900,
		height: 560,
		async show(editor, stage) {
			await openAction(editor, stage, 'Get many sessions', {
				resource: 'session',
				operation: 'getAll',
				returnAll: true,
			});
			await editor.runStep();
			const [head = []] = await editor.outputTable();
			// Whole columns and rows only.
			const output = await boxOf(editor.output);
			const column = await boxOf(editor.output.locator('th').nth(head.indexOf('duration')));
			const row = await boxOf(editor.output.locator('table tr').nth(4));
			return {
				...output,
				width: column.x + column.width - output.x,
				height: row.y + row.height - output.y,
			};
		},
	},
	'error-message': {
		width: 1500,
		height: 400,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start a session', { ...started, webhookUrl: '/webhook/abc' });
			await editor.runStep();
			await editor.failure();
			return editor.output;
		},
	},
	trigger: {
		height: 980,
		async show(editor, stage) {
			const { id } = await stage.n8n.rest.createWorkflow(
				chain('Pictures', [
					ourNode(
						stage,
						'VideoSDK Agent Cloud Trigger',
						'videoSdkAgentCloudTrigger',
						{ options: { deploymentIds: 'ddv_support', sessionDetails: true, skipDuplicates: true } },
						{ webhookId: '3f0c7a52-8d1e-4b6f-9a57-2c61d0e8b9f4' },
					),
				]),
			);
			await editor.openNode(id, 'VideoSDK Agent Cloud Trigger');
			await editor.panel.getByText('Webhook URLs', { exact: true }).click();
			await editor.panel.getByTestId('radio-button-production').click();
			return form(editor);
		},
	},
	workflow: {
		height: 640,
		async show(editor, stage) {
			const { nodes, connections } = chain('', [
				{ ...n8nNode('New support ticket', 'webhook', { httpMethod: 'POST' }, 2), position: [0, 0] },
				{
					...ourNode(stage, 'Start a session', 'videoSdkAgentCloud', started),
					position: [240, 0],
				},
				{ ...n8nNode('Note the session', 'set', {}, 3.4), position: [480, 0] },
			]);
			const reaction = chain('', [
				{
					...ourNode(
						stage,
						'On a session event',
						'videoSdkAgentCloudTrigger',
						{ events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] },
						{ webhookId: 'picture' },
					),
					position: [0, 320],
				},
				{
					...n8nNode('Did it fail?', 'if', {}, 2.2),
					position: [240, 320],
				},
				{ ...n8nNode('Tell the team', 'noOp'), position: [480, 320] },
			]);
			const { id } = await stage.n8n.rest.createWorkflow({
				name: 'Voice agent for support tickets',
				nodes: [
					...nodes,
					...reaction.nodes,
					caption('### One workflow starts sessions …', -80),
					caption('### … another one runs when they start or fail', 240),
				],
				connections: { ...connections, ...reaction.connections },
			});
			await editor.openWorkflow(id);
			await editor.page.getByTestId('zoom-to-fit').click();
			// The buttons around it say nothing about the workflow.
			await editor.page.addStyleTag({
				content:
					'[data-test-id=canvas-controls], [data-test-id=node-creator-plus-button] { visibility: hidden } [class*=executionButtons], [class*=nodeButtonsWrapper], [class*=logs-panel] { display: none !important }',
			});
			const first = await boxOf(editor.page.getByTestId('sticky').first());
			const last = await boxOf(editor.page.getByTestId('sticky').last());
			const margin = 12;
			return {
				x: first.x - margin,
				y: first.y - margin,
				width: first.width + 2 * margin,
				height: last.y + last.height - first.y + 2 * margin,
			};
		},
	},
};

async function boxOf(locator: Locator) {
	const box = await locator.boundingBox();
	if (!box) throw new PlainError('What is to be in the picture is not shown.');
	return box;
}

async function take(stage: Stage, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
	const picture = PICTURES[name];
	if (!picture) throw new PlainError(`There is no picture "${name}": ${Object.keys(PICTURES).join(', ')}.`);
	const context = await newContext(stage.browser, {
		storageState: stage.login,
		colorScheme,
		viewport: { width: picture.width ?? 1280, height: picture.height },
		deviceScaleFactor: 1.5,
	});
	const page: Page = await context.newPage();
	const target = await picture.show(new Editor(page, stage.n8n), stage);
	await page.mouse.move(0, 0);
	await page.addStyleTag({ content: '.el-notification { display: none !important }' });
	await page.waitForTimeout(SETTLE_MS);
	const clip = 'width' in target ? target : await boxOf(target as Locator);
	const path = join(FOLDER, `${name}${colorScheme === 'dark' ? '.dark' : ''}.png`);
	await page.screenshot({ path, clip });
	await context.close();
	const { size } = statSync(path);
	process.stdout.write(`${path}: ${Math.round(size / 1000)} kB\n`);
	if (size > MAX_BYTES) throw new PlainError(`${path} is larger than ${MAX_BYTES / 1000} kB.`);
}

runMain(async () => {
	await ensureChromium(console.log);
	await ensureRuntime(DEFAULT_N8N_VERSION, console.log);
	process.env.PACKAGE_TARBALL = await packPackage();
	mkdirSync(FOLDER, { recursive: true });
	// The addresses in the pictures are to look as a user's do.
	const stage = await startStage({}, { N8N_WEBHOOK_URL: 'https://n8n.example.com/' });
	try {
		for (let session = 0; session < 8; session++) await seed(stage, session);
		const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES);
		for (const name of names) {
			for (const colorScheme of ['light', 'dark'] as const) await take(stage, name, colorScheme);
		}
	} finally {
		await stage.stop();
	}
	return 0;
});

/** Starts a session, so that there is something to list. */
async function seed(stage: Stage, number: number): Promise<void> {
	const workflow = await stage.n8n.rest.createWorkflow(
		chain('Seed', [
			n8nNode('Manual', 'manualTrigger'),
			ourNode(stage, 'Start', 'videoSdkAgentCloud', {
				resource: 'session',
				operation: 'start',
				deploymentId: { __rl: true, mode: 'id', value: number % 3 === 0 ? 'ddv_sales' : 'ddv_support' },
			}),
		]),
	);
	await stage.n8n.rest.runWorkflow(workflow.id);
}

/**
 * `npm run screenshots`: remakes the pictures of docs/images, `<name>.png`; where a page shows one on a dark background, too, `<name>.dark.png`.
 * Arguments name the ones to make; without any, all are made.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { publish } from '../e2e/deliveries';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { packPackage } from '../n8n/package';
import { PlainError, repositoryRoot, runMain } from '../n8n/processes';
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';
import { DEFAULT_N8N_VERSION, ensureRuntime } from '../n8n/runtime';
import { type Stage, startStage } from './browserTest';
import { ensureChromium, newContext } from './chromium';
import { Editor } from './editor';

const FOLDER = join(repositoryRoot, 'docs', 'images');
const MAX_BYTES = 200_000;
/** n8n fades things in. */
const SETTLE_MS = 700;

/** What a locator holds of an entry of its list. */
const picked = (value: string, cachedResultName: string) => ({
	__rl: true,
	mode: 'list',
	value,
	cachedResultName,
});
const deploymentId = picked('ddv_support', 'Support agent (latest, v1)');
/** What a locator holds in one of its modes. */
const inMode = (mode: string, value: string) => ({ __rl: true, mode, value });
const started = {
	resource: 'session',
	operation: 'start',
	deploymentId,
	tag: inMode('list', 'v1'),
	env: { variables: [{ name: 'CUSTOMER_NAME', value: '={{ $json.name }}' }] },
	webhookUrl: picked(
		'https://n8n.example.com/webhook/follow-up-on-sessions/webhook',
		'Follow up on sessions',
	),
	options: { context: { entries: [{ key: 'customerId', value: '={{ $json.customerId }}' }] } },
};

type Box = { x: number; y: number; width: number; height: number };

interface Picture {
	/** There is a dark one, too. */
	inBoth?: boolean;
	width?: number;
	height: number;
	/** Brings the editor into the state, and tells what to cut out of it. */
	show: (editor: Editor, stage: Stage) => Promise<Locator | Box>;
}

/** A note behind a workflow. */
const caption = (content: string, y: number): WorkflowNode => ({
	...n8nNode(content, 'stickyNote', { content, height: 270, width: 760, color: 7 }),
	position: [-80, y],
});

/** A workflow with our trigger alone, opened in the editor. */
async function openTrigger(
	editor: Editor,
	stage: Stage,
	parameters: object,
	webhookId: string,
): Promise<void> {
	const name = 'VideoSDK Agent Cloud Trigger';
	const trigger = ourNode(stage, name, 'videoSdkAgentCloudTrigger', parameters, { webhookId });
	const { id } = await stage.n8n.rest.createWorkflow(chain('Pictures', [trigger]));
	await editor.openNode(id, name);
}

async function openAction(editor: Editor, stage: Stage, name: string, parameters: object): Promise<void> {
	const { id } = await stage.n8n.rest.createWorkflow(
		chain('Pictures', [
			n8nNode('When a customer calls', 'manualTrigger'),
			{ ...ourNode(stage, name, 'videoSdkAgentCloud', parameters), position: [220, 0] },
		]),
	);
	await editor.openNode(id, name);
}

/** A published workflow that begins with our trigger; once for both pictures. */
async function publishTrigger(stage: Stage, name: string, events: string[]): Promise<void> {
	const webhookId = name.toLowerCase().replace(/ /g, '-');
	const known = await stage.n8n.rest.call<Array<{ name: string }>>('GET', '/workflows');
	if (known.some((workflow) => workflow.name === name)) return;
	const parameters = { events: events.map((event) => `ai-deployment-session-${event}`) };
	const node = ourNode(stage, 'On session event', 'videoSdkAgentCloudTrigger', parameters, { webhookId });
	await publish(stage.n8n, chain(name, [node]));
}

/** The column of the open node that holds its fields: the least part of the page with the button and the fields in it. */
const form = (editor: Editor): Locator =>
	editor.panel
		.getByTestId('node-execute-button')
		.locator("xpath=ancestor::*[.//*[@data-test-id='node-parameters']][1]");

/** The fields down to one of them, or to a line of a list that hides those below. */
async function formDownTo(editor: Editor, last: Locator): Promise<Box> {
	const fields = await boxOf(form(editor));
	const { y, height } = await boxOf(last);
	return { ...fields, height: y + height + 6 - fields.y };
}

/** The fields of an operation. */
const formPicture = (height: number, name: string, parameters: object): Picture => ({
	height,
	async show(editor, stage) {
		await openAction(editor, stage, name, parameters);
		return form(editor);
	},
});

/** The buttons around a workflow say nothing about it. */
const HIDE_BUTTONS =
	'[data-test-id=canvas-controls], [data-test-id=node-creator-plus-button], [data-test-id=node-issues] { visibility: hidden } [class*=executionButtons], [data-test-id^=execute-workflow-button], [class*=nodeButtonsWrapper], [class*=logs-panel] { display: none !important }';

/** An example on the canvas, as it is once it was imported. */
const examplePicture = (file: string): Picture => ({
	width: 1180,
	height: 760,
	async show(editor, stage) {
		const workflow = JSON.parse(readFileSync(join(repositoryRoot, 'examples', file), 'utf8')) as WorkflowJson;
		const { id } = await stage.n8n.rest.createWorkflow(workflow);
		await editor.openWorkflow(id);
		await editor.page.getByTestId('zoom-to-fit').click();
		await editor.page.addStyleTag({ content: HIDE_BUTTONS });
		await editor.page.waitForTimeout(SETTLE_MS);
		const nodes = await editor.page.locator('.vue-flow__node').all();
		const boxes = await Promise.all(nodes.map(boxOf));
		const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
		const right = Math.max(...boxes.map((box) => box.x + box.width));
		const bottom = Math.max(...boxes.map((box) => box.y + box.height));
		// Names hang out of their nodes.
		const [besideX, belowY] = [50, 50];
		const [left, top] = [Math.max(0, x - besideX), Math.max(0, y - 12)];
		return { x: left, y: top, width: right + besideX - left, height: bottom + belowY - top };
	},
});

const PICTURES: Record<string, Picture> = {
	...Object.fromEntries(
		[
			'ask-before-paying',
			'ask-everyone-in-a-table',
			'calls-from-a-table',
			'hand-over-to-a-colleague',
			'stop-all-calls',
		].map((name) => [`example-${name}`, examplePicture(`${name}.json`)]),
	),
	'start-form': formPicture(1660, 'Start session', started),
	'start-and-wait-form': formPicture(1660, 'Start session and wait', {
		...started,
		operation: 'startAndWait',
		webhookUrl: undefined,
		options: undefined,
	}),
	'wait-for-status-form': formPicture(880, 'Wait for session status', {
		resource: 'session',
		operation: 'waitForStatus',
		sessionId: inMode('id', '={{ $json.sessionId }}'),
	}),
	'get-many-form': formPicture(880, 'Get many sessions', {
		resource: 'session',
		operation: 'getAll',
		filters: { status: ['running'], deploymentId },
	}),
	'dispatch-form': formPicture(1200, 'Dispatch agent to room', {
		resource: 'agent',
		operation: 'dispatch',
		agentId: inMode('id', 'support-agent'),
		meetingId: '={{ $json.roomId }}',
		roomOptions: { autoEndSession: true },
	}),
	'deployment-list': {
		height: 760,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start session', { resource: 'session', operation: 'start' });
			await editor.openDeployments();
			await editor.listSearch.fill('agent');
			const last = editor.listed.filter({ hasText: 'Support agent' });
			await last.waitFor();
			await editor.page.addStyleTag({ content: '[data-test-id=parameter-issues] { visibility: hidden }' });
			return await formDownTo(editor, last);
		},
	},
	'call-form': formPicture(1500, 'Make call and wait', {
		resource: 'call',
		operation: 'makeAndWait',
		to: '+14155550123',
		routingRuleId: picked('rule_out_03', 'Sales calls'),
		from: picked('+14155550100', 'Main line (+14155550100)'),
		recording: 'summarize',
		options: {},
	}),
	'trigger-list': {
		height: 900,
		async show(editor, stage) {
			await publishTrigger(stage, 'Follow up on sessions', ['started', 'stopped', 'failed']);
			await publishTrigger(stage, 'Alert the team', ['failed']);
			await openAction(editor, stage, 'Start session', {
				...started,
				webhookUrl: undefined,
				options: undefined,
			});
			const locator = editor.panel.getByTestId('resource-locator-webhookUrl');
			await locator.getByTestId('rlc-input').click();
			const last = editor.listed.last();
			await last.waitFor();
			return await formDownTo(editor, last);
		},
	},
	'trigger-calls': {
		height: 760,
		async show(editor, stage) {
			await openTrigger(editor, stage, { events: ['call-answered', 'call-hangup', 'call-missed'] }, 'calls');
			return await formDownTo(editor, editor.parameter('verifySignature'));
		},
	},
	credential: {
		height: 1060,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start session', started);
			await editor.newCredential();
			// As a user fills it in; it is not saved.
			await editor.fill('apiKey', 'a'.repeat(36), editor.credential);
			await editor.fill('secretKey', 's'.repeat(64), editor.credential);
			return editor.credential;
		},
	},
	'error-message': {
		width: 1500,
		height: 365,
		async show(editor, stage) {
			await openAction(editor, stage, 'Make call', {
				resource: 'call',
				operation: 'make',
				to: '0151 23456789',
				routingRuleId: picked('rule_out_03', 'Sales calls'),
				from: picked('+14155550100', 'Main line (+14155550100)'),
			});
			await editor.runStep();
			await editor.failure();
			return editor.output;
		},
	},
	trigger: {
		height: 980,
		async show(editor, stage) {
			await openTrigger(
				editor,
				stage,
				{ options: { deploymentIds: ['ddv_support'], sessionDetails: true, skipDuplicates: true } },
				'3f0c7a52-8d1e-4b6f-9a57-2c61d0e8b9f4',
			);
			await editor.panel.getByText('Webhook URLs', { exact: true }).click();
			await editor.panel.getByTestId('radio-button-production').click();
			return form(editor);
		},
	},
	workflow: {
		inBoth: true,
		height: 640,
		async show(editor, stage) {
			const at = (node: WorkflowNode, x: number, y: number) =>
				({ ...node, position: [x, y] }) as WorkflowNode;
			const events = { events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] };
			const extra = { webhookId: 'picture' };
			const action = chain('', [
				at(n8nNode('New support ticket', 'webhook', { httpMethod: 'POST' }, 2), 0, 0),
				at(ourNode(stage, 'Start session', 'videoSdkAgentCloud', started), 240, 0),
				at(n8nNode('Note the session', 'set', {}, 3.4), 480, 0),
			]);
			const reaction = chain('', [
				at(ourNode(stage, 'On session event', 'videoSdkAgentCloudTrigger', events, extra), 0, 320),
				at(n8nNode('Did it fail?', 'if', {}, 2.2), 240, 320),
				at(n8nNode('Tell the team', 'noOp'), 480, 320),
			]);
			const { id } = await stage.n8n.rest.createWorkflow({
				name: 'Voice agent for support tickets',
				nodes: [
					...[...action.nodes, ...reaction.nodes],
					caption('### One workflow starts sessions …', -80),
					caption('### … another one runs when they start or fail', 240),
				],
				connections: { ...action.connections, ...reaction.connections },
			});
			await editor.openWorkflow(id);
			await editor.page.getByTestId('zoom-to-fit').click();
			await editor.page.addStyleTag({ content: HIDE_BUTTONS });
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

async function boxOf(locator: Locator): Promise<Box> {
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
		const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES);
		for (const name of names) {
			await take(stage, name, 'light');
			if (PICTURES[name]?.inBoth) await take(stage, name, 'dark');
		}
	} finally {
		await stage.stop();
	}
	return 0;
});

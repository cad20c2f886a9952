/**
 * `npm run screenshots`: remakes the pictures of docs/images, `<name>.png`; where a page shows one on a dark background, too,
 * `<name>.dark.png`. The moving one is `<name>.webp`.
 * Arguments name the ones to make; without any, all are made.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { publish } from '../e2e/deliveries';
import { actionNode, chain, inMode, n8nNode, ourNode } from '../e2e/nodes';
import { PlainError, repositoryRoot, runMain } from '../n8n/processes';
import type { WorkflowNode } from '../n8n/rest';
import { readExample } from '../start/examples';
import { type Stage, startStage } from './browserTest';
import { newContext } from './chromium';
import { Editor } from './editor';
import { playFilm, prepareFilm, saidBy, saveFilm } from './film';

const IMAGES = join(repositoryRoot, 'docs', 'images');
const MAX_BYTES = 200_000;
const FILM = { name: 'calls', width: 1440, height: 760, maxBytes: 600_000 };
/** n8n fades things in. */
const SETTLE_MS = 700;
/** The buttons around a workflow say nothing about it. */
const HIDE_BUTTONS =
	'[data-test-id=canvas-controls], [data-test-id=node-creator-plus-button], [data-test-id=node-issues] { visibility: hidden } [class*=executionButtons], [data-test-id^=execute-workflow-button], [class*=nodeButtonsWrapper], [class*=logs-panel] { display: none !important }';
/** So that a credential's whole form is seen. */
const HIGH_FORM =
	'[data-test-id=editCredential-modal] { height: 900px !important; max-height: none !important }';

const picked = (value: string, cachedResultName: string) => ({ ...inMode('list', value), cachedResultName });
const deploymentId = picked('ddv_support', 'Support agent (latest, v1)');
const bare = {
	resource: 'session',
	operation: 'start',
	deploymentId,
	tag: inMode('list', 'v1'),
	env: { variables: [{ name: 'CUSTOMER_NAME', value: '={{ $json.name }}' }] },
};
const FOLLOW_UP_URL = 'https://n8n.example.com/webhook/follow-up-on-sessions/webhook';
const started = {
	...bare,
	webhookUrl: picked(FOLLOW_UP_URL, 'Follow up on sessions'),
	metaData: { entries: [{ key: 'customerId', value: '={{ $json.customerId }}' }] },
};
const call = {
	resource: 'call',
	routingRuleId: picked('rule_out_03', 'Sales calls'),
	from: picked('+14155550100', 'Main line (+14155550100)'),
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

async function boxOf(locator: Locator): Promise<Box> {
	const box = await locator.boundingBox();
	if (!box) throw new PlainError('What is to be in the picture is not shown.');
	return box;
}

async function openTrigger(editor: Editor, stage: Stage, parameters: object, webhookId: string) {
	const name = 'VideoSDK Agent Cloud Trigger';
	const trigger = ourNode(stage, name, 'videoSdkAgentCloudTrigger', parameters, { webhookId });
	await editor.openNew(chain('Pictures', [trigger]), name);
}

async function openAction(editor: Editor, stage: Stage, name: string, parameters: object): Promise<void> {
	const node = actionNode(stage, name, parameters);
	const workflow = chain('Pictures', [n8nNode('When a customer calls', 'manualTrigger'), node]);
	await editor.openNew(workflow, name);
}

/** A published workflow that begins with our trigger; once for both pictures. */
async function publishTrigger(stage: Stage, name: string, events: string[]): Promise<void> {
	const webhookId = name.toLowerCase().replace(/ /g, '-');
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
	await last.waitFor();
	const fields = await boxOf(form(editor));
	const { y, height } = await boxOf(last);
	return { ...fields, height: y + height + 6 - fields.y };
}

const formPicture = (height: number, name: string, parameters: object): Picture => ({
	height,
	async show(editor, stage) {
		await openAction(editor, stage, name, parameters);
		return form(editor);
	},
});

/** The canvas, without what is around the nodes. */
async function canvas({ page }: Editor, selector: string, margins: [number, number, number]): Promise<Box> {
	await page.getByTestId('zoom-to-fit').click();
	await page.addStyleTag({ content: HIDE_BUTTONS });
	await page.waitForTimeout(SETTLE_MS);
	const boxes = await Promise.all((await page.locator(selector).all()).map(boxOf));
	const [beside, above, below] = margins;
	const x = Math.max(0, Math.min(...boxes.map((box) => box.x)) - beside);
	const y = Math.max(0, Math.min(...boxes.map((box) => box.y)) - above);
	const right = Math.max(...boxes.map((box) => box.x + box.width)) + beside;
	const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + below;
	return { x, y, width: right - x, height: bottom - y };
}

const EXAMPLES = [
	'ask-before-paying',
	'ask-everyone-in-a-table',
	'calls-from-a-table',
	'hand-over-to-a-colleague',
	'stop-all-calls',
];

/** An example on the canvas, as it is once it was imported. Names hang out of their nodes. */
const examplePicture = (name: string): [string, Picture] => [
	`example-${name}`,
	{
		width: 1180,
		height: 760,
		async show(editor) {
			await editor.openNew(readExample(`${name}.json`));
			return await canvas(editor, '.vue-flow__node', [50, 12, 50]);
		},
	},
];

const PICTURES: Record<string, Picture> = {
	...Object.fromEntries(EXAMPLES.map(examplePicture)),
	'start-form': formPicture(1960, 'Start session', started),
	'start-and-wait-form': formPicture(1960, 'Start session and wait', { ...bare, operation: 'startAndWait' }),
	'call-form': formPicture(1640, 'Make call and wait', {
		...call,
		operation: 'makeAndWait',
		to: '+14155550123',
		recording: 'summarize',
		instructions: 'Ask whether the reservation for Tuesday at seven still stands, and repeat the answer.',
		firstMessage: "Hello, this is Example Café's AI assistant. This call is recorded. Do you have a minute?",
	}),
	'trigger-list': {
		height: 1300,
		async show(editor, stage) {
			await publishTrigger(stage, 'Follow up on sessions', ['started', 'stopped', 'failed']);
			await publishTrigger(stage, 'Alert the team', ['failed']);
			await openAction(editor, stage, 'Start session', bare);
			await editor.openList('webhookUrl');
			return await formDownTo(editor, editor.listed.last());
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
		height: 1200,
		async show(editor, stage) {
			await openAction(editor, stage, 'Start session', started);
			await editor.newCredential();
			// As a user fills it in; it is not saved.
			await editor.fill('apiKey', 'a'.repeat(36), editor.credential);
			await editor.fill('secretKey', 's'.repeat(64), editor.credential);
			// n8n scrolls what is higher.
			await editor.page.addStyleTag({ content: HIGH_FORM });
			return editor.credential;
		},
	},
	'error-message': {
		width: 1500,
		height: 365,
		async show(editor, stage) {
			await openAction(editor, stage, 'Make call', { ...call, operation: 'make', to: '0151 23456789' });
			await editor.runStep();
			await editor.output.getByTestId('node-error-message').waitFor();
			return editor.output;
		},
	},
	trigger: {
		height: 980,
		async show(editor, stage) {
			const options = { deploymentIds: ['ddv_support'], sessionDetails: true, skipDuplicates: true };
			await openTrigger(editor, stage, { options }, '3f0c7a52-8d1e-4b6f-9a57-2c61d0e8b9f4');
			await editor.panel.getByText('Webhook URLs', { exact: true }).click();
			await editor.panel.getByTestId('radio-button-production').click();
			return form(editor);
		},
	},
	workflow: {
		inBoth: true,
		height: 640,
		async show(editor, stage) {
			const events = { events: ['ai-deployment-session-started', 'ai-deployment-session-failed'] };
			const extra = { webhookId: 'picture' };
			/** Nodes side by side, with a note behind them. */
			const row = (y: number, text: string, nodes: WorkflowNode[]) => {
				const content = `### ${text}`;
				const note = n8nNode(text, 'stickyNote', { content, height: 270, width: 760, color: 7 });
				const { connections } = chain('', nodes);
				const placed = nodes.map((node, index) => ({ ...node, position: [240 * index, y] }));
				return { connections, nodes: [...placed, { ...note, position: [-80, y - 80] }] as WorkflowNode[] };
			};
			const action = row(0, 'One workflow starts sessions …', [
				n8nNode('New support ticket', 'webhook', { httpMethod: 'POST' }, 2),
				actionNode(stage, 'Start session', started),
				n8nNode('Note the session', 'set', {}, 3.4),
			]);
			const reaction = row(320, '… another one runs when they start or fail', [
				ourNode(stage, 'On session event', 'videoSdkAgentCloudTrigger', events, extra),
				n8nNode('Did it fail?', 'if', {}, 2.2),
				n8nNode('Tell the team', 'noOp'),
			]);
			await editor.openNew({
				name: 'Voice agent for support tickets',
				nodes: [...action.nodes, ...reaction.nodes],
				connections: { ...action.connections, ...reaction.connections },
			});
			return await canvas(editor, '[data-test-id=sticky]', [12, 12, 12]);
		},
	},
};

type ColorScheme = 'light' | 'dark';

async function newEditor(
	stage: Stage,
	{ width = 1280, height }: Pick<Picture, 'height' | 'width'>,
	colorScheme: ColorScheme,
): Promise<Editor> {
	const context = await newContext(stage.browser, {
		storageState: stage.login,
		colorScheme,
		deviceScaleFactor: 1.5,
		viewport: { width, height },
	});
	return new Editor(await context.newPage(), stage.n8n);
}

const pathOf = (name: string, colorScheme: ColorScheme, type: string) =>
	join(IMAGES, `${name}${colorScheme === 'dark' ? '.dark' : ''}.${type}`);

/** Nothing that comes and goes is in a picture. */
async function settle(page: Page): Promise<void> {
	await page.mouse.move(0, 0);
	await page.addStyleTag({ content: '.el-notification { display: none !important }' });
	await page.waitForTimeout(SETTLE_MS);
}

function checkSize(path: string, maxBytes: number): void {
	const { size } = statSync(path);
	process.stdout.write(`${path}: ${Math.round(size / 1000)} kB\n`);
	if (size > maxBytes) throw new PlainError(`${path} is larger than ${maxBytes / 1000} kB.`);
}

async function take(stage: Stage, name: string, colorScheme: ColorScheme): Promise<void> {
	const picture = PICTURES[name];
	if (!picture) {
		const names = [FILM.name, ...Object.keys(PICTURES)];
		throw new PlainError(`There is no picture "${name}": ${names.join(', ')}.`);
	}
	const editor = await newEditor(stage, picture, colorScheme);
	const { page } = editor;
	const target = await picture.show(editor, stage);
	await settle(page);
	const clip = 'width' in target ? target : await boxOf(target as Locator);
	const path = pathOf(name, colorScheme, 'png');
	await page.screenshot({ path, clip });
	await page.context().close();
	checkSize(path, MAX_BYTES);
}

/** Its messages arrive: no address is in the film. */
async function film(): Promise<void> {
	const remains = (roomId: string) =>
		saidBy([...stage.simulator.calls.values()].find((call) => call.roomId === roomId)?.to);
	const stage: Stage = await startStage({ remains });
	try {
		const workflowId = await prepareFilm(stage);
		for (const colorScheme of ['light', 'dark'] as const) {
			const editor = await newEditor(stage, FILM, colorScheme);
			const stills = [];
			for await (const forMs of playFilm(editor, stage.n8n, workflowId)) {
				await settle(editor.page);
				stills.push({ png: await editor.page.screenshot(), forMs });
			}
			await editor.page.context().close();
			const path = pathOf(FILM.name, colorScheme, 'webp');
			await saveFilm(stills, path);
			checkSize(path, FILM.maxBytes);
		}
	} finally {
		await stage.stop();
	}
}

async function takeAll(names: string[]): Promise<void> {
	// The addresses in the pictures are to look as a user's do.
	const stage = await startStage({}, { N8N_WEBHOOK_URL: 'https://n8n.example.com/' });
	try {
		for (const name of names) {
			await take(stage, name, 'light');
			if (PICTURES[name]?.inBoth) await take(stage, name, 'dark');
		}
	} finally {
		await stage.stop();
	}
}

runMain(async () => {
	mkdirSync(IMAGES, { recursive: true });
	const names = process.argv.length > 2 ? process.argv.slice(2) : [FILM.name, ...Object.keys(PICTURES)];
	const pictures = names.filter((name) => name !== FILM.name);
	if (pictures.length < names.length) await film();
	if (pictures.length > 0) await takeAll(pictures);
	return 0;
});

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { newContext, startBrowser } from '../browser/chromium';
import { Editor, eventually } from '../browser/editor';
import { eventBody } from '../e2e/deliveries';
import { actionNode, chain, MANUAL, ourNode, PACKAGE, SESSION } from '../e2e/nodes';
import { createCredential, PATIENT } from '../e2e/setup';
import { type N8n, startN8n } from '../n8n/instance';
import { pack, packPackage, unpackPackage } from '../n8n/package';
import { filesIn, repositoryRoot } from '../n8n/processes';
import { type Execution, outputOf, type WorkflowNode } from '../n8n/rest';
import { type Simulator, startSimulator } from '../simulator';
import { installAsN8nDoes, knownNode } from './installer';

/** A text of the node that the newer version has changed, to tell which of the two n8n has loaded. */
const OLD_TEXT = 'Retrieve a list of sessions';
const NEW_TEXT = 'Retrieve a list of sessions, as the newer version says';
const WEBHOOK_PATH = 'installed-trigger/webhook';

let n8n: N8n;
let simulator: Simulator;
let browser: Browser;
let oldVersion: string;
let newVersion: string;
let newTarball: string;
let starterId: string;
let triggerId: string;

/** The package with the next version number and one changed text. */
async function bumped(version: string): Promise<string> {
	const folder = await unpackPackage();
	const packageFile = join(folder, 'package.json');
	const packageJson = JSON.parse(readFileSync(packageFile, 'utf8')) as object;
	writeFileSync(packageFile, JSON.stringify({ ...packageJson, version }));
	const changed = filesIn(folder)
		.map((file) => join(folder, file))
		.filter((path) => path.endsWith('.js') && readFileSync(path, 'utf8').includes(OLD_TEXT));
	for (const path of changed) writeFileSync(path, readFileSync(path, 'utf8').replaceAll(OLD_TEXT, NEW_TEXT));
	expect(changed).not.toEqual([]);
	return await pack(folder);
}

beforeAll(async () => {
	[simulator, browser, n8n] = await Promise.all([
		startSimulator({ lifecycle: false, ...PATIENT }),
		startBrowser(),
		startN8n({ tarball: null }),
	]);
	const packageFile = join(repositoryRoot, 'package.json');
	oldVersion = (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;
	newVersion = oldVersion.replace(/\d+$/, (patch) => String(Number(patch) + 1));
	newTarball = await bumped(newVersion);
});

afterAll(async () => {
	await browser?.close();
	await n8n?.stop();
	await simulator?.close();
});

const installed = async () =>
	(await n8n.rest.call<Array<{ failedLoading?: boolean }>>('GET', '/community-packages')) ?? [];

async function expectStart(): Promise<void> {
	const before = simulator.sessions.size;
	const execution = await n8n.rest.runWorkflow(starterId);
	expect(execution.data.resultData.error).toBeUndefined();
	expect(outputOf(execution, 'Start')[0]).toMatchObject({ deploymentId: 'ddv_support', status: 'queued' });
	expect(simulator.sessions.size).toBe(before + 1);
}

/** Has a signed event delivered to the published workflow, and checks that it ran. */
async function expectEvent(sessionId: string): Promise<void> {
	await n8n.rest.waitForWebhook(WEBHOOK_PATH);
	const url = `${n8n.url}/webhook/${WEBHOOK_PATH}`;
	expect((await simulator.deliver(url, eventBody(sessionId, 'started'))).status).toBe(200);
	const isOfEvent = (run: Execution) => outputOf(run, 'Trigger')[0]?.sessionId === sessionId;
	const run = await n8n.rest.waitForExecution(triggerId, isOfEvent);
	expect(run.status).toBe('success');
}

async function openInBrowser<T>(look: (editor: Editor) => Promise<T>): Promise<T> {
	const context = await newContext(browser);
	try {
		const editor = new Editor(await context.newPage(), n8n);
		await editor.signIn();
		await editor.openWorkflow(starterId);
		return await look(editor);
	} finally {
		await context.close();
	}
}

async function storeWorkflows(): Promise<void> {
	const { id: credentialId } = await createCredential(n8n.rest, simulator);
	expect(await n8n.rest.testCredential(credentialId)).toMatchObject({ status: 'OK' });
	const start = actionNode({ credentialId }, 'Start', { ...SESSION, operation: 'start', tag: 'v1' });
	const webhookId = WEBHOOK_PATH.split('/')[0];
	const trigger = ourNode({ credentialId }, 'Trigger', 'videoSdkAgentCloudTrigger', {}, { webhookId });
	const store = async (name: string, ...nodes: WorkflowNode[]) =>
		(await n8n.rest.createWorkflow(chain(name, nodes))).id;
	starterId = await store('Saved with the old version', MANUAL, start);
	triggerId = await store('Published with the old version', trigger);
	await n8n.rest.activate(triggerId);
}

// Each step follows the one before, as in a user's n8n.

test('first install: n8n loads it, and its nodes work', async () => {
	await installAsN8nDoes(n8n, await packPackage());
	await n8n.restart();
	expect(await installed()).toMatchObject([{ packageName: PACKAGE, installedVersion: oldVersion }]);
	expect(await installed()).not.toMatchObject([{ failedLoading: true }]);
	expect(await knownNode(n8n)).toContain(OLD_TEXT);
	expect(await knownNode(n8n)).not.toContain(NEW_TEXT);
	await storeWorkflows();
	await expectStart();
	await expectEvent('with-the-old-version');
});

test('update: a workflow saved before opens, runs and receives events as before', async () => {
	const before = await n8n.rest.getWorkflow(starterId);
	await installAsN8nDoes(n8n, newTarball);
	await n8n.restart();
	expect(await installed()).toMatchObject([{ packageName: PACKAGE, installedVersion: newVersion }]);
	expect(await knownNode(n8n)).toContain(NEW_TEXT);
	expect((await n8n.rest.getWorkflow(starterId)).nodes).toEqual(before.nodes);
	await expectStart();
	await expectEvent('with-the-new-version');
	await openInBrowser(async (editor) => {
		await editor.open('Start');
		await eventually(async () =>
			expect(await editor.parameter('tag').getByTestId('rlc-input').inputValue()).toBe('v1'),
		);
		await editor.runStep();
		await editor.output.getByText('ddv_support').first().waitFor();
	});
});

test('files lost, as in a container without a volume: n8n starts and says so, and works again once installed', async () => {
	rmSync(join(n8n.userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE), { recursive: true });
	const logged = n8n.logs.length;
	await n8n.restart();
	await eventually(async () => expect(n8n.logs.slice(logged)).toContain('some packages are missing'));
	expect(await knownNode(n8n)).toBeUndefined();
	expect(await installed()).toMatchObject([{ failedLoading: true }]);
	await installAsN8nDoes(n8n, newTarball);
	await n8n.restart();
	await expectStart();
	// n8n 2.41 takes workflows off the air whose triggers it cannot load at a start, and leaves them so.
	await n8n.rest.deactivate(triggerId);
	await n8n.rest.activate(triggerId);
	await expectEvent('after-the-loss');
});

test('removal: n8n keeps running, starts again, and says what is missing', async () => {
	// n8n's own removal, which asks no registry.
	await n8n.rest.call('DELETE', `/community-packages?name=${PACKAGE}`);
	expect(await installed()).toEqual([]);
	expect(existsSync(join(n8n.userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE))).toBe(false);
	await n8n.restart();
	expect(await knownNode(n8n)).toBeUndefined();
	await openInBrowser(async (editor) => {
		await editor.open('Start');
		await editor.panel.getByText('install', { exact: false }).first().waitFor();
		await eventually(async () => expect(await editor.panel.innerText()).toContain(PACKAGE));
	});
	const missing = await n8n.rest.runWorkflow(starterId).then(
		({ data }) => data.resultData.error?.message ?? '',
		(error: Error) => error.message,
	);
	expect(missing).toContain(`Unrecognized node type: ${PACKAGE}.videoSdkAgentCloud`);
});

/** `npm run install:n8n` with an n8n that someone already uses. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionNode, chain, MANUAL, n8nNode, PACKAGE, SESSION } from '../../e2e/nodes';
import { createCredential } from '../../e2e/setup';
import { type N8n, startN8n } from '../../n8n/instance';
import { pack, packPackage } from '../../n8n/package';
import { filesIn, repositoryRoot, run, sha256, temporaryFolder } from '../../n8n/processes';
import { outputOf } from '../../n8n/rest';
import { type Simulator, startSimulator } from '../../simulator';
import { installAsN8nDoes, knownNode } from '../installer';

const OTHER = 'n8n-nodes-other';

let simulator: Simulator;
let n8n: N8n;
let workflowId: string;
let before: Awaited<ReturnType<typeof others>>;

/** A community package of someone else: one node, which tells where it is from. */
function otherPackage(): string {
	const folder = temporaryFolder('videosdk-other');
	mkdirSync(join(folder, 'dist'));
	const manifest = {
		name: OTHER,
		version: '3.2.1',
		keywords: ['n8n-community-node-package'],
		files: ['dist'],
		n8n: { n8nNodesApiVersion: 1, nodes: ['dist/Other.node.js'] },
	};
	writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
	writeFileSync(
		join(folder, 'dist', 'Other.node.js'),
		`exports.Other = class {
			description = {
				displayName: 'Other', name: 'other', group: ['transform'], version: 1, description: 'Other', defaults: { name: 'Other' },
				inputs: ['main'], outputs: ['main'], properties: [],
			};
			async execute() { return [[{ json: { from: 'another package' } }]]; }
		};`,
	);
	return folder;
}

/** `npm run install:n8n -- ...`, as a user runs it. */
const install = async (...programArguments: string[]) =>
	await run(process.execPath, ['scripts/run.mjs', 'scripts/installIntoN8n.ts', ...programArguments], {
		cwd: repositoryRoot,
		env: { ...process.env, PACKAGE_TARBALL: await packPackage() },
	});

const nodesFolder = () => join(n8n.userFolder, '.n8n', 'nodes');
const ledger = () =>
	(JSON.parse(readFileSync(join(nodesFolder(), 'package.json'), 'utf8')) as { dependencies: object })
		.dependencies;

/** Everything but our own package that an installation could have changed. */
async function others() {
	const folder = join(nodesFolder(), 'node_modules', OTHER);
	const files = filesIn(folder).sort();
	const { nodes, connections } = await n8n.rest.getWorkflow(workflowId);
	return {
		files: files.map((name) => [name, sha256(readFileSync(join(folder, name)))]),
		workflow: { nodes, connections },
		credentials: await n8n.rest.call<Array<{ data: unknown }>>('GET', '/credentials?includeData=true'),
		installed: await n8n.rest.call('GET', '/community-packages'),
	};
}

/** Runs the workflow that was there before: the other package's node, and ours after it. */
async function expectRun(): Promise<void> {
	const sessions = simulator.sessions.size;
	const execution = await n8n.rest.runWorkflow(workflowId);
	expect(execution.data.resultData.error).toBeUndefined();
	expect(outputOf(execution, 'Other')).toEqual([{ from: 'another package' }]);
	expect(outputOf(execution, 'Start')[0]).toMatchObject({ status: 'queued' });
	expect(simulator.sessions.size).toBe(sessions + 1);
}

beforeAll(async () => {
	[simulator, n8n] = await Promise.all([startSimulator({ lifecycle: false }), startN8n({ tarball: null })]);
	const nodes = [{ name: 'Other', type: 'other', latestVersion: 1 }];
	await installAsN8nDoes(n8n, await pack(otherPackage()), nodes);
	await n8n.restart();
});

afterAll(async () => {
	await n8n?.stop();
	await simulator?.close();
});

// Each step follows the one before, as in a user's n8n.

test('names what is wrong with a folder, and changes nothing', async () => {
	for (const wrong of [[], ['--remove'], [temporaryFolder('videosdk-empty')], [n8n.userFolder, '--remove']])
		expect(await install(...wrong)).toMatchObject({ code: 1 });
	expect((await install(join(n8n.userFolder, 'nowhere'))).output).toContain('No n8n was found in');
	expect(existsSync(join(n8n.userFolder, 'nowhere'))).toBe(false);
	const both = temporaryFolder('videosdk-both');
	for (const folder of [both, join(both, '.n8n')]) mkdirSync(join(folder, 'nodes'), { recursive: true });
	expect((await install(both)).output).toContain('Enter the "nodes" folder of the one you mean');
	expect(readdirSync(join(both, 'nodes'))).toEqual([]);
});

test('installs into what N8N_USER_FOLDER holds: all else stays, and the nodes work', async () => {
	const { code, output } = await install(n8n.userFolder);
	expect(output).toContain(`into ${join(n8n.userFolder, '.n8n')}.`);
	expect(code).toBe(0);
	// n8n may run as another user.
	expect(statSync(join(nodesFolder(), 'node_modules', PACKAGE)).mode & 0o777).toBe(0o755);
	await n8n.restart();
	expect(await knownNode(n8n)).toBeDefined();
	const { id: credentialId } = await createCredential(n8n.rest, simulator);
	const other = { ...n8nNode('Other', 'other'), type: `${OTHER}.other` };
	const start = actionNode({ credentialId }, 'Start', { ...SESSION, operation: 'start' });
	workflowId = (await n8n.rest.createWorkflow(chain('Used', [MANUAL, other, start]))).id;
	await expectRun();
	before = await others();
	// n8n shows in Settings > Community nodes only what it has installed itself.
	expect(before).toMatchObject({ installed: [{ packageName: OTHER, installedVersion: '3.2.1' }] });
	expect(Object.keys(ledger()).sort()).toEqual([OTHER, PACKAGE].sort());
});

test('updates in place, by the path of .n8n itself, and an npm that someone runs in that folder keeps it', async () => {
	const stale = join(nodesFolder(), 'node_modules', PACKAGE, 'dist', 'of-the-former-version.js');
	writeFileSync(stale, '');
	const { code, output } = await install(join(n8n.userFolder, '.n8n'));
	expect(output).toContain('replacing');
	expect(code).toBe(0);
	expect(existsSync(stale)).toBe(false);
	expect(readdirSync(nodesFolder()).sort()).toEqual(['node_modules', 'package.json']);
	// It asks no registry about it.
	const options = { cwd: nodesFolder(), env: process.env };
	expect(await run('npm', ['install', '--offline', '--no-audit', '--no-fund'], options)).toMatchObject({
		code: 0,
	});
	await n8n.restart();
	expect(await others()).toEqual(before);
	await expectRun();
});

test('--remove takes it away: all else stays, and works again once it is installed again', async () => {
	expect(await install('--remove', n8n.userFolder)).toMatchObject({ code: 0 });
	expect(existsSync(join(nodesFolder(), 'node_modules', PACKAGE))).toBe(false);
	expect(Object.keys(ledger())).toEqual([OTHER]);
	await n8n.restart();
	expect(await knownNode(n8n)).toBeUndefined();
	// Without the package n8n does not know which fields of the credential to mask.
	const visible = await others();
	const keys = ({ data: _data, ...credential }: { data: unknown }) => credential;
	expect({ ...visible, credentials: visible.credentials.map(keys) }).toEqual({
		...before,
		credentials: before.credentials.map(keys),
	});
	expect((await install(n8n.userFolder)).code).toBe(0);
	await n8n.restart();
	expect(await others()).toEqual(before);
	await expectRun();
});

/** `npm run set:owner`, on a copy of the files that name the owner. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const git = (cwd: string, ...gitArguments: string[]) =>
	execFileSync('git', gitArguments, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	repository: { url: string };
};
const former = repository.url.replace(/^.*github\.com\//, '').replace(/\.git$/, '');

let copy: string;
let files: string[];

const setOwner = (...programArguments: string[]) => {
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		['scripts/setOwner.mjs', ...programArguments],
		{
			cwd: copy,
			encoding: 'utf8',
		},
	);
	return { code: status, output: stdout + stderr };
};

beforeEach(() => {
	copy = mkdtempSync(join(tmpdir(), 'videosdk-owner-'));
	files = git(root, 'grep', '-l', former).trim().split('\n');
	for (const file of [...files, 'LICENSE', 'scripts/setOwner.mjs'])
		cpSync(join(root, file), join(copy, file));
	git(copy, 'init');
	git(copy, 'add', '.');
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

it('replaces the owner everywhere, and may be run again', () => {
	for (const owner of ['somebody/another-name', 'a-company/n8n-nodes-videosdk-agent-cloud']) {
		expect(setOwner(owner, 'Ada Lovelace <ada@example.com>')).toMatchObject({ code: 0 });
		expect(setOwner('--check', owner)).toMatchObject({ code: 0 });
		for (const file of files) {
			const text = readFileSync(join(copy, file), 'utf8');
			expect(text).toContain(`github.com/${owner}`);
			expect(text).not.toContain(former);
		}
		expect(readFileSync(join(copy, 'CONTRIBUTING.md'), 'utf8')).toContain(`\ncd ${owner.split('/')[1]}\n`);
	}
	expect(readFileSync(join(copy, 'LICENSE'), 'utf8')).toMatch(/^Copyright \(c\) 2026 Ada Lovelace$/m);
	expect(JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'))).toMatchObject({
		author: { name: 'Ada Lovelace', email: 'ada@example.com' },
		repository: { url: 'git+https://github.com/a-company/n8n-nodes-videosdk-agent-cloud.git' },
	});
});

it('finds a placeholder that is left anywhere, and another repository', () => {
	setOwner('somebody/else', 'Ada ada@example.com');
	expect(setOwner('--check', 'somebody/else').code).toBe(0);
	expect(setOwner('--check', 'a-fork/else')).toMatchObject({
		code: 1,
		output: expect.stringContaining('provenance'),
	});
	const placeholder = ['videosdk', 'community/x'].join('-');
	setOwner(placeholder, 'Ada ada@example.com');
	const { code, output } = setOwner('--check', placeholder);
	expect(code).toBe(1);
	expect(output).toContain('credentials/VideoSdkAgentCloudApi.credentials.ts');
});

it.each([
	[],
	['owner'],
	['owner/repository'],
	['owner/repository', 'Ada'],
	['https://github.com/owner/repository', 'Ada a@b.c'],
])('says how it is used, and changes nothing: %j', (...wrong: string[]) => {
	expect(setOwner(...wrong)).toMatchObject({ code: 1, output: expect.stringContaining('Usage') });
	expect(git(copy, 'diff', '--stat')).toBe('');
});

/** `npm run set:owner`, on a copy of the files that name the owner. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const git = (cwd: string, ...gitArguments: string[]) =>
	execFileSync('git', gitArguments, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const [, former = ''] = /github\.com\/(.+)\.git/.exec(readFileSync(join(root, 'package.json'), 'utf8')) ?? [];

let copy: string;
const inCopy = (file: string) => readFileSync(join(copy, file), 'utf8');

function setOwner(...words: string[]) {
	const options = { cwd: copy, encoding: 'utf8' as const };
	const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/setOwner.mjs', ...words], options);
	return { code: status, output: stdout + stderr };
}

const files = git(root, 'grep', '-l', former).trim().split('\n');

beforeEach(() => {
	copy = mkdtempSync(join(tmpdir(), 'videosdk-owner-'));
	for (const file of [...files, 'LICENSE', 'scripts/setOwner.mjs'])
		cpSync(join(root, file), join(copy, file));
	git(copy, 'init');
	git(copy, 'add', '.');
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

it('replaces the owner everywhere, and may be run again', () => {
	for (const owner of ['somebody/another-name', 'a-company/n8n-nodes-videosdk-agent-cloud']) {
		expect(setOwner(owner, 'Ada Lovelace <ada@example.com>')).toMatchObject({ code: 0 });
		for (const text of files.map(inCopy)) {
			expect(text).toContain(`github.com/${owner}`);
			expect(text).not.toContain(former);
		}
		expect(inCopy('CONTRIBUTING.md')).toContain(`\ncd ${owner.split('/')[1]}\n`);
	}
	expect(inCopy('LICENSE')).toMatch(/^Copyright \(c\) 2026 Ada Lovelace$/m);
	expect(JSON.parse(inCopy('package.json'))).toMatchObject({
		author: { name: 'Ada Lovelace', email: 'ada@example.com' },
		repository: { url: 'git+https://github.com/a-company/n8n-nodes-videosdk-agent-cloud.git' },
	});
});

it.each([[], ['owner'], ['owner/repository', 'Ada'], ['https://github.com/owner/repository', 'Ada a@b.c']])(
	'says how it is used, and changes nothing: %j %j',
	(...wrong: string[]) => {
		expect(setOwner(...wrong)).toMatchObject({ code: 1, output: expect.stringContaining('Usage') as string });
		expect(git(copy, 'diff', '--stat')).toBe('');
	},
);

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { HINTS } from '../../nodes/VideoSdkAgentCloud/fields/hints';
import { referencePage } from '../../scripts/referencePage';
import { CHANGED } from '../mutation/mutatedFiles';
import { PEOPLE, type Person } from '../simulator/people';
import { isLabel, KNOWN, matchesIn, shownLabels } from './labels';

const root = join(__dirname, '..', '..');
const read = (page: string) => readFileSync(join(root, page), 'utf8');
const slug = (heading: string) =>
	heading
		.toLowerCase()
		.replace(/[^\w\- ]/g, '')
		.replace(/ /g, '-');
const headingsOf = (page: string) => matchesIn(read(page), /^#+ (.+)$/gm).map(slug);
const shownFiles = ['ls-files', '--cached', '--others', '--exclude-standard'];
/** GitHub shows what git knows, and npm's page of the package takes links and pictures from there. */
const published = new Set(
	execFileSync('git', shownFiles, { cwd: root, encoding: 'utf8' })
		.split('\n')
		.flatMap((file) => [file, dirname(file), dirname(dirname(file))]),
);
const filesLike = (pattern: RegExp) => [...published].filter((file) => pattern.test(file));
const pages = filesLike(/^(docs\/|docs\/dev\/|docs\/benchmarks\/|examples\/|agent\/)?[^/]+\.md$/);

const USER_PAGES = pages.filter((page) => page === 'README.md' || /^docs\/[\w-]+\.md$/.test(page));

it.each(pages)('the links and pictures of %s lead somewhere', (page) => {
	const missing = matchesIn(read(page), /\]\(([^)\s]+)\)|src(?:set)?="([^"]+)"/g)
		.filter((target) => !/^https?:/.test(target))
		.filter((target) => {
			const [path = '', anchor] = target.split('#');
			const file = path === '' ? page : normalize(join(dirname(page), path));
			if (!published.has(file)) return true;
			return anchor !== undefined && !headingsOf(file).includes(anchor);
		});
	expect(missing).toEqual([]);
});

it.each(pages)('the files and npm scripts that %s names exist', (page) => {
	const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
	const ofNpm = matchesIn(read(page), /\bnpm run ([a-z0-9:]+)/g);
	const path = /`((?:\.ci|\.github|credentials|docker|docs|examples|nodes|scripts|test)\/[\w./-]*\.\w+)`/g;
	const files = matchesIn(read(page), path);
	const missing = files.filter((path) => !existsSync(join(root, path)));
	expect([...missing, ...ofNpm.filter((script) => !(script in scripts))]).toEqual([]);
});

const BENCHMARKS = 'docs/benchmarks/README.md';
const git = (words: string[], input?: string) =>
	execFileSync('git', words, { cwd: root, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'ignore'] });

it('only the benchmarks give figures that were measured', () => {
	const figure =
		/\d ?ms\b|\d ?[MG]B of memory|\d ?(%|s|seconds) of (a core|CPU)|\d (starts|events|calls|waits) a second/g;
	const others = pages.filter((page) => page !== BENCHMARKS);
	expect(read(BENCHMARKS)).toMatch(figure);
	expect(
		others.flatMap((page) => (read(page).match(figure) ?? []).map((text) => `${page}: ${text}`)),
	).toEqual([]);
});

it('no page but the benchmarks names a commit', () => {
	const others = pages.filter((page) => page !== BENCHMARKS);
	const words = others.flatMap((page) => read(page).match(/\b[\da-f]{7,40}\b/g) ?? []);
	expect(words.length).toBeGreaterThan(0);
	const known = git(['cat-file', '--batch-check'], words.join('\n')).split('\n');
	expect(known.filter((line) => line.includes(' commit '))).toEqual([]);
});

const isShallow = git(['rev-parse', '--is-shallow-repository']).trim() === 'true';
(isShallow ? it.skip : it)('the benchmarks name a commit that this one comes from', () => {
	const [commit = ''] = matchesIn(read(BENCHMARKS), /\bcommit ([\da-f]+)/g);
	expect(git(['merge-base', commit, 'HEAD'])).toBe(git(['rev-parse', commit]));
});

it('architecture.md names a test for whatever waiting takes from n8n', () => {
	const page = read('docs/dev/architecture.md');
	const table = page.slice(page.indexOf('| n8n '), page.indexOf("n8n's own Agents use"));
	const rows = table
		.split('\n')
		.filter((line) => /^\| [^-]/.test(line))
		.slice(1);
	expect(rows.length).toBeGreaterThan(10);
	const missing = rows.filter((row) => {
		const [, file, title] = /\| `([\w/]+)`: (.+?) *\|$/.exec(row) ?? [];
		return !title || !read(`test/e2e/${file}.e2e.ts`).includes(title);
	});
	expect(missing).toEqual([]);
});

it('architecture.md says of each journey in a real n8n what it proves', () => {
	const journeys = filesLike(/^test\/e2e\/.*\.e2e\.ts$/).map((file) => file.slice('test/e2e/'.length));
	expect(journeys.length).toBeGreaterThan(10);
	const page = read('docs/dev/architecture.md');
	expect(journeys.filter((journey) => !page.includes(`\n| \`${journey}\``))).toEqual([]);
});

it("n8n's Docs buttons lead to pages about using the nodes", () => {
	const sources = filesLike(/^(nodes|credentials)\/.*\.(node\.json|credentials\.ts)$/);
	const urls = sources.flatMap((source) => read(source).match(/https:\/\/github\.com\/[^"']+/g) ?? []);
	expect(urls.length).toBeGreaterThanOrEqual(2 * 3 + 1);
	for (const url of urls) {
		const [, page = url, anchor] =
			/^https:\/\/github\.com\/[^/]+\/[^/]+\/blob\/main\/(docs\/[\w-]+\.md)(?:#(.+))?$/.exec(url) ?? [];
		expect(pages).toContain(page);
		if (anchor !== undefined) expect(headingsOf(page)).toContain(anchor);
	}
});

it('messages name pages that exist', () => {
	const titles = USER_PAGES.map((page) => /^# (.+)$/m.exec(read(page))?.[1] ?? '');
	const sources = filesLike(/^nodes\/.*\.ts$/);
	const named = sources.flatMap((source) => matchesIn(read(source), /'([\w ]+)' in the docs/g));
	expect(named.length).toBeGreaterThanOrEqual(3);
	for (const title of named) expect(titles.some((known) => known.startsWith(title))).toBe(true);
});

it('docs/reference.md says what the nodes say: `npm run reference` writes it', () => {
	expect(read('docs/reference.md')).toBe(referencePage());
});

it('docs/README.md leads to every page for users', () => {
	const linked = matchesIn(read('docs/README.md'), /\]\(([\w-]+\.md)[#)]/g).map((page) => `docs/${page}`);
	const missing = USER_PAGES.filter((page) => !['README.md', 'docs/README.md', ...linked].includes(page));
	expect(missing).toEqual([]);
});

const MIN_MESSAGE_LENGTH = 8;

it.each(['docs/troubleshooting.md', 'docs/running-n8n.md'])(
	'the messages that %s explains are those of the nodes',
	(page) => {
		const literal = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g;
		const texts = filesLike(/^nodes\/.*\.ts$/).flatMap((source) =>
			[...read(source).matchAll(literal)].map((match) => match.slice(1).join('').replace(/\\'/g, "'")),
		);
		const messages = read(page)
			.split('\n')
			.filter((line) => line.startsWith('| "'))
			.flatMap((line) => matchesIn(line.split(' | ')[0] ?? '', /"([^"]+)"/g));
		expect(messages.length).toBeGreaterThan(5);
		const unknown = messages.filter((message) => {
			const parts = message.split('…').map((part) => part.trim());
			const longest = Math.max(...parts.map(({ length }) => length));
			return (
				longest < MIN_MESSAGE_LENGTH || !parts.every((part) => texts.some((text) => text.includes(part)))
			);
		});
		expect(unknown).toEqual([]);
	},
);

it('the README says on its first 60 lines how to try it and how to prove it', () => {
	const start = read('README.md').split('\n').slice(0, 60).join('\n');
	expect(start).toMatch(/^npm start /m);
	expect(start).toMatch(/^npm test /m);
});

it('AGENTS.md has the folders that there are', () => {
	const [tree = ''] = matchesIn(read('AGENTS.md'), /```text\n([^]*?)```/g);
	const shown = matchesIn(tree, /(?<![\w./])((?:\w+\/)+)/g).map((folder) => folder.slice(0, -1));
	expect(shown.filter((folder) => !published.has(folder))).toEqual([]);
	const folders = [...published].map((file) => file.split('/')).filter(([, rest]) => rest !== undefined);
	const top = new Set(folders.map(([folder = '']) => folder).filter((folder) => !folder.startsWith('.')));
	expect([...top].filter((folder) => !shown.some((one) => one.split('/')[0] === folder))).toEqual([]);
});

it("the nodes' hint leads to a page, and only as long as the README says the same", () => {
	const [{ message = '' } = {}, ...others] = HINTS;
	const [page = ''] = matchesIn(message, /blob\/main\/([\w./-]+)/g);
	expect([others, pages.includes(page)]).toEqual([[], true]);
	expect(read('README.md')).toContain('No real call has been made with it yet');
});

it.each(USER_PAGES)('%s calls fields, options, operations, and events as the nodes do', (page) => {
	const labels = shownLabels();
	const bold = matchesIn(read(page).replace(/```[^]*?```/g, ''), /\*\*([^*\n]+)\*\*/g);
	const unknown = bold.filter((text) => isLabel(text) && !labels.has(text) && !KNOWN.has(text));
	expect(unknown).toEqual([]);
});

it('docs/simulated-people.md has the people of the simulator', () => {
	const shown = [...read('docs/simulated-people.md').matchAll(/^\| `(\+\d+)` \| (.+?) +\| (.+?) +\|$/gm)];
	const people: Person[] = Object.values(PEOPLE);
	expect(shown.map(([, ...cells]) => cells)).toEqual(
		people.map(({ number, does, seen }) => [number, does, seen]),
	);
});

it('CONTRIBUTING.md names tests that exist', () => {
	const files = filesLike(/^test\/.*\.test\.ts$/);
	const cells = matchesIn(read('CONTRIBUTING.md'), /`((?:(?:engine|unit)\/[\w/]+ ?)+)`/g);
	const named = cells.flatMap((names) => names.trim().split(' '));
	expect(named.length).toBeGreaterThan(10);
	expect(named.filter((name) => !files.some((file) => file.includes(name)))).toEqual([]);
});

it('Stryker is told of files that exist', () => {
	const changed = Object.values(CHANGED)
		.flat()
		.map((path) => join('nodes/VideoSdkAgentCloud', path));
	expect(changed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
	const patterns = read('test/mutation/jest.engine.config.js').matchAll(/\{([\w,]+)\}(\.test\.ts)/g);
	const tests = [...patterns].flatMap(([, names = '', ending]) =>
		names.split(',').map((name) => `/${name}${ending}`),
	);
	expect(tests.length).toBeGreaterThan(2);
	expect(tests.filter((name) => !filesLike(/\.test\.ts$/).some((file) => file.endsWith(name)))).toEqual([]);
});

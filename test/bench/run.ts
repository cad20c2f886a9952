/**
 * `npm run bench`: measures every figure that the docs give, in a real n8n, and writes docs/benchmarks/README.md. `-- starts` and the
 * like measure only that, and write nothing. `BENCH_SHORT=1` measures little, to see that the program works.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ensureSeed } from '../n8n/instance';
import { PlainError, repositoryRoot, runMain, temporaryFolder, write } from '../n8n/processes';
import { ensureRuntime } from '../n8n/installN8n';
import type { Figure } from './figure';
import { events } from './figures/events';
import { manyStarts } from './figures/manyStarts';
import { nextNode } from './figures/nextNode';
import { starts } from './figures/starts';
import { toolCalls } from './figures/toolCalls';
import { waiting } from './figures/waiting';
import { pageOf, section } from './page';

const FIGURES: Record<string, Figure> = { toolCalls, events, nextNode, starts, manyStarts, waiting };
const PAGE = 'docs/benchmarks/README.md';

const git = (...words: string[]) =>
	execFileSync('git', words, { cwd: repositoryRoot, encoding: 'utf8' }).trim();

function machine(): string {
	const [{ model } = { model: 'unknown' }, ...others] = cpus();
	const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
	const load = loadavg()[0]?.toFixed(1);
	return `${model}, ${others.length + 1} cores, ${memory}, Linux ${release()}; load ${load} before the run`;
}

runMain(async () => {
	if (platform() !== 'linux') throw new PlainError('CPU times are read from /proc: run this on Linux.');
	const names = process.argv.slice(2);
	const unknown = names.filter((name) => !(name in FIGURES));
	if (unknown.length > 0)
		throw new PlainError(`There is no figure "${unknown[0]}", only ${Object.keys(FIGURES).join(', ')}.`);
	const isForPage = names.length === 0;
	if (isForPage && git('status', '--porcelain', '--', '.', `:!${PAGE}`) !== '')
		throw new PlainError('The page names the commit that was measured: commit your changes first.');
	const commit = git('rev-parse', '--short=12', 'HEAD');
	const before = machine();
	const runtime = await ensureRuntime();
	// Each n8n compiles the same thousands of files.
	process.env.NODE_COMPILE_CACHE = temporaryFolder('videosdk-compile-cache');
	await ensureSeed(runtime);
	const sinceMs = performance.now();
	const sections: string[] = [];
	for (const [name, figure] of Object.entries(FIGURES)) {
		if (!isForPage && !names.includes(name)) continue;
		write(`${name} ...`);
		const figureSinceMs = performance.now();
		sections.push(section(figure, await figure.measure()));
		write(`${sections.at(-1)}\n\n${Math.round((performance.now() - figureSinceMs) / 1000)} s\n`);
	}
	if (!isForPage) return 0;
	const node = execFileSync(runtime.node, ['--version'], { encoding: 'utf8' }).trim();
	const page = pageOf(
		{
			commit,
			minutes: Math.ceil((performance.now() - sinceMs) / 60_000),
			machine: before,
			versions: `n8n ${runtime.version} on Node.js ${node}`,
		},
		sections,
	);
	writeFileSync(join(repositoryRoot, PAGE), page);
	write(`Written: ${PAGE}`);
	return 0;
});

/**
 * `npm run scan`: n8n's own scanner, offline, on source and package; n8n's settings for verification; the package's content.
 * Warnings: `npm run lint`.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packPackage, unpackPackage } from '../n8n/package';
import { filesIn, repositoryRoot, run, runMain, write } from '../n8n/processes';
import { filesIn as filesInArchive } from '../simulator/tar';

interface Scanner {
	SOURCE_FILE_PATTERNS: string[];
	analyzePackage: (folder: string, patterns: string[]) => Promise<{ message?: string; details?: string }>;
}

/** What the scanner itself lints of a published package. */
const TARBALL_PATTERNS = ['**/*.js', 'package.json'];
const ALLOWED_AT_TOP = /^(dist|index\.js|package\.json|README\.md|LICENSE(\.md)?|CHANGELOG\.md)$/;
/** README: "less than half a megabyte". */
const MAX_BYTES = 500_000;
const FORBIDDEN_ANYWHERE =
	/\.map$|\.tsbuildinfo$|\.test\.|\.spec\.|(^|\/)(test|tests|__tests__|node_modules)\/|\.ts$/;

const scannerFolder = join(repositoryRoot, 'node_modules/@n8n/scan-community-package');

/** What n8n's scanner finds. A pattern that matches nothing passes silently, but for its message. */
async function scan(scanner: Scanner, folder: string, patterns: string[]): Promise<string[]> {
	const { message, details = '' } = await scanner.analyzePackage(folder, patterns);
	return message === undefined ? [] : [`${message}\n${details}`];
}

/** What is wrong with the packed package: what does not belong in it, and what is missing in it. */
function judgeTarball(tarball: string, folder: string): string[] {
	const files = filesIn(folder).map((name) => name.split(sep).join('/'));
	const packedBytes = statSync(tarball).size;
	const unpackedBytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
	write(`${packedBytes} bytes packed, ${unpackedBytes} unpacked, ${files.length} files`);
	const findings = files.flatMap((file) => {
		if (!ALLOWED_AT_TOP.test(file.split('/')[0] ?? '')) return `${file} does not belong in the package`;
		return FORBIDDEN_ANYWHERE.test(file) ? `${file} is a test or a leftover of the build` : [];
	});
	const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
		n8n: { nodes: string[]; credentials: string[] };
		dependencies?: Record<string, string>;
	};
	if (Object.keys(manifest.dependencies ?? {}).length > 0) findings.push('package.json has dependencies');
	if (unpackedBytes > MAX_BYTES) findings.push('The package is larger than the README says');
	// A missing icon or codex file would only show in the editor; a missing node file, nowhere but there.
	const expected = [...manifest.n8n.nodes, ...manifest.n8n.credentials].flatMap((file) => {
		const code = files.includes(file) ? readFileSync(join(folder, file), 'utf8') : '';
		const icons = [...code.matchAll(/['"`]file:([^'"`]+\.svg)['"`]/g)].map(([, icon = '']) => icon);
		const codex = file.endsWith('.node.js') ? [file.replace(/\.js$/, '.json')] : [];
		return [file, ...codex, ...icons.map((icon) => join(dirname(file), icon))];
	});
	const missing = expected.filter((file) => !files.includes(file));
	return [...findings, ...missing.map((file) => `${file} is missing`)];
}

/** What nothing needs that runs the agent: its README, and what the locked requirements are made from. */
const NOT_PACKED = ['agent/README.md', 'agent/requirements.in'];

/** What is wrong with the agent in the package, which is to be what git has of `agent/` besides `NOT_PACKED`. */
async function judgeAgent(folder: string): Promise<string[]> {
	const code = readFileSync(join(folder, 'dist/nodes/VideoSdkAgentCloud/nodes.js'), 'utf8');
	// How the base64 of a gzip file begins.
	const [archive = ''] = /H4sI[\w+/]+=*/.exec(code) ?? [];
	const packed = filesInArchive(Buffer.from(archive, 'base64'));
	const { output } = await run('git', ['ls-files', 'agent'], { cwd: repositoryRoot });
	const wanted = output
		.trim()
		.split('\n')
		.filter((path) => !NOT_PACKED.includes(path));
	const names = [...packed.keys()].map((name) => `agent/${name}`);
	const different = wanted.filter(
		(path) => packed.get(path.slice('agent/'.length)) !== readFileSync(join(repositoryRoot, path), 'utf8'),
	);
	const withKeys = [...packed].filter(([, content]) => /eyJ|n8ntool1_/.test(content));
	return [
		...names.filter((name) => !wanted.includes(name)).map((name) => `${name} does not belong in the agent`),
		...different.map((name) => `${name} is missing in the agent, or differs`),
		...withKeys.map(([name]) => `agent/${name} holds a token`),
	];
}

/** What n8n's own tool says of the settings without which a package is not verified. */
async function judgeSettings(): Promise<string[]> {
	const program = join(repositoryRoot, 'node_modules/.bin/n8n-node');
	const env = { ...process.env, NO_COLOR: '1' };
	const { output } = await run(program, ['cloud-support'], { cwd: repositoryRoot, env });
	return output.includes('Status: eligible') ? [] : [output];
}

runMain(async () => {
	const { href } = pathToFileURL(join(scannerFolder, 'scanner', 'scanner.mjs'));
	const scanner = (await import(href)) as Scanner;
	const unpacked = await unpackPackage();
	const all = {
		Source: await scan(scanner, repositoryRoot, scanner.SOURCE_FILE_PATTERNS),
		Settings: await judgeSettings(),
		'Published package': await scan(scanner, unpacked, TARBALL_PATTERNS),
		Tarball: judgeTarball(await packPackage(), unpacked),
		Agent: await judgeAgent(unpacked),
	};
	for (const [what, findings] of Object.entries(all)) {
		write(`${what}: ${findings.length === 0 ? 'nothing found' : `${findings.length} found`}`);
		for (const finding of findings) write(`  ${finding}`);
	}
	return Object.values(all).flat().length === 0 ? 0 : 1;
});

/**
 * `npm run scan`: n8n's own scanner, offline, on the source and on the package as it would be published.
 * Warnings count as failures, and the tarball's size and content are checked too.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packPackage, unpackPackage } from '../n8n/package';
import { repositoryRoot, runMain } from '../n8n/processes';

interface Scanner {
	SOURCE_FILE_PATTERNS: string[];
	analyzePackage: (
		folder: string,
		patterns: string[],
	) => Promise<{ passed: boolean; message?: string; details?: string }>;
	buildScanConfig: () => Promise<unknown>;
}

interface LintResult {
	filePath: string;
	messages: Array<{ line: number; severity: number; ruleId: string | null; message: string }>;
}

interface ESLintModule {
	ESLint: new (options: unknown) => { lintFiles: (files: string[]) => Promise<LintResult[]> };
}

/** How large the published package may be. */
const MAXIMUM_PACKED_BYTES = 100_000;
const MAXIMUM_UNPACKED_BYTES = 400_000;
/** What the scanner itself lints of a published package. */
const TARBALL_PATTERNS = ['**/*.js', 'package.json'];
const ALLOWED_AT_TOP = /^(dist|index\.js|package\.json|README\.md|LICENSE(\.md)?|CHANGELOG\.md)$/;
const FORBIDDEN_ANYWHERE =
	/\.map$|\.tsbuildinfo$|\.test\.|\.spec\.|(^|\/)(test|tests|__tests__|node_modules)\/|\.ts$/;

const scannerFolder = join(repositoryRoot, 'node_modules/@n8n/scan-community-package');

function filesIn(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((name) => statSync(join(folder, name)).isFile())
		.map((name) => name.split(sep).join('/'));
}

/** Lints with the scanner's own rules, as it does, but reports warnings as well. */
async function lint(scanner: Scanner, folder: string, patterns: string[]): Promise<string[]> {
	// The scanner's own ESLint: its configuration is written for that version.
	const { ESLint } = require(require.resolve('eslint', { paths: [scannerFolder] })) as ESLintModule;
	const eslint = new ESLint({
		cwd: folder,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: await scanner.buildScanConfig(),
		errorOnUnmatchedPattern: false,
	});
	const results = await eslint.lintFiles(patterns);
	return results.flatMap(({ filePath, messages }) =>
		messages.map(
			({ line, severity, ruleId, message }) =>
				`${relative(folder, filePath)}:${line} ${severity === 2 ? 'error' : 'warning'} ${message} (${ruleId ?? 'parser'})`,
		),
	);
}

async function scan(scanner: Scanner, what: string, folder: string, patterns: string[]): Promise<string[]> {
	const official = await scanner.analyzePackage(folder, patterns);
	const findings = await lint(scanner, folder, patterns);
	if (!official.passed && findings.length === 0) {
		findings.push(`${official.message ?? 'failed'}\n${official.details ?? ''}`);
	}
	// A pattern that matches nothing passes silently.
	if (official.message === 'No files found to analyze') findings.push('no files found to analyze');
	process.stdout.write(`${what}: ${findings.length === 0 ? 'nothing found' : `${findings.length} found`}\n`);
	for (const finding of findings) process.stdout.write(`  ${finding}\n`);
	return findings;
}

function judgeTarball(tarball: string, folder: string): string[] {
	const files = filesIn(folder);
	const packedBytes = statSync(tarball).size;
	const unpackedBytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
	const findings: string[] = [];
	if (packedBytes > MAXIMUM_PACKED_BYTES) {
		findings.push(`packed it has ${packedBytes} bytes, more than ${MAXIMUM_PACKED_BYTES}`);
	}
	if (unpackedBytes > MAXIMUM_UNPACKED_BYTES) {
		findings.push(`unpacked it has ${unpackedBytes} bytes, more than ${MAXIMUM_UNPACKED_BYTES}`);
	}
	for (const file of files) {
		if (!ALLOWED_AT_TOP.test(file.split('/')[0] ?? ''))
			findings.push(`${file} does not belong in the package`);
		else if (FORBIDDEN_ANYWHERE.test(file)) findings.push(`${file} is a test or a leftover of the build`);
	}

	// A missing icon or codex file would only show in the editor; a missing node file, nowhere but there.
	const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
		n8n: { nodes: string[]; credentials: string[] };
		dependencies?: Record<string, string>;
	};
	for (const file of [...manifest.n8n.nodes, ...manifest.n8n.credentials]) {
		if (!existsSync(join(folder, file))) {
			findings.push(`package.json names ${file}, which is missing`);
			continue;
		}
		const code = readFileSync(join(folder, file), 'utf8');
		for (const [, icon] of code.matchAll(/['"`]file:([^'"`]+\.svg)['"`]/g)) {
			if (icon && !existsSync(join(folder, dirname(file), icon))) {
				findings.push(`${file} names the icon ${icon}, which is missing`);
			}
		}
		const codex = file.replace(/\.js$/, '.json');
		if (file.endsWith('.node.js') && !existsSync(join(folder, codex))) findings.push(`${codex} is missing`);
	}
	if (Object.keys(manifest.dependencies ?? {}).length > 0) findings.push('package.json has dependencies');

	process.stdout.write(
		`Tarball: ${(packedBytes / 1000).toFixed(1)} kB packed, ${(unpackedBytes / 1000).toFixed(1)} kB unpacked, ${files.length} files: ${findings.length === 0 ? 'nothing found' : `${findings.length} found`}\n`,
	);
	for (const finding of findings) process.stdout.write(`  ${finding}\n`);
	return findings;
}

runMain(async () => {
	const scanner = (await import(
		pathToFileURL(join(scannerFolder, 'scanner', 'scanner.mjs')).href
	)) as Scanner;
	const unpacked = await unpackPackage();
	const findings = [
		...(await scan(scanner, 'Source', repositoryRoot, scanner.SOURCE_FILE_PATTERNS)),
		...(await scan(scanner, 'Published package', unpacked, TARBALL_PATTERNS)),
		...judgeTarball(await packPackage(), unpacked),
	];
	return findings.length === 0 ? 0 : 1;
});

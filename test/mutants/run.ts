/**
 * `npm run test:mutants [-- <part of a file's name or of what is lost> ...]`: changes the code in ways that a user would suffer from,
 * each in a copy of the repository, and fails for a change that no test notices. `-- --check` only looks whether all texts occur.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { repositoryRoot, runMain, temporaryFolder, TrackedProcess } from '../n8n/processes';
import { type Mutant, MUTANTS } from './table';

/** A mutant may keep a test from ending. All tests of the table, unchanged and on a busy machine, take a quarter of an hour. */
const LIMIT_MS = 45 * 60_000;
const NOT_COPIED = ['.cache', '.git', 'dist', 'dist.new', 'node_modules'];

interface Finding {
	mutant: Mutant;
	isCaught: boolean;
	/** The test that caught it, or what is wrong. */
	by: string;
}

const occurrences = ({ file, oldText }: Mutant) =>
	readFileSync(join(repositoryRoot, file), 'utf8').split(oldText).length - 1;

/** A copy of the repository, in which programs run. */
class Copy {
	readonly folder = temporaryFolder('videosdk-mutants');

	constructor() {
		const isCopied = (path: string) =>
			!NOT_COPIED.includes(relative(repositoryRoot, path).split(sep).join('/'));
		cpSync(repositoryRoot, this.folder, { recursive: true, filter: isCopied });
		symlinkSync(join(repositoryRoot, 'node_modules'), join(this.folder, 'node_modules'), 'junction');
		// A test asks git for files: without a repository it would fail for every mutant, and so catch it.
		execFileSync('git', ['init', '-q'], { cwd: this.folder });
		execFileSync('git', ['add', '.'], { cwd: this.folder });
	}

	/** Runs a program to its end. */
	private async node(program: string, programArguments: string[]) {
		const path = join(this.folder, 'node_modules', program);
		const child = new TrackedProcess(process.execPath, [path, ...programArguments], {
			cwd: this.folder,
			env: { ...process.env, CI: 'true' },
		});
		const limit = setTimeout(async () => await child.kill(), LIMIT_MS);
		const code = await child.exited;
		clearTimeout(limit);
		return { hasFailed: code !== 0, output: child.output };
	}

	private async jest(jestArguments: string[]): Promise<string | undefined> {
		const { hasFailed, output } = await this.node('jest/bin/jest.js', [
			'--runInBand',
			'--bail',
			'--silent',
			// A mutant that never ends is noticed at each test's limit.
			'--testTimeout=30000',
			...jestArguments,
		]);
		if (!hasFailed) return undefined;
		return /^FAIL test\/(\S+)/m.exec(output)?.[1] ?? output.trim().split('\n').at(-1) ?? 'no end';
	}

	/** Builds what the engine tests load. @throws if that fails */
	async build(): Promise<void> {
		const { hasFailed, output } = await this.node('gulp/bin/gulp.js', ['build']);
		if (hasFailed) throw new Error(output);
	}

	/** @returns the first test file that failed */
	async test(tests: string[]): Promise<string | undefined> {
		return await this.jest(tests.map((test) => `/test/${test}`));
	}

	/** Runs the tests that `test` does not. */
	async testOthers(tests: string[]): Promise<string | undefined> {
		return await this.jest([
			'--testPathIgnorePatterns',
			'/node_modules/',
			...tests.map((test) => `/test/${test}`),
		]);
	}

	async tryOut(mutant: Mutant): Promise<Finding> {
		const { file, oldText, newText, tests } = mutant;
		const path = join(this.folder, file);
		const code = readFileSync(path, 'utf8');
		writeFileSync(
			path,
			code.replace(oldText, () => newText),
		);
		try {
			await this.build();
			const by = await this.test(tests);
			if (by !== undefined) return { mutant, isCaught: true, by };
			const byOther = await this.testOthers(tests);
			return { mutant, isCaught: byOther !== undefined, by: byOther ? `only ${byOther}` : 'NO TEST' };
		} catch {
			return { mutant, isCaught: false, by: 'DOES NOT BUILD' };
		} finally {
			writeFileSync(path, code);
		}
	}
}

function report({ mutant: { file, loses }, by }: Finding): void {
	process.stdout.write(`${by.padEnd(44)} ${file.replace('nodes/VideoSdkAgentCloud/', '')}: ${loses}\n`);
}

async function run(wanted: string[]): Promise<Finding[]> {
	const chosen = MUTANTS.filter(
		({ file, loses }) =>
			wanted.length === 0 ||
			wanted.some((part) => `${file} ${loses}`.toLowerCase().includes(part.toLowerCase())),
	);
	const findings: Finding[] = chosen
		.filter((mutant) => occurrences(mutant) !== 1)
		.map((mutant) => ({ mutant, isCaught: false, by: `TEXT OCCURS ${occurrences(mutant)} TIMES` }));
	findings.forEach(report);
	const left = chosen.filter((mutant) => occurrences(mutant) === 1);
	const copies = Array.from({ length: Math.min(availableParallelism(), left.length) }, () => new Copy());
	await Promise.all(
		copies.map(async (copy, index) => {
			await copy.build();
			if (index === 0) {
				const failed = await copy.test([...new Set(left.flatMap(({ tests }) => tests))]);
				if (failed) throw new Error(`${failed} fails without any change, so nothing can be told.`);
			}
			for (let mutant = left.shift(); mutant; mutant = left.shift()) {
				const finding = await copy.tryOut(mutant);
				findings.push(finding);
				report(finding);
			}
		}),
	);
	return findings;
}

runMain(async () => {
	const wanted = process.argv.slice(2);
	if (wanted.includes('--check')) {
		const wrong = MUTANTS.filter((mutant) => occurrences(mutant) !== 1);
		for (const mutant of wrong)
			report({ mutant, isCaught: false, by: `TEXT OCCURS ${occurrences(mutant)} TIMES` });
		process.stdout.write(`${MUTANTS.length - wrong.length} passed, ${wrong.length} failed\n`);
		return wrong.length > 0 ? 1 : 0;
	}
	const findings = await run(wanted);
	const survivors = findings.filter(({ isCaught }) => !isCaught);
	if (survivors.length > 0) process.stdout.write('\nNot caught:\n');
	survivors.forEach(report);
	process.stdout.write(`${findings.length - survivors.length} passed, ${survivors.length} failed\n`);
	return survivors.length > 0 ? 1 : 0;
});

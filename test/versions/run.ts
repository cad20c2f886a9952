/**
 * `npm run test:versions [version ...]`: tries the main jobs in one n8n after the other, each installed in a folder of its own,
 * and writes the table in docs/dev/compatibility.md. Without arguments it tries the versions that this package promises to work on.
 */
import { PATIENT, setUp } from '../e2e/setup';
import { describeCommit } from '../n8n/commit';
import { packPackage } from '../n8n/package';
import { PlainError, runMain } from '../n8n/processes';
import { ensureRuntime } from '../n8n/runtime';
import { CHECKS } from './checks';
import { writeTable } from './table';

const VERSIONS = ['1.110.1', '1.123.81', '2.0.3', '2.22.6', '2.35.7', '2.41.1'];
const HEADINGS = ['n8n', ...CHECKS.map(({ title }) => title), 'Tested'];
const WORKS = 'yes';

/** An error in one sentence, fit for a cell of a table. */
function inWords(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	const lines = text.split('\n').filter((line) => line.trim() !== '');
	let sentence = lines.join(' ');
	if (error instanceof PlainError) {
		sentence = lines.at(-1) ?? '';
		const ofNpm = lines.find((line) => /^npm error (?!code |A complete log)/.test(line));
		if (ofNpm) sentence = `${sentence.split(':')[0]}: ${ofNpm.replace(/^npm error \w+ /, '')}`;
	}
	return sentence.replace(/\|/g, '/').replace(/\s+/g, ' ').slice(0, 300);
}

/** Yields a cell for each check: that it works, or in words why not. */
async function tryVersion(version: string): Promise<string[]> {
	let setup;
	try {
		await ensureRuntime(version, console.log);
		setup = await setUp({ n8n: { version }, simulator: { lifecycle: false, ...PATIENT } });
	} catch (error) {
		return CHECKS.map((_, index) => (index === 0 ? inWords(error) : 'not tried'));
	}
	const cells: string[] = [];
	for (const { title, run } of CHECKS) {
		const outcome = await run(setup).then(() => WORKS, inWords);
		console.log(`  ${title}: ${outcome}`);
		cells.push(outcome);
	}
	await setup.stop();
	return cells;
}

runMain(async () => {
	const asked = process.argv.slice(2);
	const odd = asked.find((version) => !/^\d+\.\d+\.\d+$/.test(version));
	if (odd !== undefined) throw new PlainError(`"${odd}" is not a version of n8n: give it as 2.41.1.`);
	await packPackage();
	const tested = `${new Date().toISOString().slice(0, 10)}, ${describeCommit()}`;
	let passed = 0;
	let failed = 0;
	for (const version of asked.length > 0 ? asked : VERSIONS) {
		console.log(`n8n ${version}`);
		const cells = await tryVersion(version);
		await writeTable(HEADINGS, [[version, ...cells, tested]]);
		passed += cells.filter((cell) => cell === WORKS).length;
		failed += cells.filter((cell) => cell !== WORKS).length;
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
});

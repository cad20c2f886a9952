/**
 * `npm run test:versions [version ...]`: tries the main jobs in one n8n after the other, each installed in a folder of its own, and
 * prints the rows for the table in docs/dev/compatibility.md. Without arguments it tries the versions that this package promises to work on.
 */
import { PATIENT, setUp } from '../e2e/setup';
import { describeCommit } from '../n8n/commit';
import { packPackage } from '../n8n/package';
import { runMain } from '../n8n/processes';
import { ensureRuntime } from '../n8n/runtime';
import { CHECKS } from './checks';

const VERSIONS = ['2.41.1', '2.35.7', '2.22.6', '2.0.3', '1.123.81', '1.110.1'];
const WORKS = 'yes';

const inWords = (error: unknown) => String(error).replace(/\s+/g, ' ').slice(0, 300);

/** @returns a cell for each check: that it works, or in words why not */
async function tryVersion(version: string): Promise<string[]> {
	await ensureRuntime(version, console.log);
	const setup = await setUp({ n8n: { version }, simulator: { lifecycle: false, ...PATIENT } });
	const cells: string[] = [];
	for (const { run } of CHECKS) cells.push(await run(setup).then(() => WORKS, inWords));
	await setup.stop();
	return cells;
}

runMain(async () => {
	await packPackage();
	const asked = process.argv.slice(2);
	const rows: string[][] = [];
	for (const version of asked.length > 0 ? asked : VERSIONS) {
		const cells = await tryVersion(version).catch((error: unknown) => [inWords(error)]);
		rows.push(cells);
		const tested = `${new Date().toISOString().slice(0, 10)}, ${describeCommit()}`;
		console.log(`| ${[version, ...cells, tested].join(' | ')} |`);
	}
	const cells = rows.flat();
	const passed = cells.filter((cell) => cell === WORKS).length;
	console.log(`${passed} passed, ${cells.length - passed} failed`);
	return passed === cells.length ? 0 : 1;
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as prettier from 'prettier';
import { repositoryRoot } from '../n8n/processes';

const FILE = join(repositoryRoot, 'docs', 'dev', 'compatibility.md');
/** The table that begins with this heading belongs to `npm run test:versions`. */
const FIRST_HEADING = 'n8n';
const VERSION = /^\d+\.\d+\.\d+$/;

const cellsOf = (line: string) =>
	line
		.split('|')
		.slice(1, -1)
		.map((cell) => cell.trim());

/** Puts the later version first. */
function byVersion([first = '']: string[], [second = '']: string[]): number {
	const [one, other] = [first, second].map((version) => version.split('.').map(Number));
	return [0, 1, 2].map((part) => (other?.[part] ?? 0) - (one?.[part] ?? 0)).find(Boolean) ?? 0;
}

/**
 * Puts results into the table of versions in docs/dev/compatibility.md. Rows of versions that were not tried now stay, and so do rows
 * whose first cell is no version.
 *
 * @param headings of all columns
 * @param results one row of cells per version, the version first
 */
export async function writeTable(headings: string[], results: string[][]): Promise<void> {
	const lines = readFileSync(FILE, 'utf8').split('\n');
	const start = lines.findIndex((line) => line.startsWith('|') && cellsOf(line)[0] === FIRST_HEADING);
	const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
	const rows = lines.slice(start + 2, start + length).map(cellsOf);
	const fresh = new Set(results.map(([version]) => version));
	const kept = rows.filter(([version = '']) => VERSION.test(version) && !fresh.has(version));
	const byHand = rows.filter(([version = '']) => !VERSION.test(version));
	const table = [
		headings,
		headings.map(() => '-'),
		...byHand.map((row) => headings.map((_, index) => row[index] ?? '')),
		...[...kept, ...results].sort(byVersion),
	].map((row) => `| ${row.join(' | ')} |`);
	lines.splice(start, length, ...table);
	const settings = (await prettier.resolveConfig(FILE)) ?? {};
	writeFileSync(FILE, await prettier.format(lines.join('\n'), { ...settings, parser: 'markdown' }));
}

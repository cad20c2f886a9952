/** What the page says: docs/benchmarks/README.md. */
import { type Figure, IS_SHORT, median, type Row, SIZE } from './figure';
import { IMAGE_SETTING } from './stage';

const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** The median, and in brackets the smallest and the largest value. */
function cell(values: number[], unit: string): string {
	const typical = `${rounded(median(values))} ${unit}`;
	if (values.length === 1) return typical;
	return `${typical} (${rounded(Math.min(...values))} to ${rounded(Math.max(...values))})`;
}

function line({ what, unit, ours, peer }: Row): string {
	const cells = [what, cell(ours, unit), '', ''];
	if (peer) {
		cells[2] = `${peer.name}: ${cell(peer.values, unit)}`;
		cells[3] = rounded(median(ours.map((value, round) => value / peer.values[round]!)));
	}
	return `| ${cells.join(' | ')} |`;
}

/** @returns a figure as a section of the page */
export const section = ({ title, how }: Figure, rows: Row[]): string =>
	[
		`## ${title}`,
		how,
		['| What | This package | n8n | Ratio |', '| --- | --- | --- | --- |', ...rows.map(line)].join('\n'),
	].join('\n\n');

/** What a run was like. */
export interface Circumstances {
	commit: string;
	minutes: number;
	machine: string;
	versions: string;
}

/** @returns the whole page */
export const pageOf = ({ commit, minutes, machine, versions }: Circumstances, sections: string[]): string =>
	[
		'# Benchmarks',
		`\`npm run bench\` measured all of this in one run of ${minutes} minutes, with commit ${commit}, and wrote this page.`,
		...(IS_SHORT
			? ["**A short run (`BENCH_SHORT=1`): it shows that the program works. Don't rely on these figures.**"]
			: []),
		[
			`- ${machine}`,
			`- ${versions}, with SQLite in one process. Each figure has an n8n of its own, into which the packed package is installed, with ${IMAGE_SETTING} as [our images](../install.md#docker) set it, unless it says otherwise`,
			"- The simulator takes VideoSDK's place, on the same machine, and answers at once unless it says otherwise",
			`- What is compared takes turns in each of ${SIZE.rounds} rounds, after one that isn't counted. Figures are medians, in brackets the smallest and the largest one. Ratios are medians of those within a round: below 1, this package is faster. A figure without brackets was measured once`,
		].join('\n'),
		...sections,
	].join('\n\n') + '\n';

import { FIGURES_FILE_VARIABLE, readFigures } from './figures';

/** Prints what the tests measured, by suite, when all of them are done. */
export default function printFigures(): void {
	const figures = readFigures(process.env[FIGURES_FILE_VARIABLE] ?? '');
	for (const suite of new Set(figures.map((each) => each.suite))) {
		process.stdout.write(`\nFigures of ${suite}\n`);
		for (const { subject, value, wanted } of figures.filter((each) => each.suite === suite)) {
			process.stdout.write(`  ${subject}: ${value}${wanted ? ` (wanted: ${wanted})` : ''}\n`);
		}
	}
	process.stdout.write('\n');
}

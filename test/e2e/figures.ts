import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A number that a test measured or counted, and what it must be. */
export interface Figure {
	/** The test file, without its endings. */
	suite: string;
	subject: string;
	value: string | number;
	/** What it must be, in words; the test itself has asserted it. */
	wanted?: string;
}

/** Names the file to which the tests of one `npm run test:e2e` write their figures. */
export const FIGURES_FILE_VARIABLE = 'E2E_FIGURES_FILE';

/** Reports a figure, to be printed when all tests are done. */
export function figure(subject: string, value: string | number, wanted?: string): void {
	const file = process.env[FIGURES_FILE_VARIABLE];
	if (!file) return;
	const suite = basename(expect.getState().testPath ?? '', '.e2e.ts');
	appendFileSync(file, `${JSON.stringify({ suite, subject, value, wanted } satisfies Figure)}\n`);
}

/** Reads what the tests reported. */
export function readFigures(file: string): Figure[] {
	if (!existsSync(file)) return [];
	return readFileSync(file, 'utf8')
		.split('\n')
		.filter(Boolean)
		.map((line) => JSON.parse(line) as Figure);
}

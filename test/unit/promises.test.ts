import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchesIn } from './labels';

const root = join(__dirname, '..', '..');
const ENDING = /\.(test|e2e|browser|vendor|install)\.ts$/;
const page = readFileSync(join(root, 'docs/dev/promises.md'), 'utf8');

/** The rows of all tables, without their heads. */
const rows = matchesIn(page, /^(\| .+ \|)$/gm).filter((row) => !/^\| (Promise|-)/.test(row));
const filesOf = (row: string) => matchesIn(row, /`([\w/]+\/\w+)`/g);

/** As promises.md writes them: below `test/`, without their ending. */
const testFiles = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'test'], {
	cwd: root,
	encoding: 'utf8',
})
	.split('\n')
	.filter((file) => ENDING.test(file))
	.map((file) => file.replace(/^test\//, '').replace(ENDING, ''));

it('Each promise in promises.md names the one test file that holds it', () => {
	expect(rows.length).toBeGreaterThan(100);
	expect(rows.filter((row) => filesOf(row).length !== 1)).toEqual([]);
});

it('Each test file serves exactly one promise in promises.md', () => {
	expect(rows.flatMap(filesOf).sort()).toEqual(testFiles.sort());
});

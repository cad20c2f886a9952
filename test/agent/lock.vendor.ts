import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, run, temporaryFolder } from '../n8n/processes';
import { downloadWords, LOCK, PROCESSORS, resolveWords } from './venv';

const WANTED = join(repositoryRoot, 'agent/requirements.in');
/** The names, in pip's spelling, and versions that a file of requirements pins. */
const pinsIn = (file: string): string[] =>
	readFileSync(file, 'utf8')
		.split('\n')
		.flatMap((line) => /^([\w.-]+)(==[^\s\\]+)?/.exec(line)?.slice(1, 3).join('').toLowerCase() ?? []);

/** What Agent Cloud builds an image from is what was tested, for both processors, or it isn't built at all. */
describe("The agent's lock", () => {
	it('has everything that the agent names', () => {
		const locked = pinsIn(LOCK);
		const wanted = pinsIn(WANTED);
		expect(wanted.length).toBeGreaterThan(3);
		for (const pin of wanted)
			expect(locked).toContainEqual(expect.stringMatching(new RegExp(`^${pin}(==|$)`)));
		expect(readFileSync(LOCK, 'utf8')).not.toMatch(/--(?:extra-)?index-url|--find-links|https?:\/\//);
	});

	it.each(PROCESSORS)('is complete for Linux on %s, with the hash of each file', async (processor) => {
		const folder = temporaryFolder(`lock-${processor}`);
		for (const wordsOf of [downloadWords, resolveWords]) {
			const { code, output } = await run(String(process.env.VENDOR_PYTHON), wordsOf(processor, LOCK, folder));
			expect([code, output]).toEqual([0, expect.anything()]);
		}
	});
});

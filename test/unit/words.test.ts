import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** Words that sound translated, or that n8n's style guide writes differently. */
const AVOIDED =
	/\b(?:(?:some|every|any|no)body|anew|also while|does as well|another one|for good|of its own choice|makes this of it|events of (?:calls|sessions|rooms)|the (?:project|secret) of the credential|switch (?:on|off)|in flight|of the node that|broke off|towards|e-mail)\b/i;
/** In what the nodes show, contractions are used. */
const UNCONTRACTED = /\b(?:cannot|does not|did not|could not|will not|was not)\b/i;

const files = execFileSync('git', ['ls-files', 'nodes', 'credentials', 'examples', 'docs', 'README.md'], {
	cwd: root,
	encoding: 'utf8',
})
	.split('\n')
	.filter((file) => /\.(ts|md|json)$/.test(file) && !file.includes('__schema__'))
	// Notes for engineers, with other people's words in them.
	.filter((file) => !/open-points|benchmarks|architecture/.test(file));

/** @returns what users read in a file: of code, the texts without its comments */
function textsIn(file: string): string[] {
	const content = readFileSync(join(root, file), 'utf8');
	if (!file.endsWith('.ts')) return content.split('\n');
	const code = content.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
	return code.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`]*`/g) ?? [];
}

const wordsOf = (text: string, isShown: boolean) =>
	AVOIDED.exec(text)?.[0] ?? (isShown ? UNCONTRACTED.exec(text)?.[0] : undefined);

it('what users read has none of the words that sound translated', () => {
	const found = files.flatMap((file) =>
		textsIn(file)
			.filter((text) => wordsOf(text, file.endsWith('.ts')) !== undefined)
			.map((text) => `${file}: "${wordsOf(text, file.endsWith('.ts'))}" in ${text.trim().slice(0, 120)}`),
	);
	expect(found).toEqual([]);
});

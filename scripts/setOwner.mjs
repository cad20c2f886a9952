// `npm run set:owner -- <owner>/<repository> "<author> <mail>"`: says who publishes this package, everywhere it is said.
// `npm run set:owner -- --check [<owner>/<repository>]`: fails while a placeholder is left, or if it is another repository's.
// Plain JavaScript without dependencies, since a release asks it before anything is installed.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

process.chdir(`${import.meta.dirname}/..`);
const { name: packageName, author, repository } = JSON.parse(readFileSync('package.json', 'utf8'));
const present = /github\.com\/([^/]+\/[^/#?]+?)(\.git)?$/.exec(repository.url)?.[1];
// None of them as it is, so that this file does not hold it.
const PLACEHOLDERS = [
	['videosdk', 'community/'].join('-'),
	...['@users.noreply.github.com', ' contributors'].map((end) => packageName + end),
];

/** All files of the repository, with their content. */
const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
	.split('\0')
	.filter(Boolean)
	.map((file) => [file, readFileSync(file, 'utf8')]);

function fail(sentence) {
	process.stderr.write(`${sentence}\n`);
	process.exit(1);
}

const [first = '', second] = process.argv.slice(2);
const [, name, email] = /^(.*\S)\s+<?([^\s<>]+@[^\s<>]+)>?$/.exec(second) ?? [];
if (first === '--check') {
	for (const [file, content] of files)
		for (const placeholder of PLACEHOLDERS)
			if (content.includes(placeholder))
				fail(`${file} still contains ${placeholder}: npm run set:owner sets it.`);
	if (second && second !== present)
		fail(`package.json names ${present}, but this is ${second}: npm would reject the provenance statement.`);
	process.stdout.write(`The package belongs to ${author.name}, in ${present}.\n`);
} else {
	if (!/^[\w.-]+\/[\w.-]+$/.test(first) || !email)
		fail('Usage: npm run set:owner -- <owner>/<repository> "<author> <mail>"');
	for (const [file, content] of files) {
		let text = content.replaceAll(`github.com/${present}`, `github.com/${first}`);
		// After a clone, `cd` goes by the repository's name.
		text = text.replace(`\ncd ${present.split('/')[1]}\n`, `\ncd ${first.split('/')[1]}\n`);
		if (file === 'LICENSE') text = text.replace(author.name, name);
		if (file === 'package.json') {
			text = text.replace(JSON.stringify(author.name), JSON.stringify(name));
			text = text.replace(JSON.stringify(author.email), JSON.stringify(email));
		}
		if (text !== content) writeFileSync(file, text);
	}
	process.stdout.write('Set. Check the changes (git diff) and commit them.\n');
}

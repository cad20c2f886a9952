// `npm run set:owner -- <owner>/<repository> "<author> <mail>"`: says who publishes this package, everywhere it is said.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

process.chdir(`${import.meta.dirname}/..`);
const { author, repository } = JSON.parse(readFileSync('package.json', 'utf8'));
const [, former] = /github\.com\/(.+)\.git$/.exec(repository.url);

const [owner = '', person] = process.argv.slice(2);
const [, name, email] = /^(.*\S)\s+<?([^\s<>]+@[^\s<>]+)>?$/.exec(person) ?? [];
if (!/^[\w.-]+\/[\w.-]+$/.test(owner) || !email) {
	process.stderr.write('Usage: npm run set:owner -- <owner>/<repository> "<author> <mail>"\n');
	process.exit(1);
}
for (const file of execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
	.split('\0')
	.filter(Boolean)) {
	const content = readFileSync(file, 'utf8');
	let text = content.replaceAll(`github.com/${former}`, `github.com/${owner}`);
	// After a clone, `cd` goes by the repository's name.
	text = text.replace(`\ncd ${former.split('/')[1]}\n`, `\ncd ${owner.split('/')[1]}\n`);
	if (file === 'LICENSE') text = text.replace(author.name, name);
	if (file === 'package.json') {
		text = text.replace(JSON.stringify(author.name), JSON.stringify(name));
		text = text.replace(JSON.stringify(author.email), JSON.stringify(email));
	}
	if (text !== content) writeFileSync(file, text);
}
process.stdout.write('Set. Check the changes (git diff) and commit them.\n');

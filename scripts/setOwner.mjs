// `npm run set:owner -- <owner>/<repository> "<author> <mail>"`: says who publishes this package, everywhere it is said.
// `npm run set:owner -- --check [<owner>/<repository>]`: fails while a placeholder is left, or if it is another repository's.
// Plain JavaScript without dependencies, since a release asks it before anything is installed.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageFile = join(root, 'package.json');
const packageJson = JSON.parse(readFileSync(packageFile, 'utf8'));
const present = /github\.com\/([^/]+\/[^/#?]+?)(\.git)?$/.exec(packageJson.repository.url)?.[1];
// In two parts, so that this file does not hold them itself.
const PLACEHOLDERS = [
	['videosdk', 'community/'],
	[packageJson.name, '@users.noreply.github.com'],
	[packageJson.name, ' contributors'],
].map(([first, second], index) => first + (index === 0 ? '-' : '') + second);

function fail(sentence) {
	process.stderr.write(`${sentence}\n`);
	process.exit(1);
}

/** All files of the repository that hold a text, with their content. */
function filesWith(text) {
	return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
		.split('\0')
		.filter(Boolean)
		.map((file) => ({ file, content: readFileSync(join(root, file), 'utf8') }))
		.filter(({ content }) => content.includes(text));
}

function check(repository) {
	const left = PLACEHOLDERS.flatMap((placeholder) =>
		filesWith(placeholder).map(({ file }) => `  ${file}: ${placeholder}`),
	);
	if (left.length > 0) {
		fail(
			`Placeholders are left. Run: npm run set:owner -- <owner>/<repository> "<author> <mail>"\n${left.join('\n')}`,
		);
	}
	if (repository && repository !== present) {
		fail(
			`package.json names the repository ${present}, but this is ${repository}: npm would reject the provenance statement.`,
		);
	}
	process.stdout.write(`The package belongs to ${packageJson.author.name}, in ${present}.\n`);
}

function set(repository, author) {
	const [, name, email] = /^(.*\S)\s+<?([^\s<>]+@[^\s<>]+)>?$/.exec(author) ?? [];
	if (!/^[\w.-]+\/[\w.-]+$/.test(repository) || !email) {
		fail('Usage: npm run set:owner -- <owner>/<repository> "<author> <mail>"');
	}
	const [formerName, newName] = [present, repository].map((slug) => slug.split('/')[1]);
	const changed = filesWith(`github.com/${present}`);
	for (const { file, content } of changed) {
		const text = content.replaceAll(`github.com/${present}`, `github.com/${repository}`);
		// After a clone, `cd` goes by the repository's name.
		writeFileSync(join(root, file), text.replace(new RegExp(`^cd ${formerName}$`, 'gm'), `cd ${newName}`));
	}
	const licence = join(root, 'LICENSE');
	writeFileSync(licence, readFileSync(licence, 'utf8').replace(packageJson.author.name, name));
	const updated = { ...JSON.parse(readFileSync(packageFile, 'utf8')), author: { name, email } };
	writeFileSync(packageFile, `${JSON.stringify(updated, null, 2)}\n`);
	process.stdout.write(
		`Set in LICENSE, ${changed.map(({ file }) => file).join(', ')}. Check the changes (git diff) and commit them.\n`,
	);
}

const [first, second] = process.argv.slice(2);
if (first === '--check') check(second);
else set(first ?? '', second ?? '');

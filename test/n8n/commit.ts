import { execFileSync } from 'node:child_process';
import { repositoryRoot } from './processes';

/** The commit that is tested, and whether what is published differs from it. */
export function describeCommit(): string {
	const git = (...words: string[]): string =>
		execFileSync('git', words, { cwd: repositoryRoot, encoding: 'utf8', stdio: 'pipe' }).trim();
	try {
		const changed = git('status', '--porcelain', '--', 'nodes', 'credentials', 'gulpfile.js', 'package.json');
		return `${git('rev-parse', '--short=7', 'HEAD')}${changed === '' ? '' : ' with changes'}`;
	} catch {
		return 'no commit';
	}
}

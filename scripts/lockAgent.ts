/**
 * `npm run lock:agent`: writes agent/requirements.txt, the versions of all packages that the agent is built from, out of
 * agent/requirements.in, with the hashes of the files for Linux on both processors. `npm run test:vendor -- lock` checks it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadWords, findPython, LOCK, PROCESSORS, PYTHON_VERSION } from '../test/agent/venv';
import { PlainError, repositoryRoot, run, runMain, temporaryFolder } from '../test/n8n/processes';

const PIP_TOOLS = 'pip-tools==7.6.2';
/** Nothing of this machine is written, such as which registry it uses. */
const COMPILE =
	'-m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host';
const HEADER =
	'# All that the agent is built from, with hashes. Made by `npm run lock:agent` out of requirements.in.\n';

async function mustRun(command: string, words: string[]): Promise<void> {
	const { code, output } = await run(command, words, { cwd: join(repositoryRoot, 'agent') });
	if (code !== 0) throw new PlainError(output);
}

/** @returns the lock without the hashes of files that neither processor needs, which would make the published package larger */
function withHashesOf(files: string[], lock: string): string {
	const hashes = new Set(files.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')));
	const entries = lock.split(/\n(?=\S)/).map((entry) => {
		const [pin = '', ...lines] = entry.trimEnd().split(' \\\n');
		return [pin, ...lines.filter((line) => hashes.has(line.trim().replace('--hash=sha256:', '')))].join(
			' \\\n',
		);
	});
	return `${entries.join('\n')}\n`;
}

runMain(async () => {
	const system = findPython();
	if (system === undefined)
		throw new PlainError(`Python ${PYTHON_VERSION} is needed, which the agent runs on.`);
	const folder = temporaryFolder('lock-agent');
	const python = join(folder, 'bin/python');
	const made = join(folder, 'requirements.txt');
	await mustRun(system, ['-m', 'venv', folder]);
	await mustRun(python, ['-m', 'pip', 'install', '--quiet', PIP_TOOLS]);
	await mustRun(python, [...COMPILE.split(' '), '--output-file', made, 'requirements.in']);
	const folders = PROCESSORS.map((processor) => join(folder, processor));
	for (const [index, processor] of PROCESSORS.entries())
		await mustRun(python, downloadWords(processor, made, folders[index]!));
	const files = folders.flatMap((one) => readdirSync(one).map((name) => join(one, name)));
	writeFileSync(LOCK, HEADER + withHashesOf(files, readFileSync(made, 'utf8')));
	return 0;
});

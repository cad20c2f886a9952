import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError, removeFolder, repositoryRoot, run, sha256, withLock } from '../n8n/processes';
import { cacheFolder } from '../n8n/runtime';

const REQUIREMENTS = join(__dirname, 'requirements.txt');
/** Which it includes. */
const AGENT_REQUIREMENTS = join(repositoryRoot, 'agent/requirements.txt');
const MARKER_FILE = '.complete';
/** pip's words where the registry isn't reached. */
const UNREACHED = /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError/;

/** Makes a virtual environment with VideoSDK's own programs, unless there is one. @returns its Python; undefined: PyPI isn't reached */
export async function ensureVenv(log: (line: string) => void): Promise<string | undefined> {
	// One for each set of requirements.
	const wanted = [REQUIREMENTS, AGENT_REQUIREMENTS].map((file) => readFileSync(file, 'utf8')).join('\n');
	const folder = join(cacheFolder(), `vendor-${sha256(wanted).slice(0, 12)}`);
	const python = join(folder, 'bin/python');
	return await withLock(`${folder}.lock`, async () => {
		if (existsSync(join(folder, MARKER_FILE))) return python;
		log("Installing VideoSDK's Python packages (once, about a minute) ...");
		removeFolder(folder);
		const made = await run('python3', ['-m', 'venv', folder]);
		if (made.code !== 0)
			throw new PlainError(`${made.output}\nPython 3.11, 3.12, or 3.13 with the module venv is needed.`);
		const { code, output } = await run(python, ['-m', 'pip', 'install', '-r', REQUIREMENTS]);
		if (code === 0) {
			writeFileSync(join(folder, MARKER_FILE), '');
			return python;
		}
		removeFolder(folder);
		if (UNREACHED.test(output)) return undefined;
		throw new PlainError(`${output}\npip couldn't install what ${REQUIREMENTS} names.`);
	});
}

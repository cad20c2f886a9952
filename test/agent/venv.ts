import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
	commandExists,
	PlainError,
	removeFolder,
	repositoryRoot,
	run,
	sha256,
	withLock,
} from '../n8n/processes';
import { cacheFolder } from '../n8n/installN8n';

/** VideoSDK's own programs that only the tests need. */
const REQUIREMENTS = join(__dirname, 'requirements.txt');
/** What the agent names. */
const NAMED = join(repositoryRoot, 'agent/requirements.in');
/** What the agent is built from, with hashes. */
export const LOCK = join(repositoryRoot, 'agent/requirements.txt');
const MARKER_FILE = '.complete';
/** pip's words where the registry isn't reached. */
const UNREACHED = /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError/;

/** The agent's Python: the one of agent/Dockerfile. */
export const PYTHON_VERSION = '3.12';

/** Agent Cloud builds for the first one (videosdk_cli, build.py); a host of one's own usually has the other. */
export const PROCESSORS = ['aarch64', 'x86_64'];
/** Debian 12, on which the image is based, has glibc 2.36. */
const GLIBCS = ['2014', '_2_17', '_2_28', '_2_34', '_2_35', '_2_36'];

/** @returns what makes pip download packages for Linux on a processor. @param words what to download, and from where */
const downloadFor = (processor: string, folder: string, ...words: string[]): string[] => [
	...'-m pip download --quiet --only-binary=:all: --implementation cp'.split(' '),
	'--python-version',
	PYTHON_VERSION,
	...GLIBCS.flatMap((glibc) => ['--platform', `manylinux${glibc}_${processor}`]),
	'-d',
	folder,
	...words,
];

/** As agent/Dockerfile installs the lock: nothing but what it names, if each file has a hash that's there. */
const LOCKED = ['--no-deps', '--require-hashes', '-r'];

/** @returns what makes pip download all packages of a lock into a folder */
export const downloadWords = (processor: string, lock: string, folder: string): string[] =>
	downloadFor(processor, folder, ...LOCKED, lock);

/** @returns what makes pip find, in a folder with the packages of a lock, all that they need, which fails if one isn't there */
export function resolveWords(processor: string, lock: string, folder: string): string[] {
	const pins = join(folder, 'pins.txt');
	writeFileSync(pins, withoutHashes(readFileSync(lock, 'utf8')));
	const found = join(folder, 'found');
	return downloadFor(processor, found, '--no-index', '--find-links', folder, '-r', pins);
}

/** @returns a Python of the agent's version; undefined if there is none */
export function findPython(): string | undefined {
	const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
	const installed = existsSync(pyenv)
		? readdirSync(pyenv).filter((name) => name.startsWith(`${PYTHON_VERSION}.`))
		: [];
	const candidates = [`python${PYTHON_VERSION}`, ...installed.map((name) => join(pyenv, name, 'bin/python'))];
	return candidates.find((command) => commandExists(command));
}

/** @returns the lock as constraints, which other packages can be installed beside */
const withoutHashes = (lock: string): string =>
	lock
		.split('\n')
		.filter((line) => /^\S+==/.test(line))
		.map((line) => line.replace(/ \\$/, ''))
		.join('\n');

/** Makes a virtual environment with VideoSDK's own programs, unless there is one. @returns its Python; undefined: PyPI isn't reached */
export async function ensureVenv(log: (line: string) => void): Promise<string | undefined> {
	const locked = process.platform === 'linux' ? findPython() : undefined;
	const system = locked ?? 'python3';
	if (!locked)
		log(
			`There's no Python ${PYTHON_VERSION} for Linux, which the deployed agent runs on. Its packages are tested on another one, in the versions that fit that.`,
		);
	// One for each Python and set of requirements.
	const wanted = [system, ...[REQUIREMENTS, NAMED, LOCK].map((file) => readFileSync(file, 'utf8'))].join(
		'\n',
	);
	const folder = join(cacheFolder(), `vendor-${sha256(wanted).slice(0, 12)}`);
	const python = join(folder, 'bin/python');
	return await withLock(`${folder}.lock`, async () => {
		if (existsSync(join(folder, MARKER_FILE))) return python;
		log("Installing VideoSDK's Python packages (once, about a minute) ...");
		removeFolder(folder);
		const made = await run(system, ['-m', 'venv', folder]);
		if (made.code !== 0)
			throw new PlainError(`${made.output}\nPython 3.11, 3.12, or 3.13 with the module venv is needed.`);
		const constraints = join(folder, 'constraints.txt');
		writeFileSync(constraints, locked ? withoutHashes(readFileSync(LOCK, 'utf8')) : '');
		const steps = [locked ? [...LOCKED, LOCK] : ['-r', NAMED], ['-c', constraints, '-r', REQUIREMENTS]];
		for (const what of steps) {
			const { code, output } = await run(python, ['-m', 'pip', 'install', ...what]);
			if (code === 0) continue;
			removeFolder(folder);
			if (UNREACHED.test(output)) return undefined;
			throw new PlainError(`${output}\npip couldn't install what ${what.at(-1)} names.`);
		}
		writeFileSync(join(folder, MARKER_FILE), '');
		return python;
	});
}

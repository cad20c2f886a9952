import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PlainError, repositoryRoot, run, runNpm, sha256, temporaryFolder, withLock } from './processes';

let packed: Promise<string> | undefined;

/** `dist/` is shared: two builds at once, or a build during packing, would leave half a package. */
const alone = async <T>(action: () => Promise<T>): Promise<T> =>
	await withLock(join(tmpdir(), `videosdk-build-${sha256(repositoryRoot).slice(0, 12)}.lock`), action);

async function build(): Promise<void> {
	const gulp = join(repositoryRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');
	const options = { cwd: repositoryRoot, env: process.env };
	const { code, output } = await run(process.execPath, [gulp, 'build'], options);
	if (code !== 0) throw new PlainError(`${output.trim()}\nThe package could not be built.`);
}

/** Packs what is in a folder. @returns the path of the .tgz file */
export async function pack(cwd: string): Promise<string> {
	const folder = temporaryFolder('videosdk-package');
	const options = ['--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
	return join(folder, (await runNpm('npm pack', ['pack', ...options], { cwd })).split('\n').pop() ?? '');
}

export const buildPackage = async (): Promise<void> => await alone(build);

/** The package as it would be published, as the path of a .tgz file. Built once per process, or named by `PACKAGE_TARBALL`. */
export async function packPackage(): Promise<string> {
	const given = process.env.PACKAGE_TARBALL;
	if (given) {
		if (!existsSync(given)) throw new PlainError(`PACKAGE_TARBALL names ${given}, which does not exist.`);
		return resolve(given);
	}
	packed ??= alone(async () => {
		await build();
		return await pack(repositoryRoot);
	});
	return await packed;
}

/** Unpacks a .tgz file, ours by default, into a temporary folder. */
export async function unpackPackage(tarball?: string): Promise<string> {
	const folder = temporaryFolder('videosdk-unpacked');
	const tar = ['-xzf', tarball ?? (await packPackage()), '-C', folder, '--strip-components=1'];
	const { code, output } = await run('tar', tar);
	if (code !== 0) throw new PlainError(`${output.trim()}\nThe package could not be unpacked.`);
	return folder;
}

/** Installs the package into an n8n user folder the way n8n does; npm once for each tarball, copied from then on. */
export async function installPackage(userFolder: string, tarball: string): Promise<void> {
	const installed = `${tarball}.${sha256(readFileSync(tarball)).slice(0, 12)}`;
	await withLock(`${installed}.lock`, async () => {
		if (existsSync(installed)) return;
		await npmInstall(`${installed}.new`, tarball);
		renameSync(`${installed}.new`, installed);
	});
	cpSync(installed, join(userFolder, '.n8n', 'nodes'), { recursive: true });
}

/** Offline: the package has no dependencies. */
async function npmInstall(folder: string, tarball: string): Promise<void> {
	mkdirSync(folder, { recursive: true });
	const ledger = { name: 'installed-nodes', private: true, dependencies: {} };
	writeFileSync(join(folder, 'package.json'), JSON.stringify(ledger));
	// n8n-workflow is a peer: n8n brings its own.
	const omitted = ['--omit=dev', '--omit=optional', '--omit=peer', '--legacy-peer-deps'];
	const options = ['--ignore-scripts', '--package-lock=false', '--bin-links=false'];
	const quiet = ['--offline', '--no-audit', '--no-fund'];
	const npmArguments = ['install', tarball, '--install-strategy=shallow', ...options, ...omitted, ...quiet];
	await runNpm('Installing the package into n8n', npmArguments, { cwd: folder });
}

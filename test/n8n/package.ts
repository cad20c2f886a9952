import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PlainError, repositoryRoot, run, runNpm, sha256, temporaryFolder, withLock } from './processes';

let packed: Promise<string> | undefined;

/** `dist/` is shared: two builds at once, or a build during packing, would leave half a package. */
async function alone<T>(action: () => Promise<T>): Promise<T> {
	return await withLock(join(tmpdir(), `videosdk-build-${sha256(repositoryRoot).slice(0, 12)}.lock`), action);
}

async function build(): Promise<void> {
	const gulp = join(repositoryRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');
	const { code, output } = await run(process.execPath, [gulp, 'build'], {
		cwd: repositoryRoot,
		env: process.env,
	});
	if (code !== 0) throw new PlainError(`${output.trim()}\nThe package could not be built.`);
}

async function buildAndPack(): Promise<string> {
	const folder = temporaryFolder('videosdk-package');
	return await alone(async () => {
		await build();
		const { code, output } = await runNpm(
			['pack', '--ignore-scripts', '--pack-destination', folder, '--loglevel=error'],
			{ cwd: repositoryRoot, env: process.env },
		);
		const file = output.trim().split('\n').pop() ?? '';
		if (code !== 0 || !file.endsWith('.tgz')) throw new PlainError(`${output.trim()}\nnpm pack failed.`);
		return join(folder, file);
	});
}

/** Builds the package into `dist/`. */
export async function buildPackage(): Promise<void> {
	await alone(build);
}

/**
 * The package as it would be published: built, packed, as the path of a .tgz file. Built once per process;
 * `PACKAGE_TARBALL` names a file to use instead.
 */
export async function packPackage(): Promise<string> {
	const given = process.env.PACKAGE_TARBALL;
	if (given) {
		if (!existsSync(given)) throw new PlainError(`PACKAGE_TARBALL names ${given}, which does not exist.`);
		return resolve(given);
	}
	packed ??= buildAndPack();
	return await packed;
}

/** The same, unpacked into a temporary folder. */
export async function unpackPackage(): Promise<string> {
	const folder = temporaryFolder('videosdk-unpacked');
	const tar = ['-xzf', await packPackage(), '-C', folder, '--strip-components=1'];
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
	writeFileSync(
		join(folder, 'package.json'),
		'{"name":"installed-nodes","private":true,"dependencies":{}}\n',
	);
	const { code, output } = await runNpm(
		[
			'install',
			tarball,
			'--offline',
			'--ignore-scripts',
			'--package-lock=false',
			'--bin-links=false',
			'--install-strategy=shallow',
			'--omit=dev',
			'--omit=optional',
			// n8n-workflow is a peer: n8n brings its own.
			'--omit=peer',
			'--legacy-peer-deps',
			'--no-audit',
			'--no-fund',
		],
		{ cwd: folder, env: process.env },
	);
	if (code !== 0) throw new PlainError(`${output.trim()}\nThe package could not be installed into n8n.`);
	const { name } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as { name: string };
	if (!existsSync(join(folder, 'node_modules', name, 'package.json'))) {
		throw new PlainError(`${tarball} does not hold the package ${name}.`);
	}
}

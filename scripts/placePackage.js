const fs = require('node:fs');
const { homedir } = require('node:os');
const { basename, dirname, join, resolve } = require('node:path');

/**
 * Puts the built package into an n8n's user folder, or removes it, and touches nothing else there.
 *
 * It does what n8n's own installer does (downloadPackage in n8n's community-packages.service), without npm: run in n8n's folder, npm
 * would also judge, and might change, the other community packages.
 *
 * Plain JavaScript without dependencies, since n8n's Docker image runs it too: `node placePackage.js <unpacked package>`.
 */

/** What n8n writes into its folder at its first start. */
const SIGNS_OF_N8N = ['config', 'database.sqlite', 'nodes'];

const holdsN8n = (folder) => SIGNS_OF_N8N.some((name) => fs.existsSync(join(folder, name)));
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/** Finds n8n's own folder, by its path or by the one in N8N_USER_FOLDER. @throws if there is no n8n, or one in either of the two */
function findN8nFolder(path) {
	const folder = resolve(path.replace(/^~(?=$|[/\\])/, homedir()));
	if (basename(folder) === 'nodes' && holdsN8n(dirname(folder))) return dirname(folder);
	const inner = join(folder, '.n8n');
	if (holdsN8n(inner)) {
		if (!holdsN8n(folder)) return inner;
		throw new Error(
			`Both ${folder} and ${inner} look like n8n folders. Enter the "nodes" folder of the one you mean: ${join(folder, 'nodes')} or ${join(inner, 'nodes')}`,
		);
	}
	if (holdsN8n(folder)) return folder;
	throw new Error(
		`No n8n was found in ${folder}. Neither it nor ${inner} contains ${SIGNS_OF_N8N.join(' or ')}. Enter the path of the .n8n folder (in your home folder, unless N8N_USER_FOLDER is set), or the path in N8N_USER_FOLDER. If n8n has never run, start it once first.`,
	);
}

/** Changes n8n's list of the packages in its folder, which npm goes by if someone runs it there. One that n8n will rebuild is left. */
function changeLedger(nodesFolder, change) {
	const file = join(nodesFolder, 'package.json');
	let ledger = { name: 'installed-nodes', private: true, dependencies: {} };
	if (fs.existsSync(file)) {
		try {
			ledger = readJson(file);
		} catch {
			return;
		}
		if (typeof ledger?.dependencies !== 'object') return;
	}
	change(ledger.dependencies);
	fs.writeFileSync(file, JSON.stringify(ledger, null, 2));
}

/** Run by root for another user's n8n, the files must be that user's. */
function giveTo({ uid, gid }, ...paths) {
	if (process.getuid?.() !== 0) return;
	for (const path of paths) {
		fs.lchownSync(path, uid, gid);
		if (!fs.lstatSync(path).isDirectory()) continue;
		for (const name of fs.readdirSync(path, { recursive: true })) fs.lchownSync(join(path, name), uid, gid);
	}
}

/** Puts the package in its place, instead of what is there. Whoever looks meanwhile finds the former or the new one. */
function placePackage(packageFolder, n8nFolder) {
	const { name, version } = readJson(join(packageFolder, 'package.json'));
	const nodesFolder = join(n8nFolder, 'nodes');
	const modules = join(nodesFolder, 'node_modules');
	const target = join(modules, name);
	const isNew = [nodesFolder, modules, join(nodesFolder, 'package.json')].filter(
		(path) => !fs.existsSync(path),
	);
	fs.mkdirSync(modules, { recursive: true });
	const inPlace = join(target, 'package.json');
	const former = fs.existsSync(inPlace) ? readJson(inPlace).version : undefined;

	// Beside node_modules, where n8n does not look for packages, and on the same disk.
	const staging = fs.mkdtempSync(join(nodesFolder, '.agent-cloud-'));
	const [fresh, old] = [join(staging, 'new'), join(staging, 'old')];
	try {
		fs.cpSync(packageFolder, fresh, { recursive: true });
		// A temporary folder, as that of npm, is its owner's alone.
		fs.chmodSync(fresh, 0o755);
		const packageJson = readJson(join(fresh, 'package.json'));
		// As n8n does: npm, run in `nodes` by someone else, would install them.
		for (const unwanted of ['devDependencies', 'peerDependencies', 'optionalDependencies'])
			delete packageJson[unwanted];
		fs.writeFileSync(join(fresh, 'package.json'), JSON.stringify(packageJson, null, 2));
		// lstat also sees a link to a folder that is gone, as left by npm link.
		const isThere = fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined;
		if (isThere) fs.renameSync(target, old);
		try {
			fs.renameSync(fresh, target);
		} catch (error) {
			// Another container with the same folder may have been faster; else what was there comes back.
			if (!fs.existsSync(target)) {
				if (isThere) fs.renameSync(old, target);
				throw error;
			}
		}
	} finally {
		fs.rmSync(staging, { recursive: true, force: true });
	}
	changeLedger(nodesFolder, (dependencies) => (dependencies[name] = version));
	giveTo(fs.statSync(n8nFolder), target, ...isNew);
	return { name, version, former };
}

/** Takes the package away. Workflows and credentials stay in n8n's database. @returns whether it was there */
function removePackage(name, n8nFolder) {
	const nodesFolder = join(n8nFolder, 'nodes');
	const target = join(nodesFolder, 'node_modules', name);
	if (!fs.lstatSync(target, { throwIfNoEntry: false })) return false;
	fs.rmSync(target, { recursive: true });
	changeLedger(nodesFolder, (dependencies) => delete dependencies[name]);
	return true;
}

module.exports = { findN8nFolder, placePackage, removePackage };

if (require.main === module) {
	const n8nFolder = join(process.env.N8N_USER_FOLDER ?? homedir(), '.n8n');
	fs.mkdirSync(n8nFolder, { recursive: true });
	const { name, version } = placePackage(process.argv[2], n8nFolder);
	process.stdout.write(`${name} ${version} is in ${n8nFolder}\n`);
}

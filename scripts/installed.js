const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Whether a folder's node_modules holds what its lock file says. npm writes its own record there when it has finished.
 *
 * Plain JavaScript, since it is asked before anything is installed.
 *
 * @param {string} folder with package-lock.json in it
 * @returns {boolean}
 */
exports.isInstalled = (folder) => {
	const read = (...path) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')).packages;
	const wanted = read('package-lock.json');
	let found;
	try {
		found = read('node_modules', '.package-lock.json');
	} catch {
		// Never installed, or npm was interrupted.
		return false;
	}
	return Object.entries(wanted).every(
		([path, { version, optional, peer }]) =>
			path === '' || found[path]?.version === version || (!found[path] && (optional || peer)),
	);
};

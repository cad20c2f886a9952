const { sep } = require('node:path');

/** Makes Node load what lies in a folder anew when it is required next, as in a new process. */
exports.forgetModules = (folder) => {
	for (const [path, loaded] of Object.entries(require.cache)) {
		if (!path.startsWith(folder + sep)) continue;
		delete require.cache[path];
		const siblings = loaded.parent?.children ?? [];
		const index = siblings.indexOf(loaded);
		if (index >= 0) siblings.splice(index, 1);
	}
};

const { Module } = require('node:module');
const { dirname, sep } = require('node:path');
const { compileOnce } = require('./compileOnce');

const compile = Module.prototype._compile;

/** Makes Node load what lies in a folder anew when it is required next, as in a new process. */
exports.forgetModules = (folder) => {
	for (const [path, loaded] of Object.entries(require.cache)) {
		if (!path.startsWith(folder + sep)) continue;
		delete require.cache[path];
		const siblings = loaded.parent?.children ?? [];
		const index = siblings.indexOf(loaded);
		if (index >= 0) siblings.splice(index, 1);
	}
	Module.prototype._compile = function (source, path, ...more) {
		if (!path.startsWith(folder + sep)) return compile.call(this, source, path, ...more);
		const run = compileOnce(source, path, ['exports', 'require', 'module', '__filename', '__dirname']);
		return run(this.exports, Module.createRequire(path), this, path, dirname(path));
	};
};

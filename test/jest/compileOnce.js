const { Script } = require('node:vm');

/** What this process has compiled, by path. */
const scripts = new Map();

/**
 * Compiles a module, which may be loaded anew many times, once: jest's own for each test file, the package for each test.
 *
 * @returns a function of these parameters, which are named; what it keeps in memory begins empty
 */
exports.compileOnce = (source, filename, parameters) => {
	const head = `(function (${parameters.join()}) {`;
	const script =
		scripts.get(filename) ?? new Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
	scripts.set(filename, script);
	return script.runInThisContext();
};

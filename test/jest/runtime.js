const { createRequire } = require('node:module');
const { compileFunction } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** Shares state on purpose. */
const NATIVE = /\/nativeModules$/;

/**
 * Jest's runtime, but that packages are Node's own modules: loaded once for all test files of a worker instead of once for each,
 * which took longer than the tests. Our own modules are each file's own, as ever.
 */
module.exports = class extends Runtime {
	constructor(...options) {
		super(...options);
		const { executor } = this;
		executor.compile = (source, filename) =>
			compileFunction(source, executor.injectedModuleParameters, { filename });
	}

	requireModule(from, name, options, isRequireActual) {
		const isNative =
			name !== undefined &&
			!options?.isInternalModule &&
			!this._resolution.isCoreModule(name) &&
			(NATIVE.test(name) || !/^[./]|^[A-Z]:/i.test(name));
		return isNative ? createRequire(from)(name) : super.requireModule(from, name, options, isRequireActual);
	}
};

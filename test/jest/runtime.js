const { createRequire } = require('node:module');
const { default: Runtime } = require('jest-runtime');
const { compileOnce } = require('./compileOnce');

/**
 * What jest-circus follows each test with, as one value: tests run one after another, and Node's own makes each promise slower, also
 * those of n8n.
 */
class OneStore {
	run(store, callback) {
		const outer = this.store;
		this.store = store;
		return callback().finally(() => (this.store = outer));
	}

	getStore() {
		return this.store;
	}
}

/** Shares state on purpose. */
const NATIVE = /\/nativeModules$/;

/**
 * Jest's runtime, but that packages are Node's own modules: loaded once for all test files of a worker instead of once for each,
 * which took longer than the tests. Our own modules are each file's own, as ever.
 */
module.exports = class extends Runtime {
	constructor(...options) {
		super(...options);
		const { executor, coreModule } = this;
		const requireCore = coreModule.require.bind(coreModule);
		coreModule.require = (name) =>
			name === 'node:async_hooks' ? { AsyncLocalStorage: OneStore } : requireCore(name);
		executor.compile = (source, filename) => compileOnce(source, filename, executor.injectedModuleParameters);
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

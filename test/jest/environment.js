const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

const { exit, getBuiltinModule } = process;
const { console } = globalThis;
/** What jest keeps of a test file in the global object. */
const OF_JEST =
	/^([xf]?(describe|it|test)|(before|after)(All|Each)|expect|jest|RETRY_|WAIT_BEFORE_|TEST_TIMEOUT|EVENT_HANDLERS|LOG_ERRORS_|JEST_STATE)/;

/**
 * Runs test files in the worker's own realm, one after another, where runtime.js gives them Node's own copy of n8n's packages. A realm
 * for each file, as in jest's own environment, would mean loading n8n for each.
 */
module.exports = class OneRealmEnvironment {
	constructor({ projectConfig: config }) {
		this.global = globalThis;
		this.env = { ...process.env };
		this.globals = new Set(Reflect.ownKeys(globalThis));
		this.moduleMocker = new ModuleMocker(globalThis);
		this.fakeTimersModern = new ModernFakeTimers({ config, global: globalThis });
	}

	/** A file's processes are ended when the worker ends. */
	async setup() {
		process.setMaxListeners(0);
	}

	/** Leaves nothing of the file to the next one. */
	async teardown() {
		this.fakeTimersModern.dispose();
		for (const key of Reflect.ownKeys(globalThis)) {
			const name = typeof key === 'symbol' ? (key.description ?? '') : key;
			if (!this.globals.has(key) && OF_JEST.test(name)) Reflect.deleteProperty(globalThis, key);
		}
		Object.assign(globalThis, { console });
		Object.assign(process, { exit, getBuiltinModule });
		for (const name of Object.keys(process.env)) if (!(name in this.env)) delete process.env[name];
		Object.assign(process.env, this.env);
	}

	exportConditions() {
		return ['node', 'node-addons'];
	}

	getVmContext() {
		return globalThis;
	}
};

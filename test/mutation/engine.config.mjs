/** As unit.config.mjs, for what only n8n's engine shows: the package is built of the changed sources, and the engine tests run it. */
import unit from './unit.config.mjs';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
	...unit,
	buildCommand: 'npx gulp build',
	// The engine tests run what was built, and import none of it.
	jest: { configFile: 'test/mutation/jest.engine.config.js', enableFindRelatedTests: false },
	dryRunTimeoutMinutes: 20,
};

/** As stryker.config.mjs, for what only n8n's engine shows: the package is built of the changed sources, and the engine tests run it. */
import pure from './stryker.config.mjs';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
	...pure,
	mutate: ['nodes/VideoSdkAgentCloud/actions/run/*.ts'],
	buildCommand: 'npx gulp build',
	// The engine tests run what was built, and import none of it.
	jest: { configFile: 'test/mutation/jest.run.config.js', enableFindRelatedTests: false },
	incrementalFile: '.cache/mutants-run.json',
	timeoutMS: 60_000,
	dryRunTimeoutMinutes: 20,
};

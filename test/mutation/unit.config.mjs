/**
 * Stryker for what the unit tests show: test/mutation/mutatedFiles.ts says which files it changes.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
	// Texts for people are read, not tested word for word.
	mutator: { excludedMutations: ['StringLiteral'] },
	testRunner: 'jest',
	plugins: ['@stryker-mutator/jest-runner'],
	// The tests are one file, which names none of what they import.
	jest: { configFile: 'test/mutation/jest.unit.config.js', enableFindRelatedTests: false },
	coverageAnalysis: 'perTest',
	ignoreStatic: true,
	incremental: true,
	tempDirName: '.cache/stryker',
	ignorePatterns: ['dist', 'docs/images', '.cache'],
	reporters: ['clear-text', 'progress-append-only'],
	clearTextReporter: { reportTests: false },
	concurrency: 2,
	timeoutMS: 20_000,
	disableTypeChecks: false,
	allowEmpty: false,
};

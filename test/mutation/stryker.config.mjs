/**
 * `npm run test:mutants`: Stryker changes the pure modules one place at a time, and tells which changes no unit test notices.
 * `-- --mutate <files>` tries some of them. Nightly, not part of `.ci/run`.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
const root = 'nodes/VideoSdkAgentCloud';

// As many cases as in CI.
process.env.ALL_CASES = '1';

export default {
	mutate: [
		`${root}/conversation/*.ts`,
		`${root}/security/*.ts`,
		`${root}/webhook/{event,eventNames,recentDeliveries,verify}.ts`,
		`${root}/trigger/reconcile.ts`,
		`${root}/api/http/{failure,pagination,path,pause,responseReaders,retry,retryAfter}.ts`,
		`${root}/api/{callRecord,endOnce,parsePhoneNumber,sessionId,sessions,telephony}.ts`,
		`${root}/fields/{callingHours,phoneNumber,maxWait}.ts`,
		`${root}/fields/kit/{keyValue,reader}.ts`,
		`${root}/agentTools/*.ts`,
	],
	// Texts for people are read, not tested word for word.
	mutator: { excludedMutations: ['StringLiteral'] },
	testRunner: 'jest',
	plugins: ['@stryker-mutator/jest-runner'],
	// The tests are one file, which names none of what they import.
	jest: { configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: false },
	coverageAnalysis: 'perTest',
	ignoreStatic: true,
	incremental: true,
	incrementalFile: '.cache/mutants.json',
	tempDirName: '.cache/stryker',
	ignorePatterns: ['dist', 'docs/images', '.cache'],
	reporters: ['clear-text', 'progress-append-only'],
	concurrency: 2,
	timeoutMS: 20_000,
	disableTypeChecks: false,
	allowEmpty: false,
};

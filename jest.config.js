const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: '<rootDir>/test/jest/environment.js',
	runtime: '<rootDir>/test/jest/runtime.js',
	roots: [
		'<rootDir>/test/unit',
		'<rootDir>/test/engine',
		'<rootDir>/test/simulator',
		'<rootDir>/test/start',
		'<rootDir>/test/verify',
	],
	testMatch: ['**/*.test.ts'],
	transform: { '^.+\\.ts$': '<rootDir>/test/jest/transform.js' },
	testTimeout: 120_000,
	// Waits of the package last for hours. A timer that is left must not keep a run in one process from ending.
	forceExit: true,
	// Nobody waits for anything but the processor: time is faked.
	maxWorkers: availableParallelism(),
	reporters: ['default', '<rootDir>/test/summaryReporter.js'],
};

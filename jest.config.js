const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: [
		'<rootDir>/test/unit',
		'<rootDir>/test/engine',
		'<rootDir>/test/simulator',
		'<rootDir>/test/verify',
	],
	testMatch: ['**/*.test.ts'],
	transform: {
		'^.+\\.ts$': ['ts-jest', { diagnostics: false }],
		// p-limit and its queue are published as ES modules only.
		'node_modules/(p-limit|yocto-queue)/.+\\.js$': [
			'ts-jest',
			{
				diagnostics: false,
				tsconfig: { allowJs: true, module: 'commonjs', esModuleInterop: true, isolatedModules: true },
			},
		],
	},
	transformIgnorePatterns: ['node_modules/(?!(p-limit|yocto-queue)/)'],
	testTimeout: 30_000,
	// Waits of the package last for hours. A timer that is left must not keep a run in one process from ending.
	forceExit: true,
	// Two for each core: half of the time the tests wait. One where nobody does, so that short time limits hold on a busy machine.
	maxWorkers: (process.env.CI ? 1 : 2) * availableParallelism(),
	reporters: ['default', '<rootDir>/test/summaryReporter.js'],
};

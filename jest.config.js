/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test/unit', '<rootDir>/test/engine', '<rootDir>/test/simulator'],
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
};

const { join } = require('node:path');
const base = require('../../jest.config.js');

/** For Stryker, which runs it in a copy of the repository: the unit tests alone, since a mutant has seconds. */
module.exports = {
	...base,
	rootDir: '../..',
	roots: ['<rootDir>/test/mutation', '<rootDir>/test/unit'],
	testMatch: ['**/unit.mutants.ts', '**/client.test.ts'],
	// Stryker resolves it without jest's names for folders.
	testEnvironment: join(__dirname, 'environment.js'),
	reporters: ['default'],
};

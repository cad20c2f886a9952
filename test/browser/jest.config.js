const base = require('../../jest.config.js');

/** Tests in a real browser and of the installation: two files at a time, each with an n8n of its own. */
module.exports = {
	...base,
	rootDir: '../..',
	roots: ['<rootDir>/test/browser', '<rootDir>/test/install'],
	testMatch: ['**/*.browser.ts', '**/*.install.ts'],
	maxWorkers: 2,
	testTimeout: 600_000,
	// A simulator or browser left over by a test that failed must not keep the run from ending.
	forceExit: true,
};

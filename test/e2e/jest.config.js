const base = require('../../jest.config.js');

/** Tests in a real n8n: one file after another, since each starts processes of its own. */
module.exports = {
	...base,
	rootDir: '../..',
	roots: ['<rootDir>/test/e2e'],
	testMatch: ['**/*.e2e.ts'],
	maxWorkers: 1,
	testTimeout: 600_000,
};

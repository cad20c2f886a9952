const base = require('../../jest.config.js');

/** Tests in a real n8n: three files at a time, since most of it is waiting. Each file starts processes of its own. */
module.exports = {
	...base,
	rootDir: '../..',
	roots: ['<rootDir>/test/e2e'],
	testMatch: ['**/*.e2e.ts'],
	maxWorkers: 3,
	testTimeout: 600_000,
};

const base = require('../../jest.config.js');

/** VideoSDK's own programs: needs PyPI once, so `npm test` leaves it out. */
module.exports = {
	...base,
	rootDir: '../..',
	roots: ['<rootDir>/test/agent'],
	testMatch: ['**/*.vendor.ts'],
	maxWorkers: 1,
	testTimeout: 300_000,
};

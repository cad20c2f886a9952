const base = require('./jest.config.js');

/** For Stryker: the engine tests of how items are run. */
module.exports = {
	...base,
	roots: ['<rootDir>/test/engine', '<rootDir>/test/unit/actions'],
	testMatch: [
		'**/{model,oneItemPerRow,retryOnFail,perItem,outcomes,startsOnce,notCalled,calledOnce,concurrency}.test.ts',
	],
};

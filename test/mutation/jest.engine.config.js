const base = require('./jest.unit.config.js');

/** For Stryker: the engine tests of how items are run. */
module.exports = {
	...base,
	roots: ['<rootDir>/test/engine', '<rootDir>/test/unit/actions'],
	testMatch: [
		'**/engine/starts/*.test.ts',
		'**/engine/*/{model,oneItemPerRow,endsOnce}.test.ts',
		'**/unit/actions/*.test.ts',
	],
};

const OneRealmEnvironment = require('../jest/environment.js');

/** A mutant is caught by the first test that fails: the others of its file aren't run. */
module.exports = class FirstFailureEnvironment extends OneRealmEnvironment {
	hasFailed = false;

	handleTestEvent({ name, test }) {
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
		if (name === 'test_done' && test.errors.length > 0) this.hasFailed = true;
	}
};

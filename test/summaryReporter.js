const { writeSync } = require('node:fs');
const { relative } = require('node:path');
const { stripVTControlCharacters } = require('node:util');

/** What a failure begins with: what was expected and received. */
const LINES_PER_FAILURE = 12;

/** Names each test that failed, with the beginning of its message. */
const failuresOf = ({ testResults }) =>
	testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => {
		const failures = tests
			.filter(({ status }) => status === 'failed')
			.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages[0] ?? ''}`);
		if (testExecError) failures.push(testExecError.message);
		return failures.map((failure) => {
			const lines = stripVTControlCharacters(failure).split('\n').slice(0, LINES_PER_FAILURE);
			return `Failed: ${relative(process.cwd(), testFilePath)} > ${lines.join('\n    ')}\n`;
		});
	});

/**
 * Ends jest's output with what failed, since that is all that may be kept of a long run, and with "N passed, N failed" alone on a
 * line, which .ci/run adds up.
 */
module.exports = class SummaryReporter {
	onRunComplete(_contexts, results) {
		const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
		// A file that cannot be loaded has no test that could fail.
		const failed = numFailedTests + numRuntimeErrorTestSuites;
		this.isEmpty = numPassedTests + failed === 0;
		// Jest's own summary comes after the reporters of its configuration.
		process.once('exit', () =>
			writeSync(1, `${failuresOf(results).join('')}${numPassedTests} passed, ${failed} failed\n`),
		);
	}

	/** Makes jest fail if a filter left no test. */
	getLastError() {
		return this.isEmpty ? new Error('No test was run.') : undefined;
	}
};

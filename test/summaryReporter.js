const { writeFileSync, writeSync } = require('node:fs');
const { relative } = require('node:path');
const { stripVTControlCharacters } = require('node:util');

/** What a failure begins with: what was expected and received. */
const LINES_PER_FAILURE = 12;

/** Names each test that failed, with the beginning of its message. */
function failuresOf({ testResults }) {
	return testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => {
		const failures = tests
			.filter(({ status }) => status === 'failed')
			.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages[0] ?? ''}`);
		if (testExecError) failures.push(testExecError.message);
		return failures.map((failure) => {
			const lines = stripVTControlCharacters(failure).split('\n').slice(0, LINES_PER_FAILURE);
			return `Failed: ${relative(process.cwd(), testFilePath)} > ${lines.join('\n    ')}\n`;
		});
	});
}

/** Files in which something failed, and how many tests passed in the others. */
function failedFiles({ testResults }) {
	const failed = testResults.filter(
		({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError,
	);
	const others = testResults.filter((file) => !failed.includes(file));
	return {
		files: failed.map(({ testFilePath }) => testFilePath),
		passedInOthers: others.reduce((sum, { numPassingTests }) => sum + numPassingTests, 0),
	};
}

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
		if (process.env.FAILED_FILES)
			writeFileSync(process.env.FAILED_FILES, JSON.stringify(failedFiles(results)));
		const passed = numPassedTests + Number(process.env.PASSED_BEFORE ?? 0);
		// Jest's own summary comes after the reporters of its configuration.
		process.once('exit', () =>
			writeSync(1, `${failuresOf(results).join('')}${passed} passed, ${failed} failed\n`),
		);
	}

	/** Makes jest fail if a filter left no test. */
	getLastError() {
		return this.isEmpty ? new Error('No test was run.') : undefined;
	}
};

import fc from 'fast-check';
import type { ApiFailure, FailureKind } from '../../../nodes/VideoSdkAgentCloud/api/failure';
import { describeFailure } from '../../../nodes/VideoSdkAgentCloud/api/messages';
import { check } from '../support';

const KINDS: FailureKind[] = [
	'answer',
	'declined',
	'timeout',
	'network',
	'notConnected',
	'untrusted',
	'notSent',
	'cancelled',
];
const STATUSES = [
	100, 204, 301, 302, 304, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503, 504, 599, 600,
	999,
];
const FAILURES: ApiFailure[] = [
	...KINDS.map((kind): ApiFailure => ({ kind })),
	...STATUSES.map((status): ApiFailure => ({ kind: 'status', status })),
	{ kind: 'answer', status: 200 },
	{ kind: 'declined', status: 200 },
	{ kind: 'status' },
];
const rows = FAILURES.map((failure) => [`${failure.kind} ${failure.status ?? ''}`.trim(), failure] as const);
const MAY_RUN = 'the session may have been started';
const CHECK_FIRST = 'Session: Get Many';
/** Everything that a request may start, and what is said of it in doubt. */
const OTHERS = [
	['dispatch', 'the agent may have been dispatched', 'check the room'],
	['call', 'the call may have been made', 'Call: Get Many'],
] as const;

describe.each(rows)('the words for %s', (_name, failure) => {
	it('have a title, and the next step where there is one', () => {
		const { message, description } = describeFailure(failure);
		expect(message.trim()).not.toBe('');
		if (failure.kind !== 'cancelled') expect(description.trim()).not.toBe('');
		expect(`${message} ${description}`).not.toMatch(/undefined|NaN|\[object/);
	});

	it('do not call it an error or a problem', () => {
		for (const starts of ['session', 'dispatch', 'call', undefined] as const) {
			expect(describeFailure(failure, starts).message).not.toMatch(/error|problem|failed|failure/i);
		}
	});

	it("give the API's own message in the title", () => {
		const apiMessage = 'Please Enable AI Worker Services';
		expect(describeFailure({ ...failure, apiMessage }).message).toContain(apiMessage);
		expect(describeFailure({ ...failure, apiMessage }, 'session').message).toContain(apiMessage);
	});

	it('give the status in the title, and the request id and network code below', () => {
		const { message, description } = describeFailure({ ...failure, requestId: 'r-42', code: 'EXAMPLE' });
		if (failure.status !== undefined) expect(message).toContain(`(status ${failure.status})`);
		expect(description).toContain('r-42');
		expect(description).toContain('EXAMPLE');
	});

	it('say that a session may run exactly where the start may have been carried out', () => {
		const { kind, status = 0 } = failure;
		const isUnclear = status >= 500 || (status >= 300 && status < 400);
		const mayRun =
			['answer', 'timeout', 'network', 'cancelled'].includes(kind) || (kind === 'status' && isUnclear);
		const { message, description } = describeFailure(failure, 'session');
		expect(message.includes(MAY_RUN)).toBe(mayRun);
		expect(description.includes(CHECK_FIRST)).toBe(mayRun);
		if (mayRun) expect(description).not.toContain('Try again');
	});

	it.each(OTHERS)('say the same of a %s, in its own words', (starts, mayRun, checkFirst) => {
		const { message, description } = describeFailure(failure, starts);
		const isInDoubt = describeFailure(failure, 'session').description.includes(CHECK_FIRST);
		expect(message.includes(mayRun)).toBe(isInDoubt);
		expect(description.includes(checkFirst)).toBe(isInDoubt);
		expect(`${message} ${description}`).not.toContain(MAY_RUN);
		expect(description).not.toContain(CHECK_FIRST);
	});

	it('speak of no session if the request starts none', () => {
		const { message, description } = describeFailure(failure);
		expect(`${message} ${description}`).not.toContain(MAY_RUN);
		expect(description).not.toContain(CHECK_FIRST);
	});
});

describe('describeFailure', () => {
	it('names the host that cannot be reached', () => {
		expect(describeFailure({ kind: 'notConnected', host: '127.0.0.1:80' }, 'session')).toEqual({
			message: "n8n can't reach 127.0.0.1:80",
			description:
				"Check 'Base URL' in the credential, and make sure that n8n can connect to the internet. Nothing was sent.",
		});
	});

	it('leads from 401 to the place where the keys are', () => {
		const { message, description } = describeFailure(
			{ kind: 'status', status: 401, apiMessage: 'Token is invalid or expired' },
			'session',
		);
		expect(message).toBe(
			"VideoSDK didn't accept the API key and secret (status 401): Token is invalid or expired",
		);
		expect(description).toContain('https://app.videosdk.live/api-keys');
	});

	it('names the proxy that asks for a password, which VideoSDK never does', () => {
		const { message, description } = describeFailure({ kind: 'status', status: 407 }, 'session');
		expect(message).toBe('A proxy in your network asks for a user name and password (status 407)');
		expect(description).toMatch(/HTTPS_PROXY.*Nothing was sent to VideoSDK/);
	});

	it('has words for any status', () => {
		check(
			fc.property(
				fc.integer({ min: 0, max: 999 }),
				fc.constantFrom('session', 'dispatch', 'call', undefined),
				(status, starts) => {
					const { message, description } = describeFailure({ kind: 'status', status }, starts);
					expect(message).toMatch(
						/^(?:VideoSDK .+|VideoSDK can't do this in the current state|A proxy .+) \(status \d+\)/,
					);
					expect(description).not.toBe('');
				},
			),
			1_000,
		);
	});
});

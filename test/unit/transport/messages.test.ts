import fc from 'fast-check';
import type { ApiFailure, FailureKind } from '../../../nodes/VideoSdkAgentCloud/transport/failure';
import { describeFailure } from '../../../nodes/VideoSdkAgentCloud/transport/messages';
import { check } from '../support';

const KINDS: FailureKind[] = [
	'answer',
	'declined',
	'timeout',
	'network',
	'notConnected',
	'untrusted',
	'refused',
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
const LOOK_FIRST = 'Session: Get Many';

describe.each(rows)('the words for %s', (_name, failure) => {
	it('have a title, and the next step where there is one', () => {
		const { message, description } = describeFailure(failure);
		expect(message.trim()).not.toBe('');
		if (failure.kind !== 'cancelled') expect(description.trim()).not.toBe('');
		expect(`${message} ${description}`).not.toMatch(/undefined|NaN|\[object/);
	});

	it('do not call it an error or a problem', () => {
		for (const starts of ['session', 'dispatch', undefined] as const) {
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
		const mayRun =
			['answer', 'timeout', 'network', 'cancelled'].includes(kind) || (kind === 'status' && status >= 500);
		const { message, description } = describeFailure(failure, 'session');
		expect(message.includes(MAY_RUN)).toBe(mayRun);
		expect(description.includes(LOOK_FIRST)).toBe(mayRun);
	});

	it('send the user into the room after a dispatch', () => {
		const { description } = describeFailure(failure, 'dispatch');
		expect(description.includes('look into the room')).toBe(
			describeFailure(failure, 'session').description.includes(LOOK_FIRST),
		);
		expect(description).not.toContain(LOOK_FIRST);
	});

	it('speak of no session if the request starts none', () => {
		const { message, description } = describeFailure(failure);
		expect(`${message} ${description}`).not.toContain(MAY_RUN);
		expect(description).not.toContain(LOOK_FIRST);
	});
});

describe('describeFailure', () => {
	it('names the host that cannot be reached', () => {
		expect(describeFailure({ kind: 'notConnected', host: '127.0.0.1:80' }, 'session')).toEqual({
			message: 'The host 127.0.0.1:80 cannot be reached',
			description:
				'Nothing was sent. Check "Base URL" in the credential, and that the n8n server may connect to the internet.',
		});
	});

	it('leads from 401 to the place where the keys are', () => {
		const { message, description } = describeFailure(
			{ kind: 'status', status: 401, apiMessage: 'Token is invalid or expired' },
			'session',
		);
		expect(message).toBe(
			'VideoSDK did not accept the API key and secret (status 401): Token is invalid or expired',
		);
		expect(description).toContain('https://app.videosdk.live/api-keys');
	});

	it('has words for any status', () => {
		check(
			fc.property(
				fc.integer({ min: 0, max: 999 }),
				fc.constantFrom('session', 'dispatch', undefined),
				(status, starts) => {
					const { message, description } = describeFailure({ kind: 'status', status }, starts);
					expect(message).toMatch(/^VideoSDK .+ \(status \d+\)/);
					expect(description).not.toBe('');
				},
			),
			1_000,
		);
	});
});

import { describeFailure } from '../../../../nodes/VideoSdkAgentCloud/api/http/messages';
import { STARTS, type StartKind } from '../../../../nodes/VideoSdkAgentCloud/api/startWords';
import { FAILURES } from './anyFailure';

const IN_DOUBT: Partial<Record<StartKind, string[]>> = {
	session: ['the session may have been started', 'Session: Get Many'],
	dispatch: ['the agent may have been dispatched', 'check the room'],
	call: ['the call may have been made', 'Call: Get Many'],
};

it.each(FAILURES)('What a user reads says what happened, and what to do next: %j', (failure) => {
	const { kind, status = 0 } = failure;
	const isUnclear = status === 408 || status >= 500 || (status >= 300 && status < 400);
	const isInDoubt = isUnclear || ['answer', 'timeout', 'network', 'cancelled'].includes(kind);
	for (const starts of [...Object.keys(STARTS), undefined] as Array<StartKind | undefined>) {
		const { message, description } = describeFailure(failure, starts);
		expect(message.trim()).not.toBe('');
		if (kind !== 'cancelled') expect(description.trim()).not.toBe('');
		expect(`${message} ${description}`).not.toMatch(/undefined|NaN|\[object/);
		expect(message).not.toMatch(/error|problem|failed|failure/i);
		if (failure.status !== undefined) expect(message).toMatch(new RegExp(`\\w \\(status ${status}\\)`));
		// Exactly where the start may have been carried out; then nothing invites to send it again.
		expect(message.includes('may have been')).toBe(isInDoubt && starts !== undefined);
		if (starts === undefined || !isInDoubt) continue;
		expect(description).toContain(STARTS[starts].check);
		expect(description).not.toContain('Try again');
		// Any other advice stays.
		const advice = describeFailure(failure).description;
		if (!advice.startsWith('Try again')) expect(description).toContain(advice);
		const [doubt = '', check_ = ''] = IN_DOUBT[starts] ?? [];
		expect([message, description]).toEqual([expect.stringContaining(doubt), expect.stringContaining(check_)]);
	}
	const apiMessage = 'Please Enable AI Worker Services';
	for (const starts of ['session', undefined] as const) {
		const given = { ...failure, apiMessage, requestId: 'r-42', code: 'EXAMPLE' };
		const { message, description } = describeFailure(given, starts);
		expect(message).toContain(apiMessage);
		for (const detail of ['r-42', 'EXAMPLE']) expect(description).toContain(detail);
	}
});

it('What could not be sent says so in the words of the credential', () => {
	expect(describeFailure({ kind: 'notSent', apiMessage: "'API Key' is empty" }, 'call').message).toBe(
		"'API Key' is empty",
	);
});

it.each<[failure: Parameters<typeof describeFailure>[0], message: string, description: RegExp]>([
	[
		{ kind: 'notConnected', host: '127.0.0.1:80' },
		"n8n can't reach 127.0.0.1:80",
		/^Check 'Base URL' in the credential, and make sure that n8n can connect to the internet. Nothing was sent.$/,
	],
	[
		{ kind: 'status', status: 401, apiMessage: 'Token is invalid or expired' },
		"VideoSDK didn't accept the API key and secret (status 401): Token is invalid or expired",
		/https:\/\/app\.videosdk\.live\/api-keys/,
	],
])('The words for %j', (failure, message, description) => {
	const words = { message, description: expect.stringMatching(description) as string };
	expect(describeFailure(failure, 'session')).toEqual(words);
});

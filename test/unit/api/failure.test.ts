import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { NodeApiError, UserError, type JsonObject } from 'n8n-workflow';
import {
	excerpt,
	failureOfError,
	failureOfResponse,
	readApiMessage,
} from '../../../nodes/VideoSdkAgentCloud/api/failure';
import { check, NODE, utf16 } from '../support';

const NOW_MS = Date.UTC(2026, 0, 15);
const TOKEN = jwt.sign({ apikey: 'k' }, 'secret');

describe('readApiMessage', () => {
	it.each([
		[{ message: 'a', error: 'b', msg: 'c', statusMessage: 'd' }, 'a'],
		[{ error: 'b', msg: 'c', statusMessage: 'd' }, 'b'],
		[{ msg: 'c', statusMessage: 'd' }, 'c'],
		[{ statusMessage: 'd' }, 'd'],
		[{ message: '', error: 'b' }, 'b'],
		[{ message: '  ', error: 'b' }, 'b'],
		[{ message: null, error: 'b' }, 'b'],
		[{ message: ['x'], error: 'b' }, 'b'],
		[{ error: { message: 'nested' } }, 'nested'],
		[{ error: { message: 'nested' }, msg: 'c' }, 'nested'],
		[{ error: { code: 5 }, msg: 'c' }, 'c'],
		[{ error: null, msg: 'c' }, 'c'],
		[{ message: 'Token is invalid or expired' }, 'Token is invalid or expired'],
		[{ message: 'two\nlines\t here' }, 'two lines here'],
	])('finds it in %j', (body, message) => {
		expect(readApiMessage(JSON.stringify(body))).toBe(message);
	});

	it.each([
		['<html>\n<h1>Bad Gateway</h1>\n</html>', '<html> <h1>Bad Gateway</h1> </html>'],
		['Token is invalid or expired', 'Token is invalid or expired'],
		['"just text"', '"just text"'],
		['{"code":5}', '{"code":5}'],
		['{"message":"cut o', '{"message":"cut o'],
		['null', 'null'],
	])('shows the text itself if no message is in it: %j', (text, message) => {
		expect(readApiMessage(text)).toBe(message);
	});

	it.each(['', ' ', '\r\n\t', '{}', '[]'])('finds none in %j', (text) => {
		expect(readApiMessage(text)).toBeUndefined();
	});

	it('never throws, and gives one short line', () => {
		check(
			fc.property(fc.oneof(fc.json(), utf16(600), fc.string({ maxLength: 1_000 })), (text) => {
				const message = readApiMessage(text);
				if (message === undefined) return;
				expect(message.length).toBeLessThanOrEqual(201);
				expect(message).not.toMatch(/[\r\n\t]/);
				expect(message.trim()).not.toBe('');
			}),
			1_000,
		);
	});
});

describe('excerpt', () => {
	it('leaves out tokens, also one that would be cut', () => {
		expect(excerpt(`Token ${TOKEN} is invalid`)).toBe('Token … is invalid');
		expect(excerpt(`{"a":"${TOKEN}","b":"Bearer ${TOKEN}"}`)).toBe('{"a":"…","b":"Bearer …"}');
		expect(excerpt(`${'x'.repeat(150)} ${TOKEN}`)).toBe(`${'x'.repeat(150)} …`);
	});

	it('leaves a text of 200 characters whole, and cuts a longer one with an ellipsis', () => {
		expect(excerpt('x'.repeat(200))).toBe('x'.repeat(200));
		expect(excerpt('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
		expect(excerpt(`  ${'x'.repeat(200)}  `)).toBe('x'.repeat(200));
	});
});

describe('failureOfResponse', () => {
	it('takes over the status, the message, the request id and the wait that is asked for', () => {
		expect(
			failureOfResponse(
				{
					statusCode: 429,
					headers: { 'x-request-id': 'r-1', 'retry-after': '7' },
					body: '{"message":"Slow down"}',
				},
				'status',
				NOW_MS,
			),
		).toEqual({
			kind: 'status',
			status: 429,
			apiMessage: 'Slow down',
			requestId: 'r-1',
			retryAfterMs: 7_000,
		});
	});

	it.each([
		[{ 'x-request-id': 'a', 'request-id': 'b', 'x-amzn-requestid': 'c' }, 'a'],
		[{ 'request-id': 'b', 'x-amzn-requestid': 'c' }, 'b'],
		[{ 'x-amzn-requestid': 'c' }, 'c'],
		[{}, undefined],
	])('reads the request id from %j', (headers, requestId) => {
		expect(failureOfResponse({ statusCode: 500, headers, body: '' }, 'status', NOW_MS).requestId).toBe(
			requestId,
		);
	});

	it.each([undefined, null, {}, Buffer.from('x')])('takes a body that is no text as empty', (body) => {
		expect(
			failureOfResponse({ statusCode: 500, headers: {}, body }, 'status', NOW_MS).apiMessage,
		).toBeUndefined();
	});
});

/** What axios throws: it carries the whole request, and with it the token. */
function axiosError(code: string | undefined, message: string, extra: object = {}): Error {
	const config = { url: 'https://api.videosdk.live/x', headers: { Authorization: TOKEN }, data: '{"a":1}' };
	return Object.assign(new Error(message), {
		name: 'AxiosError',
		code,
		config,
		request: { config },
		...extra,
	});
}

describe('failureOfError', () => {
	it.each([
		['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:80', 'notConnected', '127.0.0.1:80'],
		['ECONNREFUSED', 'connect ECONNREFUSED ::1:80', 'notConnected', '::1:80'],
		['ECONNREFUSED', '', 'notConnected', undefined],
		['ENOTFOUND', 'getaddrinfo ENOTFOUND api.example.com', 'notConnected', 'api.example.com'],
		['EAI_AGAIN', 'getaddrinfo EAI_AGAIN api.example.com', 'notConnected', 'api.example.com'],
		[
			'EHOSTUNREACH',
			'connect EHOSTUNREACH 10.0.0.1:443 - Local (10.0.0.2:5000)',
			'notConnected',
			'10.0.0.1:443',
		],
		['ENETUNREACH', 'connect ENETUNREACH 10.0.0.1:443', 'notConnected', '10.0.0.1:443'],
		// The connection was made, and broke in use: the request may have arrived.
		['EHOSTUNREACH', 'read EHOSTUNREACH', 'network', undefined],
		['ENETUNREACH', 'write ENETUNREACH', 'network', undefined],
		['ECONNABORTED', 'timeout of 30000ms exceeded', 'timeout', undefined],
		['ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443', 'timeout', undefined],
		['ECONNRESET', 'socket hang up', 'network', undefined],
		['EPIPE', 'write EPIPE', 'network', undefined],
		['ERR_BAD_RESPONSE', 'stream has been aborted', 'network', undefined],
		['CERT_HAS_EXPIRED', 'certificate has expired', 'untrusted', undefined],
		['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', 'untrusted', undefined],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'untrusted', undefined],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', 'untrusted', undefined],
		['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer', 'untrusted', undefined],
		[
			'ERR_TLS_CERT_ALTNAME_INVALID',
			"Hostname/IP does not match certificate's altnames",
			'untrusted',
			undefined,
		],
		// Comes after the request was sent, in TLS 1.3.
		['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert certificate required', 'network', undefined],
		['HPE_INVALID_CONSTANT', 'Parse Error', 'network', undefined],
		['ERR_CANCELED', 'canceled', 'cancelled', undefined],
	])('tells what %s means (%s)', (code, message, kind, host) => {
		const failure = failureOfError(axiosError(code, message));
		expect(failure).toMatchObject({ kind, code });
		expect(failure.host).toBe(host);
	});

	it('looks through the error in which n8n wraps the cause', () => {
		const cause = axiosError('ECONNRESET', 'socket hang up');
		expect(failureOfError(Object.assign(new Error('wrapped'), { cause }))).toEqual({
			kind: 'network',
			code: 'ECONNRESET',
		});
		const wrapped = new NodeApiError(NODE, cause as unknown as JsonObject);
		expect(failureOfError(wrapped)).toMatchObject({ kind: 'network', code: 'ECONNRESET' });
	});

	it('gives the words of a credential that refused to sign', () => {
		expect(failureOfError(new UserError("'API Key' is empty"))).toEqual({
			kind: 'notSent',
			apiMessage: "'API Key' is empty",
		});
		expect(failureOfError({ cause: { message: 5 } })).toEqual({ kind: 'notSent', apiMessage: undefined });
	});

	it('takes nothing over from the request: no token, no address, no body', () => {
		const codes = ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ERR_CANCELED', 'EPROTO', undefined];
		check(
			fc.property(fc.constantFrom(...codes), fc.boolean(), fc.string(), (code, isWrapped, message) => {
				const cause = axiosError(code, message, {
					response: { config: { headers: { Authorization: TOKEN } } },
				});
				const error = isWrapped ? Object.assign(new Error(`wrapped ${TOKEN}`), { cause }) : cause;
				const failure = failureOfError(error);
				expect(JSON.stringify(failure)).not.toContain(TOKEN);
				expect(
					Object.keys(failure).every((key) => ['kind', 'code', 'host', 'apiMessage'].includes(key)),
				).toBe(true);
			}),
		);
	});
});

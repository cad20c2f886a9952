import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { NodeApiError, UserError, type JsonObject } from 'n8n-workflow';
import {
	excerpt,
	failureOfError,
	failureOfResponse,
	isPassing,
	readApiMessage,
} from '../../../../nodes/VideoSdkAgentCloud/api/http/failure';
import { check, checkTimes, NODE, utf16 } from '../../support';
import { FAILURES } from './anyFailure';

const TOKEN = jwt.sign({ apikey: 'k' }, 'secret');

describe('readApiMessage', () => {
	it.each<[body: unknown, message?: string]>([
		[{ message: 'a', error: 'b', msg: 'c', statusMessage: 'd' }, 'a'],
		[{ error: 'b', msg: 'c', statusMessage: 'd' }, 'b'],
		[{ msg: 'c', statusMessage: 'd' }, 'c'],
		[{ statusMessage: 'd' }, 'd'],
		...['', '  ', null, ['x']].map((message) => [{ message, error: 'b' }, 'b'] as [object, string]),
		[{ error: { message: 'nested' }, msg: 'c' }, 'nested'],
		...[{ code: 5 }, null].map((error) => [{ error, msg: 'c' }, 'c'] as [object, string]),
		[{ message: 'two\nlines\t here' }, 'two lines here'],
		[{}],
		[[]],
	])('finds in %j: %j', (body, ...[message]) => expect(readApiMessage(JSON.stringify(body))).toBe(message));

	it.each([
		'Token is invalid',
		'5',
		'"just text"',
		'{"code":5}',
		'{"message":"cut o',
		'null',
		'<html>\n<h1>Bad Gateway</h1>\n</html>',
		'',
		' ',
		'\r\n\t',
	])('shows the text itself, on one line, if no message is in it: %j', (text) => {
		expect(readApiMessage(text)).toBe(text.replaceAll('\n', ' ').trim() || undefined);
	});

	it('never throws, and gives one short line', () => {
		checkTimes(1_000)([fc.oneof(fc.json(), utf16(600), fc.string({ maxLength: 1_000 }))], (text) => {
			const message = readApiMessage(text);
			if (message === undefined) return;
			expect(message.length).toBeLessThanOrEqual(201);
			expect(message).not.toMatch(/[\r\n\t]/);
			expect(message.trim()).not.toBe('');
		});
	});
});

it('An excerpt leaves out tokens, also one that would be cut, and is 200 characters long at most', () => {
	expect(excerpt(`{"a":"${TOKEN}","b":"Bearer ${TOKEN}"}`)).toBe('{"a":"…","b":"Bearer …"}');
	expect(excerpt(`${'x'.repeat(150)} ${TOKEN}`)).toBe(`${'x'.repeat(150)} …`);
	expect(excerpt(`  ${'x'.repeat(200)}  `)).toBe('x'.repeat(200));
	expect(excerpt('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
});

const NOW_MS = Date.UTC(2026, 0, 15, 12, 0, 0);

describe('failureOfResponse', () => {
	it('takes over the status, the message, the request id, the wait that is asked for, and the time', () => {
		const date = new Date(NOW_MS).toUTCString();
		const headers = { 'x-request-id': 'r-1', 'retry-after': '7', date };
		const response = { statusCode: 429, headers, body: 'Slow down' };
		const common = { status: 429, requestId: 'r-1', retryAfterMs: 7_000, serverTimeMs: NOW_MS };
		const failure = failureOfResponse(response, 'status');
		expect(failure).toEqual({ kind: 'status', apiMessage: 'Slow down', ...common });
	});

	type Row = [kind: 'answer' | 'declined' | 'status', holdsSecrets: boolean, body: unknown, quoted?: string];
	it.each<Row>([
		['answer', false, '{"message":"ok","id":1}', '{"message":"ok","id":1}'],
		['status', false, '{"message":"no","id":1}', 'no'],
		['declined', false, '<html>', '<html>'],
		['answer', true, '{"message":"ok","id":1}', 'ok'],
		['status', true, '{"password":1}'],
		['status', true, '<html>secret'],
		...[undefined, null, {}, Buffer.from('x')].map((none): Row => ['status', false, none]),
	])('quotes what may be shown: %s, holding secrets: %j, %j', (kind, holdsSecrets, body, ...[quoted]) => {
		const failure = failureOfResponse({ statusCode: 500, headers: {}, body }, kind, holdsSecrets);
		expect(failure.apiMessage).toBe(quoted);
	});

	it('reads the request id from the first header that has one', () => {
		const names = ['x-request-id', 'request-id', 'x-amzn-requestid'];
		for (const [index, name] of [...names, undefined].entries()) {
			const headers = Object.fromEntries(names.slice(index).map((one) => [one, one]));
			const response = { statusCode: 500, headers, body: '' };
			expect(failureOfResponse(response, 'status').requestId).toBe(name);
		}
	});
});

it.each(FAILURES)('A failure may pass by itself, or not: %j', (failure) => {
	const { kind, status = 0 } = failure;
	const isOfServer = kind === 'status' && (status === 429 || status >= 500);
	expect(isPassing(failure)).toBe(['timeout', 'network', 'notConnected'].includes(kind) || isOfServer);
});

/** What axios throws: it carries the whole request, and with it the token. */
function axiosError(code: string | undefined, message: string): Error {
	const config = { url: 'https://api.videosdk.live/x', headers: { Authorization: TOKEN }, data: '{"a":1}' };
	const carried = { config, request: { config }, response: { config } };
	return Object.assign(new Error(message), { name: 'AxiosError', code, ...carried });
}

describe('failureOfError', () => {
	it.each<[code: string, message: string, kind: string, host?: string]>([
		['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:80', 'notConnected', '127.0.0.1:80'],
		['ECONNREFUSED', 'connect ECONNREFUSED ::1:80', 'notConnected', '::1:80'],
		['ECONNREFUSED', '', 'notConnected'],
		['ENOTFOUND', 'getaddrinfo ENOTFOUND api.example.com', 'notConnected', 'api.example.com'],
		['EAI_AGAIN', 'getaddrinfo EAI_AGAIN api.example.com', 'notConnected', 'api.example.com'],
		['EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.1:4 - Local (10.0.0.2:5)', 'notConnected', '10.0.0.1:4'],
		['ENETUNREACH', 'connect ENETUNREACH 10.0.0.1:443', 'notConnected', '10.0.0.1:443'],
		// The connection was made, and broke in use: the request may have arrived.
		['EHOSTUNREACH', 'read EHOSTUNREACH', 'network'],
		['ENETUNREACH', 'write ENETUNREACH', 'network'],
		['ECONNABORTED', 'timeout of 30000ms exceeded', 'timeout'],
		['ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443', 'timeout'],
		['ECONNRESET', 'socket hang up', 'network'],
		['EPIPE', 'write EPIPE', 'network'],
		['ERR_BAD_RESPONSE', 'stream has been aborted', 'network'],
		['CERT_HAS_EXPIRED', 'certificate has expired', 'untrusted'],
		['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', 'untrusted'],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'untrusted'],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', 'untrusted'],
		['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer', 'untrusted'],
		['ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames", 'untrusted'],
		// Comes after the request was sent, in TLS 1.3.
		['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert certificate required', 'network'],
		['ERR_X_CERT_', 'no code of TLS', 'network'],
		['HPE_INVALID_CONSTANT', 'Parse Error', 'network'],
		['ERR_CANCELED', 'canceled', 'cancelled'],
	])('tells what %s means (%s): %s', (code, message, kind, ...[host]) => {
		const cause = axiosError(code, message);
		const wrapped = Object.assign(new Error('wrapped'), { cause });
		// n8n 2.14 loses the cause, but keeps its code and message.
		const lost = { message: 'wrapped', httpCode: code, messages: [message] };
		for (const error of [cause, wrapped, lost, { message, httpCode: code }])
			expect(failureOfError(error)).toEqual({ kind, code, ...(kind === 'notConnected' && { host }) });
		const ofN8n = new NodeApiError(NODE, cause as unknown as JsonObject);
		expect(failureOfError(ofN8n)).toMatchObject({ code });
	});

	it('gives the words of a credential that refused to sign', () => {
		const failure = { kind: 'notSent', apiMessage: "'API Key' is empty" };
		expect(failureOfError(new UserError("'API Key' is empty"))).toEqual(failure);
		for (const odd of [{ cause: { message: 5 } }, undefined, null, 'text'])
			expect(failureOfError(odd)).toEqual({ kind: 'notSent', apiMessage: undefined });
	});

	it('takes nothing over from the request: no token, no address, no body', () => {
		const codes = ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ERR_CANCELED', 'EPROTO', undefined];
		check([fc.constantFrom(...codes), fc.boolean(), fc.string()], (code, isWrapped, message) => {
			const cause = axiosError(code, message);
			const error = isWrapped ? Object.assign(new Error(`wrapped ${TOKEN}`), { cause }) : cause;
			const failure = failureOfError(error);
			expect(JSON.stringify(failure)).not.toContain(TOKEN);
			const taken = expect.arrayContaining(Object.keys(failure)) as string[];
			expect(['kind', 'code', 'host', 'apiMessage']).toEqual(taken);
		});
	});
});

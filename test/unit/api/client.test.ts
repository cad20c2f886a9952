import fc from 'fast-check';
import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';
import { NodeApiError, UserError } from 'n8n-workflow';
import { readBaseUrl, resolveTarget } from '../../../credentials/apiTarget';
import { pause } from '../../../nodes/VideoSdkAgentCloud/api/pause';
import { DeclinedError, recordWith } from '../../../nodes/VideoSdkAgentCloud/api/answer';
import { apiRequest, type ApiRequest, type Sending } from '../../../nodes/VideoSdkAgentCloud/api/client';
import { pathOf } from '../../../nodes/VideoSdkAgentCloud/api/path';
import { check, jsonAnswer, requestContext, unicode } from '../support';

jest.mock('../../../nodes/VideoSdkAgentCloud/api/pause', () => ({ pause: jest.fn() }));

describe('pathOf', () => {
	const id = fc.oneof(
		unicode(1),
		fc
			.array(
				fc.constantFrom(
					'/',
					'\\',
					'..',
					'.',
					'?',
					'#',
					'%',
					'%2F',
					'%2e',
					' ',
					'\t',
					'\n',
					'\u0000',
					':',
					'@',
					'é',
					'📞',
					';',
				),
				{
					minLength: 1,
					maxLength: 6,
				},
			)
			.map((scraps) => scraps.join('')),
	);

	it('keeps any id one segment of the path, out of which it can be read again', () => {
		const base = readBaseUrl('https://api.videosdk.live');
		check(
			fc.property(id, fc.boolean(), (value, isLast) => {
				const path = isLast ? pathOf('ai', 'v1', value) : pathOf('ai', 'v1', value, 'tag');
				const url = new URL(resolveTarget({ url: path }, base));
				const segments = url.pathname.split('/');
				expect(segments).toHaveLength(isLast ? 4 : 5);
				expect(segments.slice(0, 3)).toEqual(['', 'ai', 'v1']);
				expect(url.search + url.hash).toBe('');
				const decoded = decodeURIComponent(segments[3] as string);
				// Not even encoded can "." and ".." be a segment of a URL.
				expect(/^\.{1,2}$/.test(value) ? decodeURIComponent(decoded) : decoded).toBe(value);
			}),
			2_000,
		);
	});

	it.each(['.', '..', '...', '%2e%2e', '../../v2/rooms', '..\\..', '?a=1', '#a', '\ud83d', 'a\udcde/..'])(
		'leads nowhere else with %j',
		(value) => {
			const { pathname } = new URL(pathOf('a', value, 'c'), 'https://api.videosdk.live');
			expect(pathname).toMatch(/^\/a\/[^/]+\/c$/);
		},
	);
});

describe('recordWith', () => {
	const read = recordWith('sessionId');

	it.each([
		[{ message: 'ok', data: { sessionId: 's' } }, { sessionId: 's' }],
		[{ sessionId: 's' }, { sessionId: 's' }],
		[{ sessionId: 's', data: { sessionId: 't' } }, { sessionId: 't' }],
		[
			{ sessionId: 's', data: {} },
			{ sessionId: 's', data: {} },
		],
		[{ message: 'ok' }, undefined],
		[{ data: null }, undefined],
		[{ data: [{ sessionId: 's' }] }, undefined],
		[{ data: 'sessionId' }, undefined],
	])('reads %j', (answer, record) => {
		expect(read(answer as IDataObject)).toEqual(record);
	});

	it.each([
		[{ data: { id: 'i' } }, { id: 'i' }],
		[{ data: { ruleId: 'r' } }, { ruleId: 'r' }],
		[
			{ ruleId: 'r', data: { name: 'x' } },
			{ ruleId: 'r', data: { name: 'x' } },
		],
		[{ data: { id: '', ruleId: '' } }, undefined],
		[{ data: { sessionId: 's' } }, undefined],
	])('takes a record by any of several ID fields: %j', (answer, record) => {
		expect(recordWith('id', 'ruleId')(answer as IDataObject)).toEqual(record);
	});
});

describe('apiRequest', () => {
	const pauseMock = jest.mocked(pause);
	const GET: ApiRequest = { method: 'GET', path: '/x' };
	const START: ApiRequest = { method: 'POST', path: '/x', body: { a: 1 }, starts: 'session' };
	let sent: IHttpRequestOptions[];

	/** Sends a request to an API that gives one answer after the other, and the last one ever after. */
	async function send(
		request: ApiRequest,
		answers: Array<object | Error>,
		cancelSignal?: AbortSignal,
		sending?: Sending,
	): Promise<unknown> {
		sent = [];
		const context = requestContext(async (options) => {
			const answer = answers[Math.min(sent.length, answers.length - 1)];
			sent.push(options);
			if (answer instanceof Error) throw answer;
			return answer;
		});
		return await apiRequest(
			{ ...context, getExecutionCancelSignal: () => cancelSignal },
			request,
			recordWith('id'),
			sending,
		);
	}

	const failureOf = async (
		request: ApiRequest,
		answers: Array<object | Error>,
		cancelSignal?: AbortSignal,
		sending?: Sending,
	): Promise<NodeApiError> =>
		await send(request, answers, cancelSignal, sending).then(
			() => {
				throw new Error('It went well');
			},
			(error: NodeApiError) => error,
		);
	const networkError = (code: string) => Object.assign(new Error(code), { code });

	beforeEach(() => {
		pauseMock.mockReset().mockResolvedValue();
		jest.spyOn(Math, 'random').mockReturnValue(1);
	});

	afterEach(() => {
		jest.restoreAllMocks();
	});

	it('sends JSON, with a time limit, and asks n8n neither to throw for a status nor to send again', async () => {
		expect(await send(START, [jsonAnswer({ id: 'i' }, 201)])).toEqual({ id: 'i' });
		expect(sent).toEqual([
			{
				method: 'POST',
				url: '/x',
				qs: undefined,
				body: JSON.stringify({ a: 1 }),
				headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
				timeout: 30_000,
				encoding: 'text',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
			},
		]);
	});

	it.each([
		['a certificate that is not trusted', networkError('DEPTH_ZERO_SELF_SIGNED_CERT')],
		['a credential that is incomplete', new UserError("'API Key' is empty")],
	])('sends a start once: %s', async (_name, answer) => {
		expect(await failureOf(START, [answer])).toBeInstanceOf(NodeApiError);
		expect(sent).toHaveLength(1);
		expect(pauseMock).not.toHaveBeenCalled();
	});

	it('reports what the API declined in an answer of success, in its own words, and that once', async () => {
		sent = [];
		const context = requestContext(async (options) => {
			sent.push(options);
			return jsonAnswer({ message: 'No workers available', data: { success: false } });
		});
		const error = await apiRequest(context, START, () => {
			throw new DeclinedError();
		}).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(NodeApiError);
		expect((error as NodeApiError).message).toBe(
			'VideoSDK declined the request (status 200): No workers available',
		);
		expect(sent).toHaveLength(1);
	});

	it.each([
		['of a request that was declined', jsonAnswer({ message: 'Unknown entry: Bearer n8ntool1_AbCd-_' }, 400)],
		['of an answer that is none', { ...jsonAnswer({}), body: '<html>Bearer n8ntool1_AbCd-_</html>' }],
	])('keeps the token of a tool out of the error %s', async (_name, answer) => {
		const error = await failureOf(GET, [answer]);
		expect(sent).toHaveLength(1);
		expect(`${JSON.stringify(error)} ${error.message} ${error.description}`).not.toContain('n8ntool1_');
	});

	it('repeats a start that was turned away unread, with growing pauses', async () => {
		const rateLimited = jsonAnswer({ message: 'Slow down' }, 429);
		expect(await send(START, [rateLimited, rateLimited, jsonAnswer({ id: 'i' })])).toEqual({ id: 'i' });
		expect(sent).toHaveLength(3);
		expect(pauseMock.mock.calls.map(([ms]) => ms)).toEqual([500, 1_000]);
	});

	it('tells of each answer "too many requests"', async () => {
		const onRateLimited = jest.fn();
		await failureOf(START, [jsonAnswer({}, 429)], undefined, { onRateLimited });
		expect(sent).toHaveLength(6);
		expect(onRateLimited).toHaveBeenCalledTimes(6);
	});

	it('sends no more often than the caller wants', async () => {
		await failureOf({ ...GET, maxAttempts: 1 }, [jsonAnswer({}, 500)]);
		expect(sent).toHaveLength(1);
	});

	it('sends nothing more when the execution is stopped during a pause, and does not say that a session may run', async () => {
		const execution = new AbortController();
		pauseMock.mockImplementation(async () => execution.abort());
		const { message } = await failureOf(START, [jsonAnswer({}, 429)], execution.signal);
		expect(message).toBe('VideoSDK is receiving too many requests (status 429)');
		expect(sent).toHaveLength(1);
	});
});

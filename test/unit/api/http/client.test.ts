import fc from 'fast-check';
import type { IDataObject, IHttpRequestOptions, NodeApiError } from 'n8n-workflow';
import { readBaseUrl, resolveTarget } from '../../../../credentials/apiTarget';
import { pause } from '../../../../nodes/VideoSdkAgentCloud/api/http/pause';
import {
	DeclinedError,
	recordWith,
	unlessDeclined,
} from '../../../../nodes/VideoSdkAgentCloud/api/http/responseReaders';
import {
	apiRequest,
	type ApiRequest,
	failureOf,
	NO_TIME_LEFT,
	type Sending,
} from '../../../../nodes/VideoSdkAgentCloud/api/http/client';
import { pathOf } from '../../../../nodes/VideoSdkAgentCloud/api/http/path';
import { checkTimes, jsonAnswer, requestContext, unicode } from '../../support';

jest.mock('../../../../nodes/VideoSdkAgentCloud/api/http/pause', () => ({ pause: jest.fn() }));

const SCRAPS = [...'/\\.?#% \t\n\0:@é;', '..', '%2F', '%2e'];
const scraps = fc.array(fc.constantFrom(...SCRAPS), { minLength: 1, maxLength: 6 });
const joined = scraps.map((parts) => parts.join(''));

it('pathOf keeps any id one segment of the path, out of which it can be read again', () => {
	const base = readBaseUrl('https://api.videosdk.live');
	checkTimes(2_000)([fc.oneof(unicode(1), joined), fc.boolean()], (value, isLast) => {
		const path = pathOf(['ai', 'v1', value, ...(isLast ? [] : ['tag'])]);
		const url = new URL(resolveTarget({ url: path }, base));
		const segments = url.pathname.split('/');
		expect(segments).toHaveLength(isLast ? 4 : 5);
		expect(segments.slice(0, 3)).toEqual(['', 'ai', 'v1']);
		expect(url.search + url.hash).toBe('');
		const decoded = decodeURIComponent(segments[3] as string);
		// Not even encoded can "." and ".." be a segment of a URL.
		expect(/^\.{1,2}$/.test(value) ? decodeURIComponent(decoded) : decoded).toBe(value);
	});
});

it.each<[answer: object, record?: object]>([
	[{ message: 'ok', data: { sessionId: 's' } }, { sessionId: 's' }],
	[{ sessionId: 's' }, { sessionId: 's' }],
	[{ sessionId: 's', data: { sessionId: 't' } }, { sessionId: 't' }],
	[{ data: { ruleId: 'r' } }, { ruleId: 'r' }],
	[{ data: { sessionId: '', ruleId: '' } }],
	...[{ message: 'ok' }, { data: null }, { data: [{ sessionId: 's' }] }, { data: 'sessionId' }].map(
		(none): [object] => [none],
	),
	[{ data: { id: 's' } }],
])('recordWith finds the record in %j', (answer, ...[record]) => {
	expect(recordWith(['sessionId', 'ruleId'])(answer as IDataObject)).toEqual(record);
});

it.each<[answer: object, isDeclined: boolean]>([
	...[false, 'false', 0].map((success): [object, boolean] => [{ success }, true]),
	...[true, 'true', 1, null, undefined, ''].map((success): [object, boolean] => [{ success }, false]),
	[{}, false],
])('%j says that nothing was done: %j', (answer, isDeclined) => {
	for (const body of [answer, { data: answer }] as IDataObject[]) {
		const read = () => unlessDeclined((given) => given)(body, {});
		if (isDeclined) expect(read).toThrow(DeclinedError);
		else expect(read()).toBe(body);
	}
});

describe('apiRequest', () => {
	const pauseMock = jest.mocked(pause);
	const GET: ApiRequest = { method: 'GET', path: ['x'] };
	const START: ApiRequest = { method: 'POST', path: ['x'], body: { a: 1 }, starts: 'session' };
	let sent: IHttpRequestOptions[];

	async function send(request: ApiRequest, answers: Array<object | Error>, sending?: Sending) {
		sent = [];
		const context = requestContext(async (options) => {
			const answer = answers[Math.min(sent.length, answers.length - 1)];
			sent.push(options);
			if (answer instanceof Error) throw answer;
			return answer;
		});
		return await apiRequest(context, request, recordWith(['id']), sending);
	}

	const failureOf = async (...given: Parameters<typeof send>): Promise<NodeApiError> =>
		await send(...given).then(
			() => Promise.reject(new Error('It went well')),
			(error: NodeApiError) => error,
		);

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
				abortSignal: expect.anything(),
				encoding: 'text',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
			},
		]);
	});

	it('keeps the token of a tool out of errors', async () => {
		const echoes = jsonAnswer({ message: 'Unknown entry: Bearer n8ntool1_AbCd-_' }, 400);
		for (const answer of [echoes, { ...jsonAnswer({}), body: '<html>Bearer n8ntool1_AbCd-_</html>' }]) {
			const error = await failureOf(GET, [answer]);
			expect(`${JSON.stringify(error)} ${error.message} ${error.description}`).not.toContain('n8ntool1_');
		}
	});

	it('sends no more often than the caller wants, and nothing after its time', async () => {
		const unavailable = [jsonAnswer({}, 500)];
		await failureOf({ ...GET, maxAttempts: 1 }, unavailable, { maxAttempts: 3 });
		expect(sent).toHaveLength(1);
		await failureOf(GET, unavailable, { maxAttempts: 2 });
		expect(sent).toHaveLength(2);
		// The pauses take 500 and 1,000 ms.
		const nowMs = Date.UTC(2026, 0, 15);
		jest.spyOn(Date, 'now').mockReturnValue(nowMs);
		for (const leftMs of [-1, 0, 499, 500, 1_000]) {
			const requests = [0, 500, 1_000].filter((pauseMs) => pauseMs <= leftMs).length;
			const error = await failureOf(GET, unavailable, { untilMs: nowMs + leftMs });
			expect(sent).toHaveLength(requests);
			if (requests === 0) expect(error.message).toBe(NO_TIME_LEFT);
		}
	});

	it('gives one attempt the time of the request, else that of the sender', async () => {
		for (const timeoutMs of [1, undefined]) {
			await send({ ...GET, timeoutMs }, [jsonAnswer({ id: 'i' })], { timeoutMs: 2 });
			expect(sent[0]?.timeout).toBe(timeoutMs ?? 2);
		}
	});

	it.each([199, 200, 299, 300])('an answer of status %d is a result: from 200 to 299', async (status) => {
		const outcome = send(GET, [jsonAnswer({ id: 'i' }, status)]).catch(({ message }: Error) => message);
		const isResult = status >= 200 && status <= 299;
		expect(await outcome).toEqual(isResult ? { id: 'i' } : expect.stringContaining(`status ${status}`));
	});
});

it('A request that ends because the user stopped the execution has not run out of time', async () => {
	jest.mocked(pause).mockReturnValue(new Promise(() => undefined));
	const stop = new AbortController();
	const context = requestContext(async ({ abortSignal }) => {
		stop.abort();
		expect((abortSignal as AbortSignal).aborted).toBe(true);
		return await Promise.reject(Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' }));
	});
	const stoppable = Object.assign(context, { getExecutionCancelSignal: () => stop.signal });
	const request: ApiRequest = { method: 'GET', path: ['v2', 'rooms'], maxAttempts: 1 };
	const error = await apiRequest(stoppable, request, (json) => json, {}).catch((thrown: Error) => thrown);
	expect(failureOf(error)).toMatchObject({ kind: 'cancelled' });
});

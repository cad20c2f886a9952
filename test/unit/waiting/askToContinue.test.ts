/** What a request to continue carries, if not all of it fits. */
import { gunzipSync } from 'node:zlib';
import type { IDataObject } from 'n8n-workflow';
import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import { type Known, unknown } from '../../../nodes/VideoSdkAgentCloud/conversation/known';
import { askToContinue, type CarriedKnown } from '../../../nodes/VideoSdkAgentCloud/waiting/askToContinue';
import { RESULT_HEADER } from '../../../nodes/VideoSdkAgentCloud/waiting/resumeUrl';
import type { StoredWait } from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';

const STORED = {
	awaited: [{ deadlineMs: 0 }],
	resumeUrl: 'http://n8n/resume',
	key: 'k',
} as unknown as StoredWait;

function knownWithText(id: string, length: number): Known {
	const transcript = { value: 'x'.repeat(length), weight: length, mayCome: false };
	return {
		...unknown(id),
		fields: { status: { rank: [10, 0, 9], value: 'ended' } },
		parts: { transcript },
	};
}

/** Asks once for all. @returns the requests that n8n, or a proxy in front of it, let through */
async function ask(known: Known[], maxLength: number): Promise<CarriedKnown[]> {
	const accepted: CarriedKnown[] = [];
	const httpRequest = async ({ body }: { body: Buffer }) => {
		const text = gunzipSync(body).toString();
		if (text.length > maxLength)
			return await Promise.resolve({ statusCode: 413, headers: {}, body: '<html>' });
		accepted.push(JSON.parse(text) as CarriedKnown);
		const headers: IDataObject = { [RESULT_HEADER]: 'continued' };
		return { statusCode: 200, headers, body: '' };
	};
	const context = { helpers: { httpRequest }, logger: { warn: jest.fn() } } as unknown as RequestContext;
	let turns = 0;
	await askToContinue(
		context,
		STORED,
		() => ({ known }),
		() => ++turns > 20,
		Date.now() + 1_000,
	);
	return accepted;
}

it('A text that fits into no request is not sent, and the execution is asked for all the same', async () => {
	const accepted = await ask([knownWithText('c-1', 300_000), knownWithText('c-2', 30_000)], 60_000);
	expect(accepted).toEqual([
		{
			known: [
				expect.objectContaining({ id: 'c-1', parts: {}, fields: expect.any(Object) }),
				expect.objectContaining({ id: 'c-2', parts: { transcript: expect.anything() as object } }),
			],
		},
	]);
});

it.each([
	['https://n8n.example.com/hooks-wait/1?signature=TOKEN/videosdk', 'https://n8n.example.com'],
	['//n8n.example.com/hooks-wait/1?signature=TOKEN/videosdk', 'its own address'],
])("n8n's token of the execution is in no log: %s", async (resumeUrl, shown) => {
	const warn = jest.fn();
	const httpRequest = async () => await Promise.reject(new Error('connect ECONNREFUSED'));
	const context = { helpers: { httpRequest }, logger: { warn } } as unknown as RequestContext;
	const stored = { ...STORED, resumeUrl };
	let turns = 0;
	const isOver = () => ++turns > 1;
	jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
	const asking = askToContinue(context, stored, () => ({ known: [] }), isOver, Date.now() + 1_000);
	while (warn.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
	await jest.runAllTimersAsync();
	await asking;
	jest.useRealTimers();
	expect(JSON.stringify(warn.mock.calls)).toContain(shown);
	expect(JSON.stringify(warn.mock.calls)).not.toContain('TOKEN');
});

it('n8n is asked again after an answer that is none to the question, since its sender may be gone soon', async () => {
	jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
	const results = ['answered', undefined, 'continued'];
	let requests = 0;
	const httpRequest = async () => {
		const result = results[requests++];
		return await Promise.resolve({
			statusCode: 200,
			headers: result ? { [RESULT_HEADER]: result } : {},
			body: '',
		});
	};
	const context = { helpers: { httpRequest }, logger: { warn: jest.fn() } } as unknown as RequestContext;
	let isDone = false;
	const carried = () => ({ known: [unknown('c-1')] });
	const asking = askToContinue(context, STORED, carried, () => false, Date.now() + 24 * 3_600_000).then(
		() => (isDone = true),
	);
	while (!isDone) {
		await new Promise((resolve) => setImmediate(resolve));
		await jest.advanceTimersByTimeAsync(1_000);
	}
	await asking;
	jest.useRealTimers();
	expect(requests).toBe(results.length);
});

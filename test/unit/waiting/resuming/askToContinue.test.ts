/** How n8n is asked to let an execution continue, until it does. */
import { gunzipSync } from 'node:zlib';
import type { RequestContext } from '../../../../nodes/VideoSdkAgentCloud/api/http/credential';
import { type Known, unknown } from '../../../../nodes/VideoSdkAgentCloud/conversation/known';
import { fieldsOf } from '../../../../nodes/VideoSdkAgentCloud/conversation/mergeFields';
import {
	askToContinue,
	type CarriedKnown,
} from '../../../../nodes/VideoSdkAgentCloud/waiting/resuming/askToContinue';
import { RESULT_HEADER } from '../../../../nodes/VideoSdkAgentCloud/waiting/resuming/resumeUrl';
import type { StoredWait } from '../../../../nodes/VideoSdkAgentCloud/waiting/storedWait';

const STORED = { awaited: [{ deadlineMs: 0 }], resumeUrl: 'http://n8n/resume', key: 'k' };
const warn = jest.fn();
const realSetTimeout = setTimeout;

beforeEach(() => {
	jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
	warn.mockClear();
});
afterEach(() => void jest.useRealTimers());

/** Asks until n8n is done with it, at most 20 times. @param answer the result, or a status; none: it cannot be reached */
async function ask(
	known: Known[],
	answer: (carried: CarriedKnown) => string | number | undefined,
	{ resumeUrl = STORED.resumeUrl, location = '' } = {},
): Promise<void> {
	const httpRequest = async ({ body }: { body: Buffer }) => {
		const text = gunzipSync(body).toString();
		const result = answer(JSON.parse(text) as CarriedKnown);
		if (result === undefined) throw new Error('connect ECONNREFUSED');
		if (typeof result === 'number')
			return await Promise.resolve({ statusCode: result, headers: { location }, body: '' });
		return await Promise.resolve({ statusCode: 200, headers: { [RESULT_HEADER]: result }, body: '' });
	};
	const context = { helpers: { httpRequest }, logger: { warn } } as unknown as RequestContext;
	const stored = { ...STORED, resumeUrl } as unknown as StoredWait;
	let turns = 0;
	let isDone = false;
	// It is looked at twice for each.
	const isOver = () => ++turns > 40;
	void askToContinue(context, stored, () => ({ known }), isOver, Date.now() + 24 * 3_600_000).then(
		() => (isDone = true),
	);
	while (!isDone) {
		await new Promise((resolve) => setImmediate(resolve));
		// No time passes while a body is compressed, which a busy machine may take long for.
		if (jest.getTimerCount() > 0) await jest.advanceTimersByTimeAsync(60_000);
	}
}

/** Conversations that are over, with texts of the lengths given. */
const withTexts = (...lengths: [number, number]) =>
	lengths.map((length, index): Known => ({
		...unknown(`c-${index}`),
		fields: { status: { rank: [10, 0, 9], value: 'ended' } },
		artifacts: { transcript: { value: 'x'.repeat(length), weight: length, mayCome: false } },
	})) as [Known, Known];

it.each([
	['x', 990_000, true],
	['x', 1_000_000, false],
	['\u0928', 330_000, true],
	['\u0928', 340_000, false],
])(
	'What was said is sent up to 1 MB, else the receiver gets it itself: %s, %i times',
	async (letter, length, isSent) => {
		const [long, short] = withTexts(0, 1_000);
		long.artifacts.transcript = { value: letter.repeat(length), weight: length, mayCome: false };
		const sent: CarriedKnown[] = [];
		await ask([long, short], (carried) => (sent.push(carried), 'continued'));
		const without = [long, short].map((one): Known => ({ ...one, artifacts: {} }));
		expect(sent).toEqual([isSent ? { known: [long, short], isWhole: true } : { known: without }]);
	},
);

it('Of more than 1 MB of records, what no record has is sent, and no end of which the receiver would lack the record', async () => {
	const [confirmed, reported] = withTexts(0, 0);
	confirmed.fields = fieldsOf({ metadata: { notes: 'x'.repeat(2_000_000) } }, 1);
	const unanswered = 'voicemail';
	const end = { reported: { stopped: 5 }, ended: true, seenOverAtMs: 7, unanswered } as const;
	const sent: CarriedKnown[] = [];
	await ask(
		[
			{ ...confirmed, ...end, isConfirmedOver: true, overAtMs: 4 },
			{ ...reported, ...end },
		],
		(carried) => (sent.push(carried), 'continued'),
	);
	expect(sent).toEqual([
		{
			known: [
				{ ...unknown('c-0'), unanswered },
				{ ...unknown('c-1'), ...end },
			],
		},
	]);
});

it.each([
	['https://n8n.example.com/hooks-wait/1?signature=TOKEN/videosdk', 'https://n8n.example.com'],
	['//n8n.example.com/hooks-wait/1?signature=TOKEN/videosdk', 'n8n.example.com (https:// is missing)'],
])("n8n's token of the execution is in no log: %s", async (resumeUrl, shown) => {
	await ask([], () => undefined, { resumeUrl });
	expect(JSON.stringify(warn.mock.calls)).toContain(shown);
	expect(JSON.stringify(warn.mock.calls)).not.toContain('TOKEN');
});

it('n8n is asked again after an answer that is none to the question, since its sender may be gone soon', async () => {
	const results = ['answered', 200, 'continued', 'answered'];
	let requests = 0;
	await ask([unknown('c-1')], () => results[requests++]);
	expect(requests).toBe(3);
});

it.each([
	['/form-waiting/1?signature=TOKEN', 0],
	['https://login.example.com/', 1],
])('n8n leads on to %s: warnings %i', async (location, warnings) => {
	await ask([unknown('c-1')], () => 307, { location });
	expect(warn).toHaveBeenCalledTimes(warnings);
});

describe('Of many executions that are over at once', () => {
	/**
	 * Has so many ask, n8n answering none of the first ones. @returns when each request was sent and given up, in s, and how many
	 * were under way at most
	 */
	async function askTogether(count: number, unanswered: number) {
		const sent: Array<{ atS: number; abortedS?: number }> = [];
		const startedMs = Date.now();
		const nowS = () => (Date.now() - startedMs) / 1000;
		let underWay = 0;
		let most = 0;
		const httpRequest = async ({ abortSignal }: { abortSignal: AbortSignal }) => {
			const one: (typeof sent)[number] = { atS: nowS() };
			if (sent.push(one) > unanswered)
				return await Promise.resolve({
					statusCode: 200,
					headers: { [RESULT_HEADER]: 'continued' },
					body: '',
				});
			most = Math.max(most, ++underWay);
			return await new Promise((_resolve, reject) => {
				abortSignal.addEventListener('abort', () => {
					underWay--;
					one.abortedS = nowS();
					reject(new Error('too late'));
				});
			});
		};
		const context = { helpers: { httpRequest }, logger: { warn } } as unknown as RequestContext;
		let open = count;
		const ask = async () => {
			const stored = { ...STORED } as unknown as StoredWait;
			const carried = () => ({ known: [] });
			await askToContinue(context, stored, carried, () => false, startedMs + 3_600_000);
			open--;
		};
		for (let index = 0; index < count; index++) void ask();
		while (open > 0) {
			// Bodies are compressed by other threads, in a time of their own.
			await new Promise((resolve) => realSetTimeout(resolve, 5));
			await jest.advanceTimersByTimeAsync(500);
		}
		return { sent, most };
	}

	it('eight ask at a time, and each has half a minute once it is its turn', async () => {
		const { sent, most } = await askTogether(20, 16);
		expect(most).toBe(8);
		for (const { atS, abortedS = NaN } of sent.slice(0, 16)) {
			expect(abortedS - atS).toBeGreaterThanOrEqual(29);
			expect(abortedS - atS).toBeLessThanOrEqual(31);
		}
		expect(sent[15]?.atS).toBeGreaterThanOrEqual(30);
		expect(sent).toHaveLength(20 + 16);
	});

	it('those that n8n failed to answer ask again at different times', async () => {
		const { sent } = await askTogether(8, 8);
		const again = sent.slice(8).map(({ atS }) => atS - 30);
		expect(Math.min(...again)).toBeGreaterThanOrEqual(14);
		expect(Math.max(...again)).toBeLessThanOrEqual(28);
		expect(Math.max(...again) - Math.min(...again)).toBeGreaterThan(1.5);
	});
});

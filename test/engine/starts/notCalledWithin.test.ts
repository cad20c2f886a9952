/** Not Called Within keeps a number from being called that was called before. */
import type { IDataObject } from 'n8n-workflow';
import type { CallStatus } from '../../simulator';
import { ADA, CALL, fromSip, GRACE, made, numbersCalled, TO } from '../rig/callRig';
import { REVIEW, TOOL } from '../rig/engine';
import { jsonOf, later, passTime, useRig } from '../rig/rig';
import { question } from '../rig/starts';

const rig = useRig({ callBehaviour: false });
const called = () => numbersCalled(rig);

describe('Not Called Within', () => {
	const HOUR_MS = 3_600_000;
	const call = (to: string, more: IDataObject = {}, options: IDataObject = {}) =>
		fromSip({ to, ...more, options: { notCalledWithin: 24, ...options } });
	/** Calls as another process does, such as a colleague's n8n. @returns the call's ID */
	const callElsewhere = async (to: string, ...statuses: CallStatus[]): Promise<string> => {
		const [made] = jsonOf(await (await rig.addEngine()).run({ parameters: fromSip({ to }) }));
		const callId = String(made?.callId);
		for (const status of statuses) await rig.simulator.moveCall(callId, status);
		rig.simulator.requests.length = 0;
		return callId;
	};
	const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
	const before = (reason: RegExp, lastCallId?: string) => ({
		outcome: 'notCalled',
		to: TO,
		reason: expect.stringMatching(reason) as string,
		reasonCode: 'calledBefore',
		...(lastCallId && { lastCallId, lastCallAt: TIME }),
	});
	const lists = () => rig.requests.filter(({ method, path }) => method === 'GET' && path === CALL);

	it.each<[string, CallStatus[], boolean]>([
		['is running', [], true],
		['was answered', ['answered', 'ended'], true],
		['was missed', ['ringing', 'missed'], true],
		['was rejected', ['rejected'], true],
		['failed after it rang', ['ringing', 'failed'], true],
		['failed in the middle', ['answered', 'failed'], true],
		['failed before it rang', ['failed'], false],
	])(
		'keeps a number from being called that another call has reached, which %s',
		async (_how, statuses, counts) => {
			const callId = await callElsewhere(TO, ...statuses);
			const output = await rig.json(call('+1 (555) 000-3000'));
			if (!counts) expect(output).toMatchObject([{ outcome: 'running' }]);
			else expect(output).toEqual([before(/^Called on \w+ \d+, .* in \S+ \(\w+\)$/, callId)]);
			expect(made(rig)).toHaveLength(counts ? 0 : 1);
			const startDate = expect.stringMatching(/^\d{13}$/) as string;
			expect(lists().map(({ query }) => query)).toEqual([
				expect.objectContaining({ type: 'outbound', search: TO, startDate }),
			]);
		},
	);

	it('counts for as many hours as it says, and for the same number only', async () => {
		const startMs = Date.now();
		await callElsewhere(TO, 'missed');
		expect(await rig.json(call(ADA))).toMatchObject([{ outcome: 'running' }]);
		passTime(2 * HOUR_MS - 5_000 - (Date.now() - startMs));
		const within = async (notCalledWithin: unknown) =>
			(await rig.json(call(TO, {}, { notCalledWithin } as IDataObject)))[0]?.outcome;
		expect(await within('={{ 2 }}')).toBe('notCalled');
		passTime(10_000);
		expect([await within(3), await within(2)]).toEqual(['notCalled', 'running']);
	});

	it.each(['={{ $json.none }}', 0.5, 721, 'often'])('is refused: %s', async (notCalledWithin) => {
		const { message } = await rig.failure(call(TO, {}, { notCalledWithin }));
		expect(message).toMatch(/^'Not Called Within' (is empty|must be a number from 1 to 720)/);
		expect(rig.requests).toEqual([]);
	});

	it('lets one of two executions call that start in the same second, whatever their credentials', async () => {
		rig.simulator.setListing({ lagMs: 12_000 });
		const first = rig.json(call(TO));
		rig.engine.useOtherCredentials(rig.credentials());
		const outputs = (await Promise.all([first, rig.json(call(TO, { recording: 'record' }))])).flat();
		expect(outputs.map(({ outcome }) => outcome).sort()).toEqual(['notCalled', 'running']);
		expect(outputs).toContainEqual(before(/^(n8n is calling this number right now|Called on .*)$/));
		expect(called()).toEqual([TO]);
		expect([...rig.simulator.rooms.values()].filter(({ disabled }) => !disabled).length).toBeLessThan(2);
		// VideoSDK doesn't list it yet.
		const [callId] = rig.simulator.calls.keys();
		expect(await rig.json(call(TO))).toEqual([before(/^Called on [^(]*$/, callId)]);
		expect(called()).toEqual([TO]);
	});

	it('is looked at again right before each sending', async () => {
		const elsewhere = () =>
			rig.simulator.addFault({ kind: 'delay', delayMs: 5_000, match: { path: /rooms$/ } });
		elsewhere();
		const slow = rig.json(call(TO, { recording: 'record' }));
		await later(2_000);
		await rig.json(fromSip({ to: TO }));
		expect(await slow).toEqual([before(/^Called on/, [...rig.simulator.calls.keys()][0])]);
		expect([...rig.simulator.rooms.values()].some(({ disabled }) => disabled)).toBe(true);
		// VideoSDK asks for patience, and someone else calls meanwhile.
		const busy = { kind: 'status', status: 429, headers: { 'retry-after': '60' } } as const;
		rig.simulator.addFault({ ...busy, match: { method: 'POST', path: /sip\/call$/ } });
		const patient = rig.json(call(GRACE));
		await later(20_000);
		expect(await rig.json(call(GRACE))).toMatchObject([{ reason: 'n8n is calling this number right now' }]);
		await rig.json(fromSip({ to: GRACE }));
		expect(await patient).toMatchObject([{ reasonCode: 'calledBefore' }]);
		expect([...rig.simulator.calls.values()].map(({ to }) => to)).toEqual([TO, GRACE]);
	});

	it('counts a call that may have been made, and none that certainly was not', async () => {
		rig.simulator.setListing({ hasMetadata: false, lagMs: HOUR_MS });
		rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
		expect((await rig.run(call(TO))).error).toBeDefined();
		rig.simulator.addFault({ kind: 'reset', match: { method: 'POST' } });
		expect((await rig.failure(call(TO))).message).toContain('may have been made');
		const [output] = await rig.json(call(TO));
		expect(output).toMatchObject(before(/^Called on .*, but it isn't known whether that call was made$/));
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('believes the list what became of a call that this process has made', async () => {
		const [first] = await rig.json(call(TO));
		await rig.simulator.moveCall(String(first?.callId), 'failed');
		expect(await rig.json(call(TO))).toMatchObject([{ outcome: 'running' }]);
		expect(rig.simulator.calls.size).toBe(2);
	});

	it('calls no one if the list cannot be read, and names what was started', async () => {
		const broken = () =>
			rig.simulator.addFault({
				kind: 'status',
				status: 403,
				match: { path: /call$/, method: 'GET', times: 1 },
			});
		const items = [ADA, GRACE, TO].map((phone) => ({ phone }));
		const one = call('={{ $json.phone }}', {}, { maxConcurrency: 1 });
		const text = `${GRACE} wasn't called, because n8n couldn't check whether it was called before: VideoSDK doesn't allow this`;
		await callElsewhere('+15550009999');
		rig.simulator.addFault({ kind: 'delay', match: { path: /call$/, method: 'GET' } });
		broken();
		const { message, description } = await rig.failure(one, { items });
		expect(message).toMatch(new RegExp(`^\\${text}.* \\[item 1\\]$`));
		expect(description).toMatch(/^One call was made before this: \S+\./);
		expect(called()).toEqual([ADA]);

		rig.simulator.addFault({ kind: 'delay', match: { path: /call$/, method: 'GET' } });
		broken();
		const each = await rig.json(one, { items, onError: 'continueRegularOutput' });
		expect(each).toEqual([
			expect.objectContaining({ to: ADA, reasonCode: 'calledBefore' }),
			{
				outcome: 'notCalled',
				to: GRACE,
				reasonCode: 'failed',
				error: expect.stringContaining(text) as string,
			},
			expect.objectContaining({ to: TO, outcome: 'running' }),
		]);
		expect(called()).toEqual([ADA, TO]);
	});

	describe('reads a list', () => {
		const MAX_PAGES = 10;
		const row = (index: number, atMs: number, to = `${TO}9`) => ({
			callId: `c-${index}`,
			type: 'outbound',
			to,
			status: 'ended',
			start: new Date(atMs).toISOString(),
		});
		const page = (number: number, rows: object[]) =>
			rig.simulator.addFault({
				kind: 'noData',
				match: { path: /call$/, method: 'GET' },
				body: { data: rows, pageInfo: { currentPage: number, perPage: 50, lastPage: 40, total: 2_000 } },
			});
		const pageOf = (number: number, atMs: number, to?: string) =>
			page(
				number,
				Array.from({ length: 50 }, (_, index) => row(number * 50 + index, atMs - index, to)),
			);

		it('until its hours have passed', async () => {
			pageOf(1, Date.now());
			pageOf(2, Date.now() - 25 * HOUR_MS, TO);
			expect(await rig.json(call(TO))).toMatchObject([{ outcome: 'running' }]);
			expect(lists()).toHaveLength(2);
		});

		it('on ten pages at most, and calls no one if that is too little to tell', async () => {
			for (let number = 1; number <= MAX_PAGES; number++) pageOf(number, Date.now() - number * 60_000);
			const { message } = await rig.failure(call(TO));
			expect(message).toContain("VideoSDK's list of calls to it is too long. Lower 'Not Called Within'.");
			expect([lists().length, called()]).toEqual([MAX_PAGES, []]);
		});

		it('whose oldest calls come first, to its end', async () => {
			const rows = Array.from({ length: 50 }, (_, index) => row(index, Date.now() - (100 - index) * HOUR_MS));
			page(1, rows);
			page(2, [row(99, Date.now() - HOUR_MS, TO)]);
			expect(await rig.json(call(TO))).toMatchObject([{ lastCallId: 'c-99' }]);
		});
	});

	it.each([undefined, TOOL, REVIEW])('holds for questions: %s', async (nodeType) => {
		const lastCallId = await callElsewhere(TO, 'missed');
		const asking = question({ options: { notCalledWithin: 24 } });
		const [output] = await rig.json(asking, { nodeType });
		expect(output).toMatchObject({ reasonCode: 'calledBefore', lastCallId, responded: false });
		expect(made(rig)).toEqual([]);
	});

	it('tells a model, and a dry run', async () => {
		const lastCallId = await callElsewhere(TO, 'missed');
		expect(await rig.json(call(TO), { nodeType: TOOL })).toMatchObject([{ lastCallId }]);
		expect(await rig.json(call(TO, {}, { dryRun: true }))).toMatchObject([{ lastCallId }]);
		// What a dry run would have called isn't called.
		await rig.json(call(ADA, {}, { dryRun: true }));
		expect(await rig.json(call(ADA))).toMatchObject([{ outcome: 'running' }]);
	});
});

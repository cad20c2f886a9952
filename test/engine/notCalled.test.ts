/** What comes out of an item whose call was not made, or may not have been: a workflow goes on by `outcome` and `to`. */
import type { IDataObject } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { byRule, fromSip, made, TO } from './callRig';
import type { RunOptions } from './engine';
import { failureOf, jsonOf, passTime, retryOnFail, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const ADA = '+15550003001';
const GRACE = '+15550003002';
/** Calls the number of each item, one after another. */
async function call(numbers: unknown[], options: IDataObject = {}, more: Partial<RunOptions> = {}) {
	const parameters = fromSip({ to: '={{ $json.phone }}', options: { maxConcurrency: 1, ...options } });
	const items = numbers.map((phone, row) => ({ phone, row }) as IDataObject);
	return await rig.run(parameters, { items, ...more });
}
const called = () => made(rig).map(({ body }) => (body as { sipCallTo: string }).sipCallTo);

/** On either output: see model. */
it('An item that fails says whether someone may have been called, and who', async () => {
	rig.simulator.addFault({ kind: 'status', status: 500 });
	rig.simulator.addFault({ kind: 'status', status: 400, body: { message: 'Number is not allowed' } });
	const numbers = ['0151 23', '', '+1 (555) 000-3001', GRACE, TO];
	expect(jsonOf(await call(numbers, {}, { onError: 'continueRegularOutput' }))).toEqual([
		{
			outcome: 'notCalled',
			to: '0151 23',
			reasonCode: 'refused',
			error: "'To' isn't a phone number: 0151 23",
		},
		{ outcome: 'notCalled', reasonCode: 'refused', error: "'To' is empty" },
		{ outcome: 'inDoubt', to: ADA, error: expect.stringContaining(`the call to ${ADA} may have been made`) },
		{
			outcome: 'notCalled',
			to: GRACE,
			reasonCode: 'failed',
			error: expect.stringContaining('Number is not allowed'),
		},
		expect.objectContaining({ outcome: 'running', to: TO }),
	]);
});

const refusal: Fault = { kind: 'status', status: 401 };
it.each<[string, unknown[], Fault[], boolean]>([
	['a number that is none', [ADA, '12'], [], true],
	['a refusal', [ADA], [refusal], true],
	['a refusal after a call', [ADA, GRACE], [{ kind: 'delay' }, refusal], false],
	['a call in doubt', [ADA], [{ kind: 'status', status: 500 }], false],
])('A failure that stops the node says if no one was called: %s', async (_what, numbers, faults, isNoOne) => {
	for (const fault of faults) rig.simulator.addFault(fault);
	const { message, description } = failureOf(await call(numbers));
	expect(message).toContain(`[item ${numbers.length - 1}]`);
	expect(/No one was called in this run of the node\.$/.test(description)).toBe(isNoOne);
});

it('A node that stops names the numbers of all calls in doubt', async () => {
	rig.simulator.addFault({
		kind: 'status',
		status: 500,
		until: () => called().length === 2,
		match: { times: 2 },
	});
	const { message, description } = failureOf(await call([ADA, GRACE], { maxConcurrency: 2 }));
	expect(message).toContain(`the call to ${ADA} may have been made`);
	expect(description).toContain(`The call for item 1 (${GRACE}) may have been made.`);
});

describe('A number that several items have', () => {
	it('is not called at all', async () => {
		const { message, description } = failureOf(await call([TO, ADA, `00${TO.slice(1)}`, TO]));
		expect(message).toBe(`'To' is the same in items 0, 2, and 3: ${TO} [item 0]`);
		expect(description).toMatch(
			/set 'To' to an expression.*'Allow Same Number'.*No one was called in this run of the node\.$/,
		);
		const uris = failureOf(await call(['sip:ada@example.com', ADA, 'SIP:ada@Example.com']));
		expect(uris.message).toContain('the same in items 0 and 2');
		for (const named of ['0, 1, 2, 3, and 4', '0, 1, 2, 3, 4, and 1 more']) {
			const { message: many } = failureOf(await call(named.split(',').map(() => TO)));
			expect(many).toContain(`the same in items ${named}: `);
		}
		expect(called()).toEqual([]);
	});

	it('keeps no one else from being called if each item has its own outcome', async () => {
		const output = jsonOf(await call([TO, ADA, TO], {}, { onError: 'continueRegularOutput' }));
		expect(output.map(({ outcome, reasonCode }) => [outcome, reasonCode])).toEqual([
			['notCalled', 'sameNumber'],
			['running', undefined],
			['notCalled', 'sameNumber'],
		]);
		expect(called()).toEqual([ADA]);
	});

	it('is called for those items that allow it', async () => {
		await call([TO, TO, ADA], { allowSameNumber: true });
		expect(called()).toEqual([TO, TO, ADA]);
		const { message } = failureOf(await call([TO, TO], { allowSameNumber: '={{ $json.row === 0 }}' }));
		expect(message).toContain('[item 1]');
	});
});

describe('Calling Hours', () => {
	const MINUTE_MS = 60_000;
	const inZone = (zone: string, ms: number) =>
		new Date(ms).toLocaleTimeString('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
	/** From an hour before now until an hour after, every day, in the time zone of each item's row. */
	const around = (nowMs: number): IDataObject => ({
		hours: {
			days: [1, 2, 3, 4, 5, 6, 7],
			from: inZone('UTC', nowMs - 60 * MINUTE_MS),
			to: inZone('UTC', nowMs + 60 * MINUTE_MS),
			timeZone: "={{ $json.row === 1 ? 'Asia/Kolkata' : 'UTC' }}",
		},
	});
	const reason = expect.stringMatching(
		/^It's \w+day, \d\d:\d\d in Asia\/Kolkata\. Calling hours are \d\d:\d\d to/,
	) as string;
	const callableFrom = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/) as string;
	const notCalled = { outcome: 'notCalled', to: GRACE, reason, reasonCode: 'hours', callableFrom };

	it('are those of each item: outside of them it is not called, and says why', async () => {
		const options = { callingHours: around(Date.now()) };
		expect(jsonOf(await call([ADA, GRACE, TO], options, { node: retryOnFail }))).toEqual([
			expect.objectContaining({ to: ADA, outcome: 'running' }),
			notCalled,
			expect.objectContaining({ to: TO, outcome: 'running' }),
		]);
		expect(called()).toEqual([ADA, TO]);
		// No room is made for it.
		expect(rig.requests).toHaveLength(2);
	});

	it('say from when on it can be called', async () => {
		const callingHours = around(Date.now());
		const [, grace] = jsonOf(await call([ADA, GRACE], { callingHours }));
		const fromMs = Date.parse(String(grace?.callableFrom));
		passTime(fromMs - Date.now() - 1_000);
		expect(jsonOf(await call([TO, GRACE], { callingHours }))).toMatchObject([
			{},
			{ callableFrom: grace?.callableFrom },
		]);
		passTime(1_000);
		expect(jsonOf(await call([TO, GRACE], { callingHours }))).toMatchObject([{}, { outcome: 'running' }]);
	});

	it('do not count as called when another item stops the node', async () => {
		rig.simulator.addFault({ kind: 'delay' });
		rig.simulator.addFault({ kind: 'status', status: 400 });
		const result = await call([ADA, GRACE, TO], { callingHours: around(Date.now()) });
		expect(failureOf(result).description).toContain('One call was made before this');
	});

	it('are looked at when it is the turn of an item, and no earlier', async () => {
		const startMs = Date.now();
		const options = {
			callingHours: { hours: { ...(around(startMs).hours as IDataObject), timeZone: 'UTC' } },
		};
		rig.simulator.addFault({ kind: 'delay', until: () => passTime(90 * MINUTE_MS) });
		expect(jsonOf(await call([ADA, GRACE], options))).toMatchObject([
			{ to: ADA, outcome: 'running' },
			{ to: GRACE, outcome: 'notCalled' },
		]);
		expect(called()).toEqual([ADA]);
	});

	it('are looked at before a call is sent again', async () => {
		const match = { path: /sip\/call$/ };
		rig.simulator.addFault({ kind: 'status', status: 429, headers: { 'retry-after': '60' }, match });
		const options = { callingHours: around(Date.now() - 59 * MINUTE_MS) };
		const parameters = fromSip({ recording: 'record', options });
		expect(await rig.json(parameters)).toMatchObject([{ outcome: 'notCalled' }]);
		expect(called()).toHaveLength(1);
		expect([...rig.simulator.rooms.values()]).toMatchObject([{ disabled: true }]);
	});

	// What isn't in the editor's form, n8n drops before the node sees it.
	it.each<[string, unknown]>([
		['without their group', { from: '09:00' }],
		['in a group of another name', { values: { from: '09:00' } }],
		['as a list', [{ from: '09:00' }]],
		['as a text', 'Mon-Fri 9-18'],
		['as an expression without a value', '={{ $json.hours }}'],
		['as an expression for the group', { hours: '={{ $json.hours }}' }],
		['as a group without fields', { hours: {} }],
	])('that a generated workflow has %s are refused, not left out', async (_what, callingHours) => {
		const result = await call([ADA], { callingHours } as IDataObject);
		expect(failureOf(result).message).toMatch(/^'(Calling Hours|Start Time)' is empty/);
		expect(called()).toEqual([]);
	});

	it('leave no room open, although they end between a room and its call', async () => {
		const until = () => passTime(90 * MINUTE_MS);
		rig.simulator.addFault({ kind: 'delay', until, match: { path: /rooms$/ } });
		const parameters = byRule({ recording: 'record', options: { callingHours: around(Date.now()) } });
		await rig.run(parameters);
		const open = [...rig.simulator.rooms.values()].filter(({ disabled }) => !disabled);
		expect(open).toHaveLength(called().length);
		// Outside of them nothing is even looked up.
		const { length } = rig.requests;
		await rig.run(parameters);
		expect(rig.requests).toHaveLength(length);
	});
});

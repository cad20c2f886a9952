/** Outside of Calling Hours, no one is called. */
import type { IDataObject } from 'n8n-workflow';
import { ADA, byRule, fromSip, GRACE, made, numbersCalled, callEach, TO } from '../rig/callRig';
import { failureOf, jsonOf, passTime, retryOnFail, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const call = callEach(rig);
const called = () => numbersCalled(rig);

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

it('No call goes out after Calling Hours because a look at the rule took long', async () => {
	rig.simulator.addFault({ kind: 'drip', match: { path: /routing-rule/ } });
	jest.setSystemTime(Date.parse('2026-12-01T17:59:30Z'));
	const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', to: '18:00', timeZone: 'UTC' };
	await rig.run(byRule({ options: { callingHours: { hours } } }));
	for (const { receivedAtMs } of made(rig))
		expect(receivedAtMs).toBeLessThan(Date.parse('2026-12-01T18:00Z'));
});

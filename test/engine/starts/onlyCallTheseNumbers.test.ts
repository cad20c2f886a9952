/** A credential that lists numbers calls no other one. */
import type { INodeParameters } from 'n8n-workflow';
import { ADA, byRule, fromSip, GRACE, numbersCalled, TO } from '../rig/callRig';
import { REVIEW, TOOL } from '../rig/engine';
import { failureOf, jsonOf, useRig } from '../rig/rig';
import { GOOD_STARTS, question, transfer } from '../rig/starts';

const rig = useRig({ callBehaviour: false });
const SIP = 'sip:ada@example.com';
const called = () => numbersCalled(rig);

describe("The credential's Only Call These Numbers", () => {
	const REASON = "The credential's 'Only Call These Numbers' doesn't list this number";
	const notAllowed = (to: string) => ({ outcome: 'notCalled', to, reason: REASON, reasonCode: 'notAllowed' });

	it('lets those be called, however they are written, and no one else', async () => {
		rig.use({ onlyCall: ` 001 (555) 000-3001 ,\n${TO}\r\nSIP:Ada@example.com,` });
		const items = [ADA, GRACE, SIP, '+1 555 000 3000'].map((phone) => ({ phone }));
		expect(await rig.json(fromSip({ to: '={{ $json.phone }}' }), { items })).toEqual([
			expect.objectContaining({ to: ADA, outcome: 'running' }),
			notAllowed(GRACE),
			expect.objectContaining({ to: SIP, outcome: 'running' }),
			expect.objectContaining({ to: TO, outcome: 'running' }),
		]);
		expect(called()).toEqual([ADA, SIP, TO]);
		expect(rig.requests).toHaveLength(3);
	});

	it.each<[string, INodeParameters, string | undefined]>([
		['a call', byRule({ to: ADA }), undefined],
		['one with a room of its own', byRule({ to: ADA, recording: 'record' }), undefined],
		['one with a key of its own', byRule({ to: ADA, options: { idempotencyKey: 'one' } }), undefined],
		['one that is waited for', byRule({ to: ADA, operation: 'makeAndWait' }), undefined],
		['a transfer', transfer(ADA), undefined],
		["a model's call", byRule({ to: ADA }), TOOL],
		["a model's transfer", transfer(ADA), TOOL],
	])('is looked at before any request: %s', async (_what, parameters, nodeType) => {
		rig.use({ onlyCall: TO });
		expect(await rig.json(parameters, { nodeType })).toEqual([notAllowed(ADA)]);
		expect(rig.requests).toEqual([]);
	});

	it.each([undefined, TOOL, REVIEW])('holds for questions: %s', async (nodeType) => {
		rig.use({ onlyCall: TO });
		const [output] = await rig.json(question({ to: ADA }), { nodeType });
		expect(output).toMatchObject({ ...notAllowed(ADA), responded: false, data: { approved: false } });
		expect(rig.requests).toEqual([]);
		if (nodeType === REVIEW)
			expect(output?.data).toMatchObject({ chatInput: expect.stringContaining(REASON) });
	});

	it('lets a call be transferred to a number that it lists', async () => {
		await rig.json(fromSip({ to: TO }));
		const [callId] = rig.simulator.calls.keys();
		await rig.simulator.moveCall(String(callId), 'answered');
		rig.use({ onlyCall: ADA });
		expect(await rig.json(transfer(ADA, { callId }))).toMatchObject([{ callId }]);
	});

	it('says nothing of what reaches no number', async () => {
		rig.use({ onlyCall: ADA });
		expect(await rig.json(GOOD_STARTS.start as INodeParameters)).toMatchObject([{ status: 'queued' }]);
		expect(await rig.json(GOOD_STARTS.dispatch as INodeParameters)).toMatchObject([{ status: 'assigned' }]);
	});

	it('is that of each item if it is an expression', async () => {
		rig.use({ onlyCall: '={{ $json.only }}' });
		const items = [
			{ phone: ADA, only: [ADA, TO] },
			{ phone: GRACE, only: ADA },
		];
		expect(await rig.json(fromSip({ to: '={{ $json.phone }}' }), { items })).toMatchObject([
			{ to: ADA, outcome: 'running' },
			notAllowed(GRACE),
		]);
	});

	const LABEL = "'Only Call These Numbers' in the credential";
	it.each(Object.entries(GOOD_STARTS))(
		'stops every start if an entry cannot be read: %s',
		async (_what, start) => {
			rig.use({ onlyCall: `${TO}, 0171 2345` });
			const { message, description } = await rig.failure(start);
			expect(message).toBe(`${LABEL} contains '0171 2345', which isn't a phone number [item 0]`);
			expect(description).toMatch(/plus sign and the country code.*Nothing was sent\./);
			expect(rig.requests).toEqual([]);
		},
	);

	it.each<[string, string]>([
		[' , \n', 'contains no number'],
		['\n', 'contains no number'],
		['\u200b', "contains '\u200b', which isn't a phone number"],
		['={{ $json.none }}', "is an expression that doesn't give any number"],
		["={{ '' }}", "is an expression that doesn't give any number"],
		['={{ ({ a: 1 }) }}', "contains '[object Object]', which isn't a phone number"],
	])('does not count as empty: %j', async (onlyCall, words) => {
		rig.use({ onlyCall });
		for (const start of [GOOD_STARTS.make, GOOD_STARTS.transfer] as INodeParameters[]) {
			expect((await rig.failure(start)).message).toBe(`${LABEL} ${words} [item 0]`);
		}
		const items = [{ phone: ADA }, { phone: GRACE }];
		const result = await rig.run(fromSip({ to: '={{ $json.phone }}' }), { items });
		expect(failureOf(result).description).toMatch(/No one was called in this run of the node\.$/);
		const each = jsonOf(
			await rig.run(fromSip({ to: '={{ $json.phone }}' }), { items, onError: 'continueRegularOutput' }),
		);
		expect(each).toMatchObject(
			[ADA, GRACE].map((to) => ({ outcome: 'notCalled', to, reasonCode: 'refused' })),
		);
		expect(rig.requests).toEqual([]);
	});
});

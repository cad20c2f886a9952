/** A dry run shows what would be sent, and starts nothing. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { ADA, byRule, fromSip, GRACE, numbersCalled, TO } from '../rig/callRig';
import { REVIEW, TOOL } from '../rig/engine';
import { jsonOf, startParameters, useRig } from '../rig/rig';
import { dryItem, GOOD_STARTS, transfer, withOptions } from '../rig/starts';

const rig = useRig({ callBehaviour: false });
const CALLS = ['make', 'makeAndWait', 'sendAndWait'];
const called = () => numbersCalled(rig);
const changing = () => rig.requests.filter(({ method }) => method !== 'GET');
/** All that VideoSDK has of what can be started. */
const existing = () => {
	const { calls, sessions, rooms } = rig.simulator;
	return [calls, sessions, rooms].map(({ size }) => size);
};

describe('Dry Run', () => {
	it.each(Object.entries(GOOD_STARTS))(
		'shows the request, and sends nothing that changes anything: %s',
		async (which, start) => {
			const before = existing();
			const items = await rig.json(withOptions(start, { dryRun: true }), { node: { retryOnFail: true } });
			const method = 'POST';
			const path = expect.stringMatching(/^\/(v2|ai\/v1)\//) as string;
			expect(items).toEqual([dryItem(which, { method, path, body: expect.anything() as object })]);
			expect(changing()).toEqual([]);
			expect(existing()).toEqual(before);
			expect(JSON.stringify(items)).not.toMatch(/n8nKey|n8ntool1_|Bearer|signature=(?!…\W)/);
		},
	);

	it.each(Object.entries(GOOD_STARTS))('shows what would have been sent: %s', async (which, start) => {
		const given = which === 'transfer' ? start : { ...start, recording: 'none' };
		const [item] = await rig.json(withOptions(given, { dryRun: true, ownRoom: false }));
		const { method, path, body } = item?.request as { method: string; path: string; body: IDataObject };
		rig.simulator.requests.length = 0;
		await rig.run(withOptions(given, { ownRoom: false }));
		const [sent] = changing();
		const { metadata, metaData, webhook, ...rest } = structuredClone(sent?.body) as Record<
			string,
			IDataObject
		>;
		expect([method, path]).toEqual([sent?.method, sent?.path]);
		expect(body).toMatchObject(rest);
		// What differs: the key, what opens tools, and the token in the URL of the execution.
		const names = (data: IDataObject = {}) => Object.keys(data).filter((name) => name !== 'n8nKey');
		expect(names((body.metadata ?? body.metaData) as IDataObject)).toEqual(names(metadata ?? metaData));
		expect(Object.keys((body.webhook ?? {}) as IDataObject)).toEqual(Object.keys(webhook ?? {}));
	});

	it('creates no room for what is recorded', async () => {
		for (const operation of ['make', 'makeAndWait']) {
			const [item] = await rig.json(byRule({ operation, recording: 'record', options: { dryRun: true } }));
			expect(item).toMatchObject({ request: { body: { destinationRoomId: '(a new room)' } } });
		}
		const [session] = await rig.json(startParameters({ recording: 'record', options: { dryRun: true } }));
		expect(session).toMatchObject({ request: { body: { env: { VIDEOSDK_ROOM_ID: '(a new room)' } } } });
		expect(session).not.toHaveProperty('roomId');
		expect(changing()).toEqual([]);
	});

	it('shows tools by their names and URLs', async () => {
		const tool = 'https://n8n.example.com/webhook/a/mcp';
		const agentTools = { tools: [{ tool }] };
		const [call] = await rig.json(withOptions({ ...GOOD_STARTS.sendAndWait, agentTools }, { dryRun: true }));
		const { metadata } = (call?.request as { body: { metadata: IDataObject } }).body;
		expect(metadata.n8nTools).toEqual([
			{ name: 'submit_response', url: expect.stringMatching(/\/mcp\?.*end=mcp$/) as string },
			{ url: tool },
		]);
		const [session] = await rig.json(withOptions({ ...GOOD_STARTS.start, agentTools }, { dryRun: true }));
		const { env } = (session?.request as { body: { env: IDataObject } }).body;
		expect(JSON.parse(String(env.N8N_TOOLS))).toEqual([{ url: tool }]);
	});

	it('finds what a real run would: a wrong number, other hours, another field that is wrong', async () => {
		const dry = { dryRun: true };
		const { message } = await rig.failure(byRule({ from: '+15550109999', options: dry }));
		expect(message).toMatch(/^'From' is \+15550109999, which isn't a number of the selected routing rule/);
		rig.use({ onlyCall: ADA });
		expect(await rig.json(byRule({ to: TO, options: dry }))).toMatchObject([{ reasonCode: 'notAllowed' }]);
		expect(await rig.json(transfer(TO, { options: dry }))).toMatchObject([{ reasonCode: 'notAllowed' }]);
		rig.use();
		const days = [((new Date().getUTCDay() + 2) % 7) + 1];
		const callingHours = { hours: { days, from: '09:00', to: '17:00', timeZone: 'UTC' } };
		const options = { ...dry, callingHours };
		expect(await rig.json(fromSip({ to: TO, options }))).toMatchObject([{ reasonCode: 'hours' }]);
		const { message: same } = await rig.failure(byRule({ to: TO, options: dry }), { items: [{}, {}] });
		expect(same).toMatch(/^'To' is the same in items 0 and 1/);
		expect(changing()).toEqual([]);
	});

	it.each([...CALLS, 'start', 'startAndWait'])('leaves no key and no claim: %s', async (which) => {
		const start = withOptions(GOOD_STARTS[which] as INodeParameters, { idempotencyKey: 'once' });
		const dry = withOptions(start, { dryRun: true });
		for (let times = 0; times < 2; times++) {
			expect(await rig.json(dry)).toMatchObject([dryItem(which, {})]);
		}
		const before = existing();
		const result = await rig.run(start);
		expect(existing()).not.toEqual(before);
		expect(JSON.stringify(result.run.data)).not.toContain('alreadyStarted');
		// What exists already is named, and neither adopted nor waited for.
		const again = await rig.run(dry);
		expect(again.run.status).toBe('success');
		const reason = expect.stringContaining('already has this Idempotency Key') as string;
		const known = which === 'sendAndWait' ? { reason } : { reason, alreadyStarted: true };
		expect(jsonOf(again)).toMatchObject([known]);
	});

	it('is that of each item', async () => {
		const items = [ADA, GRACE, TO].map((phone, row) => ({ phone, row }));
		const options = { dryRun: "={{ $json.row === 1 ? 'false' : true }}" };
		const output = await rig.json(fromSip({ to: '={{ $json.phone }}', options }), { items });
		expect(output.map(({ outcome, reasonCode }) => [outcome, reasonCode])).toEqual([
			['notCalled', 'dryRun'],
			['running', undefined],
			['notCalled', 'dryRun'],
		]);
		expect(called()).toEqual([GRACE]);
	});

	it('does not count as started when another item stops the node', async () => {
		rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
		const items = [{ dry: true }, { dry: false }];
		const options = { dryRun: '={{ $json.dry }}', maxConcurrency: 1 };
		const { message, description } = await rig.failure(startParameters({ options }), { items });
		expect(message).toMatch(/\[item 1\]$/);
		expect(description).not.toContain('before this');
	});

	it.each(['={{ $json.none }}', '={{ null }}', "={{ ' ' }}"])(
		'is not off if its expression gives nothing: %s',
		async (dryRun) => {
			for (const start of Object.values(GOOD_STARTS)) {
				const { message } = await rig.failure(withOptions(start, { dryRun }));
				expect(message).toBe("'Dry Run' is empty [item 0]");
			}
			expect(rig.requests).toEqual([]);
		},
	);

	it('tells a model that no one was called, however often, and a human review that no one was asked', async () => {
		const dry = withOptions(GOOD_STARTS.make as INodeParameters, { dryRun: true });
		const first = await rig.run(dry, { nodeType: TOOL });
		expect(jsonOf(first)).toMatchObject([{ outcome: 'notCalled', reason: 'Dry run' }]);
		expect(jsonOf(await rig.engine.useAgain(first, dry))).toMatchObject([{ reasonCode: 'dryRun' }]);
		const real = await rig.engine.useAgain(first, GOOD_STARTS.make as INodeParameters);
		expect(jsonOf(real)).toMatchObject([{ outcome: 'running' }]);
		const review = await rig.json(withOptions(GOOD_STARTS.sendAndWait as INodeParameters, { dryRun: true }), {
			nodeType: REVIEW,
		});
		expect(review).toMatchObject([
			{ responded: false, data: { approved: false, chatInput: "The call couldn't be made. Dry run" } },
		]);
	});
});

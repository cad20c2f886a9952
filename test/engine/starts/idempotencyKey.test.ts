/** An Idempotency Key finds what any execution has started with it. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { ADA, byRule, makeAndWait, TO } from '../rig/callRig';
import { byId, failureOf, jsonOf, passTime, retryOnFail, startParameters, useRig } from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });
const posts = () => rig.requests.filter(({ method }) => method === 'POST');

describe('Idempotency Key', () => {
	const withKey = (idempotencyKey: string, more: IDataObject = {}) =>
		byRule({ ...more, options: { idempotencyKey } });

	it('gets what another execution has started with the same text, as VideoSDK has it now', async () => {
		const [first] = await rig.json(withKey('reminder 7'));
		expect(first).not.toHaveProperty('alreadyStarted');
		await rig.simulator.moveCall(String(first?.callId), 'answered');
		expect(await rig.json(withKey('reminder 7'))).toMatchObject([
			{ callId: first?.callId, alreadyStarted: true, status: 'answered' },
		]);
		// Another process has to look.
		rig.engine = await rig.addEngine();
		expect(await rig.json(withKey('reminder 7'))).toMatchObject([
			{ callId: first?.callId, alreadyStarted: true },
		]);
		expect(posts()).toHaveLength(1);
		const others = [withKey('reminder 8'), withKey('reminder 7', { to: '+15550003222' })];
		for (const other of others) expect((await rig.json(other))[0]).not.toHaveProperty('alreadyStarted');
		expect(posts()).toHaveLength(3);
	});

	it.each([' ', '\n', '\t', '\u200b'])(
		'is the same with %j behind the API Key, which was pasted with it',
		async (blank) => {
			const [first] = await rig.json(withKey('reminder 7'));
			rig.engine.useOtherCredentials(rig.credentials({ apiKey: rig.simulator.apiKey + blank }));
			expect(await rig.json(withKey('reminder 7'))).toMatchObject([{ callId: first?.callId }]);
			expect(rig.simulator.calls.size).toBe(1);
		},
	);

	it('is the same for a SIP address in upper and lower case, which rings the same phone', async () => {
		const [first] = await rig.json(withKey('reminder 7', { to: 'sip:Ada@example.com' }));
		for (const engine of [rig.engine, await rig.addEngine()]) {
			rig.engine = engine;
			expect(await rig.json(withKey('reminder 7', { to: 'sip:ada@EXAMPLE.com' }))).toMatchObject([
				{ callId: first?.callId, alreadyStarted: true },
			]);
		}
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('finds the calls of many rows, 20 days and thousands of other calls later, in a Retry as well', async () => {
		const parameters = withKey('=row {{ $json.index }}');
		const ids = jsonOf(await rig.run(parameters, { items: rows(11) })).map(({ callId }) => callId);
		passTime(20 * 24 * 3_600_000);
		const { calls } = rig.simulator;
		const [call] = calls.values();
		for (const { index } of rows(2_001)) {
			const other = {
				callId: `other-${index}`,
				to: '+15550009999',
				metadata: {},
				start: new Date().toISOString(),
			};
			calls.set(other.callId, { ...call!, ...other });
		}
		rig.engine = await rig.addEngine();
		rig.simulator.addFault({ kind: 'status', status: 403, match: { method: 'GET', path: /sip\/call/ } });
		const failed = await rig.run(parameters, { items: rows(11) });
		expect(failureOf(failed).message).toMatch(/^Nothing was sent/);
		for (const again of [await rig.engine.retry(failed), await rig.run(parameters, { items: rows(11) })])
			expect(jsonOf(again).map(({ callId }) => callId)).toEqual(ids);
		expect(posts()).toHaveLength(11);
	});

	it('is not free because VideoSDK has too many calls to the number to read them all', async () => {
		const [first] = await rig.json(withKey('reminder 7'));
		const { calls } = rig.simulator;
		const call = calls.get(String(first?.callId))!;
		calls.clear();
		for (const { index } of rows(501))
			calls.set(`other-${index}`, { ...call, callId: `other-${index}`, metadata: {} });
		rig.engine = await rig.addEngine();
		const { message } = failureOf(await rig.run(withKey('reminder 7')));
		expect(message).toMatch(/^Nothing was sent, because n8n couldn't check.*list of calls is too long/);
		calls.set(call.callId, call);
		const [found] = await rig.json(withKey('reminder 8', { to: ADA }));
		expect(found).not.toHaveProperty('alreadyStarted');
	});

	it.each([true, false])(
		'finds its call in a list that ignores the search, or calls no one: %s',
		async (isNear) => {
			rig.simulator.setListing({ ignoresSearch: true });
			const [first] = await rig.json(withKey('reminder 7'));
			const { calls } = rig.simulator;
			const call = calls.get(String(first?.callId))!;
			for (const { index } of rows(isNear ? 120 : 520))
				calls.set(`other-${index}`, { ...call, callId: `other-${index}`, to: ADA, metadata: {} });
			rig.engine = await rig.addEngine();
			const again = await rig.run(withKey('reminder 7'));
			if (isNear) expect(jsonOf(again)).toMatchObject([{ callId: first?.callId, alreadyStarted: true }]);
			else expect(failureOf(again).message).toMatch(/^Nothing was sent.*list of calls is too long/);
			expect(posts()).toHaveLength(1);
		},
	);

	it.each(['the same', 'another'])('tells a dry run what it would find, in %s process', async (which) => {
		const dry = (more: IDataObject) => ({
			...more,
			options: { ...(more.options as IDataObject), dryRun: true },
		});
		const [call] = await rig.json(withKey('reminder 7'));
		const session = startParameters({ options: { idempotencyKey: 'order 7' } });
		const [started] = await rig.json(session);
		if (which === 'another') rig.engine = await rig.addEngine();
		const waits = makeAndWait({ options: { idempotencyKey: 'reminder 7' } });
		for (const parameters of [withKey('reminder 7'), waits]) {
			expect(await rig.json(dry(parameters) as INodeParameters)).toMatchObject([
				{
					outcome: 'notCalled',
					reasonCode: 'dryRun',
					reason: `Dry run. The call ${String(call?.callId)} already has this Idempotency Key`,
					alreadyStarted: true,
				},
			]);
		}
		expect(await rig.json(dry(session) as INodeParameters)).toEqual([
			{
				dryRun: true,
				reason: `Dry run. The session ${String(started?.sessionId)} already has this Idempotency Key`,
				alreadyStarted: true,
			},
		]);
		expect((await rig.json(dry(withKey('reminder 8')) as INodeParameters))[0]).toHaveProperty('request');
		expect(posts()).toHaveLength(2);
	});

	it.each(['the same', 'another'])('counts for 30 days since the call, in %s process', async (which) => {
		const [first] = await rig.json(withKey('reminder 7'));
		if (which === 'another') rig.engine = await rig.addEngine();
		passTime(29 * 24 * 3_600_000);
		expect(await rig.json(withKey('reminder 7'))).toMatchObject([{ callId: first?.callId }]);
		passTime(2 * 24 * 3_600_000);
		expect((await rig.json(withKey('reminder 7')))[0]).not.toHaveProperty('alreadyStarted');
		expect(posts()).toHaveLength(2);
	});

	it('makes two items with the same text and number one call', async () => {
		const output = jsonOf(await rig.run(withKey('both', { to: TO }), { items: [{}, {}] }));
		expect(output.map(({ callId }) => callId)).toEqual([output[0]?.callId, output[0]?.callId]);
		expect(posts()).toHaveLength(1);
	});

	it('starts no session if its items have the same text, unless that is meant', async () => {
		const options = { idempotencyKey: 'reminder {{ $json.appointmentId }}'.replace(/^/, '=') };
		const items = [{}, { appointmentId: 7 }, {}];
		const { message, description } = failureOf(await rig.run(startParameters({ options }), { items }));
		expect(message).toBe("'Idempotency Key' is the same in items 0 and 2: reminder [item 0]");
		expect(description).toMatch(/check that the expression.*'Same for All Items'/);
		expect(posts()).toEqual([]);
		const output = await rig.json(startParameters({ options }), { items, onError: 'continueRegularOutput' });
		expect(output.map(({ sessionId }) => sessionId !== undefined)).toEqual([false, true, false]);
		const shared = { ...options, sameForAllItems: true };
		const [first, , third] = jsonOf(await rig.run(startParameters({ options: shared }), { items }));
		expect(third?.sessionId).toBe(first?.sessionId);
		expect(rig.simulator.sessions.size).toBe(2);
	});

	it('never stands for a session of another deployment, not even in the Retry of one that failed', async () => {
		const options = { idempotencyKey: 'order 7' };
		const [first] = await rig.json(startParameters({ options }));
		rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'POST' } });
		const failed = await rig.run(startParameters({ options, deploymentId: byId('ddv_sales') }));
		expect(jsonOf(await rig.engine.retry(failed))).toMatchObject([{ deploymentId: 'ddv_sales' }]);
		expect(await rig.json(startParameters({ options }))).toMatchObject([{ sessionId: first?.sessionId }]);
		expect(rig.simulator.sessions.size).toBe(2);
	});

	it('never stands for a call of another VideoSDK project', async () => {
		const [first] = await rig.json(withKey('reminder 7'));
		const other = await rig.addSimulator({ apiKey: 'other-api-key' });
		rig.engine.useOtherCredentials(rig.credentials({ baseUrl: other.url, apiKey: other.apiKey }));
		const [second] = await rig.json(withKey('reminder 7'));
		expect(second).not.toHaveProperty('alreadyStarted');
		expect([...other.calls.keys()]).toEqual([second?.callId]);
		expect(second?.callId).not.toBe(first?.callId);
	});

	it('never stands for a call to another number that has its metadata', async () => {
		const [first] = await rig.json(withKey('reminder 7'));
		const { calls } = rig.simulator;
		const copy = { ...calls.get(String(first?.callId))!, callId: 'copy', to: `${TO}9` };
		calls.clear();
		calls.set('copy', copy);
		rig.engine = await rig.addEngine();
		expect((await rig.json(withKey('reminder 7')))[0]).not.toHaveProperty('alreadyStarted');
		expect(posts()).toHaveLength(2);
	});

	it('says of one in doubt what this execution has, and nothing of the items and fields of the other', async () => {
		rig.simulator.setListing({ hasMetadata: false });
		rig.simulator.addFault({ kind: 'status', status: 500, match: { method: 'POST', body: /3222/ } });
		const to = '={{ $itemIndex ? "+15550003222" : "+15550003111" }}';
		const first = failureOf(
			await rig.run(withKey('once', { to, firstMessage: 'Mine.' }), { items: [{}, {}] }),
		);
		expect(first.message).toContain('[item 1]');
		const second = await rig.run(withKey('once', { to: '+15550003222' }));
		expect(failureOf(second).message).toBe(first.message.replace('[item 1]', '[item 0]'));
		expect(JSON.stringify(second.run.data.resultData)).not.toContain('Mine.');
		expect(posts()).toHaveLength(2);
	});

	it("starts nothing if VideoSDK can't be asked", async () => {
		rig.simulator.addFault({ kind: 'status', status: 403, match: { method: 'GET', path: /sip\/call/ } });
		const output = await rig.json(withKey('reminder 7'), { onError: 'continueRegularOutput' });
		expect(output).toMatchObject([{ outcome: 'notCalled', reasonCode: 'failed' }]);
		expect(output[0]?.error).toMatch(/^Nothing was sent, because n8n couldn't check whether/);
		expect(posts()).toEqual([]);
	});

	it('leaves a call to the execution that has made it, though another has got it before the next try', async () => {
		const own = withKey('=row {{ $itemIndex }}', { to: '=+1555000310{{ $itemIndex }}' });
		let others: IDataObject[] | undefined;
		let isAsked = false;
		const until = () => {
			if (!isAsked) void rig.json(withKey('row 0', { to: '+15550003100' })).then((json) => (others = json));
			isAsked = true;
			return others;
		};
		rig.simulator.addFault({ kind: 'delay', match: { method: 'POST' } });
		rig.simulator.addFault({ kind: 'status', status: 402, until, match: { method: 'POST' } });
		const output = await rig.json(
			{ ...own, options: { ...(own.options as IDataObject), maxConcurrency: 1 } },
			{ items: [{}, {}], node: retryOnFail },
		);
		expect(others).toMatchObject([{ callId: output[0]?.callId, alreadyStarted: true }]);
		expect(output.map(({ alreadyStarted }) => alreadyStarted)).toEqual([undefined, undefined]);
		expect(rig.simulator.calls.size).toBe(2);
	});

	it('leaves a call to the other process that has made it, though an own try had failed before', async () => {
		const other = await rig.addEngine({ credentialId: rig.engine.credentialId });
		let others: IDataObject[] | undefined;
		const until = () => {
			if (!others) void other.run({ parameters: withKey('once') }).then((run) => (others = jsonOf(run)));
			others ??= [];
			return others.length > 0;
		};
		rig.simulator.addFault({ kind: 'status', status: 402, until, match: { method: 'POST' } });
		const output = await rig.json(withKey('once'), { node: retryOnFail });
		expect(output).toMatchObject([{ callId: others?.[0]?.callId, alreadyStarted: true }]);
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('lets another execution wait for the same call, for what is said in the room that was made for it', async () => {
		const parameters = makeAndWait({
			recording: 'transcribe',
			include: ['transcript'],
			options: { idempotencyKey: 'once' },
		});
		const waits = [];
		for (let times = 0; times < 2; times++) waits.push(await rig.engine.startAndWait(600_000, parameters));
		const [call] = rig.simulator.calls.values();
		await rig.simulator.moveCall(call!.callId, 'answered');
		await rig.simulator.moveCall(call!.callId, 'ended');
		// VideoSDK may move a call to another room.
		call!.roomId = 'another-room';
		const outputs = await Promise.all(waits.map(async (waiting) => (await waiting.jsonWithin())?.[0]));
		const transcript = expect.stringContaining('the café') as string;
		expect(outputs).toEqual([
			expect.objectContaining({ callId: call!.callId, transcript }),
			expect.objectContaining({ callId: call!.callId, transcript, alreadyStarted: true }),
		]);
		expect(rig.simulator.calls.size).toBe(1);
	});

	it('asks no one the same question from another execution', async () => {
		const question = byRule({
			operation: 'sendAndWait',
			message: 'Ready?',
			options: { idempotencyKey: 'q', ownRoom: false },
		});
		await rig.engine.startAndWait(60_000, question);
		const { result } = await rig.engine.startAndWait(60_000, question);
		expect(jsonOf(result)).toMatchObject([
			{
				outcome: 'notCalled',
				responded: false,
				reasonCode: 'alreadyAsked',
				callId: expect.any(String) as string,
			},
		]);
		expect(posts()).toHaveLength(1);
	});
});

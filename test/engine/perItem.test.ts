/** What differs from item to item, or while an execution waits, and is easily taken from the first item, or from before. */
import type { IDataObject } from 'n8n-workflow';
import { contextKey, verifyContext } from '../../nodes/VideoSdkAgentCloud/webhook/context';
import { byRule, CALL } from './callRig';
import { STAND_INS } from './nodeTypes';
import { jsonOf, startParameters, useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 12_000;

it('Each context is signed by the secret of its own item', async () => {
	const secrets = ['secret-of-ada', 'secret-of-grace'];
	rig.engine.setCredentials(rig.credentials({ secretKey: '={{ $json.secret }}' }));
	const parameters = startParameters({
		webhookUrl: 'https://example.com/hook',
		options: { context: { entries: [{ key: 'row', value: '={{ $json.row }}' }] }, maxConcurrency: 1 },
	});
	const items = secrets.map((secret, row) => ({ secret, row }));
	await rig.engine.run({ items, parameters, onError: 'continueRegularOutput' });
	const contexts = rig.requests.map(({ body }) =>
		String(new URL((body as { webhook: { endPoint: string } }).webhook.endPoint).searchParams.get('context')),
	);
	expect(contexts.map((context, row) => verifyContext(context, contextKey(secrets[row] ?? '')))).toEqual(
		secrets.map((_, row) => ({ row })),
	);
});

it('Hang Up When Max Wait Ends and Simplify count for their own item', async () => {
	const parameters = byRule({
		operation: 'makeAndWait',
		metaData: { entries: [{ key: 'ends', value: '={{ $json.ends }}' }] },
		options: { hangUpAtTimeout: '={{ $json.ends }}', simplify: '={{ $json.ends }}', maxConcurrency: 1 },
	});
	const items = [{ ends: false }, { ends: true }, { ends: false }];
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items });
	const output = await waiting.resumedWithin();
	expect(output?.map(({ json }) => [json.timedOut, json.hungUpAtTimeout])).toEqual([
		[true, undefined],
		[true, true],
		[true, undefined],
	]);
	expect(output?.map(({ json }) => 'timelog' in json)).toEqual([true, false, true]);
	expect(rig.requests.filter(({ path }) => path === `${CALL}/end`)).toHaveLength(1);
});

it("Simplify counts for its own item at n8n's own deadline, too", async () => {
	const parameters = byRule({ operation: 'makeAndWait', options: { simplify: '={{ $json.simplify }}' } });
	const items = [{ simplify: false }, { simplify: true }];
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters, { items });
	await waiting.reachDeadline();
	const output = waiting.resumed?.routed.success.map(({ json }) => 'timelog' in json);
	expect(output).toEqual([true, false]);
});

it('The last values of a credential that was deleted are not used any more', async () => {
	const waiting = await rig.engine.startAndWait(
		MAX_WAIT_MS,
		{},
		{ items: [{ secret: rig.simulator.secret }] },
	);
	rig.engine.deleteCredentials();
	rig.simulator.requests.length = 0;
	// Not before: no poll may be under way.
	expect((await waiting.resumedWithin())?.map(({ json }) => json.timedOut)).toEqual([true]);
	expect(rig.requests).toEqual([]);
});

it('What a credential by item has found is handed over whole to a process that cannot read it', async () => {
	const parameters = { ...byRule({ recording: 'transcribe' }), operation: 'makeAndWait' };
	rig.engine.setCredentials(rig.credentials({ secretKey: '={{ $json.secret }}' }));
	const items = rows(3).map((row) => ({ ...row, secret: rig.simulator.secret }));
	const waiting = await rig.engine.startAndWait(600_000, parameters, { items });
	waiting.receiver = await rig.addEngine();
	for (const { callId } of rig.simulator.calls.values()) {
		await rig.simulator.moveCall(callId, 'answered');
		await rig.simulator.moveCall(callId, 'ended');
	}
	for (const { json } of (await waiting.resumedWithin()) ?? []) {
		expect(json).toMatchObject({ outcome: 'answered', transcript: expect.any(String) });
	}
	expect(waiting.resumptions).toBe(1);
});

it('Few files are downloaded at a time, however many requests may be in flight', async () => {
	const unanswered = () => rig.simulator.requests.filter(({ status }) => status === undefined).length;
	let most = 0;
	const until = () => {
		most = Math.max(most, unanswered());
		return true;
	};
	rig.simulator.addFault({ kind: 'delay', until, delayMs: 100, match: { path: /files/, times: 12 } });
	const items = Array.from({ length: 12 }, () => ({ url: rig.simulator.addFile({ content: 'x' }) }));
	const parameters = {
		resource: 'recording',
		operation: 'download',
		url: '={{ $json.url }}',
		options: { maxConcurrency: 100 },
	};
	expect(jsonOf(await rig.engine.run({ items, parameters }))).toHaveLength(12);
	expect(most).toBeGreaterThan(1);
	expect(most).toBeLessThanOrEqual(5);
});

it.each([null, false, undefined, 'true'])(
	'An agent is dispatched only if success is true: %p',
	async (success) => {
		rig.simulator.addFault({ kind: 'noData', body: { success, roomId: 'room', status: 'assigned' } });
		const parameters = { resource: 'agent', operation: 'dispatch', agentId: 'agent', meetingId: 'room' };
		expect((await rig.engine.run({ parameters })).error).toBeDefined();
	},
);

it('A dispatch of which the answer is not plain is not sent again by Retry On Fail', async () => {
	rig.simulator.addFault({ kind: 'noData', body: { success: 'true', data: {} } });
	const parameters = { resource: 'agent', operation: 'dispatch', agentId: 'agent', meetingId: 'room' };
	const node = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
	expect((await rig.engine.run({ parameters, node })).error?.message).toContain('may have been');
	expect(rig.requests).toHaveLength(1);
});

it('End Session puts out the room also where the API calls it a meeting', async () => {
	rig.simulator.addFault({ kind: 'noData', body: { id: 's', meetingId: 'room' } });
	const parameters = { resource: 'room', operation: 'endSession', roomId: 'room' };
	expect(jsonOf(await rig.engine.run({ parameters }))).toEqual([
		{ id: 's', meetingId: 'room', roomId: 'room' },
	]);
});

it.each([false, true])(
	'A token takes the place of an Authorization header of the caller: legacy %p',
	async (legacy) => {
		const options: IDataObject = {
			url: '/ai/v1/ai-deployments',
			headers: { Authorization: 'Bearer of-the-caller' },
		};
		const { error } = await rig.engine.run({
			nodeType: STAND_INS.request,
			parameters: { options, legacy } as never,
		});
		expect([error, rig.request.status]).toEqual([undefined, 200]);
	},
);

/** What keeps a workflow from reaching people, although its fields are right. Calling Hours and the same number: see notCalled. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { CallStatus } from '../simulator';
import { byRule, CALL, callParameters, fromSip, made, TO } from './callRig';
import { type NodeRunOptions, REVIEW, TOOL } from './engine';
import { failureOf, jsonOf, later, parametersOf, passTime, startParameters, useRig } from './rig';

const rig = useRig({ callBehaviour: false });

const ADA = '+15550003001';
const GRACE = '+15550003002';
const SIP = 'sip:ada@example.com';
const ask = (more: IDataObject = {}): INodeParameters =>
	byRule({ operation: 'sendAndWait', to: TO, message: 'Ready?', ...more });
const transfer = (transferTo: string, more: IDataObject = {}) =>
	callParameters('transfer', { callId: '5d0e7a52', transferTo, ...more });
/** Whatever starts something, each with good fields. */
const STARTS: Record<string, INodeParameters> = {
	make: byRule({ to: TO }),
	makeAndWait: byRule({ to: TO, operation: 'makeAndWait' }),
	sendAndWait: ask(),
	start: startParameters(),
	startAndWait: startParameters({ operation: 'startAndWait' }),
	dispatch: parametersOf('agent', 'dispatch', { agentId: 'a', roomId: 'room' }),
	transfer: transfer(TO),
	startRealtime: parametersOf('transcription', 'startRealtime', { roomId: 'room' }),
	'room create': parametersOf('room', 'create'),
};
const calledNumbers = () => made(rig).map(({ body }) => (body as { sipCallTo: string }).sipCallTo);

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
		expect(calledNumbers()).toEqual([ADA, SIP, TO]);
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
		const [output] = await rig.json(ask({ to: ADA }), { nodeType });
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
		expect(await rig.json(STARTS.start as INodeParameters)).toMatchObject([{ status: 'queued' }]);
		expect(await rig.json(STARTS.dispatch as INodeParameters)).toMatchObject([{ status: 'assigned' }]);
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
	it.each(Object.entries(STARTS))(
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
		for (const start of [STARTS.make, STARTS.transfer] as INodeParameters[]) {
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

/** @returns the item of a dry run, by what it was to do */
const dryItem = (which: string, request: object): object => {
	if (!/^(make|makeAndWait|sendAndWait)$/.test(which)) return { dryRun: true, request };
	const called = { outcome: 'notCalled', to: TO, reason: 'Dry run', reasonCode: 'dryRun', request };
	return which === 'sendAndWait' ? { ...called, responded: false, data: { approved: false } } : called;
};
const CALLS = ['make', 'makeAndWait', 'sendAndWait'];
const withOptions = (start: INodeParameters, options: IDataObject): INodeParameters => ({
	...start,
	options: { ...(start.options as INodeParameters | undefined), ...(options as INodeParameters) },
});
const changing = () => rig.requests.filter(({ method }) => method !== 'GET');
/** All that VideoSDK has of what can be started. */
const existing = () => {
	const { calls, sessions, rooms } = rig.simulator;
	return [calls, sessions, rooms].map(({ size }) => size);
};

describe('Dry Run', () => {
	it.each(Object.entries(STARTS))(
		'shows the request, and sends nothing that changes anything: %s',
		async (which, start) => {
			const before = existing();
			const items = await rig.json(withOptions(start, { dryRun: true }), { node: { retryOnFail: true } });
			const method = 'POST';
			const path = expect.stringMatching(/^\/(v2|ai\/v1)\//) as string;
			expect(items).toEqual([dryItem(which, { method, path, body: expect.anything() as object })]);
			expect(changing()).toEqual([]);
			expect(existing()).toEqual(before);
			expect(JSON.stringify(items)).not.toMatch(/n8nKey|n8ntool1_|Bearer|signature=\w/);
		},
	);

	it.each(Object.entries(STARTS))('shows what would have been sent: %s', async (which, start) => {
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
		const [call] = await rig.json(withOptions({ ...STARTS.sendAndWait, agentTools }, { dryRun: true }));
		const { metadata } = (call?.request as { body: { metadata: IDataObject } }).body;
		expect(metadata.n8nTools).toEqual([
			{ name: 'submit_response', url: expect.stringMatching(/\/mcp\?.*end=mcp$/) as string },
			{ url: tool },
		]);
		const [session] = await rig.json(withOptions({ ...STARTS.start, agentTools }, { dryRun: true }));
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
		const start = withOptions(STARTS[which] as INodeParameters, { idempotencyKey: 'once' });
		const dry = withOptions(start, { dryRun: true });
		for (let times = 0; times < 2; times++) {
			expect(await rig.json(dry)).toMatchObject([dryItem(which, {})]);
		}
		const before = existing();
		const result = await rig.run(start);
		expect(existing()).not.toEqual(before);
		expect(JSON.stringify(result.run.data)).not.toContain('alreadyStarted');
		// What exists already is neither adopted nor waited for.
		const again = await rig.run(dry);
		expect(again.run.status).toBe('success');
		expect(jsonOf(again)).toMatchObject([dryItem(which, {})]);
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
		expect(calledNumbers()).toEqual([GRACE]);
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
			for (const start of Object.values(STARTS)) {
				const { message } = await rig.failure(withOptions(start, { dryRun }));
				expect(message).toBe("'Dry Run' is empty [item 0]");
			}
			expect(rig.requests).toEqual([]);
		},
	);

	it('tells a model that no one was called, however often, and a human review that no one was asked', async () => {
		const dry = withOptions(STARTS.make as INodeParameters, { dryRun: true });
		const first = await rig.run(dry, { nodeType: TOOL });
		expect(jsonOf(first)).toMatchObject([{ outcome: 'notCalled', reason: 'Dry run' }]);
		expect(jsonOf(await rig.engine.useAgain(first, dry))).toMatchObject([{ reasonCode: 'dryRun' }]);
		const real = await rig.engine.useAgain(first, STARTS.make as INodeParameters);
		expect(jsonOf(real)).toMatchObject([{ outcome: 'running' }]);
		const review = await rig.json(withOptions(STARTS.sendAndWait as INodeParameters, { dryRun: true }), {
			nodeType: REVIEW,
		});
		expect(review).toMatchObject([
			{ responded: false, data: { approved: false, chatInput: "The call couldn't be made. Dry run" } },
		]);
	});
});

describe('In an evaluation', () => {
	const ADVICE = 'Turn on Dry Run, or put Evaluation: Check if Evaluating before this node';
	const WORDS: Record<string, string> = {
		make: 'In an evaluation, no call is made. No one was called.',
		start: 'In an evaluation, no session is started. Nothing was sent.',
		startAndWait: "An evaluation can't wait for a session: n8n ends the case. Nothing was sent.",
		dispatch: 'In an evaluation, no agent is dispatched. Nothing was sent.',
		transfer: 'In an evaluation, no transfer is requested. No one was called.',
		startRealtime: 'In an evaluation, no transcription is started. Nothing was sent.',
		'room create': 'In an evaluation, no room is created. Nothing was sent.',
	};
	const WAITING = "An evaluation can't wait for a call: n8n ends the case. No one was called.";
	const where: Array<[string, NodeRunOptions]> = [
		['itself', { mode: 'evaluation' }],
		['a sub-workflow', { mode: 'integrated', evaluationRunId: 'run' }],
	];
	const each = where.flatMap(([what, options]) =>
		Object.entries(STARTS).map(([which, start]) => [what, which, start, options] as const),
	);

	it.each(each)('%s, nothing is started: %s', async (_what, which, start, options) => {
		const text = `${WORDS[which] ?? WAITING} ${ADVICE}`;
		expect((await rig.failure(start, options)).message).toBe(`${text} [item 0]`);
		const onError = 'continueRegularOutput';
		expect(await rig.json(start, { ...options, onError })).toMatchObject([{ error: text }]);
		expect(rig.requests).toEqual([]);
	});

	it.each(each)('%s, a dry run goes on, and waits for nothing: %s', async (_what, which, start, options) => {
		const result = await rig.run(withOptions(start, { dryRun: true }), options);
		expect(result.run.status).toBe('success');
		expect(jsonOf(result)).toMatchObject([dryItem(which, {})]);
		expect(changing()).toEqual([]);
	});

	it('nothing is held up that starts nothing', async () => {
		const getMany = callParameters('getAll');
		expect((await rig.run(getMany, { mode: 'evaluation' })).error).toBeUndefined();
	});
});

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
		...{ outcome: 'notCalled', to: TO, reason: expect.stringMatching(reason) as string },
		...{ reasonCode: 'calledBefore', ...(lastCallId && { lastCallId, lastCallAt: TIME }) },
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
		expect(calledNumbers()).toEqual([TO]);
		expect([...rig.simulator.rooms.values()].filter(({ disabled }) => !disabled).length).toBeLessThan(2);
		// VideoSDK doesn't list it yet.
		const [callId] = rig.simulator.calls.keys();
		expect(await rig.json(call(TO))).toEqual([before(/^Called on [^(]*$/, callId)]);
		expect(calledNumbers()).toEqual([TO]);
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
		expect(calledNumbers()).toEqual([ADA]);

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
		expect(calledNumbers()).toEqual([ADA, TO]);
	});

	describe('reads a list', () => {
		const MAX_PAGES = 10;
		const row = (index: number, atMs: number, to = `${TO}9`) => ({
			callId: `c-${index}`,
			...{ type: 'outbound', to, status: 'ended', start: new Date(atMs).toISOString() },
		});
		const page = (number: number, rows: object[]) =>
			rig.simulator.addFault({
				...{ kind: 'noData', match: { path: /call$/, method: 'GET' } },
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
			expect([lists().length, calledNumbers()]).toEqual([MAX_PAGES, []]);
		});

		it('whose oldest calls come first, to its end', async () => {
			const rows = Array.from({ length: 50 }, (_, index) => row(index, Date.now() - (60 - index) * HOUR_MS));
			page(1, rows);
			page(2, [row(99, Date.now() - HOUR_MS, TO)]);
			expect(await rig.json(call(TO))).toMatchObject([{ lastCallId: 'c-99' }]);
		});
	});

	it.each([undefined, TOOL, REVIEW])('holds for questions: %s', async (nodeType) => {
		const lastCallId = await callElsewhere(TO, 'missed');
		const question = ask({ options: { notCalledWithin: 24 } });
		const [output] = await rig.json(question, { nodeType });
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

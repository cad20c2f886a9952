/** Which of the chosen events start the workflow, what is added to them, and how many requests that takes. */
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { CALL_EVENTS, ROOM_EVENTS } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import type { Fault } from '../../simulator';
import { checkAsync } from '../../unit/support';
import { eventBody } from '../rig/delivery';
import type { PublishedTrigger } from '../rig/publishedTrigger';
import { EVENT_NAMES, SESSIONS, startParameters, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const events = [...EVENT_NAMES, ...CALL_EVENTS, ...ROOM_EVENTS];
const deliver = async (trigger: PublishedTrigger, body: object = eventBody('started')) => {
	expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
	await trigger.settled();
};
/** As in a process that didn't publish it, so that no request is made for that. */
const publish = async (options: object, more: object = {}, copyOf?: PublishedTrigger) =>
	await rig.engine.publish({ events, options, ...more } as unknown as INodeParameters, {
		withHooks: false,
		copyOf,
	});

const NUMBERS = ['+15550102001', '+15550102002', '+15550102003'];
const CAMPAIGNS = ['spring', 7, true];
/** What each filter compares: its option, its values as they are chosen, and the fields that tell one. */
const FILTERS = {
	deploymentIds: {
		kind: 'session',
		values: ['ddv_1', 'ddv_2', 'ddv_3'],
		fields: (value: unknown) => ({ deploymentId: value }),
		otherwise: (value: string) => ({ deploymentId: ` ${value} ` }),
	},
	callDirection: {
		kind: 'call',
		values: ['inbound', 'outbound'],
		fields: (value: unknown) => ({ type: value }),
		otherwise: (value: string) => ({ direction: value.toUpperCase() }),
	},
	phoneNumbers: {
		kind: 'call',
		values: NUMBERS,
		fields: (value: unknown) => ({ type: 'inbound', to: value, from: NUMBERS[2] }),
		otherwise: (value: string) => ({ type: 'outbound', from: value.replace('+1', '(1) '), to: NUMBERS[0] }),
	},
	metadataHas: {
		kind: 'call',
		values: CAMPAIGNS.map(String),
		fields: (value: unknown) => ({
			metadata: typeof value === 'string' && value.trim() ? { a: value } : value,
		}),
		otherwise: (value: string) => ({
			metaData: { a: CAMPAIGNS.find((one) => String(one) === value) as string | number | boolean },
		}),
	},
} as const;
type Option = keyof typeof FILTERS;
const CALL_ENDS = ['call-hangup', 'call-missed', 'call-transferred'];
/** What these events say themselves of how the call went. */
const SAID: Record<string, object | undefined> = {
	'call-missed': { outcome: 'noAnswer', answered: false, durationSeconds: null },
	'call-transferred': { outcome: 'transferred', answered: true, durationSeconds: null },
};
/** Records of a call as the API has them, and how the call went. */
const RECORDS: Record<string, object | undefined> = {
	rejected: { outcome: 'rejected', answered: false, durationSeconds: null },
	missed: { outcome: 'noAnswer', answered: false, durationSeconds: null },
	// Still shown as running: the event itself counts.
	answered: undefined,
};

const cases = fc.record({
	option: fc.constantFrom(...(Object.keys(FILTERS) as Option[])),
	/** None: all, as a list or an expression. A text that gives none lets nothing through. */
	chosen: fc.subarray([0, 1, 2]),
	as: fc.constantFrom('list', 'text', 'expression'),
	details: fc.constantFrom(undefined, true, false),
	value: fc.nat(2),
	/** Where it is told: in the event, in a differing spelling, in the record, or nowhere, as the API doesn't answer or has a blank. */
	told: fc.constantFrom('event', 'event spelled otherwise', 'record', 'record', 'blank', 'failure'),
	blank: fc.constantFrom(undefined, '', '  ', null),
	status: fc.constantFrom(...Object.keys(RECORDS)),
	names: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 4 }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** The value of an option as users give it. An entry is one at most. */
function given({ option, chosen, as }: Case): unknown {
	const wanted = chosen.flatMap((index) => FILTERS[option].values[index] ?? []);
	const nothing = '={{ $vars.chosen }}';
	if (option === 'metadataHas') {
		const [chosenValue] = wanted;
		const value = as === 'expression' ? `={{ ${JSON.stringify(chosenValue)} }}` : chosenValue;
		return { entry: { name: 'a', value: chosenValue === undefined ? nothing : value } };
	}
	if (as === 'list') return wanted;
	if (as === 'text') return wanted.join(' , ') || nothing;
	return `={{ ${JSON.stringify(wanted)} }}`;
}

let number = 0;
let last: PublishedTrigger | undefined;
it('Events of the chosen deployments, directions, numbers, and metadata start the workflow, with the details that were asked for, by as few requests as that takes', async () => {
	const run = async (model: Case) => {
		const { option, told, blank, status, details } = model;
		const { kind, values, fields, otherwise } = FILTERS[option];
		const { simulator } = rig;
		const value = values[model.value % values.length] as string;
		const detailOption = kind === 'session' ? 'sessionDetails' : 'callDetails';
		const options = { [option]: given(model), ...(details !== undefined && { [detailOption]: details }) };
		// What was found out of others before, by the same trigger, counts for nothing.
		const trigger = (last = await publish(options, {}, last));
		const id = `${kind}-${number++}`;
		const record = {
			...(kind === 'call' ? { callId: id, to: '+1', status } : { sessionId: id, status: 'running' }),
			...fields(told === 'record' ? value : blank),
		};
		simulator.clearFaults();
		// The list of sessions, in which their metadata is looked for, has none.
		const match = { path: /(sip\/call|sessions)\/./, times: 99 };
		simulator.addFault(
			told === 'failure'
				? { kind: 'status', status: 503, match }
				: { kind: 'noData', body: kind === 'call' ? { data: record } : record, match },
		);
		simulator.requests.length = 0;
		const among = kind === 'session' ? EVENT_NAMES : CALL_EVENTS;
		const names = [...new Set(model.names.map((name) => among[name % among.length] as string))];
		const inEvent =
			told === 'event spelled otherwise' ? otherwise(value) : fields(told === 'event' ? value : blank);
		const chosen: string[] = model.chosen.flatMap((index) => values[index] ?? []);
		const wanted = option === 'metadataHas' ? chosen.slice(0, 1) : chosen;
		if (wanted.length === 0 && (model.as === 'text' || option === 'metadataHas')) wanted.push('');
		const isTold = told.startsWith('event');
		const isWanted = wanted.length === 0 || (!isTold && told !== 'record') || wanted.includes(value);
		const expected: object[] = [];
		let requests = 0;
		for (const [index, webhookType] of names.entries()) {
			const ids = kind === 'session' ? { sessionId: `session-${id}` } : { callId: id };
			const data = { ...ids, ...inEvent };
			await deliver(trigger, { webhookType, data });
			// What the record told is remembered.
			const isLookedUp = wanted.length > 0 && !isTold && (told !== 'record' || index === 0);
			const isDetailed =
				isWanted &&
				(kind === 'session' ? details === true : details !== false && CALL_ENDS.includes(webhookType));
			// Details may be asked for again, since no sender waits for them: those of a call until it is over.
			const isAsked = told === 'failure' || (kind === 'call' && RECORDS[status] === undefined);
			const polls = isAsked ? 3 : 1;
			if (isLookedUp) requests += isDetailed && kind === 'call' ? polls : 1;
			else if (isDetailed) requests += polls;
			if (isDetailed && kind === 'session' && told !== 'failure') requests++;
			if (!isWanted) continue;
			const isFetched = told !== 'failure';
			const result = isFetched ? (RECORDS[status] ?? SAID[webhookType]) : SAID[webhookType];
			const name = webhookType.replace('ai-deployment-session-', '');
			expected.push({
				event: name,
				webhookType,
				data: expect.any(Object) as object,
				eventId: expect.any(String) as string,
				receivedAt: expect.any(String) as string,
				sessionId: kind === 'session' ? id : '',
				...(kind === 'call' && { callId: id }),
				...(isDetailed && kind === 'call' && result),
				...(isDetailed && isFetched && { [kind]: expect.objectContaining({ [`${kind}Id`]: id }) as object }),
			});
		}
		const items = await trigger.received();
		expect(items).toEqual(expected);
		// It comes first.
		const first = ['event', 'outcome', 'answered', 'durationSeconds'];
		for (const item of items) if ('outcome' in item) expect(Object.keys(item).slice(0, 4)).toEqual(first);
		expect(trigger.runs).toHaveLength(expected.length);
		expect(trigger.runs.flatMap(({ error }) => error ?? [])).toEqual([]);
		expect(trigger.thrown).toEqual([]);
		expect(rig.requests).toHaveLength(requests);
		await trigger.close();
	};
	await checkAsync(fc.asyncProperty(cases, run), 120);
});

it("A session's details are fetched in the run, so that the sender does not wait, as the session now stands, with its metadata", async () => {
	const metaData = { entries: [{ key: 'customer', value: 'Ada' }] };
	const [session] = await rig.json(startParameters({ metaData }));
	const sessionId = String(session?.sessionId);
	await rig.simulator.emit(sessionId, 'started');
	const trigger = await publish({ sessionDetails: true });
	let isAnswered = false;
	rig.simulator.addFault({ kind: 'delay', until: () => isAnswered });
	const { status } = await rig.simulator.deliver(trigger.url, eventBody('started', `session-${sessionId}`));
	expect(status).toBe(200);
	isAnswered = true;
	expect(await trigger.received()).toMatchObject([
		{ session: { sessionId, status: 'running', metadata: { customer: 'Ada' } } },
	]);
	expect(rig.requests.map(({ rawPath }) => rawPath)).toEqual([
		`${SESSIONS}/start`,
		`${SESSIONS}/${sessionId}`,
		`${SESSIONS}?page=1&perPage=50`,
	]);
});

it('Filters and details do not concern events of other kinds, and those without an ID', async () => {
	const options = {
		deploymentIds: 'ddv_1',
		callDirection: ['outbound'],
		phoneNumbers: NUMBERS,
		sessionDetails: true,
		metadataHas: { entry: { name: 'a', value: 'b' } },
	};
	const trigger = await publish(options);
	const none = [{ webhookType: 'agent-session-started' }, { webhookType: 'call-hangup', data: {} }];
	const rooms = ROOM_EVENTS.map((webhookType) => ({ webhookType, data: { meetingId: 'r', sessionId: 's' } }));
	for (const body of [...none, ...rooms]) await deliver(trigger, body);
	const items = await trigger.received();
	expect(items).toHaveLength(none.length + rooms.length);
	for (const item of items) {
		for (const name of ['session', 'call', 'record']) expect(item).not.toHaveProperty(name);
	}
	expect(rig.requests).toEqual([]);
});

it('A direction in capitals counts, and what could never start the workflow is not published', async () => {
	const trigger = await publish({ callDirection: ['Inbound'], callDetails: false });
	await deliver(trigger, { webhookType: 'call-hangup', data: { callId: 'c', type: 'inbound' } });
	expect(await trigger.received()).toHaveLength(1);
	const NO_OPTION = "isn't one of its options";
	const nothing = '={{ $vars.none }}';
	const wrong: Array<[string, INodeParameters]> = [
		[NO_OPTION, { options: { callDirection: ['incoming'] } }],
		["'Call Direction' is empty", { options: { callDirection: nothing } }],
		["'Deployment Names or IDs' is empty", { options: { deploymentIds: nothing } }],
		["'Phone Numbers' is empty", { options: { phoneNumbers: nothing } }],
		[
			"'Phone Numbers' contains 'Line 01', which isn't a phone number",
			{ options: { phoneNumbers: 'Line 01' } },
		],
		...[{}, { entry: { name: 'a', value: nothing } }, { entry: { name: ' ', value: 'b' } }].map(
			(metadataHas): [string, INodeParameters] => [
				"'Metadata Has' needs a name and a value",
				{ options: { metadataHas } },
			],
		),
		["'Trigger On' is empty", { events: nothing }],
		["'Trigger On' is empty", { events: [] }],
		...['Call: Ended', 'call_hangup', 'call.ended'].map((name): [string, INodeParameters] => [
			NO_OPTION,
			{ events: ['call-hangup', name] },
		]),
	];
	for (const [message, parameters] of wrong)
		await expect(rig.engine.publish({ events: ['call-hangup'], ...parameters })).rejects.toThrow(message);
});

it('A call counts by its direction, its number on our side, and its metadata together, in one request', async () => {
	const { simulator } = rig;
	const trigger = await publish({
		callDirection: ['outbound'],
		phoneNumbers: `${NUMBERS[0]}, ${NUMBERS[1]}`,
		callDetails: false,
		metadataHas: { entry: { name: 'campaign', value: 'spring' } },
	});
	const base = { type: 'outbound', from: NUMBERS[1], to: NUMBERS[2], metadata: { campaign: 'spring' } };
	const calls: Array<[object, number]> = [
		[base, 1],
		// Both numbers are ours, but only one is on our side.
		[{ ...base, from: NUMBERS[2], to: NUMBERS[1] }, 0],
		[{ ...base, type: 'inbound', to: NUMBERS[1] }, 0],
		[{ ...base, metadata: {} }, 0],
		[{ ...base, metadata: { campaign: { name: 'spring' } } }, 0],
		// Not told: a number that isn't one, and no metadata.
		[{ ...base, from: 'sip:desk@example.com' }, 1],
		[{ ...base, metadata: undefined }, 1],
	];
	let total = 0;
	for (const [record, count] of calls) {
		const callId = `told-${number++}`;
		simulator.clearFaults();
		simulator.addFault({ kind: 'noData', body: { data: { callId, ...record } }, match: { path: /call\// } });
		simulator.requests.length = 0;
		await deliver(trigger, { webhookType: 'call-started', data: { callId } });
		expect(await trigger.received()).toHaveLength((total += count));
		expect(rig.requests).toHaveLength(1);
	}
});

it('A duplicate makes no request, and one credential does not go by what another has found out', async () => {
	const options = { callDirection: ['outbound'], callDetails: false };
	const { callId } = rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false);
	const fail = { kind: 'status', status: 500, match: { times: 1, path: /call\// } } as const;
	rig.simulator.addFault(fail);
	const trigger = await publish(options);
	const body = { webhookType: 'call-hangup', data: { callId } };
	for (let times = 0; times < 3; times++) await deliver(trigger, body);
	// It could not be found out, so the event counts.
	expect(await trigger.received()).toHaveLength(1);
	expect(rig.requests).toHaveLength(1);
	// Found out to be incoming, with the one credential.
	await deliver(trigger, { ...body, webhookType: 'call-started' });
	expect(await trigger.received()).toHaveLength(1);
	const other = await rig.addSimulator();
	other.addFault({ kind: 'noData', body: { data: { callId, type: 'outbound' } }, match: { path: /call\// } });
	rig.engine.useOtherCredentials(rig.credentials({ baseUrl: other.url }));
	Object.assign(trigger.node, { credentials: rig.engine.node('', {}).credentials });
	expect((await other.deliver(trigger.url, { ...body, webhookType: 'call-answered' })).status).toBe(200);
	expect(await trigger.received()).toHaveLength(2);
});

it.each<[string, IDataObject]>([
	['to say how the call went', {}],
	['to filter', { callDirection: ['inbound'] }],
])('The trigger waits for no answer that drips, %s', async (_what, options) => {
	const trigger = await publish(options);
	rig.simulator.addFault({ kind: 'drip', match: { path: /sip\/call/, times: 9 } });
	const sentAtMs = Date.now();
	await deliver(trigger, { webhookType: 'call-missed', data: { callId: 'c' } });
	// Virtual time: five seconds while the sender waits, ten in the run.
	expect(Math.round((Date.now() - sentAtMs) / 1_000)).toBe(options.callDirection ? 15 : 10);
	expect(await trigger.received()).toMatchObject([{ event: 'call-missed', outcome: 'noAnswer' }]);
});

describe('Call: Ended', () => {
	const ended = async (callId: string, trigger: PublishedTrigger) => {
		await deliver(trigger, { webhookType: 'call-hangup', data: { callId } });
		const [item] = await trigger.received();
		return item;
	};
	const begun = () => rig.simulator.incomingCall({ to: '+15550100', from: '+15550199' }, false).callId;
	const twice = { path: /sip\/call\//, times: 2 };

	it.each<[string, (callId: string) => Fault]>([
		['too many requests', () => ({ kind: 'status', status: 429 })],
		['a failure of the API', () => ({ kind: 'status', status: 503 })],
		['an API that knows no such call yet', () => ({ kind: 'status', status: 404 })],
		[
			'a record that lags behind',
			(callId) => ({ kind: 'noData', body: { data: { callId, status: 'answered' } } }),
		],
	])('has how it went in spite of %s, twice', async (_what, faultOf) => {
		const callId = begun();
		await rig.talk([callId]);
		rig.simulator.addFault({ ...faultOf(callId), match: twice });
		const sentAtMs = Date.now();
		expect(await ended(callId, await publish({}))).toMatchObject({ outcome: 'answered', answered: true });
		expect(rig.requests).toHaveLength(3);
		expect(Date.now() - sentAtMs).toBeLessThan(10_000);
	});

	it('leaves out how it went after three polls, and shows the record as it was seen last', async () => {
		const callId = begun();
		await rig.simulator.moveCall(callId, 'answered');
		rig.simulator.addFault({ kind: 'delay', match: { ...twice, times: 1 } });
		rig.simulator.addFault({ kind: 'status', status: 503, match: twice });
		const item = await ended(callId, await publish({}));
		expect(item).toMatchObject({ event: 'call-hangup', call: { status: 'answered' } });
		for (const name of ['outcome', 'answered', 'durationSeconds']) expect(item).not.toHaveProperty(name);
		expect(rig.requests).toHaveLength(3);
	});
});

/** Only what VideoSDK signed, and was chosen, starts an execution, once; and nothing that comes makes the trigger throw. */
import { createSign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type INodeParameters, jsonParse } from 'n8n-workflow';
import { CALL_SUMMARY, ROOM_EVENTS } from '../../../nodes/VideoSdkAgentCloud/webhook/event';
import { checkAsync } from '../../unit/support';
import { ALL_EVENTS, eventBody, REPEATABLE, send, strangersKey } from '../rig/delivery';
import type { PublishedTrigger } from '../rig/publishedTrigger';
import { EVENT_NAMES, expectNoSecrets, later, passTime, useRig } from '../rig/rig';

const MINUTE_MS = 60_000;
const stranger = strangersKey();

const rig = useRig({ callBehaviour: false });

const newSpelling = (event: string) =>
	event.replace('ai-deployment-session-', 'agent-session-').replace('call-hangup', 'call-ended');

/** An event as VideoSDK sends it. */
function bodyOf(name: string, id: string, isNewSpelling: boolean): object {
	if (name === CALL_SUMMARY) {
		const room = { 'meeting-id': 'wxyz', 'session-id': 's-1' };
		return { [CALL_SUMMARY]: { id }, 'customer-data': { callId: id }, 'room-data': room };
	}
	const webhookType = isNewSpelling ? newSpelling(name) : name;
	const note = 'für Zoë';
	if (name.startsWith('call-'))
		return { webhookType, data: { callId: id, roomId: 'wxyz', sessionId: 's-1', note } };
	if (ROOM_EVENTS.includes(name)) return { webhookType, data: { meetingId: 'wxyz', sessionId: id, note } };
	return { webhookType, data: { sessionId: `session-${id}`, note } };
}

/** What is to come out for it. */
function itemOf(name: string, id: string, isNewSpelling: boolean): object {
	const isCall = name.startsWith('call-');
	const body = bodyOf(name, id, isNewSpelling) as { webhookType?: string; data?: object };
	return {
		event: EVENT_NAMES.includes(name) ? name.replace('ai-deployment-session-', '') : name,
		webhookType: name === CALL_SUMMARY ? name : body.webhookType,
		sessionId: isCall ? 's-1' : id,
		...(isCall && { callId: id }),
		...((isCall || ROOM_EVENTS.includes(name)) && { roomId: 'wxyz' }),
		data: name === CALL_SUMMARY ? body : body.data,
		eventId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
		receivedAt: expect.any(String) as string,
	};
}

/** Bytes of the same JSON that only the bytes as received verify. */
const FORMS: Record<string, (json: string) => Buffer | string> = {
	compact: (json) => json,
	'with white space': (json) => `${JSON.stringify(JSON.parse(json), null, '\r\n\t ')}\n\n`,
	'with escapes': (json) => json.replace(/a/g, '\\u0061').replace(/\//g, '\\/'),
	'with a key given twice': (json) => json.replace('{"webhookType"', '{"webhookType":"x","webhookType"'),
	'of 1 MB': (json) => json.padEnd(1_000_000),
};
/** What is no event, whoever signed it. */
const NO_EVENTS: Array<Buffer | string> = [
	'{}',
	'',
	'not JSON',
	'{"a":',
	'[]',
	'"x"',
	'"\xc3',
	'{"__proto__":{"webhookType":"x"}}',
	`${'['.repeat(3_000)}${']'.repeat(3_000)}`,
	Buffer.from([0, 255, 254, 0, 128]),
];
const SIGNATURES: Record<string, (body: Buffer | string) => string | undefined> = {
	right: (body) => rig.simulator.sign(body),
	missing: () => undefined,
	empty: () => '',
	"a stranger's": (body) => createSign('RSA-SHA256').update(body).sign(stranger.privateKey, 'base64'),
	"another event's": () => rig.simulator.sign('{}'),
	endless: () => 'A'.repeat(12_000),
	garbage: () => '\t=;,\u00ff',
};

/** What the sender of a delivery without a run is told: one sentence in JSON. */
function expectSentence(text: string): void {
	const body = JSON.parse(text) as Record<string, unknown>;
	expect(Object.keys(body)).toEqual(['message']);
	expect(String(body.message).length).toBeLessThan(120);
}

const BROKEN = {};
const isJson = (bytes: Buffer | string) =>
	jsonParse<unknown>(String(bytes), { fallbackValue: BROKEN }) !== BROKEN;

const often = <T>(value: T, ...others: T[]) =>
	fc.oneof({ weight: 6, arbitrary: fc.constant(value) }, fc.constantFrom(...others));
const triggers = fc.record({
	events: fc.oneof(
		fc.constant(undefined),
		fc.subarray(ALL_EVENTS, { minLength: 1 }),
		fc.subarray(ALL_EVENTS, { minLength: 1, maxLength: 2 }),
	),
	isNewSpelling: fc.boolean(),
	isText: fc.boolean(),
	verifySignature: often<boolean | string>(true, '={{ null }}', false),
	skipDuplicates: often<boolean | undefined>(undefined, true, false),
});
const deliveries = fc.record({
	to: fc.nat(1),
	/** Of the trigger's own, else of all. */
	isChosen: often(true, false),
	event: fc.nat(),
	id: fc.constantFrom('a', 'b'),
	isNewSpelling: fc.boolean(),
	form: fc.constantFrom(...Object.keys(FORMS)),
	noEvent: often<Buffer | string | undefined>(undefined, ...NO_EVENTS),
	type: fc.constantFrom(
		...['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/octet-stream'],
		...['application/x-www-form-urlencoded', 'application/cloudevents+json', 'multipart/form-data', ';;;'],
		undefined,
	),
	isCompressed: fc.boolean(),
	signature: often('right', ...Object.keys(SIGNATURES)),
});
type Trigger = typeof triggers extends fc.Arbitrary<infer T> ? T : never;
type Sent = typeof deliveries extends fc.Arbitrary<infer T> ? T : never;

const choicesOf = ({ events }: Trigger) =>
	events ?? ['ai-deployment-session-started', 'ai-deployment-session-failed'];
const nameOf = ({ isChosen, event }: Sent, trigger: Trigger): string => {
	const among = isChosen ? choicesOf(trigger) : ALL_EVENTS;
	return among[event % among.length] as string;
};
const isVerifying = ({ verifySignature }: Trigger) => verifySignature !== false;
function parametersOf({ events, isNewSpelling, isText, ...trigger }: Trigger): INodeParameters {
	const { verifySignature, skipDuplicates } = trigger;
	const spelled = isNewSpelling ? events?.map(newSpelling) : events;
	const text = `={{ ${JSON.stringify(spelled?.join(', '))} }}`;
	return {
		...(spelled && { events: isText ? text : spelled }),
		verifySignature,
		options: { callDetails: false, ...(skipDuplicates !== undefined && { skipDuplicates }) },
	};
}

/** The key by which events are verified, and the status of what is signed with it. */
const KEYS = {
	published: [{}, 200],
	'not to be had': [{}, 503],
	garbage: [{}, 503],
	'to be had later': [{}, 503],
	pinned: [{ pinned: () => rig.simulator.publicKeyPem }, 200],
	'a stranger pinned': [{ pinned: () => stranger.publicPem }, 200],
} as const;

it('Only a signed, chosen, new event starts an execution, whatever is sent to whichever trigger', async () => {
	const keys = fc.oneof(
		{ weight: 2, arbitrary: fc.constant('published' as const) },
		fc.constantFrom(...(Object.keys(KEYS) as Array<keyof typeof KEYS>)),
	);
	const models = fc.record({
		triggers: fc.tuple(triggers, triggers),
		deliveries: fc.array(deliveries, { minLength: 3, maxLength: 8 }),
		key: keys,
	});
	const run = async ({ key, ...model }: typeof models extends fc.Arbitrary<infer T> ? T : never) => {
		const { simulator, engine } = rig;
		const [more, statusIfRight] = KEYS[key];
		simulator.keyFault(key === 'garbage' ? key : statusIfRight === 503 ? 'down' : 'ok');
		engine.useOtherCredentials(rig.credentials('pinned' in more ? { webhookPublicKey: more.pinned() } : {}));
		const published: PublishedTrigger[] = [];
		for (const one of model.triggers) published.push(await engine.publish(parametersOf(one)));
		const keyRequests = simulator.keyRequests;
		const expected: object[][] = [[], []];
		const accepted = new Set<string>();
		let isDown = statusIfRight === 503;
		const rejections: number[][] = [[], []];
		const ignored: string[][] = [[], []];
		for (const [index, sent] of model.deliveries.entries()) {
			if (key === 'to be had later' && index === 2) {
				simulator.keyFault('ok');
				passTime(2_001);
				isDown = false;
			}
			const { to, id, isNewSpelling, noEvent, type, isCompressed, signature } = sent;
			const [trigger, served] = [model.triggers[to], published[to]] as [Trigger, PublishedTrigger];
			const name = nameOf(sent, trigger);
			const bytes = noEvent ?? FORMS[sent.form]?.(JSON.stringify(bodyOf(name, id, isNewSpelling))) ?? '';
			const signed = SIGNATURES[signature]?.(bytes);
			const headers = {
				...(signed !== undefined && { 'videosdk-signature': signed }),
				...(type !== undefined && { 'content-type': type }),
				...(isCompressed && { 'content-encoding': 'gzip' }),
			};
			const answer = await send(served.url, { headers, body: isCompressed ? gzipSync(bytes) : bytes });
			await served.settled();

			// n8n answers broken JSON by itself if it is called JSON.
			if (type?.startsWith('application/json') && bytes.length > 0 && !isJson(bytes)) {
				expect(answer.status).toBe(422);
				continue;
			}
			const statusOf = (): number => {
				const isUnread = type === 'multipart/form-data';
				if (isVerifying(trigger)) {
					if (isUnread || !signed) return 401;
					if (isDown) return 503;
					if (signature !== (key === 'a stranger pinned' ? "a stranger's" : 'right')) return 401;
				}
				return isUnread || noEvent !== undefined ? 400 : 200;
			};
			const status = statusOf();
			expect(answer.status).toBe(status);
			if (status !== 200) rejections[to]?.push(status);
			// A summary is told from others by its content.
			const event = `${to} ${name} ${name === CALL_SUMMARY ? String(bytes) : id}`;
			const isDuplicate =
				!REPEATABLE.includes(name) && trigger.skipDuplicates !== false && accepted.has(event);
			if (status === 200 && choicesOf(trigger).includes(name) && !isDuplicate) {
				accepted.add(event);
				expected[to]?.push(itemOf(name, id, isNewSpelling));
				continue;
			}
			expectSentence(answer.body);
			if (status === 200) ignored[to]?.push(name);
		}
		for (const [index, trigger] of published.entries()) {
			expect(await trigger.received()).toEqual(expected[index]);
			expect(trigger.runs).toHaveLength(expected[index]?.length ?? 0);
			expect(trigger.thrown).toEqual([]);
			// One line for each delivery that starts nothing: a warning a minute of what is rejected.
			const levels = trigger.log.map(({ level }) => level);
			expect(levels).toHaveLength(Number(rejections[index]?.length) + Number(ignored[index]?.length));
			expect(levels.filter((level) => level !== 'debug')).toEqual(rejections[index]?.length ? ['warn'] : []);
			expectNoSecrets(rig, trigger.log);
			const warnings = trigger.log.filter(({ level }) => level === 'warn');
			// What a stranger sent is not in it.
			expect(JSON.stringify(warnings)).not.toMatch(/wxyz|s-1/);
			await trigger.close();
		}
		if ('pinned' in more || !model.triggers.some(isVerifying))
			expect(simulator.keyRequests).toBe(keyRequests);
	};
	await checkAsync(fc.asyncProperty(models, run), 100);
});

/** Delivers an event that never came before. */
let count = 0;
const deliver = async (trigger: PublishedTrigger, signature?: string | null) =>
	(await rig.simulator.deliver(trigger.url, eventBody('started', `s-${count++}`), { signature })).status;
const warningsOf = ({ log }: PublishedTrigger) => log.filter(({ level }) => level === 'warn');
const pin = (webhookPublicKey: string) => rig.use({ webhookPublicKey });

it('Not even signed events that are odd make the trigger throw', async () => {
	const options = { deploymentIds: 'a', sessionDetails: true };
	const events = [...EVENT_NAMES, 'participant-joined'];
	const trigger = await rig.engine.publish({ events, options });
	const webhookType = 'agent-session-started';
	const unknown = ['x'.repeat(100_000), 'xai-deployment-session-started', '__proto__'];
	for (const body of [
		{ webhookType, data: [] },
		{ webhookType, data: { sessionId: { toString: 'x' } } },
		{ webhookType, data: { sessionId: '../../..', deploymentId: ['a'] } },
		{ webhookType, data: { sessionId: 'a'.repeat(5_000) } },
		{ webhookType: 'participant-joined', data: { participantId: { toString: 1 }, type: { toString: 1 } } },
		...unknown.map((name) => ({ webhookType: name })),
	]) {
		expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
	}
	await trigger.settled();
	expect(trigger.thrown).toEqual([]);
});

it('Many deliveries need one read of the credential and one fetch of the key, and those without a signature none', async () => {
	const trigger = await rig.engine.publish();
	const { reads } = rig.engine.credentialsHelper;
	expect(await deliver(trigger, null)).toBe(401);
	expect(rig.simulator.keyRequests).toBe(0);
	await Promise.all(Array.from({ length: 30 }, async () => await deliver(trigger)));
	expect(await trigger.received()).toHaveLength(30);
	expect(rig.simulator.keyRequests).toBe(1);
	// One for the settings, one to sign the fetch of the key.
	expect(rig.engine.credentialsHelper.reads - reads).toBe(2);
	for (const [passedMs, count] of [
		[MINUTE_MS - 2_000, 2],
		[3_000, 3],
	] as const) {
		await later(passedMs);
		await deliver(trigger);
		expect(rig.engine.credentialsHelper.reads - reads).toBe(count);
	}
});

it.each<[string, string, () => void]>([
	['a pinned key that is none', "'Webhook Public Key'", () => pin('my key')],
	['a private key', "'Webhook Public Key'", () => pin(stranger.privatePem)],
	['a Base URL that is none', "'Base URL'", () => rig.use({ baseUrl: 'x' })],
	['a blank key', "'API Key'", () => rig.use({ apiKey: ' ' })],
	['a blank secret', "'Secret Key'", () => rig.use({ secretKey: '\u200b' })],
])('A trigger is not published with %s, unless it verifies nothing', async (_what, field, spoil) => {
	spoil();
	await expect(rig.engine.publish()).rejects.toMatchObject({
		name: 'NodeOperationError',
		message: expect.stringContaining(field) as string,
	});
	const trigger = await rig.engine.publish({ verifySignature: false });
	expect(await deliver(trigger, null)).toBe(200);
	expect(await trigger.received()).toHaveLength(1);
});

const nothing = () => undefined;
/** What a delivery meets, and what n8n's log says: the sender alone sees the answer. */
it.each<[string, number, RegExp, string | null | undefined, () => unknown, () => unknown]>([
	['it is not signed', 401, /signature.*missing/s, null, nothing, nothing],
	['it is wrongly signed', 401, /signature.*'Webhook Public Key'/s, 'AAAA', nothing, nothing],
	['another key is pinned', 401, /'Webhook Public Key'/, undefined, () => pin(stranger.publicPem), nothing],
	['the API is down', 503, /Service unavailable/, undefined, () => rig.simulator.keyFault('down'), nothing],
	['a secret is missing', 503, /'Secret Key'/, undefined, nothing, () => rig.use({ secretKey: '' })],
	['the key is unreadable by now', 503, /'Webhook Public Key'/, undefined, nothing, () => pin('my key')],
])('A delivery is rejected in words: %s', async (_why, status, reason, signature, spoil, spoilLater) => {
	spoil();
	const trigger = await rig.engine.publish();
	spoilLater();
	expect(await deliver(trigger, signature)).toBe(status);
	expect(trigger.log).toMatchObject([{ level: 'warn', text: expect.stringMatching(reason) as string }]);
	expect(trigger.log[0]?.text).toContain(String(status));
	for (let again = 0; again < 3; again++) await deliver(trigger, null);
	expect(trigger.log.slice(1).map(({ level }) => level)).toEqual(Array(3).fill('debug'));
	passTime(MINUTE_MS + 1_000);
	await deliver(trigger, null);
	expect(warningsOf(trigger)).toHaveLength(2);
});

it.each([
	['starts an execution once, if a later try is accepted', 1, 2],
	['starts none, if VideoSDK gives up after three tries', 3, 3],
])('An event that comes while the public key cannot be had %s', async (_what, refusedTries, tries) => {
	const { simulator, engine } = rig;
	simulator.keyFault('down');
	simulator.setEventFaults({ tries: { times: 3, pauseMs: 5 } });
	const trigger = await engine.publish({ events: ['call-started'] });
	const call = simulator.incomingCall({ to: '+15550102001', from: '+15550009999' }, false);
	simulator.addCallWebhook(trigger.url, ['call-started']);
	const statuses = () =>
		simulator.deliveries.filter(({ endPoint }) => endPoint === trigger.url).map(({ status }) => status);
	const delivered = simulator.emitCall(call.callId, 'call-started');
	while (statuses().length < refusedTries) await later(1);
	if (refusedTries < 3) {
		simulator.keyFault('ok');
		// The key is asked for again a little later.
		passTime(2_001);
	}
	await delivered;
	expect(statuses()).toEqual([
		...Array<number>(refusedTries).fill(503),
		...Array<number>(tries - refusedTries).fill(200),
	]);
	expect(await trigger.received()).toHaveLength(tries - refusedTries);
});

it('What starts nothing though it is genuine is logged at debug, by event and session', async () => {
	const trigger = await rig.engine.publish({ options: { deploymentIds: 'ddv_support' } });
	const started = eventBody('started');
	const own = { ...started, data: { ...started.data, deploymentId: 'ddv_support' } };
	const other = { ...started, data: { ...started.data, deploymentId: 'ddv_sales' } };
	for (const body of [own, own, other, eventBody('stopped')]) await rig.simulator.deliver(trigger.url, body);
	const text = expect.stringMatching(/(started|stopped).*6f1c/) as string;
	await trigger.settled();
	expect(trigger.log).toEqual(Array(3).fill({ level: 'debug', text }));
});

/** An agent's question during a conversation is answered once, in time, and only with its access. */
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { type IDataObject, type INode, type INodeParameters } from 'n8n-workflow';
import type { HandedTool } from '../../simulator/toolAgent';
import { checkAsync } from '../../unit/support';
import { byRule } from '../rig/callRig';
import { send } from '../rig/delivery';
import { ACTION, TRIGGER } from '../rig/engine';
import { PublishedTool, TOOL_PARAMETERS, TOOL_TRIGGER, type ToolEnding } from '../rig/publishedTool';
import {
	expectNoSecrets,
	failureOf,
	jsonOf,
	later,
	pairsOf,
	passTime,
	startParameters,
	useRig,
} from '../rig/rig';

const HOUR_MS = 3_600_000;
const MAX_BODY_BYTES = 100_000;
const NONE = '={{ $json.none }}';
const LOCAL_TOOL = 'http://127.0.0.1:5678/webhook/a/mcp';
const CONTEXT = { customerId: 'C-4711' };

const rig = useRig({ callBehaviour: false });
const tools: PublishedTool[] = [];
async function closeTools() {
	for (const tool of tools.splice(0)) {
		await tool.settled();
		await tool.close();
		expect(tool.thrown).toEqual([]);
		// Neither the secret nor a token is in n8n's log.
		expectNoSecrets(rig, tool.log);
		expect(JSON.stringify(tool.log)).not.toContain('n8ntool1_');
	}
}
afterEach(closeTools);

const passOn = { answer: { answerJson: '={{ $json }}' } };
async function publish(parameters: INodeParameters = {}, ending: ToolEnding = passOn) {
	const tool = new PublishedTool(rig.engine, parameters, ending, randomUUID());
	tools.push(tool);
	await tool.listen();
	await tool.hook('create');
	tool.log.length = 0;
	return tool;
}
const warnings = ({ log }: PublishedTool) => log.filter(({ level }) => level !== 'debug');

const byUrl = (value: string) => ({ __rl: true, mode: 'url', value });
const choose = (...urls: string[]) => ({ tools: urls.map((url) => ({ tool: byUrl(url) })) });
const createAccess = (url: string, more: object = {}) =>
	({ resource: 'tool', operation: 'createAccess', agentTools: choose(url), ...more }) as INodeParameters;
const dispatch = { resource: 'agent', operation: 'dispatch', agentId: 'ag_1', roomId: 'room' };

/** What hands tools to an agent, with the options that say for how long, and how long that is. */
const HAND_OVERS = {
	'Create Access': [{}, 30 * 24],
	'Create Access for 3 days': [{ validFor: 3 }, 3 * 24],
	'Create Access for 2 hours': [{ validFor: 2, validForUnit: 'hours' }, 2],
	'a call': [{}, 24],
	'a call with Tools Valid For': [{ toolsValidFor: 3 }, 3],
	'a session': [{}, 24],
	'a session with Tools Valid For': [{ toolsValidFor: 100 }, 100],
	'a dispatch': [{}, 24],
} as const;
type HandOver = keyof typeof HAND_OVERS;

/** @returns what an agent gets, and when its access ends, in ms since 1970 */
async function handOver(by: HandOver, urls: string[], context: object): Promise<[HandedTool[], number]> {
	const [more, hours] = HAND_OVERS[by];
	const agentTools = choose(...urls);
	const options = { ...more, context: pairsOf(context) };
	const own = { metaData: { entries: [{ key: 'ticket', value: 17 }] } };
	const parameters = by.startsWith('Create')
		? createAccess('', { ...more, agentTools, context: pairsOf(context) })
		: by.startsWith('a session')
			? startParameters({ agentTools, options, env: { variables: [{ name: 'CUSTOMER', value: 'Ada' }] } })
			: { ...(by === 'a dispatch' ? dispatch : byRule()), agentTools, options, ...own };
	const endsAtMs = Math.floor(Date.now() / 1_000) * 1_000 + hours * HOUR_MS;
	const [json] = await rig.json(parameters as INodeParameters);
	if (by.startsWith('Create')) {
		expect(json?.expiresAt).toBe(new Date(endsAtMs).toISOString());
		return [json?.tools as unknown as HandedTool[], endsAtMs];
	}
	expect(JSON.stringify(json)).not.toMatch(/n8nTools|N8N_TOOLS|n8ntool1_/);
	const { metadata, env } = rig.requests.at(-1)?.body as Record<string, IDataObject | undefined>;
	expect(env?.CUSTOMER ?? metadata?.ticket).toBe(env ? 'Ada' : 17);
	return [(metadata?.n8nTools ?? JSON.parse(String(env?.N8N_TOOLS))) as HandedTool[], endsAtMs];
}

const json = (answerJson: string, more: Partial<ToolEnding> = {}) => ({ answer: { answerJson }, ...more });
const text = (answerText: string, more = {}) => ({ answer: { respondWith: 'text', answerText, ...more } });
const onError = (how: 'continueRegularOutput' | 'continueErrorOutput', more: Partial<INode> = {}) => ({
	node: { onError: how, ...more },
});

/** Workflows behind a tool: how they end, what the agent reads then, and whether as an error. */
const ENDED = /failed, or ended without/;
const INVALID = /'Answer' isn't valid JSON/;
const RETRIES = { retryOnFail: true, waitBetweenTries: 1 };
const FALLBACK = { fallback: text('Call back tomorrow').answer };
const ENDINGS: Array<[ToolEnding, string | RegExp | undefined, boolean]> = [
	// What came in.
	[passOn, undefined, false],
	[text('Zoë has no order', { isError: true }), 'Zoë has no order', true],
	[text('={{ $json.tool }}'), 'find_order', false],
	[json('={{ "It left " + "this morning." }}'), 'It left this morning.', false],
	[json('{ "a": 1 }'), '{"a":1}', false],
	[json('92055901755477000000000012'), '92055901755477000000000012', false],
	[json('={{ "1.10" }}'), '1.10', false],
	[{ ...passOn, items: [{ n: 1 }, { n: 2 }, { n: 3 }] }, '[{"n":1},{"n":2},{"n":3}]', false],
	[{}, ENDED, true],
	[json('{', onError('continueRegularOutput')), INVALID, true],
	[json('{', onError('continueRegularOutput', RETRIES)), INVALID, true],
	[json(NONE, { ...onError('continueErrorOutput'), ...FALLBACK }), 'Call back tomorrow', false],
];
/** Answers that say nothing, as text and as JSON. */
const NOTHING = [NONE, '', '={{ null }}', ' \n', '={{ NaN }}', 'Order {{ $json.number }}'];
const BLANKS = [
	...NOTHING.map((value) => text(value)),
	...[...NOTHING, 'null', '"  "', '{'].map((value) => json(value)),
].map((ending): (typeof ENDINGS)[0] => [ending, ENDED, true]);

/** What may stand in a request's Authorization header in place of the token that was handed over, and the answer to it. */
const FORGERIES: Record<string, [(token: string, otherToken: string) => string | undefined, number]> = {
	nothing: [() => undefined, 401],
	blank: [() => '', 401],
	'a word': [() => 'Bearer x', 401],
	'cut off': [(token) => token.slice(0, -1), 401],
	longer: [(token) => `${token}A`, 401],
	'a different signature': [(token) => token.replace(/(?<=_).{22}/, 'A'.repeat(22)), 401],
	"a different tool's": [(_token, otherToken) => otherToken, 403],
};

const often = <T>(value: T, ...others: T[]) =>
	fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, fc.constantFrom(...others));
const questions = fc.record({
	by: fc.constantFrom(...(Object.keys(HAND_OVERS) as HandOver[])),
	context: fc.constantFrom(CONTEXT, { customerId: 'C-4711', vip: true, age: 7 }, {}),
	timeoutS: fc.constantFrom(undefined, 1, 2, 9, 10, 20, 60, 300),
	ending: fc.oneof(fc.constantFrom(...ENDINGS), fc.constantFrom(...BLANKS)),
	/** How much earlier than the agent is told so the workflow answers. */
	aheadMs: fc.constantFrom(undefined, undefined, 100, 100, -100, -60_000),
	/** How much of its validity the token has left. */
	leftMs: fc.oneof(
		{ weight: 4, arbitrary: fc.integer({ min: 1, max: HOUR_MS / 2 }) },
		fc.constantFrom(1_000, 0, -1),
	),
	forgery: often<string | undefined>(undefined, ...Object.keys(FORGERIES)),
	method: often('POST', 'GET', 'DELETE'),
	/** HTTP doesn't tell the scheme's capitals apart. */
	scheme: fc.constantFrom('Bearer', 'bearer'),
	origin: often<string | undefined>(undefined, 'own', 'http://rebound.example', 'null'),
	type: often('application/json', 'application/octet-stream'),
	isExpression: fc.boolean(),
	/** What is wrong with the trigger by now. */
	broken: often<object | undefined>(undefined, { toolName: '' }, { options: { timeout: 301 } }),
	/** What comes in place of a message. */
	odd: often<string | undefined>(undefined, '{}', '"x"', `${'['.repeat(10_000)}${']'.repeat(10_000)}`),
	bodyBytes: often<number | undefined>(undefined, MAX_BODY_BYTES, MAX_BODY_BYTES + 1),
	input: often<IDataObject | undefined>({ number: 'A-17' }, undefined, { number: 17 }, { number: null }),
	pinned: fc.constantFrom({}, { context: { customerId: 'C-1' }, customerId: 'C-1' }),
	method2: often('tools/call', 'ping', 'notifications/initialized'),
	id: fc.oneof(fc.constant(0), fc.integer(), fc.string({ minLength: 1 })),
});
type Question = typeof questions extends fc.Arbitrary<infer T> ? T : never;

/** One that is answered. */
const GENUINE: Omit<Question, 'ending'> = {
	by: 'a call',
	context: CONTEXT,
	timeoutS: 20,
	aheadMs: undefined,
	leftMs: HOUR_MS / 2,
	forgery: undefined,
	method: 'POST',
	scheme: 'Bearer',
	origin: undefined,
	type: 'application/json',
	isExpression: false,
	broken: undefined,
	odd: undefined,
	bodyBytes: undefined,
	input: { number: 'A-17' },
	pinned: {},
	method2: 'tools/call',
	id: 1,
};

/** @returns the status of the answer to a question */
function statusOf(question: Question): number {
	const { method, origin, forgery, leftMs, broken, odd, bodyBytes, type, method2 } = question;
	if (method !== 'POST') return 405;
	if (origin !== undefined && origin !== 'own') return 403;
	if (leftMs <= 0) return 401;
	if (forgery !== undefined) return FORGERIES[forgery]?.[1] ?? 0;
	if (broken) return 503;
	if (type === 'application/json' && (bodyBytes ?? 0) > MAX_BODY_BYTES) return 413;
	if (type === 'application/octet-stream') return 400;
	if (odd !== undefined) return 400;
	return method2.startsWith('notifications') ? 202 : 200;
}

const SCHEMA = {
	type: 'object',
	properties: { number: { type: 'string', description: 'On the invoice' } },
	required: ['number'],
};

it('A question is answered once, in time, and only with an access of its own that still counts', async () => {
	const ask = async (question: Question): Promise<void> => {
		await closeTools();
		rig.simulator.requests.length = 0;
		const { timeoutS, isExpression, aheadMs, by, context } = question;
		const timeoutMs = (timeoutS ?? 20) * 1_000;
		const deadlineMs = timeoutMs - Math.min(timeoutMs / 10, 1_000);
		const takesMs = aheadMs === undefined ? 0 : Math.max(deadlineMs - aheadMs, 0);
		const [ending, reads, isError] = question.ending;
		const parameters = {
			toolName: isExpression ? '={{ "find" + " order" }}' : ' find order',
			options: timeoutS === undefined ? {} : { timeout: timeoutS },
		};
		const held = takesMs && { beforeAnswer: async () => await later(takesMs) };
		const tool = await publish(parameters, { ...ending, ...held });
		const other = await publish({ toolName: 'other', options: { timeout: 60 } });
		const elsewhere = 'https://n8n.example.com/webhook/elsewhere/mcp';
		const localUrl = (url: string) => url.replace('127.0.0.1', 'localhost');
		// Selected twice, by another name of n8n's host, and with a time limit of its own.
		const [handed, endsAtMs] = await handOver(
			by,
			[tool.url, localUrl(other.url), `${elsewhere}?timeout=300`, localUrl(tool.url)],
			context,
		);
		expect(handed.map(({ url, timeout }) => [new URL(url).pathname, timeout])).toEqual([
			[new URL(tool.url).pathname, timeoutS ?? 20],
			[new URL(other.url).pathname, 60],
			[new URL(elsewhere).pathname, 300],
		]);
		passTime(endsAtMs - Date.now() - question.leftMs);
		Object.assign(tool.node.parameters, question.broken);
		const [token = '', otherToken = ''] = handed.map(({ headers }) => headers.Authorization);
		const { forgery, id, input, type, origin, odd, bodyBytes, method, pinned, method2 } = question;
		const genuine = token.replace('Bearer', question.scheme);
		const authorization = forgery === undefined ? genuine : FORGERIES[forgery]?.[0](token, otherToken);
		const params = { name: 'find_order', arguments: { ...input, ...pinned } };
		const isSilent = method2.startsWith('notifications');
		const message = { jsonrpc: '2.0', ...(!isSilent && { id }), method: method2, params };
		const headers = {
			'content-type': type,
			'x-call-from': '+1555',
			'X-Call-To': '+1556',
			'x-other': 'no',
			...(authorization !== undefined && { authorization }),
			...(origin !== undefined && { origin: origin === 'own' ? tool.origin : origin }),
		};
		const body = method !== 'POST' ? undefined : (odd ?? JSON.stringify(message)).padEnd(bodyBytes ?? 0);
		const askedAtMs = Date.now();
		const answer = await send(tool.url, { method, headers, body });
		const heardMs = Date.now() - askedAtMs;
		await tool.settled();

		expect(answer.status).toBe(statusOf(question));
		const { 'www-authenticate': challenge, allow } = answer.headers;
		// Without the error a client that knows OAuth looks for a login of n8n's.
		expect(challenge).toBe(answer.status === 401 ? 'Bearer error="invalid_token"' : undefined);
		expect(allow).toBe(answer.status === 405 ? 'POST' : undefined);
		const isCall = answer.status === 200 && method2 === 'tools/call';
		const isRun = isCall && typeof input?.number === 'string';
		expect([tool.executions.length, other.executions.length]).toEqual([isRun ? 1 : 0, 0]);
		expect(warnings(tool)).toHaveLength(
			[401, 403, 503].includes(answer.status) && [undefined, 'own'].includes(origin) ? 1 : 0,
		);
		if (answer.status !== 200) return;
		const reply = JSON.parse(answer.body) as { result: { content: [{ text: string }]; isError: boolean } };
		expect(reply).toMatchObject({ jsonrpc: '2.0', id });
		if (!isCall) return;
		const { content, isError: isToolError } = reply.result;
		expect(content).toMatchObject([{ type: 'text' }]);
		const [{ text }] = content;
		if (!isRun) {
			expect([text, isToolError]).toEqual([expect.stringMatching(/'number' (is missing|must be)/), true]);
			return;
		}
		const item = {
			tool: 'find_order',
			input: params.arguments,
			context,
			headers: { 'x-call-from': '+1555', 'x-call-to': '+1556' },
			requestId: id,
			receivedAt: expect.any(String) as string,
		};
		expect(tool.items).toEqual([item]);
		expect(Math.abs(Date.parse(String(tool.items[0]?.receivedAt)) - askedAtMs)).toBeLessThan(50);
		const isLate = takesMs > deadlineMs;
		expect(Math.abs(heardMs - Math.min(takesMs, deadlineMs))).toBeLessThan(50);
		expect(isToolError).toBe(isLate || isError);
		if (isLate) expect(text).toMatch(/didn't answer in time/);
		else if (reads === undefined) expect(JSON.parse(text)).toEqual(item);
		else expect(text).toEqual(typeof reads === 'string' ? reads : expect.stringMatching(reads));
	};
	for (const ending of ENDINGS) await ask({ ...GENUINE, ending });
	await checkAsync(fc.asyncProperty(questions, ask), 150);
});

async function tokenFor(tool: PublishedTool): Promise<string> {
	const [[handed]] = await handOver('Create Access', [tool.url], CONTEXT);
	return String(handed?.headers.Authorization);
}
async function ping(tool: PublishedTool, authorization: string): Promise<number> {
	const headers = { 'content-type': 'application/json', authorization };
	const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
	return (await send(tool.url, { headers, body })).status;
}

it('Arguments that do not fit start no execution, and those that fit come out cleaned', async () => {
	const typed = [
		{ name: 'guests', type: 'number', min: 1, max: 8 },
		{ name: 'size', type: 'options', options: 'small, large' },
		{ name: 'at', type: 'dateTime' },
		{ name: 'phone', type: 'phone', required: false },
	];
	const tool = await publish({ toolParameters: { parameters: typed } });
	const client = await tool.connect((await tokenFor(tool)).replace('Bearer ', ''));
	const { tools: listed } = await client.listTools();
	expect(listed[0]?.inputSchema.properties).toEqual({
		guests: { type: 'number', minimum: 1, maximum: 8 },
		size: { type: 'string', enum: ['small', 'large'] },
		at: { type: 'string', description: expect.stringContaining('offset from UTC') as string },
		phone: { type: 'string', description: expect.stringContaining('country code') as string },
	});
	const good = { guests: 2, size: 'small', at: '2026-01-15T19:30:00+01:00' };
	const ask = async (more: object) => {
		const { content } = await client.callTool({ name: 'find_order', arguments: { ...good, ...more } });
		return (content as [{ text: string }])[0].text;
	};
	expect(await ask({ guests: 9 })).toContain("'guests' must be from 1 to 8.");
	expect(await ask({ at: '2026-01-15T19:30:00' })).toContain("'at' must be a date and time with the offset");
	expect(tool.executions).toHaveLength(0);
	expect((JSON.parse(await ask({ phone: '' })) as IDataObject).input).toEqual(good);
	const input = { ...good, phone: '+14155550102' };
	expect(JSON.parse(await ask({ phone: '001 (415) 555-0102' }))).toMatchObject({ input });
	await client.close();
});

it('The official client lists and calls a tool', async () => {
	const tool = await publish();
	const client = await tool.connect((await tokenFor(tool)).replace('Bearer ', ''));
	const { toolDescription: description } = TOOL_PARAMETERS;
	const { tools } = await client.listTools();
	expect(tools).toEqual([{ name: 'find_order', description, inputSchema: SCHEMA }]);
	await client.ping();
	const { content } = await client.callTool({ name: 'find_order', arguments: { number: 'A-17' } });
	expect(JSON.parse((content as [{ text: string }])[0].text)).toMatchObject({ context: CONTEXT });
	await client.close();
});

it('An agent that goes away while it waits does no harm', async () => {
	let answer = () => {};
	const answered = new Promise<void>((resolve) => (answer = resolve));
	const tool = await publish({}, { ...passOn, beforeAnswer: async () => await answered });
	const client = await tool.connect((await tokenFor(tool)).replace('Bearer ', ''));
	const asked = client.callTool({ name: 'find_order', arguments: { number: 'A-17' } }).catch(() => 'gone');
	while (tool.executions.length === 0) await new Promise(setImmediate);
	await client.close();
	expect(await asked).toBe('gone');
	passTime(60_000);
	answer();
});

it('However many forged tokens come, there is one line a minute in the log, and the credential is read once', async () => {
	const tool = await publish();
	const token = await tokenFor(tool);
	expect(await ping(tool, token)).toBe(200);
	const { reads } = rig.engine.credentialsHelper;
	const forged = Array.from({ length: 100 }, (_, seed) => token.replace(/(?<=_).{5}/, `A${1_000 + seed}`));
	for (let from = 0; from < forged.length; from += 25) {
		const some = forged.slice(from, from + 25);
		const answers = await Promise.all(some.map(async (one) => await ping(tool, one)));
		expect(new Set(answers)).toEqual(new Set([401]));
		await later(1_000);
	}
	expect(await ping(tool, token)).toBe(200);
	expect(rig.engine.credentialsHelper.reads).toBe(reads);
	expect(warnings(tool)).toHaveLength(1);
	// However often they come.
	for (const one of forged.slice(0, 4)) {
		await later(20_000);
		await ping(tool, one);
	}
	expect(warnings(tool)).toHaveLength(2);
	// The secret may have been changed meanwhile.
	expect(rig.engine.credentialsHelper.reads).toBe(reads + 4);
});

it('After a change of the secret, a new token counts within seconds, and a former one not for longer than a minute', async () => {
	const tool = await publish();
	const former = await tokenFor(tool);
	expect(await ping(tool, former)).toBe(200);
	rig.use({ secretKey: 'the new secret\n' });
	const token = await tokenFor(tool);
	// What was pasted around it counts on neither side.
	rig.use({ secretKey: ' the new secret' });
	await later(5_001);
	expect([await ping(tool, token), await ping(tool, former)]).toEqual([200, 401]);
	rig.use();
	await later(60_001);
	expect([await ping(tool, former), await ping(tool, token)]).toEqual([200, 401]);
	rig.use({ secretKey: ' ' });
	await later(60_001);
	expect(await ping(tool, former)).toBe(503);
});

it.each<[INodeParameters, string]>([
	[{ toolName: 'find.order' }, "'Tool Name' is 'find.order'"],
	...['end_call', 'current time', 'submit_response'].map((toolName): [INodeParameters, string] => [
		{ toolName },
		`'Tool Name' is '${toolName.replace(' ', '_')}', which is the name of a tool that agents have already`,
	]),
	[{ toolDescription: ' ' }, "'Tool Description' is empty"],
	[{ options: { timeout: 0 } }, "'Timeout' must be"],
	[{ toolParameters: { parameters: [{ name: 'a b' }] } }, "has the name 'a b'"],
	...['__proto__', 'caller', 'constructor'].map((name): [INodeParameters, string] => [
		{ toolParameters: { parameters: [{ name }] } },
		`has the name '${name}'`,
	]),
	[{ toolParameters: { parameters: [{ name: 'a', type: 'day' }] } }, "has the type 'day'"],
	[
		{ toolParameters: { parameters: [{ name: 'a', type: 'number', min: 8, max: '1' }] } },
		"'Min' of Parameter 1 in 'Parameters' is 8",
	],
])('A tool is not published with %j', async (parameters, message) => {
	await expect(publish(parameters)).rejects.toThrow(message);
	// At its own start n8n would take it off the air.
	for (const activation of ['init', 'leadershipChange'] as const)
		await expect(tools.at(-1)?.hook('create', activation)).resolves.toBe(true);
	expect(tools.at(-1)?.log).toHaveLength(2);
});

it("A web page may not use a tool, also if n8n's URL lacks its https://", async () => {
	const tool = await publish();
	const { url } = tool;
	Object.defineProperty(tool, 'urls', { value: { webhookBaseUrl: 'n8n.example.com/webhook' } });
	const headers = { origin: 'https://rebound.example', 'content-type': 'application/json' };
	expect((await send(url, { headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })).status).toBe(403);
});

it('A tool is not published without a secret that its tokens could be signed with', async () => {
	rig.use({ secretKey: ' ' });
	await expect(publish()).rejects.toThrow("'Secret Key'");
});

const foreign = (path: string) => ({ agentTools: choose(`https://n8n.example.com/webhook/a/${path}`) });
const fromList = (value: string) => ({
	agentTools: { tools: [{ tool: { __rl: true, mode: 'list', value } }] },
});
const byContext = (value: string, name = 'phone') => ({
	agentTools: choose(LOCAL_TOOL),
	options: { context: pairsOf({ [name]: value }) },
});
const NO_VALUE = "'phone' in 'Context' has no value";
const REFUSED: Record<string, [fields: IDataObject, message: string]> = {
	'a list entry that says where to look': [fromList('not-listed'), 'must be a URL'],
	'an empty entry': [fromList(''), 'is empty'],
	'a URL with a password': [
		{ agentTools: choose('https://u:p@n8n.example.com/a/mcp') },
		'no user name or password',
	],
	'the URL of an event trigger': [foreign('webhook'), 'must end with /mcp'],
	'the address of a waiting execution': [
		{ agentTools: choose('https://n8n.example.com/webhook-waiting/7/mcp') },
		'is the address of a waiting execution',
	],
	'a name that n8n alone may use, from text of others': [
		{ specifyMetaData: 'json', jsonMetaData: '={"note":"{{ $json.note }}"}' },
		"'Metadata' contains 'n8nTools'",
	],
	'two tools of the same name': [
		{ agentTools: choose('={{ $json.own }}', '={{ $json.twin }}') },
		"Two tools in 'Agent Tools' are named 'find_order'",
	],
	"a last item's context that fits into no header": [byContext('={{ $json.long }}'), "'Context' is too long"],
	"a last item's context without a value": [byContext(NONE), NO_VALUE],
	'a context that is blank': [byContext('={{ " " }}'), NO_VALUE],
	'a context that no expression can read': [byContext('a', 'caller'), "'caller' in 'Context' is a name"],
};
it.each(Object.entries(REFUSED))('No one is called with %s', async (what, [fields, message]) => {
	const [own, twin] = [await publish(), await publish()].map(({ url }) => url);
	const rows = [{ long: 'short', none: 'a' }, { long: 'x'.repeat(4_000) }];
	const note = 'a","n8nTools":[{"url":"https://evil.example.com"}],"x":"';
	const items = rows.map((row) => ({ ...row, own, twin, note }));
	const ownItems = what.startsWith('two tools') ? items.slice(1) : items;
	const failure = await rig.failure(byRule(fields), { items: ownItems });
	expect(failure.message).toContain(message);
	expect(failure.description).toMatch(/No one was called in this run of the node\.$/);
	expect(rig.requests).toEqual([]);
});

it.each([
	['another project', { secretKey: 'of another project' }, /'find_order' .* has a different credential/],
	['a second credential of the same project', {}, undefined],
])('A tool whose trigger has the credential of %s', async (_what, other, refusal) => {
	const own = rig.credentials();
	rig.engine.useOtherCredentials({ ...own, ...other });
	const tool = await publish();
	rig.engine.useOtherCredentials(own);
	const result = await rig.run(byRule({ agentTools: choose(tool.url) }));
	if (refusal) expect(failureOf(result).message).toMatch(refusal);
	else {
		const [handed] = (rig.simulator.calls.values().next().value?.metadata?.n8nTools ?? []) as [HandedTool];
		expect(await ping(tool, handed.headers.Authorization)).toBe(200);
	}
	expect(rig.simulator.calls.size).toBe(refusal ? 0 : 1);
});

it('Tools that only this machine can reach are not handed over, if the API is elsewhere', async () => {
	rig.use({ baseUrl: 'https://api.videosdk.live' });
	const result = await rig.run(createAccess(LOCAL_TOOL.replace('127.0.0.1', 'localhost')));
	expect(failureOf(result).message).toContain("can't reach Tool 1 in 'Agent Tools' at http://localhost:5678");
});

it.each([
	[366, 'days'],
	[8_784, 'hours'],
])('Access is created for at most %d %s', async (validFor, validForUnit) => {
	const create = async (value: number) =>
		await rig.run(createAccess(LOCAL_TOOL, { validFor: value, validForUnit }));
	expect(jsonOf(await create(validFor))).toMatchObject([{ tools: [expect.anything()] }]);
	expect(failureOf(await create(validFor + 1)).message).toContain("'Valid For' must be a number from 1 to");
});

it.each(['call-hangup', 'call-summary'])('Tools are taken out of the event %s', async (event) => {
	const { simulator } = rig;
	const trigger = await rig.engine.publish({ events: [event] });
	const Authorization = 'Bearer n8ntool1_AbCd-_';
	const n8nTools = [{ url: LOCAL_TOOL, headers: { Authorization } }];
	const metadata = {
		ticket: 17,
		n8nTools,
		'n8nTools[0].headers.Authorization': Authorization,
		n8nTools_0_url: LOCAL_TOOL,
		'n8nTools[].url': LOCAL_TOOL,
		asText: JSON.stringify({ n8nTools }),
		n8nTools_note: 'mine',
	};
	if (event === 'call-summary') await simulator.sendCallSummary(trigger.url, { fields: { a: 1 }, metadata });
	else await simulator.sendCallEvent(trigger.url, event, { callId: 'call-1', metaData: metadata });
	const received = JSON.stringify(await trigger.received());
	expect(received).toContain('17');
	expect(received).toContain('"n8nTools_note":"mine"');
	expect(received).not.toMatch(/n8ntool1_|"n8nTools(\[|"|_0)/);
});

describe('Agent Tool: Answer', () => {
	const parameters = { resource: 'tool', operation: 'answer', answerJson: '={{ $json.a }}' };
	const items = [{ a: 1 }, { b: 2 }];
	const empty = expect.stringContaining("'Answer' is empty") as string;

	it('says that no one waits, and passes its items on', async () => {
		const result = await rig.run(parameters, { items, onError: 'continueRegularOutput' });
		expect(jsonOf(result)).toEqual([{ a: 1 }, { error: empty }]);
		expect(JSON.stringify(result.run.data.resultData.runData)).toContain('No agent is waiting');
	});

	it('sends nothing if one of its items is to go to the error output', async () => {
		const { routed } = await rig.run(parameters, { items, onError: 'continueErrorOutput' });
		expect(routed.success).toEqual([]);
		expect(routed.failure).toMatchObject([
			{ json: { error: "The answer wasn't sent because item 1 failed" } },
			{ json: { error: empty } },
		]);
	});

	it.each([
		['a tool trigger', TOOL_TRIGGER, 0, false],
		['a tool trigger, four minutes ago', TOOL_TRIGGER, 4 * 60_000, false],
		['a tool trigger, five minutes ago', TOOL_TRIGGER, 5 * 60_000, true],
		['a different trigger of its workflow', TRIGGER, 0, true],
	])('sends its answer to the agent only after %s', async (_what, type, agoMs, isAlone) => {
		const { engine } = rig;
		const trigger = (name: string, of: string) =>
			engine.node(of, of === TRIGGER ? {} : TOOL_PARAMETERS, { name, webhookId: name, typeVersion: 1.1 });
		const nodes = [trigger(TOOL_TRIGGER, TOOL_TRIGGER), trigger(TRIGGER, TRIGGER)];
		const main = [[{ node: 'Answer', type: 'main' as const, index: 0 }]];
		const connections = { [TOOL_TRIGGER]: { main }, [TRIGGER]: { main } };
		const answer = engine.node(ACTION, parameters, { name: 'Answer' });
		const workflow = engine.load({ id: 'two', nodes: [...nodes, answer], connections });
		const json = { a: 1, receivedAt: new Date(Date.now() - agoMs).toISOString() };
		const { run } = await engine.runFrom(workflow, workflow.getNode(type) as INode, [[{ json }]], 'webhook');
		const hints = JSON.stringify(run.data.resultData.runData.Answer);
		expect(hints.includes('No agent is waiting')).toBe(isAlone);
	});
});

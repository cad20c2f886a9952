import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
	type ModelAnswer,
	type ModelRequest,
	type ScriptedModel,
	startScriptedModel,
} from '../e2e/scriptedModel';
import { constants, Conversations, lastRead, textOf } from './conversation';

let model: ScriptedModel;
const agent = new Conversations(() => model);

beforeAll(async () => void (model = await startScriptedModel()));
afterEach(async () => await agent.stop());
afterAll(async () => await model.close());

/** The framework's own question, or ours: one without tools. */
const isClassification = ({ tools }: ModelRequest) => !tools;
/** What the model answers from the request on in which it's told something in brackets, which no person has said. */
const told = (request: ModelRequest) => /^\(.*\)$/s.test(lastRead(request));

describe('Voicemail', () => {
	const GREETINGS: Array<[who: 'machine' | 'person', greeting: string]> = [
		['person', 'Hello?'],
		['person', "Hello, yes, this is Anna, who's calling please?"],
		['person', 'Bakery Smith and Sons, good morning, what can I do for you?'],
		['person', 'Praxis Dr. Weber, guten Tag.'],
		['person', "I can't talk right now, can you call me back later?"],
		['machine', "Hi, you've reached Tom. Please leave a message after the tone."],
		[
			'machine',
			'Der Teilnehmer ist nicht erreichbar. Bitte hinterlassen Sie eine Nachricht nach dem Signalton.',
		],
		['machine', 'Bonjour, vous êtes sur la messagerie vocale du 06 12. Laissez un message après le bip.'],
		['machine', 'Este es el buzón de voz de María. Deje su mensaje después de la señal.'],
		['machine', 'The number you have dialed is not in service.'],
	];

	/**
	 * A model that answers a question as it was put: yes, if anything that the question names has picked up. A text without a question mark
	 * is one question.
	 */
	function literally(request: ModelRequest): ModelAnswer {
		if (!isClassification(request)) return { text: 'Go on.' };
		const prompt = String(request.messages[0]?.content);
		const question = /[^.?]*\?/.exec(prompt)?.[0] ?? prompt;
		const [who] = GREETINGS.find(([, greeting]) => lastRead(request).includes(greeting))!;
		const named = who === 'person' ? /\b(?:human|person)\b/i : /\b(?:machine|voicemail)\b/i;
		return { text: named.test(question) ? 'Yes' : 'No' };
	}

	/** @returns whether the agent hangs up on what picks up */
	async function hangsUp(metadata: object, greeting: string, env: Record<string, string> = {}) {
		await agent.start(metadata, { ...constants({ 'agent.VOICEMAIL_AFTER_S': 0.3 }), ...env });
		model.script(Array(9).fill(literally) as Array<typeof literally>);
		const { ended } = await agent.tell(greeting);
		return ended || (await agent.listen(3)).ended;
	}

	it.each(GREETINGS)(
		'is told from a person by a model that answers literally: %s, %s',
		async (who, greeting) => {
			expect(await hangsUp({ callType: 'outbound' }, greeting)).toBe(who === 'machine');
			expect(model.requests.filter(isClassification)).toHaveLength(1);
		},
	);

	// Why the agent has a question of its own. until: the framework's question has one meaning.
	it("isn't by the framework's own question: to a person, too, the answer is yes", async () => {
		const env = { FRAMEWORK_PROMPT: '1' };
		expect(await hangsUp({ callType: 'outbound' }, 'Hello?', env)).toBe(true);
	});

	it.each([
		[{ callType: 'OUTBOUND' }, true],
		[{ callType: undefined, n8nConversation: 'call' }, true],
		[{ callType: 'inbound' }, false],
		[{ callType: undefined }, false],
		[{ callType: undefined, n8nConversation: 'web' }, false],
	])(
		'is looked for where n8n or VideoSDK says that someone was called: %j',
		async (metadata, isLookedFor) => {
			expect(await hangsUp(metadata, GREETINGS[5]![1])).toBe(isLookedFor);
			expect(model.requests.some(isClassification)).toBe(isLookedFor);
		},
	);
});

describe('On a web page', () => {
	it('knows of no phone, and greets whoever has pressed the button', async () => {
		model.script([{ text: 'Hello, I am an AI assistant.' }]);
		const n8nAgent = { instructions: 'Take reservations.' };
		const turn = await agent.start({ callType: undefined, n8nConversation: 'web', n8nAgent });
		expect(textOf(turn)).toBe('Hello, I am an AI assistant.');
		const [request] = model.requests;
		expect(request!.messages[0]?.content).toMatch(
			/speaks with people by voice through a web page: [^.]*no phone number/,
		);
		expect(lastRead(request!)).toMatch(/^\(The person has pressed a button on a web page/);
	});
});

describe('Silence', () => {
	const short = constants({ 'limits.ANSWER_S': 1 });
	const silent = { n8nAgent: { firstMessage: 'Hello, I am an AI.', endOnSilence: 1 } };
	const asksOnce: ModelAnswer[] = [{ text: 'Are you still there?' }, { text: 'Goodbye then.' }];

	it('is asked about once, and ends the conversation if nothing comes', async () => {
		await agent.start(silent, short);
		model.script(asksOnce);
		const turn = await agent.listen();
		expect(turn.said.map(({ text }) => text)).toEqual(['Are you still there?', 'Goodbye then.']);
		expect(turn.ended).toBe(true);
		const [asked, goodbye] = turn.said.map(({ at }) => at);
		expect(goodbye! - asked!).toBeGreaterThan(1_000);
		expect(model.requests.map(lastRead)).toEqual([
			expect.stringMatching(/still there/),
			expect.stringMatching(/goodbye/),
		]);
	});

	it('begins anew when the person answers', async () => {
		await agent.start(silent, constants({ 'limits.ANSWER_S': 5 }));
		model.script([{ text: 'Are you still there?' }, { text: 'Take your time.' }, ...asksOnce]);
		expect(textOf(await agent.listen(4))).toBe('Are you still there?');
		expect(textOf(await agent.tell('Yes, just a second.'))).toBe('Take your time.');
		expect(await agent.listen()).toMatchObject({
			said: [{ text: 'Are you still there?' }, { text: 'Goodbye then.' }],
			ended: true,
		});
	});

	it('is 30 seconds, then 15, by default, and never with 0', async () => {
		const defaults = constants({ 'limits.SILENCE_S': 1, 'limits.ANSWER_S': 1 });
		await agent.start({}, defaults);
		model.script(asksOnce);
		expect((await agent.listen(8)).ended).toBe(true);
		await agent.stop();
		await agent.start({ n8nAgent: { firstMessage: 'Hello.', endOnSilence: 0 } }, defaults);
		model.script(asksOnce);
		expect(await agent.listen(4)).toMatchObject({ said: [], ended: false });
	});

	it('is none while a tool is at work', async () => {
		const server = await startTool(async () => await sleep(4_000));
		await agent.start({ ...silent, n8nTools: [server.tool] }, short);
		model.script([{ tool: 'find_order', arguments: {} }, { text: 'Here it is.' }]);
		expect(textOf(await agent.tell('Where is my order?'))).toBe('One moment, please. Here it is.');
		await server.close();
	});
});

describe('Time', () => {
	const ended = { said: [{ text: 'Our time is up, goodbye.' }], ended: true };

	it.each<[string, object, Record<string, number>]>([
		['Max Duration of its settings', { maxDuration: 2 }, {}],
		['the 58 minutes that a job has', {}, { 'limits.LONGEST_JOB_S': 3 }],
		['the smallest of both', { maxDuration: 900 }, { 'limits.LONGEST_JOB_S': 3 }],
	])('is up after %s: the agent says goodbye and hangs up', async (_, settings, values) => {
		await agent.start({ n8nAgent: { firstMessage: 'Hello.', ...settings } }, constants(values));
		model.script([{ text: 'Our time is up, goodbye.' }]);
		expect(await agent.listen(8)).toMatchObject(ended);
		expect(told(model.requests[0]!)).toBe(true);
	});

	it('is up while the agent speaks as well, and while its model fails', async () => {
		await agent.start({ n8nAgent: { firstMessage: 'Hello.', maxDuration: 3 } });
		model.script([{ text: 'I have so much to tell. '.repeat(20) }, { text: 'Our time is up, goodbye.' }]);
		await agent.tell('Tell me all.');
		expect((await agent.listen(9)).ended).toBe(true);
		await agent.stop();
		await agent.start({ n8nAgent: { firstMessage: 'Hello.', maxDuration: 2 } });
		model.script([null, null, null]);
		expect((await agent.listen(30)).ended).toBe(true);
	});
});

describe('The clock', () => {
	interface Day {
		date: string;
		weekday: string;
		offset: string;
	}

	it.each([
		// In UTC, it's the next day already.
		['America/New_York', '2026-12-03T00:00:00+00:00', '2026-12-03T09:00-05:00', 'Thursday'],
		// Clocks change that night.
		['Europe/Berlin', '2026-03-28T18:00:00+00:00', '2026-03-29T09:00+02:00', 'Sunday'],
		['Pacific/Auckland', '2026-09-26T07:00:00+00:00', '2026-09-27T09:00+13:00', 'Sunday'],
		['Asia/Kolkata', '2026-12-31T13:30:00+00:00', '2027-01-01T09:00+05:30', 'Friday'],
	])('says in %s at 19:00 what "tomorrow at nine" is', async (timeZone, now, nine, weekday) => {
		let understood = '';
		await agent.start({ n8nAgent: { firstMessage: 'Hello.', timeZone } }, constants({ 'clock.now': now }));
		model.script([
			{ tool: 'current_time', arguments: {} },
			(request) => {
				const { now: said, coming_days } = JSON.parse(lastRead(request)) as {
					now: string;
					coming_days: Day[];
				};
				expect(said).toContain(`19:00 in ${timeZone}`);
				const [tomorrow] = coming_days;
				understood = `${tomorrow?.weekday} ${tomorrow?.date}T09:00${tomorrow?.offset}`;
				return { text: 'Nine it is.' };
			},
		]);
		expect(textOf(await agent.tell('Tomorrow at nine.'))).toBe('Nine it is.');
		expect(understood).toBe(`${weekday} ${nine}`);
		const [system] = model.requests[0]!.messages;
		expect(system?.content).toContain(`19:00 in ${timeZone} (UTC`);
		expect(system?.content).toMatch(/before you understand or say any date or time[^.]*use current_time/i);
	});

	it('names when clocks change next, and shows UTC where the zone is none', async () => {
		const moment = constants({ 'clock.now': '2026-12-03T00:00:00+00:00' });
		const answers: Record<string, unknown> = {};
		for (const timeZone of ['Europe/Berlin', 'Mars/Olympus', '../etc/passwd', undefined]) {
			await agent.start({ n8nAgent: { firstMessage: 'Hello.', timeZone } }, moment);
			const reads = (request: ModelRequest) => {
				answers[String(timeZone)] = JSON.parse(lastRead(request));
				return { text: 'Well.' };
			};
			model.script([{ tool: 'current_time', arguments: {} }, reads]);
			await agent.tell('What day is it?');
			await agent.stop();
		}
		const changes = [
			{ date: '2027-03-28', offset: '+02:00' },
			{ date: '2027-10-31', offset: '+01:00' },
		];
		expect(answers['Europe/Berlin']).toMatchObject({ today: '2026-12-03', offset_changes: changes });
		const utc = { now: 'Thursday, December 3, 2026, 00:00 in UTC (UTC+00:00)', offset_changes: [] };
		for (const zone of ['Mars/Olympus', '../etc/passwd', 'undefined'])
			expect(answers[zone]).toMatchObject(utc);
	});
});

it('Speech is recognized where the settings say', async () => {
	const settings = { firstMessage: 'Hello.', language: 'de' };
	expect((await heard(settings)).location).toBe('asia-south1');
	expect((await heard({ ...settings, speechLocation: 'europe-west3' })).location).toBe('europe-west3');
});

async function heard(n8nAgent: object): Promise<Record<string, unknown>> {
	await agent.start({ n8nAgent });
	model.script([{ text: 'Yes?' }]);
	const { hears } = await agent.tell('Hello?');
	await agent.stop();
	return hears!;
}

interface ToolServer {
	tool: object;
	/** Whether each request was a use of the tool, in their order. */
	uses: boolean[];
	close(): Promise<void>;
}

/** A tool that no one waits for but the agent. @param before what to wait for before each answer to a use */
async function startTool(
	before: () => Promise<unknown> = async () => undefined,
	redirectTo?: string,
): Promise<ToolServer> {
	const uses: boolean[] = [];
	const server = createServer((request, response) => {
		let body = '';
		request.on('data', (chunk: Buffer) => (body += String(chunk)));
		request.on('end', () => {
			const { id, method } = JSON.parse(body) as { id: number; method: string };
			const isUse = method === 'tools/call';
			uses.push(isUse);
			const entry = { name: 'find_order', description: 'Finds an order.', inputSchema: { type: 'object' } };
			const result = isUse
				? { content: [{ type: 'text', text: `Answer ${uses.filter(Boolean).length}` }] }
				: { tools: [entry] };
			if (isUse && redirectTo) return void response.writeHead(307, { location: redirectTo }).end();
			const answer = JSON.stringify({ jsonrpc: '2.0', id, result });
			void (isUse ? before() : Promise.resolve()).then(() =>
				response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
			);
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/a/mcp`;
	return {
		tool: { url, headers: { Authorization: 'Bearer key' }, timeout: 20 },
		uses,
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

describe('Tools', () => {
	const use = { tool: 'find_order', arguments: {} };
	const tellsWhatItReads = (request: ModelRequest) => ({ text: lastRead(request) });

	it('are ignored if they are none, and so is a task that is none', async () => {
		const server = await startTool();
		model.script([{ text: 'Hello.' }]);
		const n8nTools = [
			{ headers: {} },
			'tool',
			null,
			{ url: 17 },
			{ url: (server.tool as { url: string }).url },
		];
		const { tools, said } = await agent.start({ n8nTools, n8nAgent: 'x' });
		expect([tools.sort(), said.length]).toEqual([['current_time', 'end_call', 'find_order'], 1]);
		await agent.stop();
		model.script([{ text: 'Hello.' }]);
		expect((await agent.start({ n8nTools: 'x', n8nAgent: ['x'] })).tools).not.toContain('find_order');
		await server.close();
	});

	it('send no one elsewhere: what the person said stays with n8n', async () => {
		const elsewhere = await startTool();
		const server = await startTool(undefined, (elsewhere.tool as { url: string }).url);
		await agent.start({ n8nTools: [server.tool] });
		model.script([use, tellsWhatItReads]);
		expect(textOf(await agent.tell('Where is my order?'))).toContain("isn't possible");
		expect(elsewhere.uses).toEqual([]);
		await Promise.all([server.close(), elsewhere.close()]);
	});

	it('have a name that no line break can make two of', async () => {
		const server = await startTool();
		const { tools } = await agent.start({ n8nTools: [server.tool], sipCallFrom: 'Ada\r\nX-Call-To: 1' });
		expect(tools).toContain('find_order');
		await server.close();
	});

	it('give an interrupted answer for a minute, and then a new one', async () => {
		const server = await startTool(async () => await sleep(3_000));
		await agent.start({ n8nTools: [server.tool] }, constants({ 'n8n_tools.KEPT_S': 4 }));
		model.script([use, use, tellsWhatItReads, use, { text: 'Sorry?' }, use, tellsWhatItReads]);
		expect(textOf(await agent.tell('Where is my order?', 'Are you there?'))).toContain('Answer 1');
		expect(server.uses.filter(Boolean)).toHaveLength(1);
		await agent.tell('And now?', 'Are you there?');
		await sleep(9_000);
		expect(textOf(await agent.tell('And now?'))).toContain('Answer 3');
		await server.close();
	});
});

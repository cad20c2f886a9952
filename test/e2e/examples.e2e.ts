import type { Row } from '../n8n/dataTables';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { isFinal, outputOf } from '../n8n/rest';
import { CALL_NUMBERS } from '../simulator';
import { ANSWER, SAMPLE_SUMMARY } from '../simulator/transcriptText';
import { EXAMPLES } from '../start/examples';
import { inDays, TABLES } from '../start/tables';
import { mostAtOnce } from './atOnce';
import { runByHand, untilWaiting } from './deliveries';
import { ExamplesStage } from './examplesStage';
import { actionNode, inMode } from './nodes';

/** n8n ignores the clicks of programs. */
const BROWSER =
	'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
const TEAM = ['team@example.com'];
const ADA = '+14155550123';
const GRACE = '+14155550124';
const OUR_NUMBER = '+15550102001';
const TRANSCRIPT = 'Agent: Hello, this is the café. How can I help?';

interface BinaryFile {
	/** Where the file is. */
	id: string;
}

describe('The examples, as npm start imports them into n8n', () => {
	const tested = new Set<string>();
	let stage: ExamplesStage;

	beforeAll(async () => {
		stage = await ExamplesStage.start();
	});

	afterAll(async () => await stage?.stop());

	/** Declares the test that runs some examples. */
	function run(files: string[], body: (file: string) => Promise<void>): void {
		for (const file of files) tested.add(file);
		it(`${files.join(', ')}: run, and do what they say`, async () => await body(files[0]!));
	}

	/** How many there were before the test. */
	const before = { calls: 0, sessions: 0 };
	beforeEach(() => {
		stage.target.mailbox.mails.length = 0;
		before.calls = stage.simulator.calls.size;
		before.sessions = stage.simulator.sessions.size;
	});
	const refuseOnce = (path: RegExp, message = 'Not allowed') =>
		stage.simulator.addFault({
			match: { path, method: 'POST' },
			kind: 'status',
			status: 403,
			body: { message },
		});
	const calls = () => [...stage.simulator.calls.values()].slice(before.calls);
	const sessions = () => [...stage.simulator.sessions.values()].slice(before.sessions);

	run(['call-extract-crm.json'], async (file) => {
		const contacts = stage.table('Contacts');
		const execution = await stage.press(file);
		const [call] = outputOf(execution, 'Make call and wait');
		expect(stage.simulator.calls.get(String(call?.callId))).toMatchObject({
			to: ADA,
			from: OUR_NUMBER,
			metadata: { customer: 'Ada Lovelace' },
			maxCallDuration: 600,
			roomId: call?.roomId,
		});
		// The model reads what was said, and nothing of a call that wasn't answered.
		expect(stage.model.requests.map(({ messages }) => messages.at(-1)?.content)).toEqual([
			expect.stringContaining("Agent: Hello Ada Lovelace, this is the café's AI assistant."),
		]);
		expect(await contacts.rows()).toMatchObject([
			{
				name: 'Ada Lovelace',
				outcome: 'answered',
				summary: SAMPLE_SUMMARY,
				interest: 'A table at eight',
				people: 2,
				callBack: false,
			},
			{ name: 'Grace Hopper', outcome: 'noAnswer', interest: null, people: null, callBack: null },
		]);
		await stage.press(file);
		expect(calls()).toHaveLength(2);
	});

	run(['reminder.json'], async (file) => {
		const { n8n, simulator } = stage;
		const bookings = stage.table('Bookings');
		const heard = { decision: 'move', newTime: '2099-06-01T15:00:00-04:00' };
		Object.assign(simulator.heard, heard);
		simulator.setCallBehaviour({ talkMs: null }, ADA);
		const executionId = await n8n.rest.startWorkflow(stage.workflow(file).id);
		// What Ada wants is saved while she is still on the phone.
		const decided = async () => (await bookings.rows())[0]?.status === 'move';
		await waitFor('the decision', decided);
		const [{ callId, end } = { callId: '' }] = calls();
		expect(end).toBeNull();
		await simulator.moveCall(callId, 'ended');
		await n8n.rest.untilEnded(executionId);
		simulator.setCallBehaviour({ ringForMs: 300, talkMs: 1_000 }, ADA);
		// Only tomorrow's.
		expect(await bookings.rows()).toMatchObject([
			{ status: 'move', newTime: '2099-06-01T19:00:00.000Z', summary: ANSWER.summary },
			{ status: 'no response (noAnswer)', newTime: null },
			{ status: null },
		]);
		for (const name of Object.keys(heard)) delete simulator.heard[name];

		// No one is called twice about the same appointment.
		await bookings.change('name', 'Ada Lovelace', { status: null });
		await stage.press(file);
		expect(calls()).toHaveLength(2);
		expect((await bookings.rows())[0]).toMatchObject({ status: null, summary: ANSWER.summary });
	});

	run(['test-without-calling.json'], async (file) => {
		const { rest } = stage.n8n;
		const contacts = stage.table('Contacts');
		for (const name of ['Ada Lovelace', 'Grace Hopper'])
			await contacts.change('name', name, { outcome: null });
		const rows = await contacts.rows();
		const request = { body: { sipCallTo: ADA, metadata: { customer: 'Ada' } } };
		expect(await stage.pressFor(file, 'Make call and wait')).toMatchObject([
			{ outcome: 'notCalled', reasonCode: 'dryRun', request },
			{ outcome: 'notCalled', reasonCode: 'dryRun' },
		]);
		expect(await contacts.rows()).toEqual(rows);

		const runs = `/workflows/${stage.workflow(file).id}/test-runs`;
		await rest.call('POST', `${runs}/new`, {});
		const evaluated = await waitFor('the evaluation', async () => {
			const [run] = await rest.call<Array<{ status: string; metrics: object }>>('GET', runs);
			return run && !['new', 'running'].includes(run.status) && run;
		});
		expect(evaluated).toMatchObject({ status: 'completed', metrics: { rightNumber: 1, rightName: 1 } });
		const cases = await rest.call<object[]>('GET', `${runs}/${(evaluated as { id?: string }).id}/test-cases`);
		expect(cases).toHaveLength(TABLES['Test cases']!.rows.length);
		for (const one of cases) expect(one).toMatchObject({ status: 'success' });
		expect(calls()).toEqual([]);
	});

	run(['form-call-summary.json'], async (file) => {
		const form = stage.workflow(file).nodes.find(({ type }) => type.endsWith('.formTrigger'));
		const url = `${stage.n8n.url}/form/${form?.webhookId}`;
		const submit = async (name: string, number: string) => {
			const body = new FormData();
			body.set('field-0', name);
			body.set('field-1', number);
			expect((await fetch(url, { method: 'POST', body })).status).toBe(200);
		};
		await stage.whilePublished(file, async () => {
			const page = await waitFor('the form', async () => {
				const answer = await fetch(url);
				return answer.ok && (await answer.text());
			});
			expect(page).toMatch(/Want us to call you\?[^]*recorded/);
			await submit('Ada Lovelace', '+14155550142');
			const mail = await stage.nextMail();
			expect(mail).toMatchObject({ to: TEAM, subject: 'Call with Ada Lovelace' });
			const firstWords = 'Agent: Hello Ada Lovelace, this is the AI assistant you asked to call you.';
			for (const text of ['Ada Lovelace, +14155550142', ANSWER.summary, firstWords])
				expect(mail.text).toContain(text);
			await submit('Ada Lovelace', '+1 415 555-0142');
			expect(await stage.nextMail()).toMatchObject({
				text: expect.stringContaining('Last known outcome: notCalled: Called on '),
			});
			expect(calls()).toMatchObject([{ to: '+14155550142', metadata: { customer: 'Ada Lovelace' } }]);

			await submit('Grace Hopper', CALL_NUMBERS.busy);
			expect(await stage.nextMail()).toMatchObject({
				subject: 'No summary: Grace Hopper',
				text: expect.stringContaining('Last known outcome: noAnswer'),
			});
			await submit('Alan Turing', '555');
			expect(await stage.nextMail()).toMatchObject({
				subject: 'No summary: Alan Turing',
				text: expect.stringContaining("Last known outcome: notCalled: 'To'"),
			});
		});
	});

	run(['receptionist-agent.json', 'receptionist.json'], async (file) => {
		const { simulator } = stage;
		const slots = stage.table('Slots');
		expect(await stage.pressFor(file, 'Set agent')).toMatchObject([{ numbers: [OUR_NUMBER] }]);
		const ring = (from: string) => simulator.incomingCall({ to: OUR_NUMBER, from });

		simulator.heard.name = 'Ada Lovelace';
		const { callId } = ring(ADA);
		const found = await stage.toolUse(callId, 'find_free_slots');
		expect(found.answer).toMatch(/"slot":"1","start":"\w+, \w+ \d+, at \d\d:00".*"slot":"2"/);
		const booked = { answer: 'The slot is booked for Ada Lovelace.', isError: false };
		expect(await stage.toolUse(callId, 'book_slot')).toMatchObject(booked);
		delete simulator.heard.name;
		expect(await slots.rows()).toMatchObject([
			{ name: 'Ada Lovelace', phone: ADA, callId },
			{ name: null, callId: null },
		]);

		// Of two agents that want the other slot at once, one gets it.
		const other = ring(GRACE).callId;
		const book = async (slot: string) => await stage.askAsAgent(other, 1, { slot, name: 'Grace Hopper' });
		await stage.toolUse(other, 'book_slot');
		for (const taken of ['1', 'none is free'])
			expect(await book(taken)).toMatch(/^Error: This slot is not free/);
		await slots.change('phone', GRACE, { name: null, phone: null, callId: null });
		const answers = await Promise.all([book('2'), book('2')]);
		expect(answers.filter((answer) => answer === 'The slot is booked for Grace Hopper.')).toHaveLength(1);
		expect(await stage.askAsAgent(other, 0, {})).toBe(JSON.stringify({ slot: 'none is free' }));
	});

	run(['renew-the-agent.json'], async (file) => {
		const { cloud, telephony } = stage.simulator;
		const setup = { credentialId: stage.imported.credential.id };
		const rule = telephony.routingRules.find(({ id }) => id === 'rule_out_01')!;
		const { agentId } = rule;
		const deploy = async (tokenValidFor: number) => {
			const parameters = { resource: 'agent', operation: 'deploy', options: { tokenValidFor } };
			const [output] = outputOf(
				await runByHand(stage.n8n, actionNode(setup, 'Deploy', parameters)),
				'Deploy',
			);
			rule.agentId = String(output?.agentId);
		};
		await deploy(20);
		const builds = cloud.builds.size;
		await stage.press(file);
		expect(cloud.builds.size).toBe(builds);

		await deploy(10);
		const [output] = await stage.pressFor(file, 'Deploy agent');
		expect(output).toMatchObject({ agentId: rule.agentId, stillActive: [] });
		expect(cloud.builds.size).toBe(builds + 2);
		expect(Date.parse(String(output?.tokenExpiresAt)) - Date.now()).toBeGreaterThan(364 * 86_400_000);
		rule.agentId = agentId;
	});

	run(['escalation.json'], async (file) => {
		const { n8n, simulator } = stage;
		const incidents = stage.table('Incidents');
		const numbers = TABLES['On call']!.rows.map(({ phone }) => phone);
		await stage.press(file);
		const log = (...lines: string[]) =>
			expect.stringMatching(
				new RegExp(`^${lines.map((line) => `\\d\\d:\\d\\d ${line}\\n`).join('')}$`),
			) as string;
		const others = ['Ada Lovelace: no response \\(noAnswer\\)', "Grace Hopper: no, That doesn't suit me."];
		expect(await incidents.rows()).toMatchObject([
			{
				what: 'This is only a test',
				status: 'acknowledged',
				acknowledgedBy: 'Alan Turing',
				log: log(...others, 'Alan Turing: yes'),
			},
		]);
		expect(calls().map(({ to }) => to)).toEqual(numbers);

		// From the monitoring, and everyone on call is asked twice.
		const heard = { approved: false, comment: 'on a plane' };
		Object.assign(simulator.heard, heard);
		await stage.enter(file, 'Wait before the next round', { amount: 1, unit: 'seconds' });
		await stage.whilePublished(file, async () => {
			const what = 'The website is down';
			await waitFor('the webhook', async () => (await n8n.rest.triggerByWebhook('alert', { what })).ok);
			expect(await stage.nextMail()).toMatchObject({
				to: TEAM,
				subject: 'No one has taken care of: The website is down',
				text: expect.stringContaining('Alan Turing: no, on a plane'),
			});
		});
		for (const name of Object.keys(heard)) delete simulator.heard[name];
		const round = [...others, 'Alan Turing: no, on a plane'];
		expect((await incidents.rows())[1]).toMatchObject({
			what: 'The website is down',
			status: 'no one',
			acknowledgedBy: null,
			log: log(...round, ...round),
		});
		expect(calls().map(({ to }) => to)).toEqual([...numbers, ...numbers, ...numbers]);
	});

	run(['callback-queue.json'], async (file) => {
		const { simulator } = stage;
		const table = stage.table('Calls to make');
		await table.change('status', 'to call', { status: 'not now' });
		const missed = async (from: string) => {
			const { callId } = simulator.incomingCall({ to: OUR_NUMBER, from }, false);
			await simulator.moveCall(callId, 'missed');
		};
		await stage.whilePublished(file, async () => {
			await waitFor('the registration', async () => [...simulator.callWebhooks.values()].at(-1));
			for (const from of [GRACE, 'anonymous', GRACE]) await missed(from);
			await stage.runsOf(file, 3);
		});
		const rows = async () => (await table.rows()).filter(({ phone }) => phone === GRACE);
		const question = 'You called us and we missed it. How can we help?';
		expect(await rows()).toMatchObject([{ question, status: 'to call', attempts: 0 }]);
		expect(await table.rows()).toHaveLength(TABLES['Calls to make']!.rows.length + 1);
		await stage.press('calls-from-a-table.json');
		expect(await rows()).toMatchObject([{ status: 'done', outcome: 'answered' }]);
		expect(calls().filter(({ type }) => type === 'outbound')).toMatchObject([
			{ to: GRACE, metadata: { question } },
		]);
		await table.remove('phone', GRACE);
		await table.change('status', 'not now', { status: 'to call' });
	});

	it('calls-from-a-table.json: calls later if the hours end before the call', async () => {
		const [file, node] = ['calls-from-a-table.json', 'Make call and wait'];
		const table = stage.table('Calls to make');
		await table.change('status', 'to call', { status: 'not now' });
		await table.add([{ name: 'late', phone: '+14155550190', status: 'to call' }]);
		const { nodes } = await stage.n8n.rest.getWorkflow(stage.workflow(file).id);
		const { options } = nodes.find(({ name }) => name === node)!.parameters;
		const days = [((new Date().getUTCDay() + 2) % 7) + 1];
		const hours = { days, from: '09:00', to: '10:00', timeZone: 'UTC' };
		await stage.enter(file, node, { options: { ...(options as object), callingHours: { hours } } });
		const [call] = await stage.pressFor(file, node);
		const nextCall = new Date(String(call?.callableFrom)).toISOString();
		expect((await table.rows()).at(-1)).toMatchObject({ status: 'to call', attempts: 0, nextCall });
		expect(calls()).toEqual([]);
		await stage.enter(file, node, { options });
		await table.remove('name', 'late');
		await table.change('status', 'not now', { status: 'to call' });
	});

	it.each(['Stop', 'the end of n8n'])(
		'calls-from-a-table.json: goes on after %s, also a day later, and calls no one twice',
		async (what) => {
			const [file, { n8n, simulator }] = ['calls-from-a-table.json', stage];
			const table = stage.table('Calls to make');
			await table.change('status', 'to call', { status: 'not now' });
			for (const hours of [1, 25]) {
				const first = `+14155${what.length}${hours}`.padEnd(11, '0');
				const phones: [string, string, string] = [`${first}1`, `${first}2`, `${first}3`];
				const [answers, misses, uncalled] = phones;
				const callsTo = (phone: string) => calls().filter(({ to }) => to === phone);
				const rows = async () => (await table.rows()).filter(({ phone }) => phones.includes(String(phone)));

				const status = 'to call';
				await table.add([answers, misses].map((phone) => ({ name: 'left behind', phone, status })));
				for (const phone of [answers, misses]) simulator.setCallBehaviour({ ringForMs: null }, phone);
				// n8n ended before this call.
				const claimed = { status: 'calling', outcome: 'calling in execution 0', attempts: 1 };
				const lastCall = new Date().toISOString();
				await table.add([{ name: 'left behind', phone: uncalled, lastCall, ...claimed }]);
				// The others are on the phone when it ends: it waits for them, or for VideoSDK's answers.
				const isKilled = what !== 'Stop';
				const post = { match: { method: 'POST', path: /\/call$/, times: 2 } };
				if (isKilled) simulator.addFault({ ...post, kind: 'hang' });
				const executionId = await n8n.rest.startWorkflow(stage.workflow(file).id);
				await waitFor('both calls', async () => callsTo(answers).length + callsTo(misses).length === 2);
				if (isKilled) {
					await n8n.kill();
					await n8n.restart();
				} else {
					await untilWaiting(n8n, executionId);
					await n8n.rest.call('POST', `/executions/${executionId}/stop`);
				}
				for (const [phone, end] of [
					[answers, 'ended'],
					[misses, 'missed'],
				] as const) {
					const { callId } = callsTo(phone)[0]!;
					if (end === 'ended') await simulator.moveCall(callId, 'answered');
					await simulator.moveCall(callId, end);
				}

				// They may still be on the phone.
				await stage.press(file);
				expect((await rows()).map((row) => row.status)).toEqual(['calling', 'calling', 'calling']);
				const then = new Date(Date.now() - hours * 3_600_000).toISOString();
				await table.change('status', 'calling', { lastCall: then });
				await Promise.all([stage.press(file), stage.press(file)]);
				expect(await rows()).toMatchObject([
					{ status: 'done', outcome: 'answered', attempts: 1 },
					{ status: 'to call', outcome: 'noAnswer', attempts: 1, nextCall: expect.any(String) },
					{ status: 'done', outcome: 'answered', attempts: 1 },
				]);
				expect(phones.map((phone) => callsTo(phone).length)).toEqual([1, 1, 1]);
				await table.remove('name', 'left behind');
			}
			await table.change('status', 'not now', { status: 'to call' });
		},
	);

	run(['calls-on-several-lines.json'], async (file) => {
		const [table, doNotCall] = [stage.table('Calls to make'), stage.table('Do not call')];
		await table.change('status', 'to call', { status: 'not now' });
		const before = await table.rows();
		const status = 'to call';
		const phones = Array.from({ length: 8 }, (_, index) => `+1415555700${index}`);
		// No other example has called it: the option Not Called Within looks.
		const missed = '+14155557200';
		stage.simulator.setCallBehaviour({ outcome: 'missed', ringForMs: 0 }, missed);
		await table.add([
			...phones.map((phone) => ({ name: phone, phone, status })),
			{ name: 'missed', phone: missed, status },
			{ name: 'wrong', phone: 'unknown', status },
			{ name: 'twice', phone: '+1 (415) 555-7000', status },
			{ name: 'unwanted', phone: '+1 415 555 7100', status },
			{ name: 'later', phone: '+14155557101', status, nextCall: inDays(1) },
			{ name: 'left behind', phone: '+14155557102', status: 'calling', lastCall: inDays(-1) },
		]);
		await doNotCall.add([{ phone: '415-555-7100' }]);
		const { rest } = stage.n8n;
		const { id } = stage.workflow(file);
		const setLines = async (lines: number) => {
			await stage.set(file, 'lines', lines);
			await rest.activate(id);
		};
		await setLines(3);

		const rowOf = async (name: string) => (await table.rows()).find((row) => row.name === name);
		/** A line begins its next execution before its own ends, so that the last one to end is the end of all. */
		const untilLinesEnd = async () =>
			await waitFor(
				'the end of all lines',
				async () => (await rest.listExecutions({ workflowId: id })).every(isFinal),
				120_000,
			);
		await stage.press(file);
		// While three people are called, a second press begins no line.
		await waitFor('three calls', async () => calls().length >= 3);
		await stage.press(file);
		await untilLinesEnd();
		expect(
			calls()
				.map(({ to }) => to)
				.sort(),
		).toEqual([...phones, missed].sort());
		expect(mostAtOnce(calls())).toBe(3);
		for (const phone of phones) {
			expect(await rowOf(phone)).toMatchObject({ status: 'done', outcome: 'answered', attempts: 1 });
		}
		expect(await rowOf('missed')).toMatchObject({ status, outcome: 'noAnswer', attempts: 1 });
		expect(Date.parse(String((await rowOf('missed'))?.nextCall)) - Date.now()).toBeGreaterThan(3 * 3_600_000);
		const outcome = (text: string): unknown => expect.stringContaining(text);
		expect(await rowOf('wrong')).toMatchObject({ status: 'check', outcome: outcome("notCalled: 'To'") });
		expect(await rowOf('twice')).toMatchObject({ status: 'check', outcome: outcome('notCalled: Called on') });
		expect(await rowOf('unwanted')).toMatchObject({ status: 'do not call' });
		expect(await rowOf('later')).toMatchObject({ status, attempts: null });
		expect(await rowOf('left behind')).toMatchObject({ status: 'check', outcome: outcome('was stopped') });

		// A line ends when VideoSDK refuses, and the row can be called: executed again, the others go on.
		await table.add(['a', 'b', 'c'].map((name, index) => ({ name, phone: `+1415555740${index}`, status })));
		await setLines(1);
		refuseOnce(/call$/);
		await stage.press(file);
		await waitFor('the refusal', async () => /Not allowed/.test(String((await rowOf('a'))?.outcome)));
		expect(await rowOf('a')).toMatchObject({ status, attempts: 0 });
		await stage.press(file);
		await untilLinesEnd();
		for (const name of ['a', 'b', 'c']) expect(await rowOf(name)).toMatchObject({ status: 'done' });

		// Who is to be called back soon is called later, though they were called just now.
		await table.change('name', 'a', { status, nextCall: inDays(-1) });
		await stage.press(file);
		await untilLinesEnd();
		expect(await rowOf('a')).toMatchObject({ status, attempts: 1, outcome: outcome('notCalled: Called on') });

		// The stop counts for lines that are under way.
		for (const name of ['a', 'b', 'c']) await table.remove('name', name);
		await table.add(['d', 'e'].map((name, index) => ({ name, phone: `+1415555730${index}`, status })));
		stage.simulator.setCallBehaviour({ ringForMs: null }, '+14155557300');
		const callsBefore = calls().length;
		await stage.press(file);
		const [call] = await waitFor(
			'the call',
			async () => calls().length > callsBefore && calls().slice(callsBefore),
		);
		await doNotCall.add([{ phone: 'everyone' }]);
		for (const state of ['answered', 'ended'] as const) await stage.simulator.moveCall(call!.callId, state);
		await untilLinesEnd();
		expect(await rowOf('d')).toMatchObject({ status: 'done' });
		expect(await rowOf('e')).toMatchObject({ status });
		expect(calls()).toHaveLength(callsBefore + 1);

		// A line whose row was given up, and counts as free, makes no other call.
		await doNotCall.remove('phone', 'everyone');
		await table.change('name', 'd', { status, nextCall: inDays(-1), attempts: 0, phone: '+14155557302' });
		stage.simulator.setCallBehaviour({ ringForMs: null }, '+14155557302');
		await table.change('name', 'e', { status: 'not yet' });
		await stage.press(file);
		const given = await waitFor('the call', async () => calls()[callsBefore + 1]);
		await table.change('name', 'd', { status: 'check', outcome: 'given up' });
		await table.change('name', 'e', { status });
		const { id: lineId } = (await rest.listExecutions({ workflowId: id })).reduce((one, other) =>
			Number(one.id) > Number(other.id) ? one : other,
		);
		for (const state of ['answered', 'ended'] as const) await stage.simulator.moveCall(given.callId, state);
		await rest.untilEnded(lineId);
		expect(await rowOf('d')).toMatchObject({ status: 'check', outcome: 'given up' });
		expect(calls()).toHaveLength(callsBefore + 2);

		await rest.deactivate(id);
		const names = before.map(({ name }) => name);
		const added = (await table.rows()).filter(({ name }) => !names.includes(name));
		for (const { name } of added) await table.remove('name', String(name));
		for (const { phone } of await doNotCall.rows()) await doNotCall.remove('phone', String(phone));
		await table.change('status', 'not now', { status: 'to call' });
	});

	run(['calls-from-a-table.json', 'calls-from-a-table-tool.json'], async (file) => {
		const [table, doNotCall] = [stage.table('Calls to make'), stage.table('Do not call')];
		const { heard } = stage.simulator;
		const rows = async () =>
			(await table.rows()).map(({ name, status, outcome, answer, attempts }) =>
				[name, status, outcome, answer, attempts].join('|'),
			);
		const rowOf = async (name: string) => (await table.rows()).find((row) => row.name === name)!;
		const press = async () => {
			const execution = await stage.press(file);
			const reasons = outputOf(execution, 'Say why not now').map(({ reason }) => String(reason));
			return { rows: await rows(), reasons };
		};
		const again = async (name: string, more: Row = {}) => {
			await table.change('name', name, { status: 'to call', nextCall: null, ...more });
			return await press();
		};
		/** Calls Ada, of whose call the agent saves this. */
		const hear = async (saved: object, more: Row = { attempts: 0 }) => {
			Object.assign(heard, saved);
			await again('Ada Lovelace', more);
			for (const name of Object.keys(saved)) delete heard[name];
			return await rowOf('Ada Lovelace');
		};

		const pressedAtMs = Date.now();
		expect((await press()).rows).toEqual([
			'Ada Lovelace|done|answered|Yes, in the morning|1',
			'Grace Hopper|to call|noAnswer||1',
			'Alan Turing|done|rejected||1',
			expect.stringMatching(/^Edsger Dijkstra\|check\|notCalled: 'To' .*\|\|1$/),
		]);
		expect(await rowOf('Ada Lovelace')).toMatchObject({ agreed: true, summary: ANSWER.summary });
		expect((await rowOf('Grace Hopper')).summary).toBe("The call wasn't answered.");
		const question = 'Does Monday suit you?';
		expect(calls().map(({ to, metadata }) => [to, metadata.question])).toEqual(
			expect.arrayContaining([ADA, CALL_NUMBERS.missed, CALL_NUMBERS.rejected].map((to) => [to, question])),
		);
		expect(calls()).toHaveLength(3);

		// Again after four hours, until the third attempt.
		expect(Date.parse(String((await rowOf('Grace Hopper')).nextCall)) - pressedAtMs).toBeGreaterThanOrEqual(
			4 * 3_600_000,
		);
		expect((await press()).reasons).toEqual([expect.stringMatching(/^The next call is planned for 20/)]);
		expect((await again('Grace Hopper', { attempts: 2 })).rows[1]).toBe('Grace Hopper|done|noAnswer||3');
		expect((await press()).reasons).toEqual(["No row has the status 'to call'."]);
		expect(calls()).toHaveLength(4);

		// What the agent tells: voicemail, and a time, which counts even after the last attempt.
		expect(await hear({ voicemail: true })).toMatchObject({ status: 'to call', voicemail: true });
		const localTime = '2099-06-01T15:00';
		expect(await hear({ callBackAt: localTime }, { attempts: 7 })).toMatchObject({
			status: 'to call',
			nextCall: '2099-06-01T19:00:00.000Z',
		});
		// A time in the past isn't saved.
		expect(await hear({ callBackAt: '2026-01-01' })).toMatchObject({ status: 'done', callBackAt: null });
		expect(stage.simulator.toolUses.at(-1)).toMatchObject({ isError: true });

		// No one who has asked not to be called, whatever else is heard, and no one at all.
		expect(await hear({ doNotCall: true, callBackAt: 'never' })).toMatchObject({ status: 'do not call' });
		expect(await doNotCall.rows()).toMatchObject([{ phone: ADA }]);
		expect(calls()).toHaveLength(8);
		// What a save doesn't name stays, and so does the wish.
		for (const input of [{ callBackAt: localTime }, { doNotCall: false }]) {
			await stage.askAsAgent(calls().at(-1)!.callId, 0, input);
		}
		expect(await rowOf('Ada Lovelace')).toMatchObject({
			agreed: true,
			answer: 'Yes, in the morning',
			doNotCall: true,
			callBackAt: '2099-06-01T19:00:00.000Z',
		});
		// But who answers after all needs no other call.
		await stage.askAsAgent(calls().at(-1)!.callId, 0, { agreed: false });
		expect(await rowOf('Ada Lovelace')).toMatchObject({ agreed: false, callBackAt: null });
		const asWritten = '(415) 555-0123 ';
		await doNotCall.change('phone', ADA, { phone: asWritten });
		await again('Ada Lovelace');
		expect(await rowOf('Ada Lovelace')).toMatchObject({
			status: 'do not call',
			outcome: 'The number is in Do not call',
		});
		await doNotCall.change('phone', asWritten, { phone: 'Everyone ' });
		expect((await again('Ada Lovelace')).reasons).toEqual(["'everyone' is in Do not call."]);
		expect(calls()).toHaveLength(8);
		await doNotCall.change('phone', 'Everyone ', { phone: GRACE });

		// Twice at the same instant: n8n gives the row to both, but only one has claimed it.
		await Promise.all([press(), press()]);
		expect(calls()).toHaveLength(9);

		// Neither beyond the calls of a day, nor outside the hours.
		for (const [setting, value, open, reason] of [
			['callsADay', 9, 100, /^As many calls as allowed/],
			['to', '00:00', '24:00', /^It's \w{3} \d\d:\d\d in America\/New_York/],
		] as const) {
			await stage.set(file, setting, value);
			expect((await again('Ada Lovelace')).reasons).toEqual([expect.stringMatching(reason)]);
			await stage.set(file, setting, open);
		}

		// What the user enters while the phone rings stays. Ada is called, too.
		const phone = '+14155550199';
		stage.simulator.setCallBehaviour({ ringForMs: null }, phone);
		const pressed = again('Grace Hopper', { phone, attempts: 0 });
		const ringing = await waitFor('the call', async () => calls().find(({ to }) => to === phone));
		await table.change('name', 'Grace Hopper', { status: 'do not call' });
		await stage.simulator.moveCall(ringing.callId, 'missed');
		expect((await pressed).rows[1]).toBe('Grace Hopper|do not call|noAnswer||1');
		await table.change('name', 'Grace Hopper', { status: 'to call', nextCall: null });

		// A wish not to be called counts, though the row is gone.
		await table.remove('name', 'Alan Turing');
		const turing = calls().find(({ to }) => to === CALL_NUMBERS.rejected)!;
		await stage.askAsAgent(turing.callId, 0, { doNotCall: true });
		expect(await doNotCall.rows()).toMatchObject([{ phone: GRACE }, { phone: turing.to }]);

		// With a column missing, it fails before anyone is called.
		for (const column of ['summary', 'voicemail', 'outcome']) {
			await table.removeColumn(column);
			await expect(press()).rejects.toThrow();
		}
		expect(calls()).toHaveLength(11);
	});

	run(['ask-everyone-in-a-table.json'], async (file) => {
		const table = stage.table('Guests');
		// Who has the same phone as someone before is asked the next time.
		await table.change('name', 'Alan Turing', { phone: '+1 (415) 555-0123' });
		// Pressed twice: each person is still asked once.
		await Promise.all([stage.press(file), stage.press(file)]);
		// A press that comes a little later asks the third one, too, whose phone is then free.
		await waitFor('both calls', async () => calls().length >= 2);
		await stage.press(file);
		const asked = async () => {
			const rows = await table.rows();
			return rows.length > 0 &&
				rows.every(({ status }) => /^(done|no response \(noAnswer\))$/.test(String(status)))
				? rows
				: undefined;
		};
		expect(await waitFor('the answers', asked, 120_000)).toMatchObject([
			{ status: 'done', coming: true, guests: 2 },
			{ status: 'no response (noAnswer)', coming: null, guests: null },
			{ status: 'done', coming: true, guests: 2 },
		]);
		expect(calls()).toHaveLength(3);
	});

	run(['hand-over-to-a-colleague.json'], async (file) => {
		await stage.whilePublished(file, async ([url]) => {
			const { simulator, imported } = stage;
			const make = actionNode({ credentialId: imported.credential.id }, 'Make', {
				resource: 'call',
				operation: 'make',
				to: GRACE,
				routingRuleId: 'rule_out_01',
				from: OUR_NUMBER,
				agentTools: { tools: [{ tool: inMode('url', url!) }] },
			});
			const handOverOf = async () => {
				const [made] = outputOf(await runByHand(stage.n8n, make), 'Make');
				const callId = String(made?.callId);
				return { callId, use: await stage.toolUse(callId, 'hand_over') };
			};
			const { callId, use } = await handOverOf();
			expect(use).toMatchObject({ isError: false });
			expect(simulator.requests.filter(({ path }) => path.endsWith('/call/transfer'))).toMatchObject([
				{ body: { callId, transferTo: ADA } },
			]);
			refuseOnce(/transfer$/);
			expect((await handOverOf()).use).toMatchObject({
				isError: true,
				answer: expect.stringContaining('have a colleague call back'),
			});
		});
	});

	run(['stop-all-calls.json'], async (file) => {
		const { simulator } = stage;
		const areOver = () => [...simulator.calls.values()].every(({ end }) => end !== null);
		await waitFor('the calls of other examples to end', async () => areOver());
		const begin = (from: string) =>
			simulator.incomingCall({ to: OUR_NUMBER, from }, { ringForMs: 0, talkMs: null });
		const running = [begin(ADA), begin(GRACE)];
		const hungUp = await stage.pressFor(file, 'Hang up');
		expect(hungUp.map(({ callId }) => callId).sort()).toEqual(running.map(({ callId }) => callId).sort());
		for (const { end } of running) expect(end).not.toBeNull();
		expect(await stage.pressFor(file, 'No call is running')).toHaveLength(1);

		// A call that goes on must not look as if it had been stopped.
		const [kept, ended] = [begin(ADA), begin(GRACE)];
		refuseOnce(/end$/);
		await expect(stage.press(file)).rejects.toThrow();
		expect([kept, ended].filter(({ end }) => end === null)).toHaveLength(1);
		await stage.press(file);
		expect([kept, ended].filter(({ end }) => end === null)).toEqual([]);
	});

	run(['call-log.json'], async () => {
		const { simulator } = stage;
		const rows = async () =>
			(await stage.table('Call log').rows()).map(({ direction, from, to, outcome, ended, summary }) =>
				[direction, from, to, outcome, ended ? 'ended' : '', summary].join('|'),
			);
		await stage.whilePublished('call-log.json', async ([url]) => {
			// n8n takes deliveries before it lets the trigger register itself.
			await waitFor('the registration', async () => [...simulator.callWebhooks.values()].at(-1));
			const answered = simulator.incomingCall({ to: OUR_NUMBER, from: ADA }, false);
			await simulator.moveCall(answered.callId, 'answered');
			await simulator.moveCall(answered.callId, 'ended');
			await stage.runsOf('call-log.json', 1);
			const fields = { wish: 'a table for two', confirmed: true, party: { adults: 2 } };
			await simulator.sendCallSummary(url!, { fields, callId: answered.callId });
			await stage.runsOf('call-log.json', 2);
			// What is known stays, though n8n can't get the record for a later event.
			simulator.addFault({ match: { path: /sip\/call\// }, kind: 'status', status: 503 });
			await simulator.emitCall(answered.callId, 'call-transferred');
			await stage.runsOf('call-log.json', 3);
			const whole = `inbound|${ADA}|${OUR_NUMBER}|answered|ended|wish: a table for two, confirmed: true, party: {"adults":2}`;
			expect(await rows()).toEqual([whole]);

			const missed = simulator.incomingCall({ to: OUR_NUMBER, from: GRACE }, false);
			await simulator.moveCall(missed.callId, 'missed');
			expect(await stage.nextMail()).toMatchObject({
				to: TEAM,
				subject: `Missed call: ${GRACE} to ${OUR_NUMBER}`,
				text: expect.stringContaining(`A call from ${GRACE} to ${OUR_NUMBER} was missed at 20`),
			});
			expect(await rows()).toEqual([whole, `inbound|${GRACE}|${OUR_NUMBER}|noAnswer|ended|`]);
			expect(stage.target.mailbox.mails).toEqual([]);
		});
	});

	run(['order-status-by-phone.json', 'tool-access.json'], async () => {
		const [access] = await stage.pressFor('tool-access.json', 'Create access');
		const metadata = { n8nTools: access?.tools };
		const answerTo = async (from: string) => {
			const { callId } = stage.simulator.incomingCall({ to: OUR_NUMBER, from, metadata });
			const { answer, isError } = await stage.toolUse(callId, 'find_orders');
			expect(isError).toBe(false);
			return answer;
		};
		const ordersOf = (phone: string) =>
			TABLES.Orders!.rows.filter((row) => row.phone === phone).map(({ number }) => number);
		const inAnswer = (answer: string) =>
			[JSON.parse(answer) as { order: string } | Array<{ order: string }>].flat().map(({ order }) => order);
		for (const phone of [ADA, GRACE]) expect(inAnswer(await answerTo(phone))).toEqual(ordersOf(phone));
		expect(await answerTo('+14155550179')).toMatch(/^There are no orders/);
	});

	run(['appointment-by-phone.json', 'appointment-by-phone-tools.json'], async (file) => {
		const [times, appointments] = [stage.table('Times'), stage.table('Appointments')];
		const rows = async () => (await appointments.rows()).map(({ time }) => time ?? '-');
		const takenBy = async () =>
			(await times.rows()).map((row) => /^row (\d),/.exec(String(row.takenBy))?.[1] ?? '-');
		const [MONDAY, TUESDAY] = ['Monday, 10:00', 'Tuesday, 11:00'];
		const taken = /^Error: This time is not free/;
		/** Calls the next person, whose agent books the first free time. */
		const call = async () => {
			const [made] = await stage.pressFor(file, 'Make call');
			const callId = String(made?.callId);
			await stage.toolUse(callId, 'book_appointment');
			return callId;
		};

		// A person who can't be called isn't shown as called.
		refuseOnce(/call$/, 'No credit');
		await stage.press(file);
		expect(await appointments.rows()).toMatchObject([{ called: expect.stringContaining('No credit') }, {}]);
		await appointments.change('phone', ADA, { called: null });

		const forAda = await call();
		expect(await rows()).toEqual([MONDAY, '-']);
		expect(await stage.askAsAgent(forAda, 0, {})).toBe(JSON.stringify({ time: TUESDAY }));
		expect(await stage.askAsAgent(forAda, 1, { time: 'Sunday' })).toMatch(taken);
		// A model that was talked into somebody else's row. The earlier time is free again.
		const grace = { row: 2, id: 2, phone: GRACE };
		// An agent that missed the first answer books again.
		for (const input of [{ time: TUESDAY, ...grace, context: grace }, { time: TUESDAY }]) {
			expect(JSON.parse(await stage.askAsAgent(forAda, 1, input))).toEqual({ booked: TUESDAY });
		}
		expect([await rows(), await takenBy()]).toEqual([
			[TUESDAY, '-'],
			['-', '1'],
		]);

		// Twice at the same instant: only one execution claims the row.
		const executions = await Promise.all([stage.press(file), stage.press(file)]);
		const made = executions.flatMap((execution) => outputOf(execution, 'Make call'));
		expect(made).toHaveLength(1);
		const forGrace = String(made[0]?.callId);
		await stage.toolUse(forGrace, 'book_appointment');
		expect(await rows()).toEqual([TUESDAY, MONDAY]);
		expect(await stage.askAsAgent(forGrace, 0, {})).toBe(JSON.stringify({ time: 'none is free' }));
		expect(await stage.askAsAgent(forGrace, 1, { time: TUESDAY })).toMatch(taken);
		// Both agents want the same time at once.
		await times.change('time', TUESDAY, { takenBy: null });
		const answers = await Promise.all(
			[forAda, forGrace].map(async (callId) => await stage.askAsAgent(callId, 1, { time: TUESDAY })),
		);
		const winners = ['1', '2'].filter((_, index) => !taken.test(answers[index]!));
		expect(winners).toEqual([(await takenBy())[1]]);
		// An agent books two times at once: one of them counts.
		for (const time of [MONDAY, TUESDAY]) await times.change('time', time, { takenBy: null });
		await Promise.all([MONDAY, TUESDAY].map(async (time) => await stage.askAsAgent(forAda, 1, { time })));
		const [booked] = await rows();
		expect(await takenBy()).toEqual([MONDAY, TUESDAY].map((time) => (time === booked ? '1' : '-')));

		expect(await stage.pressFor(file, 'No one left to call')).toHaveLength(1);
	});

	/** n8n keeps files on disk. */
	async function contentOf({ id }: BinaryFile): Promise<string> {
		return await (await stage.n8n.rest.page(`/rest/binary-data?id=${id}&action=download`)).text();
	}

	run(['after-the-conversation.json'], async (file) => {
		await stage.whilePublished(file, async ([url]) => {
			// The other workflow, as the note describes it.
			const room = actionNode({ credentialId: stage.imported.credential.id }, 'Room', {
				resource: 'room',
				operation: 'create',
				recording: 'summarize',
				webhookUrl: inMode('list', url!),
				webhookEvents: ['recording-stopped'],
			});
			const roomId = String(outputOf(await runByHand(stage.n8n, room), 'Room')[0]?.roomId);
			// The file comes a moment later than the event.
			stage.simulator.addFault({ match: { path: /\.mp4$/ }, kind: 'status', status: 404 });
			stage.simulator.joinRoom(roomId, { participantId: 'ada' });
			stage.simulator.leaveRoom(roomId, 'ada');
			const [execution] = await stage.runsOf(file, 1);
			const fileOf = (node: string) => {
				const item = execution?.data.resultData.runData[node]?.at(-1)?.data?.main?.[0]?.[0];
				return (item?.binary as { data: BinaryFile }).data;
			};
			expect(fileOf('Download recording')).toMatchObject({
				fileName: expect.stringMatching(/\.mp4$/),
				mimeType: 'video/mp4',
			});
			const document = fileOf('Convert to file');
			expect(document).toMatchObject({ fileName: `transcript-${roomId}.txt`, mimeType: 'text/plain' });
			const text = await contentOf(document);
			const parts = [`Room ${roomId}, 20`, `Summary\n${SAMPLE_SUMMARY}`, `What was said\n${TRANSCRIPT}`];
			for (const part of parts) expect(text).toContain(part);

			// Without the recordings, there are still the transcripts.
			stage.simulator.addFault({ match: { path: /\.mp4$/, times: 6 }, kind: 'status', status: 403 });
			for (const participantId of ['grace', 'alan']) {
				stage.simulator.joinRoom(roomId, { participantId });
				stage.simulator.leaveRoom(roomId, participantId);
			}
			const runs = (await stage.runsOf(file, 3)).slice(1);
			const outputs = (node: string) => runs.flatMap((run) => outputOf(run, node));
			expect(outputs("Say why there's no recording")).toHaveLength(2);
			// Each transcript is of its own conversation, also where VideoSDK has several of the room.
			const ids = outputs('When a recording is ready').map(({ sessionId }) => sessionId);
			const written = outputs('Get transcription').map(({ sessionId }) => sessionId);
			expect(written).toEqual(ids.map((id) => expect.stringMatching(`${String(id)}$`) as string));
			expect(new Set(ids).size).toBe(2);
			expect(outputs('Convert to file')).toHaveLength(2);
		});
	});

	run(['start-and-react.json', 'start-and-react-events.json'], async () => {
		const [session] = await stage.pressFor('start-and-react.json', 'Start session');
		const sessionId = String(session?.sessionId);
		expect(stage.simulator.sessions.get(sessionId)).toMatchObject({
			env: { CUSTOMER_NAME: 'Ada Lovelace', LANGUAGE: 'en' },
			metaData: { customer: 'Ada Lovelace', ticket: '1042' },
		});
		const messages = (await stage.runsOf('start-and-react-events.json', 2)).flatMap((run) =>
			outputOf(run, 'Write a message').map(({ message }) => message),
		);
		expect(messages.sort()).toEqual([
			`Ticket 1042 (Ada Lovelace): session ${sessionId} has started`,
			`Ticket 1042 (Ada Lovelace): session ${sessionId} has stopped`,
		]);
	});

	run(['start-wait-and-branch.json'], async (file) => {
		expect(await stage.pressFor(file, 'Continue')).toEqual([
			{ message: expect.stringMatching(/^Session .* took \d+ seconds$/) },
		]);
		const executionId = await stage.n8n.rest.startWorkflow(stage.workflow(file).id);
		const { sessionId } = await waitFor('the session', async () => sessions()[1]);
		await stage.simulator.emit(sessionId, 'failed');
		expect(outputOf(await stage.n8n.rest.untilEnded(executionId), 'Say it failed')).toEqual([
			{ message: `Session ${sessionId} failed` },
		]);
	});

	run(['many-sessions-from-a-table.json'], async (file) => {
		// One of the rows cannot be started.
		refuseOnce(/start$/, 'No more sessions in your plan');
		// Twice at the same instant: each is started once.
		await Promise.all([stage.press(file), stage.press(file)]);
		const [{ sessionId, env } = { sessionId: '' }] = sessions();
		expect(await stage.table('Sessions to start').rows()).toMatchObject(
			['Ada Lovelace', 'Grace Hopper'].map((customer) =>
				customer === env?.CUSTOMER_NAME
					? { customer, status: 'completed', sessionId }
					: { customer, status: expect.stringContaining('No more sessions in your plan'), sessionId: null },
			),
		);
		expect(await stage.pressFor(file, 'No rows to start')).toHaveLength(1);
		expect(sessions()).toHaveLength(1);
	});

	run(['ai-agent-starts-sessions.json'], async () => {
		const { model } = stage;
		model.script([
			{
				tool: 'Start_session',
				arguments: { CUSTOMER_NAME: 'Ada Lovelace', Instructions: 'Ask whether her order has arrived.' },
			},
			{ text: 'The session is on its way.' },
		]);
		const executionId = await stage.chat('ai-agent-starts-sessions.json', 'Please start one with Ada.');
		const execution = await stage.n8n.rest.untilEnded(executionId, 'AI Agent');
		expect(outputOf(execution, 'AI Agent')).toEqual([{ output: 'The session is on its way.' }]);
		const [{ env } = {}] = sessions();
		expect(env).toMatchObject({ CUSTOMER_NAME: 'Ada Lovelace' });
		expect(JSON.parse(String(env?.N8N_AGENT))).toMatchObject({
			instructions: 'Ask whether her order has arrived.',
		});
		expect(JSON.stringify(model.requests[1]?.messages)).toContain(sessions()[0]?.sessionId);

		// As whoever types into the chat of `npm start` sees it.
		model.script([]);
		const typed = await stage.chat('ai-agent-starts-sessions.json', 'Please start one with Grace Hopper.');
		const [answer] = outputOf(await stage.n8n.rest.untilEnded(typed, 'AI Agent'), 'AI Agent');
		expect(answer?.output).toContain(`sessionId ${sessions().at(-1)?.sessionId}`);
		expect(sessions().at(-1)?.env).toMatchObject({ CUSTOMER_NAME: 'Grace Hopper' });
	});

	/** The address behind a button of the message in which a person is asked, of the last one. */
	function buttonOf(execution: Execution, label: string): string {
		const asked = JSON.stringify(execution.data.resultData.runData['Ask for approval']?.at(-1));
		const buttons = /"buttons":(\[.*?\])/.exec(asked)?.[1] ?? '[]';
		const links = JSON.parse(buttons) as Array<{ text: string; link: string }>;
		const link = links.find(({ text }) => text === label)?.link;
		if (!link) throw new Error(`There is no button "${label}" in ${asked}`);
		return link.replace('localhost', '127.0.0.1');
	}

	run(['ai-agent-phones-venues.json'], async (file) => {
		const { model, n8n, simulator } = stage;
		const [quiet, river] = TABLES.Venues!.rows.map(({ phone }) => String(phone)) as [string, string];
		const Message = 'Ask for a table for four, tomorrow at 19:00, under Lovelace.';
		const ask = (To: string) => ({
			tool: 'Ask_the_venue',
			arguments: { toolParameters: { To, Message }, hitlParameters: {} },
		});
		const toldOf = (index: number) => JSON.stringify(model.requests[index]?.messages.at(-1));
		const confirmed = { confirmed: true, note: 'At the window' };
		Object.assign(simulator.heard, confirmed);
		model.script([
			{ tool: 'Get_venues', arguments: {} },
			ask(quiet),
			ask(river),
			ask(river),
			{ text: 'Bistro Byron has a table.' },
		]);
		const executionId = await stage.chat(
			file,
			'Please book a table for four under Lovelace, tomorrow at 7 pm.',
		);

		/** Waits until the chat asks for the next approval, and clicks. */
		const click = async (count: number, to: string, label: string) => {
			const asking = await waitFor(`approval ${count}`, async () => {
				const execution = await untilWaiting(n8n, executionId);
				return execution.data.resultData.runData['Ask for approval']?.length === count && execution;
			});
			expect(JSON.stringify(asking.data.resultData.runData['Ask for approval']?.at(-1))).toContain(
				`Call ${to}? ${Message}`,
			);
			const answer = await fetch(buttonOf(asking, label), { headers: { 'user-agent': BROWSER } });
			expect(answer.status).toBe(200);
		};
		await click(1, quiet, 'Call');
		await click(2, river, "Don't call");
		expect(toldOf(1)).toContain('Bistro Byron');
		expect(toldOf(2)).toContain('noAnswer');
		expect(calls()).toMatchObject([{ to: quiet, from: OUR_NUMBER, maxCallDuration: 300 }]);
		await click(3, river, 'Call');
		// The agent's last words are a message, too, after which the chat waits.
		await waitFor('the answer', async () => {
			const { data } = (await n8n.rest.getExecution(executionId)) ?? {};
			return JSON.stringify(data?.resultData?.runData?.Answer ?? '').includes('Bistro Byron has a table.');
		});
		expect(calls()).toMatchObject([{ to: quiet }, { to: river }]);
		// The voice agent is told what to ask, and the model what was answered.
		expect(simulator.toolUses.at(-1)).toMatchObject({ description: expect.stringContaining(Message) });
		for (const text of ['At the window', '\\"confirmed\\":true']) expect(toldOf(4)).toContain(text);
		for (const name of Object.keys(confirmed)) delete simulator.heard[name];
	});

	run(['ask-before-paying.json'], async () => {
		const { model, n8n, simulator } = stage;
		const pay = (Amount: number) => ({
			tool: 'Make_payment',
			arguments: { toolParameters: { Recipient: 'the bakery', Amount }, hitlParameters: {} },
		});
		/** Asks for a payment, to which the person on the phone says something. @returns what the model is told */
		const ask = async (amount: number, said: object) => {
			Object.assign(simulator.heard, said);
			model.script([pay(amount), { text: 'Done.' }]);
			const executionId = await stage.chat('ask-before-paying.json', 'Please pay the bakery.');
			await n8n.rest.untilEnded(executionId, 'AI Agent');
			expect(simulator.toolUses.at(-1)).toMatchObject({
				description: expect.stringContaining(`wants to pay ${amount} dollars to the bakery`),
				isError: false,
			});
			return JSON.stringify(model.requests.at(-1)?.messages);
		};
		expect(await ask(900, { approved: false, comment: 'Too much' })).toContain('Declined by phone: Too much');
		await ask(120, { approved: true, comment: '' });
		expect(await stage.table('Payments').rows()).toMatchObject([{ recipient: 'the bakery', amount: 120 }]);

		// As whoever types into the chat of `npm start` sees it.
		model.script([]);
		const typed = await stage.chat('ask-before-paying.json', 'Please pay 40 dollars to the florist.');
		await n8n.rest.untilEnded(typed, 'AI Agent');
		expect((await stage.table('Payments').rows()).at(-1)).toMatchObject({
			recipient: 'the florist',
			amount: 40,
		});
	});

	run(['http-request-with-our-credential.json'], async () => {
		const sessions = await stage.pressFor('http-request-with-our-credential.json', 'Split into items');
		expect(sessions).toEqual([
			expect.objectContaining({ roomId: stage.target.roomId, participants: expect.any(Array) }),
		]);
	});

	it('hold nodes that there are, with parameters that they have', async () => {
		/** Part of a node type, as the editor gets it. */
		type Served = { name: string; version: number | number[]; properties: Array<{ name: string }> };
		const types = (await (await stage.n8n.rest.page('/types/nodes.json')).json()) as Served[];
		for (const file of EXAMPLES) {
			const unknown = stage.workflow(file).nodes.flatMap(({ name, type, typeVersion, parameters }) => {
				const served = types.find(
					(each) => each.name === type && [each.version].flat().includes(typeVersion),
				);
				const known = new Set(served?.properties.map((property) => property.name));
				return Object.keys(parameters)
					.filter((key) => !known.has(key))
					.map((key) => `${name}: ${key}`);
			});
			expect({ file, unknown }).toEqual({ file, unknown: [] });
		}
	});

	it('none is left out', async () => {
		const left: string[] = [];
		for (const file of EXAMPLES) {
			const { id: workflowId } = stage.workflow(file);
			const ended = await stage.n8n.rest.listExecutions({ workflowId, status: ['success', 'waiting'] });
			if (ended.length === 0 || !tested.has(file)) left.push(file);
		}
		expect(left).toEqual([]);
	});
});

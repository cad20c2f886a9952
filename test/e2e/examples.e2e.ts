import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, waitFor } from '../n8n/processes';
import type { Execution, StoredWorkflow, WorkflowJson, WorkflowNode } from '../n8n/rest';
import { isStored, outputOf } from '../n8n/rest';
import type { SimulatedCall, SimulatedSession } from '../simulator';
import { CALL_NUMBERS } from '../simulator';
import type { DataTable, Row } from '../n8n/dataTables';
import { createDataTable } from '../n8n/dataTables';
import {
	during,
	endSession,
	LATEST_VERSION,
	n8nOptions,
	runByHand,
	runEnded,
	runToEnd,
	untilWaiting,
} from './deliveries';
import type { Mailbox } from './mailbox';
import { startMailbox } from './mailbox';
import { connectMcp } from './mcpClient';
import type { ServedNodeType } from './nodeTypes';
import { servedNodeTypes, signedIn } from './nodeTypes';
import type { ScriptedModel } from './scriptedModel';
import { addModelCredential, startScriptedModel } from './scriptedModel';
import type { Setup } from './setup';
import { CREDENTIAL_TYPE, ourCredential, ourNode, PACKAGE, PATIENT, setUp } from './setup';

const folder = join(repositoryRoot, 'examples');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as WorkflowJson;

/** n8n 1.x has no human review. */
const FOR_2_ONLY = ['ai-agent-makes-calls.json'];

/** n8n ignores the clicks of programs. */
const BROWSER =
	'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
const DAY_MS = 24 * 3_600_000;
const TEAM = { fromEmail: 'n8n@example.com', toEmail: 'team@example.com' };
const TRANSCRIPT = 'Agent: Hello, this is the café. How can I help?';
const SUMMARY = 'The caller booked a table for two at eight.';

interface BinaryFile {
	fileName: string;
	mimeType: string;
	/** Base64, or where the file is. */
	data: string;
	id?: string;
}

const isOurs = ({ type }: WorkflowNode) => type.startsWith(`${PACKAGE}.`);
/** Our own nodes, and those of n8n that sign with our credential. */
const usesCredential = (node: WorkflowNode) =>
	isOurs(node) || node.parameters.nodeCredentialType === CREDENTIAL_TYPE;

const picked = (value: string) => ({ __rl: true, mode: 'list', value });
/** What a user picks from the lists. */
const PICKED: Record<string, object> = {
	deploymentId: picked('ddv_support'),
	tag: picked('latest'),
	routingRuleId: picked('rule_out_01'),
	from: picked('+15550102001'),
};

describe.each(LATEST_VERSION)('The examples in n8n %s', (version) => {
	const isOld = version.startsWith('1.');
	const suited = files.filter((file) => !(isOld && FOR_2_ONLY.includes(file)));
	let setup: Setup;
	let types: ServedNodeType[];
	let model: ScriptedModel;
	let mailbox: Mailbox;
	/** By their types. */
	let credentials: Record<string, { id: string; name: string }>;

	beforeAll(async () => {
		[model, mailbox] = [await startScriptedModel(), await startMailbox()];
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
		types = await servedNodeTypes(setup.n8n);
		const { rest } = setup.n8n;
		const add = async (type: string, data: Record<string, unknown>) => {
			const { id } = await rest.createCredential({ name: type, type, data });
			return { id, name: type };
		};
		credentials = {
			openAiApi: { id: await addModelCredential(rest, model), name: 'Scripted model' },
			smtp: await add('smtp', {
				user: '',
				password: '',
				host: '127.0.0.1',
				port: mailbox.port,
				secure: false,
				disableStartTls: true,
			}),
		};
	});

	afterAll(async () => {
		await setup?.stop();
		await model?.close();
		await mailbox?.close();
	});

	const typeOf = ({ type, typeVersion }: WorkflowNode) =>
		types.find(({ name, version: versions }) => name === type && [versions].flat().includes(typeVersion));

	function credentialsOf(node: WorkflowNode): WorkflowNode['credentials'] {
		if (usesCredential(node)) return ourCredential(setup.credentialId);
		if (node.type.endsWith('.lmChatOpenAi')) return { openAiApi: credentials.openAiApi! };
		if (node.type.endsWith('.emailSend')) return { smtp: credentials.smtp! };
		return undefined;
	}

	/**
	 * Imports an example as a user does, who then chooses the credentials, and what the note says.
	 *
	 * @param parameters by node: what is entered where an example leaves it to the user
	 */
	async function importExample(
		file: string,
		parameters: Record<string, object> = {},
		table?: DataTable,
	): Promise<StoredWorkflow> {
		const imported = await setup.n8n.rest.createWorkflow(read(file));
		const nodes = imported.nodes.map((node) => {
			const chosen = Object.keys(node.parameters).filter((name) => isOurs(node) && name in PICKED);
			return {
				...node,
				parameters: {
					...node.parameters,
					...Object.fromEntries(chosen.map((name) => [name, PICKED[name]])),
					...(node.type.endsWith('.emailSend') && TEAM),
					// As long as the simulated agent waits: the machine may stall.
					...(node.type.endsWith('.videoSdkAgentCloudMcpTrigger') && { options: {} }),
					// n8n 1.x cannot look a table up by its name.
					...(isOld && 'dataTableId' in node.parameters && { dataTableId: picked(table?.id ?? '') }),
					...parameters[node.name],
				},
				// The editor gives one on import.
				...(/trigger$/i.test(node.type) && { webhookId: randomUUID() }),
				credentials: credentialsOf(node),
			};
		});
		return await setup.n8n.rest.updateWorkflow(imported.id, { nodes });
	}

	const triggerOf = ({ nodes }: StoredWorkflow) =>
		nodes.find(({ type }) => type === `${PACKAGE}.videoSdkAgentCloudTrigger`);

	/** Enters more into one node, or into all of which that is true. */
	async function enter(
		{ id }: StoredWorkflow,
		where: string | ((node: WorkflowNode) => boolean),
		more: object,
	) {
		const { nodes } = await setup.n8n.rest.getWorkflow(id);
		const isMeant = (node: WorkflowNode) => (typeof where === 'string' ? node.name === where : where(node));
		await setup.n8n.rest.updateWorkflow(id, {
			nodes: nodes.map((node) =>
				isMeant(node) ? { ...node, parameters: { ...node.parameters, ...more } } : node,
			),
		});
	}

	/** Publishes a workflow with tools of an agent. @returns what a node names these by */
	async function publishTools(workflow: StoredWorkflow): Promise<{ agentTools: object }> {
		await activate(workflow);
		const tools = workflow.nodes
			.filter(({ type }) => type.endsWith('.videoSdkAgentCloudMcpTrigger'))
			.map(({ webhookId }) => `${setup.n8n.url}/webhook/${webhookId}/mcp`);
		for (const url of tools) await setup.n8n.rest.waitForWebhook(url);
		return { agentTools: { tools: tools.map((url) => ({ tool: picked(url) })) } };
	}

	/** A data table of texts. */
	const textTable = async (name: string, columns: string[], rows: Row[] = [], numbers: object = {}) =>
		await createDataTable(
			setup.n8n.rest,
			name,
			{ ...Object.fromEntries(columns.map((column) => [column, 'string' as const])), ...numbers },
			rows,
		);

	/** The ids of what goes on until its test is over. */
	const published: string[] = [];

	afterEach(async () => {
		for (const id of published.splice(0)) await setup.n8n.rest.deactivate(id);
		mailbox.mails.length = 0;
	});

	async function activate({ id }: StoredWorkflow): Promise<void> {
		published.push(id);
		await setup.n8n.rest.activate(id);
	}

	/** Publishes a workflow with our trigger. @returns the trigger's Production URL */
	async function publish(workflow: StoredWorkflow): Promise<string> {
		await activate(workflow);
		const url = `${setup.n8n.url}/webhook/${triggerOf(workflow)?.webhookId}/webhook`;
		await setup.n8n.rest.waitForWebhook(url);
		return url;
	}

	const sessions = () => [...setup.simulator.sessions.values()];
	const calls = () => [...setup.simulator.calls.values()];
	const knownSessions = () => new Set(sessions().map(({ sessionId }) => sessionId));

	/** Waits until so many sessions were started since, and yields them. */
	async function startedSince(known: Set<string>, count: number): Promise<SimulatedSession[]> {
		return await waitFor(
			`${count} sessions`,
			async () => {
				const started = sessions().filter(({ sessionId }) => !known.has(sessionId));
				return started.length >= count ? started : undefined;
			},
			60_000,
			20,
		);
	}

	/** Ends the session that a run waits for. */
	async function endWhenWaiting(executionId: string, { sessionId }: SimulatedSession, event?: 'failed') {
		await untilWaiting(setup.n8n, executionId);
		await endSession(setup, sessionId, event);
	}

	/** Waits for so many runs of a workflow that ended well, and yields them, oldest first. */
	async function runsOf(workflow: StoredWorkflow, count: number): Promise<Execution[]> {
		return await waitFor(
			`${count} runs of "${workflow.name}"`,
			async () => {
				const runs = await setup.n8n.rest.executions({ workflowId: workflow.id, status: ['success'] });
				const stored = runs.filter((run) => isStored(run));
				return stored.length >= count ? stored : undefined;
			},
			120_000,
		);
	}

	/** Waits until a workflow has sent its email, and takes it out. */
	async function nextMail() {
		return await waitFor('an email', async () => mailbox.mails.shift(), 120_000);
	}

	describe.each(suited)('%s', (file) => {
		it('holds nodes that there are, with parameters that they have', () => {
			const workflow = read(file);
			for (const node of workflow.nodes) {
				const type = typeOf(node);
				expect({ node: node.name, isKnown: type !== undefined }).toEqual({ node: node.name, isKnown: true });
				const names = new Set(type?.properties.map(({ name }) => name));
				expect({
					node: node.name,
					unknown: Object.keys(node.parameters).filter((key) => !names.has(key)),
				}).toEqual({ node: node.name, unknown: [] });
			}
			expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(workflow.nodes.length);
			const names = workflow.nodes.map(({ name }) => name);
			const connections = workflow.connections as Record<
				string,
				Record<string, Array<Array<{ node: string }>>>
			>;
			const targets = Object.values(connections).flatMap((outputs) => Object.values(outputs).flat(2));
			for (const name of [...Object.keys(connections), ...targets.map(({ node }) => node)]) {
				expect(names).toContain(name);
			}
		});
	});

	async function startAndReact(): Promise<void> {
		const file = 'start-and-react.json';
		const workflow = await importExample(file);
		const webhookUrl = picked(await publish(workflow));
		await enter(workflow, ({ parameters }) => 'webhookUrl' in parameters, { webhookUrl });
		const execution = await runToEnd(setup.n8n, workflow.id);
		expect(execution.status).toBe('success');
		const sessionId = String(outputOf(execution, 'Start session')[0]?.sessionId);
		expect(setup.simulator.sessions.get(sessionId)).toMatchObject({
			env: { CUSTOMER_NAME: 'Ada Lovelace', LANGUAGE: 'en' },
			metaData: { ticket: '1042' },
		});
		for (const event of ['starting', 'started', 'stopping', 'stopped'] as const) {
			const delivery = await setup.simulator.emit(sessionId, event);
			const isWanted = event === 'started' || event === 'stopped';
			expect(delivery?.status).toBe(isWanted ? 200 : undefined);
		}
		const messages = (await runsOf(workflow, 3)).flatMap((run) =>
			outputOf(run, 'Write a message').map(({ message }) => message),
		);
		expect(messages.sort()).toEqual([
			`Ticket 1042 (Ada Lovelace): session ${sessionId} has started`,
			`Ticket 1042 (Ada Lovelace): session ${sessionId} has stopped`,
		]);
	}

	/** The workflow's three ends. */
	async function startWaitAndBranch(): Promise<void> {
		const file = 'start-wait-and-branch.json';
		const ends = [
			{ event: undefined, node: 'Carry on', message: /^Session .* took \d+ seconds$/ },
			{ event: 'failed', node: 'Tell someone', message: /^Session .* failed$/ },
		] as const;
		for (const { event, node, message } of ends) {
			const known = knownSessions();
			const executionId = await setup.n8n.rest.startWorkflow((await importExample(file)).id);
			const [session] = await startedSince(known, 1);
			await endWhenWaiting(executionId, session as SimulatedSession, event);
			const execution = await runEnded(setup.n8n, executionId, node);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, node)).toEqual([{ message: expect.stringMatching(message) }]);
		}
		const known = knownSessions();
		const { id } = await importExample(file, {
			'Start session and wait': { maxWait: 0.05, maxWaitUnit: 'minutes' },
		});
		const executionId = await setup.n8n.rest.startWorkflow(id);
		const [session] = await startedSince(known, 1);
		const execution = await runEnded(setup.n8n, executionId, 'End session');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'End session')).toEqual([
			expect.objectContaining({ sessionId: session?.sessionId, status: 'completed' }),
		]);
		expect(outputOf(execution, 'Carry on')).toEqual([]);
	}

	async function callAndRead(): Promise<void> {
		const file = 'call-and-read.json';
		const talk = await importExample(file, { 'Make call and wait': { to: '+14155550123' } });
		const execution = await runToEnd(setup.n8n, talk.id);
		expect(execution.status).toBe('success');
		const [call] = outputOf(execution, 'Make call and wait');
		expect(setup.simulator.calls.get(String(call?.callId))).toMatchObject({
			to: '+14155550123',
			from: '+15550102001',
			metadata: { customer: 'Ada Lovelace' },
			maxCallDuration: 600,
			roomId: call?.roomId,
		});
		expect(outputOf(execution, 'What was said')).toEqual([
			{ transcript: expect.stringContaining(TRANSCRIPT), summary: SUMMARY },
		]);

		const silence = await importExample(file, { 'Make call and wait': { to: CALL_NUMBERS.missed } });
		const missed = await runToEnd(setup.n8n, silence.id);
		expect(outputOf(missed, 'No one to talk to')).toEqual([
			{ message: `The call to ${CALL_NUMBERS.missed} ended as: noAnswer` },
		]);
	}

	async function formCallSummary(): Promise<void> {
		const workflow = await importExample('form-call-summary.json');
		await activate(workflow);
		const form = workflow.nodes.find(({ type }) => type.endsWith('.formTrigger'));
		const url = `${setup.n8n.url}/form/${form?.webhookId}`;
		const page = await waitFor(
			'the form',
			async () => {
				const answer = await fetch(url);
				return answer.ok ? await answer.text() : undefined;
			},
			60_000,
		);
		for (const text of ['Shall we call you?', 'Name', 'Phone number', 'Call me'])
			expect(page).toContain(text);

		const submit = async (name: string, number: string) => {
			const body = new FormData();
			body.set('field-0', name);
			body.set('field-1', number);
			expect((await fetch(url, { method: 'POST', body })).status).toBe(200);
		};
		await submit('Ada Lovelace', '+14155550142');
		const mail = await nextMail();
		expect(mail).toEqual({ to: [TEAM.toEmail], subject: 'Call with Ada Lovelace', text: expect.any(String) });
		expect(mail.text).toContain('Ada Lovelace, +14155550142');
		expect(mail.text).toContain(SUMMARY);
		expect(mail.text).toContain(TRANSCRIPT);
		expect(calls().find(({ to }) => to === '+14155550142')?.metadata).toEqual({ customer: 'Ada Lovelace' });

		await submit('Grace Hopper', CALL_NUMBERS.missed);
		expect(await nextMail()).toMatchObject({
			subject: 'Not reached: Grace Hopper',
			text: expect.stringContaining('The call ended as: noAnswer'),
		});
	}

	async function callsFromATable(): Promise<void> {
		const row = (name: string, phone: string, more: object = {}) => ({
			name,
			phone,
			question: 'Does Monday suit you?',
			status: 'to call',
			...more,
		});
		// With a new day everybody may be called again.
		const leftOfDayMs = DAY_MS - (Date.now() % DAY_MS);
		if (leftOfDayMs < 180_000) await during(leftOfDayMs + 1_000);
		const today = new Date().toISOString().slice(0, 10);
		const columns = ['name', 'phone', 'question', 'status', 'lastCall', 'outcome', 'summary', 'answer'];
		const rows = [
			row('Ada', '+1 (415) 555-0151'),
			row('Grace', CALL_NUMBERS.missed),
			row('Alan', CALL_NUMBERS.rejected),
			row('Edsger', 'unknown'),
			row('Barbara', '+14155550152', { lastCall: today }),
			row('Donald', '+14155550153', { status: 'done' }),
		];
		const table = await textTable('Calls to make', columns, rows, { tries: 'number' });
		const workflow = await importExample(
			'calls-from-a-table.json',
			// The test starts it.
			{ 'Every 5 minutes': { rule: { interval: [{ field: 'cronExpression', expression: '0 0 1 1 *' }] } } },
			table,
		);
		const open = async (weekdays: string, to: string) => {
			const hours = { weekdays, from: '0:00', to, timeZone: 'UTC', callsAtOnce: 5, maxTries: 3 };
			const assignments = Object.entries(hours).map(([name, value]) => ({
				...{ id: name, name, value, type: typeof value },
			}));
			await enter(workflow, 'Calling hours', { assignments: { assignments } });
		};
		await enter(workflow, 'Make call and wait', await publishTools(workflow));
		const known = new Set(calls());
		const made = () => calls().filter((call) => !known.has(call));
		const run = async () => {
			const execution = await runToEnd(setup.n8n, workflow.id);
			expect(execution.status).toBe('success');
			return (await table.rows()).map(({ name, status, outcome, answer, tries }) =>
				[name, status, outcome, answer, tries].join('|'),
			);
		};

		const always = 'Mon Tue Wed Thu Fri Sat Sun';
		for (const [weekdays, to] of [
			['', '24:00'],
			[always, '0:00'],
		] as const) {
			await open(weekdays, to);
			await run();
		}
		expect(made()).toEqual([]);

		await open(always, '24:00');
		setup.simulator.setCallBehaviour({ talkMs: null }, '+14155550151');
		const running = run();
		const call = await waitFor<SimulatedCall>(
			'a call',
			async () => made().find(({ status }) => status === 'answered'),
			60_000,
			20,
		);
		await waitFor('three calls', async () => (made().length === 3 ? true : undefined), 60_000, 20);
		// Run again in the middle, when somebody else can be called.
		await table.change('name', 'Barbara', { lastCall: '2026-01-01' });
		expect((await run()).slice(4)).toEqual(['Barbara|done|answered|A-17|1', 'Donald|done|||']);
		await waitFor(
			"the answer for Ada's agent",
			async () => setup.simulator.toolUses.find(({ id }) => id === call.callId),
			60_000,
		);
		await setup.simulator.moveCall(call.callId, 'ended');
		expect(await running).toEqual([
			'Ada|done|answered|A-17|1',
			'Grace|to call|noAnswer||1',
			'Alan|done|rejected||1',
			expect.stringMatching(/^Edsger\|check\|'To' .*\|1$/),
			'Barbara|done|answered|A-17|1',
			'Donald|done|||',
		]);
		expect((await table.rows()).map(({ summary }) => summary)).toEqual([
			...[SUMMARY, "The call wasn't answered.", "The call wasn't answered.", '', SUMMARY, null],
		]);
		const reached = ['+14155550151', CALL_NUMBERS.missed, CALL_NUMBERS.rejected, '+14155550152'];
		expect(
			made()
				.map(({ to }) => to)
				.sort(),
		).toEqual(reached.sort());
		expect(call.metadata).toMatchObject({ name: 'Ada', question: 'Does Monday suit you?' });

		// Not twice on one day; on the following days until the third try.
		expect((await run())[1]).toBe('Grace|to call|noAnswer||1');
		for (const result of ['Grace|to call|noAnswer||2', 'Grace|done|noAnswer||3', 'Grace|done|noAnswer||3']) {
			await table.change('name', 'Grace', { lastCall: '2026-01-01' });
			expect((await run())[1]).toBe(result);
		}
		expect(made().filter(({ to }) => to === CALL_NUMBERS.missed)).toHaveLength(3);

		// Twice at the same instant: n8n gives the row to both, but only one has taken it.
		await table.change('name', 'Donald', { status: 'to call' });
		await Promise.all([run(), run()]);
		expect(made().filter(({ to }) => to === '+14155550153')).toHaveLength(1);
	}

	async function orderStatus(): Promise<void> {
		const table = await textTable(
			'Orders',
			['phone', 'name', 'number', 'status', 'delivery'],
			[
				{ phone: '+14155550171', name: 'Ada', number: 'A-17', status: 'shipped', delivery: 'Friday' },
				{ phone: '+14155550171', name: 'Ada', number: 'A-18', status: 'packed', delivery: 'Monday' },
				{ phone: '+14155550172', name: 'Grace', number: 'G-1', status: 'shipped', delivery: 'Tuesday' },
			],
		);
		const tool = await importExample('order-status-by-phone.json', {}, table);
		await enter(tool, 'Create tool access', await publishTools(tool));
		const execution = await runToEnd(setup.n8n, tool.id);
		const { tools: n8nTools } = outputOf(execution, 'Create tool access')[0] ?? {};
		const answerTo = async (from: string) => {
			const { callId } = setup.simulator.incomingCall({ to: '+15550102001', from, metadata: { n8nTools } });
			const use = await waitFor(
				'the answer of the tool',
				async () => setup.simulator.toolUses.find(({ id }) => id === callId),
				60_000,
			);
			expect(use).toMatchObject({ tool: 'find_orders', isError: false });
			return use.answer;
		};
		expect(JSON.parse(await answerTo('+14155550171'))).toEqual([
			{ customer: 'Ada', order: 'A-17', status: 'shipped', delivery: 'Friday' },
			{ customer: 'Ada', order: 'A-18', status: 'packed', delivery: 'Monday' },
		]);
		expect(JSON.parse(await answerTo('+14155550172'))).toMatchObject({ order: 'G-1' });
		expect(await answerTo('+14155550179')).toMatch(/^There are no orders/);
	}

	async function appointment(): Promise<void> {
		const times = await textTable(
			'Times',
			['time', 'takenBy'],
			[{ time: 'Monday, 10:00' }, { time: 'Tuesday, 11:00' }],
		);
		const appointments = await textTable(
			'Appointments',
			['name', 'phone', 'time'],
			[
				{ name: 'Ada', phone: '+14155550181' },
				{ name: 'Grace', phone: '+14155550182' },
				{ name: 'Mary', phone: '+14155550183' },
			],
		);
		const file = 'appointment-by-phone.json';
		// n8n 1.x cannot look a table up by its name.
		const tables = read(file).nodes.flatMap((node) => {
			const table = node.parameters.dataTableId as { value: string } | undefined;
			const { id } = table?.value === 'Times' ? times : appointments;
			return table && isOld ? [[node.name, { dataTableId: picked(id) }] as const] : [];
		});
		const workflow = await importExample(file, Object.fromEntries(tables));
		await enter(workflow, 'Make call', await publishTools(workflow));

		/** Calls the first person without an appointment. @returns asks the tools that were handed to the agent */
		async function call() {
			const made = outputOf(await runToEnd(setup.n8n, workflow.id), 'Make call')[0];
			const { metadata } = setup.simulator.calls.get(String(made?.callId))!;
			const handed = metadata.n8nTools as Array<{ url: string; headers: { Authorization: string } }>;
			return async (index: number, input: object) => {
				const { url, headers } = handed[index]!;
				const token = headers.Authorization.replace('Bearer ', '');
				const client = await connectMcp(setup.n8n.runtime, url, token);
				try {
					const { tools } = await client.listTools();
					const { isError, content } = await client.callTool({ name: tools[0]!.name, arguments: input });
					return `${isError ? 'Error: ' : ''}${(content as [{ text: string }])[0].text}`;
				} finally {
					await client.close();
				}
			};
		}
		const rows = async () => (await appointments.rows()).map((row) => `${row.name}: ${row.time ?? '-'}`);
		const free = JSON.stringify([{ time: 'Monday, 10:00' }, { time: 'Tuesday, 11:00' }]);
		const taken = /^Error: This time is not free/;

		const forAda = await call();
		expect(await forAda(0, {})).toBe(free);
		expect(await forAda(1, { time: 'Sunday' })).toMatch(taken);
		// A model that was talked into somebody else's row.
		const grace = { row: 2, id: 2, name: 'Grace', phone: '+14155550182' };
		const booked = await forAda(1, { time: 'Monday, 10:00', ...grace, context: grace });
		expect(JSON.parse(booked)).toEqual({ booked: 'Monday, 10:00' });
		expect(await rows()).toEqual(['Ada: Monday, 10:00', 'Grace: -', 'Mary: -']);

		const forGrace = await call();
		expect(await forGrace(0, {})).toBe(JSON.stringify({ time: 'Tuesday, 11:00' }));
		expect(await forGrace(1, { time: 'Monday, 10:00' })).toMatch(taken);
		// Ada changes her mind while Grace's agent wants the same time: one of them gets it, and Ada keeps one only.
		const both = [forGrace, forAda].map(async (ask) => await ask(1, { time: 'Tuesday, 11:00' }));
		const [answerToGrace] = await Promise.all(both);
		const isGraces = !taken.test(answerToGrace!);
		const left = isGraces ? 'none is free' : 'Monday, 10:00';
		expect(await forGrace(0, {})).toBe(JSON.stringify({ time: left }));
		expect((await rows())[isGraces ? 1 : 0]).toBe(`${isGraces ? 'Grace' : 'Ada'}: Tuesday, 11:00`);
		expect((await rows())[2]).toBe('Mary: -');
	}

	async function callLog(): Promise<void> {
		const { simulator } = setup;
		const columns = ['callId', 'direction', 'from', 'to', 'status', 'started', 'ended', 'summary'];
		const table = await textTable('Call log', columns);
		const workflow = await importExample('call-log.json', {}, table);
		const url = await publish(workflow);
		// n8n takes deliveries before it lets the trigger register itself.
		const registered = await waitFor(
			'the registration',
			async () => [...simulator.callWebhooks.values()].at(-1),
			60_000,
		);
		expect(registered.events).toEqual(['call-answered', 'call-hangup', 'call-missed']);

		const us = '+15550102001';
		const answered = simulator.incomingCall({ to: us, from: '+14155550161' }, false);
		await simulator.moveCall(answered.callId, 'answered');
		await runsOf(workflow, 1);
		const rows = async () =>
			(await table.rows()).map(({ direction, from, to, status, ended, summary }) =>
				[direction, from, to, status, ended ? 'ended' : '', summary].join('|'),
			);
		expect(await rows()).toEqual([`inbound|+14155550161|${us}|answered||`]);
		await simulator.moveCall(answered.callId, 'ended');
		await runsOf(workflow, 2);
		await simulator.sendCallSummary(url, {
			fields: { wish: 'a table for two', confirmed: true },
			callId: answered.callId,
		});
		await runsOf(workflow, 3);
		const whole = `inbound|+14155550161|${us}|ended|ended|wish: a table for two, confirmed: true`;
		expect(await rows()).toEqual([whole]);

		const missed = simulator.incomingCall({ to: us, from: '+14155550162' }, false);
		await simulator.moveCall(missed.callId, 'missed');
		expect(await nextMail()).toMatchObject({
			to: [TEAM.toEmail],
			subject: `Missed call: +14155550162 to ${us}`,
			text: expect.stringMatching(/^A call from \+14155550162 to \+15550102001 was missed at 20/),
		});
		expect(await rows()).toEqual([whole, `inbound|+14155550162|${us}|missed|ended|`]);
		expect(mailbox.mails).toEqual([]);
	}

	/** n8n 2.x keeps files on disk, 1.x in the run's data. */
	async function contentOf({ id, data }: BinaryFile): Promise<string> {
		if (!id) return Buffer.from(data, 'base64').toString('utf8');
		return await (await signedIn(setup.n8n, `/rest/binary-data?id=${id}&action=download`)).text();
	}

	async function afterTheConversation(): Promise<void> {
		const workflow = await importExample('after-the-conversation.json');
		const url = await publish(workflow);
		// The other workflow, as the note describes it.
		const before = await runByHand(
			setup.n8n,
			ourNode(setup, 'Room', 'videoSdkAgentCloud', {
				resource: 'room',
				operation: 'create',
				recording: 'summarize',
				webhookUrl: picked(url),
				webhookEvents: ['recording-stopped'],
			}),
		);
		const roomId = String(outputOf(before, 'Room')[0]?.roomId);
		setup.simulator.joinRoom(roomId, { participantId: 'ada' });
		setup.simulator.leaveRoom(roomId, 'ada');
		const [execution] = await runsOf(workflow, 1);
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
		expect(text).toContain(`Room ${roomId}, 20`);
		expect(text).toContain(`Summary\n${SUMMARY}`);
		expect(text).toContain(`What was said\n${TRANSCRIPT}`);
	}

	async function manySessions(): Promise<void> {
		// One of the rows cannot be started.
		setup.simulator.addFault({
			match: { path: /start$/ },
			kind: 'status',
			status: 403,
			body: { message: 'No more sessions in your plan' },
		});
		const customers = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing'];
		const table = await textTable(
			'Sessions to start',
			['customer', 'status', 'sessionId'],
			[...customers.map((customer) => ({ customer })), { customer: 'Donald Knuth', status: 'stopped' }],
		);
		const known = knownSessions();
		const { id } = await importExample('many-sessions-from-a-table.json', {}, table);
		const executionId = await setup.n8n.rest.startWorkflow(id);
		const started = await startedSince(known, 2);
		for (const session of started) await endWhenWaiting(executionId, session);
		const execution = await runEnded(setup.n8n, executionId, 'Save the outcome');
		expect(execution.status).toBe('success');
		const idOf = new Map(started.map(({ env, sessionId }) => [env?.CUSTOMER_NAME, sessionId]));
		for (const { env, metaData } of started) expect(metaData?.customer).toBe(env?.CUSTOMER_NAME);
		const rows = await table.rows();
		expect(rows.slice(0, 3).filter(({ status }) => status === 'stopped')).toHaveLength(2);
		for (const { customer, status, sessionId } of rows.slice(0, 3)) {
			expect({ status, sessionId }).toEqual(
				idOf.has(String(customer))
					? { status: 'stopped', sessionId: idOf.get(String(customer)) }
					: { status: expect.stringContaining('No more sessions in your plan'), sessionId: null },
			);
		}
		expect(rows[3]).toMatchObject({ customer: 'Donald Knuth', status: 'stopped', sessionId: null });
		expect(sessions()).toHaveLength(known.size + 2);
	}

	/** Sends what the editor's chat sends. @returns the run's id */
	async function chat(workflow: StoredWorkflow, chatInput: string): Promise<string> {
		const message = { sessionId: 'chat-1', action: 'sendMessage', chatInput };
		const { executionId } = await setup.n8n.rest.call<{ executionId: string }>(
			'POST',
			`/workflows/${workflow.id}/run`,
			{
				workflowData: await setup.n8n.rest.getWorkflow(workflow.id),
				triggerToStartFrom: {
					name: 'When a chat message arrives',
					data: {
						startTime: Date.now(),
						executionTime: 0,
						executionIndex: 0,
						executionStatus: 'success',
						source: [null],
						data: { main: [[{ json: message }]] },
					},
				},
			},
		);
		return executionId;
	}

	async function agentStartsSessions(): Promise<void> {
		model.script([
			{ tool: 'Start_session', arguments: { CUSTOMER_NAME: 'Ada Lovelace' } },
			{ text: 'The session is on its way.' },
		]);
		const known = knownSessions();
		const workflow = await importExample('ai-agent-starts-sessions.json');
		const executionId = await chat(workflow, 'Please start a session with Ada Lovelace.');
		const execution = await runEnded(setup.n8n, executionId, 'AI Agent');
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'AI Agent')).toEqual([{ output: 'The session is on its way.' }]);
		const started = await startedSince(known, 1);
		expect(started).toHaveLength(1);
		expect(started[0]?.env).toEqual({ CUSTOMER_NAME: 'Ada Lovelace' });
		expect(JSON.stringify(model.requests[0]?.messages)).toContain('with Ada Lovelace.');
		expect(JSON.stringify(model.requests[1]?.messages)).toContain(started[0]?.sessionId);
	}

	/** The address behind a button of the message in which a person is asked. */
	function buttonOf(execution: Execution, label: string): string {
		const asked = JSON.stringify(execution.data.resultData.runData['Ask for approval']);
		const buttons = /"buttons":(\[.*?\])/.exec(asked)?.[1] ?? '[]';
		const links = JSON.parse(buttons) as Array<{ text: string; link: string }>;
		const link = links.find(({ text }) => text === label)?.link;
		if (!link) throw new Error(`There is no button "${label}" in ${asked}`);
		return link.replace('localhost', '127.0.0.1');
	}

	async function agentMakesCalls(): Promise<void> {
		const workflow = await importExample('ai-agent-makes-calls.json');
		const to = '+14155550171';
		const made = () => calls().filter((call) => call.to === to);
		const wanted = { tool: 'Make_call', arguments: { toolParameters: { To: to }, hitlParameters: {} } };

		/** Asks for a call, and clicks. */
		const ask = async (label: string, last: { text: string }) => {
			// As the system message has it, the answer names the call.
			const answer = () => ({ text: [last.text, ...made().map(({ callId }) => callId)].join(' ') });
			model.script([wanted, answer]);
			const executionId = await chat(workflow, `Please call ${to}.`);
			const asking = await untilWaiting(setup.n8n, executionId);
			expect(JSON.stringify(asking.data.resultData.runData['Ask for approval'])).toContain(
				`Call ${to}? This costs money and reaches a real person.`,
			);
			const before = made().length;
			const click = await fetch(buttonOf(asking, label), { headers: { 'user-agent': BROWSER } });
			expect(click.status).toBe(200);
			// The agent's last words are a message, too, after which the chat waits.
			await waitFor(
				'the answer',
				async () => {
					const { data } = (await setup.n8n.rest.getExecution(executionId)) ?? {};
					return JSON.stringify(data?.resultData?.runData?.Answer ?? '').includes(last.text)
						? true
						: undefined;
				},
				60_000,
			);
			return made().length - before;
		};

		expect(await ask('Do not call', { text: 'I did not call.' })).toBe(0);
		expect(made()).toEqual([]);
		expect(await ask('Call', { text: 'The phone rings.' })).toBe(1);
		expect(made()).toMatchObject([{ from: '+15550102001', maxCallDuration: 600 }]);
		const callId = made()[0]?.callId;
		expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain(callId);

		await waitFor('the end of the call', async () => made()[0]?.end ?? undefined, 60_000);
		model.script([{ tool: 'Get_call', arguments: { Call: callId } }, { text: 'It has ended.' }]);
		await chat(workflow, 'How did it go?');
		const answer = await waitFor('the second request', async () => model.requests[1], 60_000);
		// Otherwise the agent would not know which call.
		expect(JSON.stringify(model.requests[0]?.messages)).toContain(`The phone rings. ${callId}`);
		expect(JSON.stringify(answer.messages)).toContain('\\"status\\":\\"ended\\"');
		expect(made()).toHaveLength(1);
	}

	async function httpRequest(): Promise<void> {
		const file = 'http-request-with-our-credential.json';
		const room = [...setup.simulator.roomSessions.values()][0] ?? setup.simulator.joinRoom('abcd-efgh-ijkl');
		const { id } = await importExample(file, {
			'Get sessions of a room': {
				url: `${setup.simulator.url}/v2/sessions`,
				queryParameters: { parameters: [{ name: 'roomId', value: room.roomId }] },
			},
		});
		const execution = await runToEnd(setup.n8n, id);
		expect(execution.status).toBe('success');
		expect(outputOf(execution, 'One item each')).toEqual([
			expect.objectContaining({ id: room.id, participants: expect.any(Array) }),
		]);
		expect(setup.simulator.requests.find(({ path }) => path === '/v2/sessions')).toMatchObject({
			query: { roomId: room.roomId },
			claims: { apikey: setup.simulator.apiKey },
		});

		// As it comes, with the address of the real API: the credential of the simulator does not sign for that.
		const untouched = await runToEnd(setup.n8n, (await importExample(file)).id);
		expect(untouched.status).toBe('error');
		expect(JSON.stringify(untouched.data.resultData.error)).toContain('only works for requests to');
	}

	/** Which file is run by what. */
	const runs: Record<string, () => Promise<void>> = {
		'start-and-react.json': startAndReact,
		'start-wait-and-branch.json': startWaitAndBranch,
		'call-and-read.json': callAndRead,
		'form-call-summary.json': formCallSummary,
		'calls-from-a-table.json': callsFromATable,
		'call-log.json': callLog,
		'order-status-by-phone.json': orderStatus,
		'appointment-by-phone.json': appointment,
		'after-the-conversation.json': afterTheConversation,
		'many-sessions-from-a-table.json': manySessions,
		'ai-agent-starts-sessions.json': agentStartsSessions,
		'ai-agent-makes-calls.json': agentMakesCalls,
		'http-request-with-our-credential.json': httpRequest,
	};

	describe('run for real', () => {
		it.each(suited)('%s', async (file) => {
			await runs[file]?.();
		});

		it('no example is left out', () => {
			expect(Object.keys(runs).sort()).toEqual([...files].sort());
		});
	});
});

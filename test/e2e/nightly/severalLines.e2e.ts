/**
 * The example that calls a long list on several lines, in one process and in queue mode: 200 people, ten at a time, without a pause that a
 * line could do without; and with a kill in the middle. LINES_TALK_S: the shortest and the longest talk, in seconds ("5-60").
 */
import { createDataTable, type DataTable } from '../../n8n/dataTables';
import { waitFor, write } from '../../n8n/processes';
import { isAction, readExample } from '../../start/examples';
import { TABLES } from '../../start/tables';
import { ALWAYS, withSettings } from '../../start/workflows';
import { mostAtOnce } from '../atOnce';
import { during, MODES } from '../deliveries';
import { BY_RULE, ourCredential } from '../nodes';
import { PATIENT, setUpAll } from '../setup';

const [SHORTEST_S = 1, LONGEST_S = 12] = (process.env.LINES_TALK_S ?? '1-12').split('-').map(Number);
const PEOPLE = 200;
const LINES = 10;
const CALL_MS = { ringAfterMs: 20, ringForMs: 50 };
/** Longer than n8n needs from the end of a call to the next one. */
const QUIET_MS = 8_000;
/** Much longer than the calls take in all. */
const LONGEST_CAMPAIGN_MS = 30 * 60_000;

describe.each(MODES)('n8n, %s', (mode) => {
	const setup = setUpAll({
		queue: mode === 'queue' ? { webhooks: 0, workers: 2 } : undefined,
		simulator: PATIENT,
	});
	const tables: Record<string, DataTable> = {};
	let workflowId = '';
	let called = 0;

	beforeAll(async () => {
		const { rest } = setup.n8n;
		for (const name of ['Calls to make', 'Do not call'])
			tables[name] = await createDataTable(rest, name, TABLES[name]!.columns, []);
		const example = readExample('calls-on-several-lines.json');
		const nodes = example.nodes.map((node) => {
			if (isAction(node)) {
				const { routingRuleId, from } = BY_RULE;
				const parameters = { ...node.parameters, routingRuleId, from };
				return { ...node, parameters, credentials: ourCredential(setup.credentialId) };
			}
			if (node.name !== 'Settings') return node;
			return { ...node, parameters: withSettings(node.parameters, { ...ALWAYS, lines: LINES }) };
		});
		({ id: workflowId } = await rest.createWorkflow({ ...example, nodes }));
		await rest.activate(workflowId);
	});

	const rows = async () => (await tables['Calls to make']!.rows()) as Array<Record<string, unknown>>;
	const calls = () => [...setup.simulator.calls.values()].slice(called);

	/** Adds people, each of whom talks for another time. @returns their numbers, and for how long a line would talk at best */
	async function addPeople(first: number) {
		const talkMs = (index: number) =>
			1000 * (SHORTEST_S + ((LONGEST_S - SHORTEST_S) * ((index * 37) % PEOPLE)) / (PEOPLE - 1));
		const phones = Array.from({ length: PEOPLE }, (_, index) => `+1415555${first + index}`);
		for (const [index, phone] of phones.entries())
			setup.simulator.setCallBehaviour({ ...CALL_MS, talkMs: talkMs(index) }, phone);
		await tables['Calls to make']!.replace(
			phones.map((phone) => ({ name: phone, phone, status: 'to call' })),
		);
		called = setup.simulator.calls.size;
		const ringMs = CALL_MS.ringAfterMs + CALL_MS.ringForMs;
		return { phones, bestMs: phones.reduce((sum, _, index) => sum + talkMs(index) + ringMs, 0) / LINES };
	}

	const untilNone = async (...statuses: string[]) =>
		await waitFor(
			`no row at ${statuses.join(' or ')}`,
			async () =>
				!(await rows().catch(() => [{ status: statuses[0] }])).some(({ status }) =>
					statuses.includes(String(status)),
				),
			LONGEST_CAMPAIGN_MS,
			500,
		);

	it('calls 200 people, each once, ten at a time and never eleven', async () => {
		const { phones, bestMs } = await addPeople(1_000);
		const beganMs = Date.now();
		await setup.n8n.rest.runWorkflow(workflowId);
		await untilNone('to call', 'calling');
		const tookMs = Date.now() - beganMs;
		write(
			`${mode}: ${Math.round(tookMs / 1000)} s, ${(tookMs / bestMs).toFixed(3)} of the best possible time`,
		);
		expect(
			calls()
				.map(({ to }) => to)
				.sort(),
		).toEqual(phones);
		expect(mostAtOnce(calls())).toBe(LINES);
		expect((await rows()).map(({ outcome }) => outcome)).toEqual(phones.map(() => 'answered'));
	});

	it('goes on after a kill, and calls no one twice', async () => {
		const { phones } = await addPeople(2_000);
		await setup.n8n.rest.runWorkflow(workflowId);
		await waitFor('some calls', async () => calls().length >= PEOPLE / 3, LONGEST_CAMPAIGN_MS);
		for (const victim of mode === 'queue' ? setup.workers : [setup.n8n]) {
			await victim.kill();
			await victim.restart();
		}
		// Lines go on if their calls end afterwards. The others would do so at n8n's deadline: the user executes the workflow again.
		let begun = -1;
		while (calls().length > begun) {
			begun = calls().length;
			await during(1000 * LONGEST_S + QUIET_MS);
		}
		const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
		await tables['Calls to make']!.change('status', 'calling', { lastCall: anHourAgo });
		await setup.n8n.rest.runWorkflow(workflowId);
		await untilNone('to call', 'calling');
		const reached = calls().map(({ to }) => to);
		expect(new Set(reached).size).toBe(reached.length);
		expect(mostAtOnce(calls())).toBeLessThanOrEqual(LINES);
		const left = (await rows()).filter(({ status }) => status !== 'done');
		write(`${mode}: ${reached.length} of ${phones.length} called, ${left.length} rows at "check"`);
		expect(left.map(({ status }) => status)).toEqual(left.map(() => 'check'));
		expect(left.length).toBeLessThanOrEqual(LINES);
	});
});

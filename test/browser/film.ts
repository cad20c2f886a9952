/**
 * The moving picture of the README, which tells one story: the people in a table are called, and what they said is read. It's made of
 * stills, since a film of the whole screen is larger, and no one has the time to read it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionNode, chain, inMode, n8nNode } from '../e2e/nodes';
import { createDataTable } from '../n8n/dataTables';
import { commandExists, PlainError, run, temporaryFolder } from '../n8n/processes';
import { aptInstall } from '../n8n/services';
import type { TranscriptionInput } from '../simulator/transcriptions';
import type { Stage } from './browserTest';
import type { Editor } from './editor';

const LIST = 'Get appointments';
const CALL = 'Make call and wait';
const RESULT = 'What they said';
/** Long enough for a still while they talk. */
const TALK_MS = 6_000;

/** The address of a recording is to look as a user's does. */
const NO_LOCAL_ADDRESS = `
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode())
		texts.currentNode.data = texts.currentNode.data.replace(/http:..127.0.0.1:\\d+/, 'https://cdn.videosdk.live');
`;

/** What remains of a talk, in which the agent begins. */
const talk = (summary: string, ...texts: string[]): Partial<TranscriptionInput> => ({
	summary,
	lines: texts.map((text, index) => ({ speaker: index % 2 === 0 ? 'Agent' : 'Caller', text })),
});
const greeting = (name: string, time: string) =>
	`Hello ${name}, this is Example Studio's AI assistant. This call is recorded. Does ${time} still suit you?`;

/** Who is called. Whoever doesn't say anything doesn't pick up. */
const PEOPLE = [
	{
		name: 'Ada Lovelace',
		phone: '+14155550123',
		time: 'Tuesday at 10',
		said: talk(
			'Ada Lovelace confirmed her appointment on Tuesday at 10.',
			greeting('Ada Lovelace', 'Tuesday at 10'),
			"Yes, I'll be there.",
			'Thank you. See you on Tuesday!',
		),
	},
	{ name: 'Grace Hopper', phone: '+14155550124', time: 'Tuesday at 11' },
	{
		name: 'Edsger Dijkstra',
		phone: '+14155550125',
		time: 'Tuesday at 12',
		said: talk(
			"Edsger Dijkstra can't come on Tuesday at 12. He asks for Thursday.",
			greeting('Edsger Dijkstra', 'Tuesday at 12'),
			'No, sorry. Could I come on Thursday?',
			"I'll pass that on. Goodbye!",
		),
	},
];

/** @returns what remains of a call with one of them, for the simulator */
export const saidBy = (phone?: string) => ({
	transcription: PEOPLE.find((one) => one.phone === phone)?.said,
});

const picked = (value: string, cachedResultName: string) => ({ ...inMode('list', value), cachedResultName });
const text = (name: string, value: string) => ({ id: name, name, value, type: 'string' });

/** Makes the table and the workflow of the film. @returns the workflow's ID */
export async function prepareFilm(stage: Stage): Promise<string> {
	const { n8n, simulator } = stage;
	for (const { phone, said } of PEOPLE)
		simulator.setCallBehaviour({ outcome: said ? 'answered' : 'missed', talkMs: TALK_MS }, phone);
	const columns = { name: 'string', phone: 'string', time: 'string' } as const;
	const rows = PEOPLE.map(({ name, phone, time }) => ({ name, phone, time }));
	const { id } = await createDataTable(n8n.rest, 'Appointments', columns, rows);
	const getAll = { operation: 'get', dataTableId: picked(id, 'Appointments'), returnAll: true };
	const call = {
		resource: 'call',
		operation: 'makeAndWait',
		to: '={{ $json.phone }}',
		instructions: '=Ask whether the appointment on {{ $json.time }} still suits {{ $json.name }}.',
		firstMessage: `=${greeting('{{ $json.name }}', '{{ $json.time }}')}`,
		routingRuleId: picked('rule_out_01', 'Reminders'),
		from: picked('+15550102001', 'Main line (+15550102001)'),
		recording: 'summarize',
	};
	const result = [
		text('name', `={{ $('${LIST}').item.json.name }}`),
		text('outcome', '={{ $json.outcome }}'),
		text('summary', "={{ $json.summary ?? '' }}"),
		text('transcript', "={{ $json.transcript ?? '' }}"),
	];
	const workflow = chain('Remind people of their appointments', [
		n8nNode('Start', 'manualTrigger'),
		n8nNode(LIST, 'dataTable', getAll),
		actionNode(stage, CALL, call),
		n8nNode(RESULT, 'set', { assignments: { assignments: result }, options: {} }, 3.4),
	]);
	return (await n8n.rest.createWorkflow(workflow)).id;
}

/** Plays the film. @returns at each still, for how long it's shown, in ms */
export async function* playFilm(
	editor: Editor,
	{ rest }: Stage['n8n'],
	workflowId: string,
): AsyncGenerator<number> {
	const { page, output } = editor;
	await editor.openWorkflow(workflowId);
	await page.getByTestId('zoom-to-fit').click();
	yield 2_000;
	// With its input, the form shows whom it calls, and what the agent says.
	await editor.open(LIST);
	await editor.runStep();
	await output.getByText('3 items').waitFor();
	await editor.closePanel();
	await editor.open(CALL);
	yield 5_000;
	await editor.closePanel();
	await page.getByTestId('execute-workflow-button').first().click();
	const { id: calling } = await rest.waitForExecution(workflowId, ({ status }) => status === 'waiting');
	yield 2_000;
	await rest.waitForExecution(workflowId, ({ id, status }) => id === calling && status === 'success');
	await editor.open(RESULT);
	await editor.outputTable();
	await page.evaluate(NO_LOCAL_ADDRESS);
	yield 7_000;
}

/** Makes one file of stills, which begins again at its end. */
export async function saveFilm(stills: Array<{ png: Buffer; forMs: number }>, path: string): Promise<void> {
	if (!commandExists('img2webp', '-version')) await aptInstall(['webp'], console.log);
	const folder = temporaryFolder('videosdk-film');
	const images = stills.flatMap(({ png, forMs }, index) => {
		const file = join(folder, `${index}.png`);
		writeFileSync(file, png);
		return ['-d', String(forMs), file];
	});
	const { code, output } = await run('img2webp', ['-loop', '0', '-m', '6', ...images, '-o', path]);
	if (code !== 0) throw new PlainError(`${output.slice(-1000)}\nimg2webp failed.`);
}

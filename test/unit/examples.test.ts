import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION_EVENT_OPTIONS, ROOM_EVENT_OPTIONS } from '../../nodes/VideoSdkAgentCloud/webhook/event';
import type { WorkflowNode } from '../n8n/rest';
import { EXAMPLES, isOurs, readExample } from '../start/examples';
import { TABLES } from '../start/tables';
import { matchesIn, shownLabels } from './labels';

const root = join(__dirname, '..', '..');
const textOf = (file: string) => readFileSync(join(root, 'examples', file), 'utf8');

/** What is told on the page about the examples. */
const page = readFileSync(join(root, 'docs', 'examples.md'), 'utf8');

/** Of n8n's own nodes. */
const OF_N8N = [
	'Authentication',
	'Google Drive',
	'Dropbox',
	'S3',
	'Send Email',
	'Summaries',
	'Reset Value',
	'Evaluations',
];
const EVENTS = [...SESSION_EVENT_OPTIONS, ...ROOM_EVENT_OPTIONS].map(({ name }) => name);

const isNote = ({ type }: WorkflowNode) => type.endsWith('.stickyNote');

const startsJobs = ({ type }: WorkflowNode) => /\.(manual|schedule|form)Trigger$/.test(type);

describe.each(EXAMPLES)('The example %s', (file) => {
	const { name, nodes } = readExample(file);
	const notes = nodes.filter(isNote).map(({ parameters }) => String(parameters.content));

	it('names all columns of its tables', () => {
		for (const table of matchesIn(notes.join('\n'), /data table \*\*([^*]+)\*\*/g)) {
			for (const column of Object.keys(TABLES[table]?.columns ?? { [`no table ${table}`]: '' }))
				expect(notes.join()).toContain(`\`${column}\``);
		}
	});

	it('starts its job by the big button: a trigger of ours would win over the one that starts it', () => {
		const triggers = nodes.filter(({ type }) => /trigger$/i.test(type));
		if (triggers.some(startsJobs)) expect(triggers.filter(isOurs)).toEqual([]);
	});

	it('has a note that tells which credential to choose', () => expect(notes.join()).toMatch(/credential/));

	it('calls nodes, tables and fields in its notes by their names', () => {
		const names = [...nodes.map((node) => node.name), ...Object.keys(TABLES)];
		const known = new Set<unknown>([...names, ...shownLabels(), ...EVENTS, ...OF_N8N]);
		for (const content of notes) {
			// Warnings are emphasized, too.
			const warning = /\b(cost|expense|model decides|hangs up)/;
			const emphasized = matchesIn(content, /\*\*([^*]+)\*\*/g);
			const unknown = emphasized.filter((text) => !known.has(text) && !warning.test(text));
			expect(unknown).toEqual([]);
		}
	});

	it('asks for no code, and for nothing that n8n 3 has no more', () => {
		for (const { type, typeVersion, parameters, alwaysOutputData } of nodes) {
			expect(type).not.toMatch(/\.(code|function|functionItem|itemLists)$/);
			if (type.endsWith('.agent')) expect(typeVersion).toBeGreaterThanOrEqual(2);
			if (type.endsWith('.executeWorkflow')) expect(parameters.mode ?? 'once').toBe('once');
			if (/\.(if|switch|splitInBatches)$/.test(type)) expect(alwaysOutputData ?? false).toBe(false);
		}
		// Values that a model fills in are marked as n8n's own button does.
		for (const before of matchesIn(textOf(file), /(.{0,60})\$fromAI/g))
			expect(before).toMatch(/n8n-auto-generated-fromAI-override\*\/ $/);
	});

	it('leaves what differs from account to account empty, so that n8n marks it', () => {
		for (const { parameters } of nodes) {
			for (const field of ['deploymentId', 'tag', 'routingRuleId', 'from', 'webhookUrl']) {
				if (field in parameters) expect(parameters[field]).toEqual({ __rl: true, mode: 'list', value: '' });
			}
			for (const field of ['fromEmail', 'toEmail']) expect(parameters[field] ?? '').toBe('');
		}
	});

	it('holds no secret, no webhook address, and nothing of the machine that it was made on', () => {
		for (const node of nodes) {
			expect(node).not.toHaveProperty('credentials');
			expect(node).not.toHaveProperty('webhookId');
		}
		for (const key of ['pinData', 'meta', 'versionId', 'staticData', 'shared'])
			expect(readExample(file)).not.toHaveProperty(key);
		expect(textOf(file)).not.toMatch(/\/webhook\/|secretKey|apiKey|eyJ[\w-]{10}|BEGIN [A-Z ]*KEY|sk-\w{8}/);
		for (const host of matchesIn(textOf(file), /https?:\/\/([\w.-]+)/g))
			expect(host).toBe('api.videosdk.live');
	});

	it('is on the page about the examples', () => {
		expect(page).toContain(`[${name}](../examples/${file})`);
	});
});

/** As n8n's CSV import does, by the first value of a column (its CsvParserService). */
function typeOf(value: string): string {
	if (/^(true|false)$/i.test(value)) return 'boolean';
	if (!Number.isNaN(Number(value))) return 'number';
	return /^\d{4}-\d{2}-\d{2}/.test(value) ? 'date' : 'string';
}

it('calls-to-make.csv makes the table with its types, and a row that is not called', () => {
	const [names = [], values = []] = textOf('calls-to-make.csv')
		.trim()
		.split('\n')
		.map((line) => line.split(','));
	const types = names.map((name, index) => [name, typeOf(values[index] ?? '')]);
	expect(Object.fromEntries(types)).toEqual(TABLES['Calls to make']?.columns);
	expect(values[names.indexOf('status')]).toBe('done');
});

/** What docs/reference.md says: all that the nodes' own descriptions know of their operations and fields. */
import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloudApi } from '../credentials/VideoSdkAgentCloudApi.credentials';
import { RESOURCES } from '../nodes/VideoSdkAgentCloud/actions';
import { parametersOf } from '../nodes/VideoSdkAgentCloud/actions/properties';
import { TOOL_FIELDS } from '../nodes/VideoSdkAgentCloud/fields/triggers/toolTrigger';
import { TRIGGER_FIELDS } from '../nodes/VideoSdkAgentCloud/fields/triggers/trigger';

type Operation = (typeof RESOURCES)[number]['operations'][number];

/** With more choices than these, a cell has their names only. */
const MAX_DESCRIBED_CHOICES = 4;
/** With more than these, a cell has none: they have a table of their own. */
const MAX_CHOICES = 10;
/** A limit that only keeps a timer from overflowing says nothing to a user. */
const LARGEST_LIMIT = 1_000_000;

/** Fields of the editor alone, not of what an operation does. */
const isShown = ({ type, displayOptions }: INodeProperties) =>
	type !== 'notice' && displayOptions?.show?.['@tool'] === undefined;

/** @returns a text of a node as Markdown, in a cell of a table */
const inMarkdown = (text: string): string =>
	text
		.replace(/<a href="([^"]+)"[^>]*>(.*?)<\/a>/g, '[$2]($1)')
		.replace(/<\/?code>/g, '`')
		.replace(/\{\{.*?\}\}/g, (expression, offset: number, whole: string) =>
			whole[offset - 1] === '`' ? expression : `\`${expression}\``,
		)
		.replace(/\|/g, '\\|');

/** @returns a text that ends as a sentence; empty if there is none */
const asSentence = (text = ''): string => (text === '' || /[.?!]$/.test(text) ? text : `${text}.`);

const table = (titles: string[], rows: string[][]): string =>
	[titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** @returns the choices of a field; of a collection or group there are none */
const choicesOf = ({ type, options = [] }: INodeProperties): INodePropertyOptions[] =>
	type === 'options' || type === 'multiOptions' ? (options as INodePropertyOptions[]) : [];

const nameOf = (field: INodeProperties, value: unknown): string =>
	choicesOf(field).find((choice) => choice.value === value)?.name ?? String(value);

/** @returns what a number counts, such as "seconds"; empty if its hint doesn't say it */
const unitOf = ({ hint = '' }: INodeProperties): string => /^In ([\w ()]+)$/.exec(hint)?.[1] ?? '';

function defaultOf(field: INodeProperties): string {
	const { default: value, type } = field;
	if (typeof value === 'boolean') return value ? 'On' : 'Off';
	if (Array.isArray(value)) return value.map((one) => nameOf(field, one)).join(', ');
	if (typeof value === 'number') return `${value.toLocaleString('en-US')} ${unitOf(field)}`.trim();
	if (typeof value !== 'string' || value === '' || type === 'json')
		return value === '={{ $json }}' ? '`{{ $json }}`' : '';
	return choicesOf(field).length > 0 ? nameOf(field, value) : `\`${value}\``;
}

function limitsOf({ typeOptions: { minValue, maxValue = Infinity } = {} }: INodeProperties): string {
	const [from, to] = [minValue, maxValue].map((limit) => limit?.toLocaleString('en-US'));
	if (maxValue <= LARGEST_LIMIT) return `From ${from} to ${to}.`;
	return minValue === undefined ? '' : `${from} or more.`;
}

/** @returns for which values of other fields a field is there, in a sentence; empty if it always is */
function conditionOf(
	{ displayOptions: { show = {}, hide = {} } = {} }: INodeProperties,
	beside: INodeProperties[],
): string {
	const conditions = Object.entries(show).map(([name, values = []]) => {
		const other = beside.find((field) => field.name === name);
		const names = values.map((value) =>
			typeof value === 'boolean' ? (value ? 'on' : 'off') : other ? nameOf(other, value) : String(value),
		);
		return `**${other?.displayName ?? name}**: ${names.join(', ')}`;
	});
	return [
		conditions.length > 0 && `Only with ${conditions.join('; ')}.`,
		'@tool' in hide && 'Not as an AI tool.',
	]
		.filter(Boolean)
		.join(' ');
}

/** @returns what can be chosen, in a sentence */
function choicesInWords(field: INodeProperties): string {
	const choices = choicesOf(field);
	if (choices.length === 0 || choices.length > MAX_CHOICES) return '';
	const isDescribed = choices.length <= MAX_DESCRIBED_CHOICES;
	const names = choices.map(({ name, description }) =>
		isDescribed && description ? `${name} (${description.replace(/\.$/, '')})` : name,
	);
	return `${field.type === 'options' ? 'One of' : 'Any of'}: ${names.join('; ')}.`;
}

function descriptionOf(field: INodeProperties, beside: INodeProperties[]): string {
	const { description, hint, required, modes } = field;
	const texts = [
		required && (field.default === '' || modes) ? 'Required.' : '',
		asSentence(description),
		unitOf(field) === '' ? asSentence(hint) : '',
		modes ? `${modes.map(({ displayName }) => displayName).join(' or ')}.` : '',
		choicesInWords(field),
		limitsOf(field),
		conditionOf(field, beside),
	];
	return inMarkdown(texts.filter(Boolean).join(' '));
}

/** @returns the rows of a field, and below it those of the fields in its group that say more than their name */
function rowsOf(field: INodeProperties, beside: INodeProperties[], parent = ''): string[][] {
	const label = `${parent}**${field.displayName}**`;
	const description = descriptionOf(field, beside);
	if (field.type !== 'fixedCollection') return [[label, defaultOf(field), description]];
	const inner = (field.options as INodePropertyCollection[]).flatMap(({ values }) => values);
	const saysMore = (one: INodeProperties) => Boolean(one.description) || defaultOf(one) !== '';
	const names = inner.filter((one) => !saysMore(one)).map(({ displayName }) => `**${displayName}**`);
	const entries = names.length > 0 ? `Each entry has ${names.join(', ')}.` : '';
	return [
		[label, '', [description, entries].filter(Boolean).join(' ')],
		...inner.filter(saysMore).flatMap((one) => rowsOf(one, inner, `${label}: `)),
	];
}

const TITLES = ['Field', 'Default', 'What it does'];

/** @returns the tables of fields: those in sight, then those in each collection */
function tablesOf(fields: INodeProperties[]): string[] {
	const shown = fields.filter(isShown);
	const inSight = shown.filter(({ type }) => type !== 'collection');
	const collections = shown.filter(({ type }) => type === 'collection');
	return [
		...(inSight.length > 0
			? [
					table(
						TITLES,
						inSight.flatMap((field) => rowsOf(field, inSight)),
					),
				]
			: []),
		...collections.flatMap(({ displayName, description, options }) => {
			const inner = options as INodeProperties[];
			const rows = inner.flatMap((field) => rowsOf(field, inner));
			return [
				`**${displayName}**${description ? `: ${asSentence(inMarkdown(description))}` : ''}`,
				table(TITLES, rows),
			];
		}),
	];
}

/** Of a description, what it costs and whom it reaches. */
const IS_CONSEQUENCE = /\bcosts?\b|reaches|may call/;
const sentencesOf = (text: string) => asSentence(text).split(/(?<=\.) /);

function summaryOf(resource: string, { name, description, isTool, options }: Operation): string[] {
	const sentences = sentencesOf(description);
	const consequences = sentences.filter((sentence) => IS_CONSEQUENCE.test(sentence));
	const title = `${resource}: ${name}`;
	return [
		`[${title}](#${title
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replace(/ /g, '-')})`,
		sentences.filter((sentence) => !consequences.includes(sentence)).join(' '),
		consequences.join(' '),
		options?.some((option) => option.name === 'dryRun') ? 'Yes' : '',
		isTool === false ? '' : 'Yes',
	].map(inMarkdown);
}

const operationSection = (resource: string, operation: Operation): string[] => [
	`### ${resource}: ${operation.name}`,
	inMarkdown(asSentence(operation.description)),
	...tablesOf(parametersOf(operation)),
];

/** @returns the section of a node or credential. @param events the field whose choices have a table of their own */
function section(title: string, properties: INodeProperties[], events?: string): string[] {
	const field = properties.find(({ name }) => name === events);
	const rows = (field ? choicesOf(field) : []).map(({ name, description }) => [
		`**${name}**`,
		asSentence(description),
	]);
	return [
		`## ${title}`,
		...tablesOf(properties),
		...(field ? [`**${field.displayName}**:`, table(['Event', 'When'], rows)] : []),
	];
}

/** @returns the whole page */
export function referencePage(): string {
	const operations = RESOURCES.flatMap(({ name, operations }) =>
		operations.map((operation) => [name, operation] as const),
	);
	const sections = [
		'# Reference',
		'All operations and fields, as the nodes describe them (`npm run reference` writes this page). What comes out: [Output](output.md).',
		"An operation with **Dry Run** can [show its request instead of sending it](how-to.md#try-it-without-calling-anyone). An operation that is an AI tool can be used by [n8n's AI Agent](ai-agent.md). _Default_ is what a field has at first. An option has it once you add it.",
		'## Operations',
		table(
			['Operation', 'What it does', 'Cost, and whom it reaches', 'Dry Run', 'AI tool'],
			operations.map(([resource, operation]) => summaryOf(resource, operation)),
		),
		...operations.flatMap(([resource, operation]) => operationSection(resource, operation)),
		...section('VideoSDK Agent Cloud Trigger', TRIGGER_FIELDS, 'events'),
		...section('VideoSDK Agent Cloud Tool Trigger', TOOL_FIELDS),
		...section('Credential', new VideoSdkAgentCloudApi().properties),
	];
	return `${sections.join('\n\n')}\n`;
}

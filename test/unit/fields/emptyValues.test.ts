import type { INodeProperties } from 'n8n-workflow';
import { RESOURCES } from '../../../nodes/VideoSdkAgentCloud/actions';
import { parametersOf } from '../../../nodes/VideoSdkAgentCloud/actions/properties';
import type { Blank } from '../../../nodes/VideoSdkAgentCloud/fields/kit/field';

type Declared = INodeProperties & { blank?: Blank };

function within(field: Declared, path = field.name): Array<[path: string, field: Declared]> {
	const inner = (field.options ?? []).flatMap((option) => {
		if ('values' in option) return option.values.flatMap((value) => within(value, `${path}.${value.name}`));
		return 'type' in option && field.type === 'collection' ? within(option, `${path}.${option.name}`) : [];
	});
	return [[path, field], ...inner];
}

const all = RESOURCES.flatMap(({ operations }) => operations.flatMap(parametersOf)) as Declared[];
const everywhere = all.flatMap((field) => within(field));

/** The fields that mean this without a value. */
function fieldsWith(policy: string): string[] {
	const found = everywhere.filter(([, { type, blank = '-' }]) => type !== 'notice' && blank === policy);
	return [...new Set(found.map(([path]) => path))].sort();
}

it('Every field says what it means without a value, but for notices and what pairs hold', () => {
	const ofPairs = /(^|\.)(env|metaData|context)\.(key|name|value)$|^responseFields\./;
	expect(fieldsWith('-').filter((path) => !ofPairs.test(path))).toEqual([]);
});

it('These fields refuse an expression that gives nothing', () => {
	expect(fieldsWith('refused').filter((path) => !path.startsWith('filters.'))).toEqual([
		'answerJson',
		'answerText',
		'context',
		'firstMessage',
		'from',
		'instructions',
		'maxCallDuration',
		'maxWait',
		'options.allowSameNumber',
		'options.callingHours',
		'options.callingHours.days',
		'options.callingHours.from',
		'options.callingHours.timeZone',
		'options.callingHours.to',
		'options.context',
		'options.dryRun',
		'options.hangUpAtTimeout',
		'options.idempotencyKey',
		'options.notCalledWithin',
		'options.roomId',
		'options.webhookUrl',
		'recording',
		'sessionId',
		'webhookUrl',
	]);
});

it('No blank filter counts as "all"', () => {
	const others = ['default', 'required', '-'].flatMap(fieldsWith);
	expect(others.filter((path) => path.startsWith('filters.'))).toEqual([]);
});

it('A field that n8n calls required refuses to be blank', () => {
	const wrong = all.filter(({ required, blank }) => required && blank !== 'required');
	expect(wrong.map(({ name }) => name)).toEqual([]);
});

it('Numbers have these bounds and defaults: [least, most, default]', () => {
	const numbers = everywhere
		.filter(([, { type }]) => type === 'number')
		.map(([path, { typeOptions, default: preset }]) => {
			const { minValue, maxValue = Infinity } = typeOptions ?? {};
			return [path.replace('options.', ''), [minValue, maxValue, preset]];
		});
	expect(Object.fromEntries(numbers)).toEqual({
		'agentSettings.endOnSilence': [0, 3_600, 30],
		'agentSettings.maxDuration': [0, 3_480, 0],
		includeWait: [0, 1_440, 10],
		limit: [1, Infinity, 50],
		maxCallDuration: [0, 86_400, 600],
		maxConcurrency: [1, 200, 100],
		maxFileSize: [1, Infinity, 500],
		maxReplicas: [1, 50, 2],
		maxWait: [0, Infinity, 1],
		minReplicas: [0, 50, 0],
		notCalledWithin: [1, 720, 24],
		ringingTimeout: [1, 3_600, 30],
		timeout: [100, 2_147_483_647, 30_000],
		tokenValidFor: [1, 3_650, 365],
		toolsValidFor: [1, 8_784, 24],
		validFor: [1, Infinity, 30],
	});
});

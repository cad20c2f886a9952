import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type {
	IDataObject,
	INodeParameters,
	INodeProperties,
	INodePropertyMode,
	INodePropertyOptions,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import type { Engine } from '../rig/engine';
import { startEngine } from '../rig/engine';
import { ALL_EVENTS } from '../rig/delivery';
import { schemaNames } from '../rig/outputSchema';
import { CHOSEN_EVENTS } from '../rig/rig';

const NOTHING_PICKED = { __rl: true, mode: 'list', value: '' };
const each = <T>(names: string, value: T) =>
	Object.fromEntries(names.split(' ').map((name) => [name, value]));

/** What a new node holds: a parameter has the same default wherever it occurs, but for those named with an operation below. */
const DEFAULTS: INodeParameters = {
	...each('agentId callId deploymentId from routingRuleId sessionId tag webhookUrl', NOTHING_PICKED),
	...each('agentTools env filters metaData options', {}),
	getBy: 'room',
	recordingType: 'room',
	responseType: 'approval',
	specifyEnv: 'keypair',
	specifyMetaData: 'keypair',
	recording: 'none',
	binaryPropertyName: 'data',
	returnAll: false,
	limit: 50,
	simplify: true,
	includeText: true,
	waitUntilReady: true,
	include: [],
	agentName: 'n8n agent',
	maxCallDuration: 600,
	maxWait: 1,
	maxWaitUnit: 'hours',
};
/**
 * The parameters of each operation beside `options`; then those in Options beside the usual two; then those in its filters: as
 * interface.md has them. What has no default above is empty.
 */
const TASK = 'instructions firstMessage';
const SESSION = `deploymentId tag ${TASK} specifyEnv env specifyMetaData metaData recording agentTools`;
const CALL = `to ${TASK} routingRuleId from maxCallDuration agentTools specifyMetaData metaData`;
const LIST = 'returnAll limit';
const MAKE =
	'agentSettings allowSameNumber callingHours context dryRun idempotencyKey notCalledWithin ringingTimeout roomId simplify toolsValidFor waitUntilAnswered';
const OPERATIONS: Record<string, string> = {
	'account checkSetup': 'deploymentId tag webhookUrl routingRuleId from',
	'agent dispatch': `agentId roomId ${TASK} versionId versionTag agentTools specifyMetaData metaData / agentSettings context dryRun toolsValidFor`,
	'agent deploy':
		'agentName / dryRun env maxReplicas minReplicas profile region tokenValidFor webhookEvents webhookUrl',
	'agent takeDown': 'agentId / dryRun force',
	'call get': `callId include / includeWait simplify`,
	'call getAll': `${LIST} filters simplify / / type endDate outcome roomId ruleId search startDate`,
	'call hangUp': 'callId',
	'call make': `${CALL} recording / ${MAKE}`,
	'call makeAndWait': `${CALL} recording maxWait maxWaitUnit / ${MAKE} hangUpAtTimeout includeWait ownRoom`,
	'call sendAndWait': `${CALL} message responseType recording maxWait maxWaitUnit / agentSettings allowSameNumber callingHours context dryRun idempotencyKey notCalledWithin ownRoom ringingTimeout roomId toolsValidFor`,
	'call transfer': 'callId transferTo / dryRun',
	'deployment getAll': LIST,
	'recording delete': 'recordingId',
	'recording download': `url binaryPropertyName / maxFileSize`,
	'recording getAll': `recordingType ${LIST} filters / / roomId sessionId`,
	'room create': `recording webhookUrl / customRoomId dryRun`,
	'room deactivate': 'roomId',
	'room endSession': 'roomId',
	'room get': 'roomId',
	'room getAll': `${LIST} simplify`,
	'routingRule setAgent': `routingRuleId agentId ${TASK} agentTools / agentSettings clear context dryRun toolsValidFor`,
	'session end': 'sessionId',
	'session get': 'sessionId',
	'session getAll': `${LIST} filters simplify / / deploymentId status tag`,
	'session start': `${SESSION} webhookUrl / agentSettings context dryRun idempotencyKey roomId sameForAllItems toolsValidFor`,
	'session startAndWait': `${SESSION} maxWait maxWaitUnit / agentSettings context dryRun idempotencyKey roomId sameForAllItems toolsValidFor endAtTimeout includeWait`,
	'tool answer': 'respondWith answerJson isError',
	'tool createAccess': 'agentTools context validFor validForUnit',
	'transcription get': 'getBy roomId sessionId includeText waitUntilReady maxWait maxWaitUnit',
	'transcription getAll': `${LIST} filters / / roomId sessionId`,
	'transcription startRealtime': `roomId / dryRun language summaryPrompt webhookUrl`,
	'transcription stopRealtime': 'roomId',
};
const OWN_DEFAULTS: Record<string, INodeParameters> = {
	'call sendAndWait': { maxWait: 15, maxWaitUnit: 'minutes' },
	'transcription get': { sessionId: '' },
	'tool answer': { respondWith: 'json', answerJson: '={{ $json }}', isError: false },
	'tool createAccess': { context: {}, validFor: 30, validForUnit: 'days' },
};
/** Of what is in a collection: what an option that was added begins with, and what counts without it. */
const OPTION_DEFAULTS: Record<string, unknown> = {
	timeout: 30_000,
	includeWait: 10,
	notCalledWithin: 24,
	ringingTimeout: 30,
	toolsValidFor: 24,
	maxFileSize: 500,
	simplify: true,
	hangUpAtTimeout: true,
	env: {},
	maxReplicas: 2,
	minReplicas: 0,
	profile: 'cpu-small',
	tokenValidFor: 365,
	webhookEvents: CHOSEN_EVENTS,
	endAtTimeout: false,
	dryRun: false,
	ownRoom: true,
	allowSameNumber: false,
	sameForAllItems: false,
	waitUntilAnswered: false,
	agentSettings: {},
	clear: [],
	force: false,
	context: {},
	callingHours: { hours: {} },
	outcome: [],
	status: [],
	type: 'outbound',
};

let engine: Engine;

beforeAll(async () => {
	engine = await startEngine();
});
afterAll(async () => await engine.close());

const action = (): INodeTypeDescription => engine.nodeType('videoSdkAgentCloud').description;
const trigger = (): INodeTypeDescription => engine.nodeType('videoSdkAgentCloudTrigger').description;

/** The parameters that a new node has, with n8n's defaults for what is not given. */
function filled(description: INodeTypeDescription, given: INodeParameters): INodeParameters | null {
	const { properties, version } = description;
	const node = { typeVersion: version as number };
	return NodeHelpers.getNodeParameters(properties, given, true, false, node, description);
}

function property(description: INodeTypeDescription, name: string, value?: string): INodeProperties {
	const found = description.properties.find(
		(candidate) =>
			candidate.name === name &&
			(value === undefined || candidate.displayOptions?.show?.resource?.includes(value)),
	);
	if (found === undefined) throw new Error(`There is no parameter "${name}"`);
	return found;
}

const values = ({ options = [] }: INodeProperties): unknown[] =>
	options.map((option) => ('value' in option ? option.value : option.name));

it('The package brings three nodes, each with its icons and what n8n shows of it', () => {
	const names = Object.keys(engine.loader.nodeTypes);
	expect(names).toHaveLength(3);
	for (const name of names) {
		const { iconUrl, codex, hints } = (engine.loader.getNode(name).type as INodeType).description;
		expect(codex?.resources?.primaryDocumentation).toHaveLength(1);
		expect(hints).toHaveLength(1);
		// As n8n serves them: icons/<package>/<path>.
		for (const url of Object.values(iconUrl as unknown as Record<'light' | 'dark', string>))
			expect(existsSync(join(engine.loader.directory, url.split('/').slice(2).join('/')))).toBe(true);
	}
});

it('All are named as workflows hold them, and the action is a tool, whose description tells of its cost', () => {
	const names = [action(), trigger(), engine.credentialType()].map((one) => [one.name, one.displayName]);
	expect(names).toEqual([
		['videoSdkAgentCloud', 'VideoSDK Agent Cloud'],
		['videoSdkAgentCloudTrigger', 'VideoSDK Agent Cloud Trigger'],
		['videoSdkAgentCloudApi', 'VideoSDK Agent Cloud API'],
	]);
	expect(action()).toMatchObject({
		usableAsTool: true,
		version: 1,
		description: expect.stringMatching(/cost money/) as string,
	});
	expect([trigger().usableAsTool, trigger().inputs, trigger().version]).toEqual([undefined, [], 1.1]);
});

it('The credential has the fields of interface.md with their defaults', () => {
	const fields = engine.credentialType().properties;
	const shown = fields.map(({ name, type, required = '', default: value, typeOptions }) =>
		[name, type, required, value, typeOptions?.password ? 'masked' : typeOptions?.rows].join(),
	);
	expect(shown).toEqual([
		'keysNotice,notice,,,',
		'apiKey,string,true,,masked',
		'secretKey,string,true,,masked',
		'baseUrl,string,,https://api.videosdk.live,',
		'webhookPublicKey,string,,,2',
		'onlyCall,string,,,2',
	]);
});

/** `engine.ts` holds the output of each run of each test against it. */
describe('A schema of the output', () => {
	// An answer puts out what comes in.
	it.each(Object.keys(OPERATIONS).filter((which) => which !== 'tool answer'))('has %s', (which) => {
		expect(schemaNames(`v1.0.0/${which.replace(' ', '/')}`)?.length).toBeGreaterThan(1);
	});

	it('has the trigger', () => {
		const names = ['event', 'webhookType', 'sessionId', 'data', 'eventId', 'receivedAt', 'session'];
		expect(schemaNames('v1.1.0')).toEqual(expect.arrayContaining(names));
	});
});

describe('The action', () => {
	it('has what fills each list', () => {
		const lists = new Set<unknown>();
		JSON.stringify(action().properties, (_key, value: INodePropertyMode | null) => {
			if (value?.type === 'list') lists.add(value.typeOptions?.searchListMethod);
			return value;
		});
		const { listSearch = {} } = engine.nodeType('videoSdkAgentCloud').methods ?? {};
		expect(Object.keys(listSearch).sort()).toEqual([...lists].sort());
	});

	it('says no more of an operation than n8n shows: two lines, in which its cost must be', () => {
		const operations = action()
			.properties.filter(({ name }) => name === 'operation')
			.flatMap(({ options = [] }) => options as INodePropertyOptions[]);
		expect(operations.filter(({ description = '' }) => description.length > 110)).toEqual([]);
	});

	it('offers the resources and operations of interface.md', () => {
		const operations = values(property(action(), 'resource')).flatMap((resource) =>
			values(property(action(), 'operation', String(resource))).map(
				(operation) => `${resource} ${operation}`,
			),
		);
		expect(operations.sort()).toEqual(Object.keys(OPERATIONS).sort());
	});

	it.each(Object.entries(OPERATIONS))(
		'has exactly the parameters of %s, with their defaults',
		(which, all) => {
			const [resource = '', operation = ''] = which.split(' ');
			const [names = '', options = '', filters = ''] = all.split(/ ?\/ ?/);
			const own = { ...DEFAULTS, ...OWN_DEFAULTS[which] };
			const withOptions = [...names.split(' '), ...(resource === 'tool' ? [] : ['options'])];
			const defaults = withOptions.map((name) => [name, own[name] ?? '']);
			expect(filled(action(), { resource, operation })).toEqual({
				resource,
				operation,
				...Object.fromEntries(defaults),
			});
			if (resource === 'tool') return;
			const inCollection = (collection: string) =>
				action()
					.properties.filter(
						({ name, displayOptions: { show } = {} }) =>
							name === collection &&
							show?.resource?.includes(resource) &&
							show.operation?.includes(operation),
					)
					.flatMap(({ options: fields = [] }) => fields as INodeProperties[])
					.map(({ name, default: value }) => [name, (value as IDataObject).mode === 'list' ? '' : value]);
			const usual = which === 'call sendAndWait' ? ['timeout'] : ['maxConcurrency', 'timeout'];
			const isCall = /call (make|transfer)/.test(which);
			const maxConcurrency = isCall ? 5 : which === 'recording download' ? 4 : 100;
			const wanted = (text: string, more: string[] = []) =>
				[...text.split(' '), ...more]
					.filter((name) => name !== '')
					.map((name) => [
						name,
						{ ...OPTION_DEFAULTS, ...(resource === 'routingRule' && { toolsValidFor: 720 }), maxConcurrency }[
							name
						] ?? '',
					]);
			expect(inCollection('options').sort()).toEqual(wanted(options, usual).sort());
			expect(inCollection('filters').sort()).toEqual(wanted(filters).sort());
		},
	);

	it('offers no recording in a human review', () => {
		const question = { resource: 'call', operation: 'sendAndWait', recording: 'summarize' };
		expect(filled(action(), question)).toMatchObject({ recording: 'summarize', summaryPrompt: '' });
		// As n8n calls it then.
		const review = filled({ ...action(), name: `${action().name}HitlTool` }, question);
		expect(review).toHaveProperty('message');
		expect(Object.keys(review ?? {})).toEqual(expect.not.arrayContaining(['recording', 'summaryPrompt']));
	});

	const transcription = { resource: 'transcription', operation: 'get' };
	it.each<[INodeParameters, string, string]>([
		[{ resource: 'room', operation: 'create', recording: 'summarize' }, 'summaryPrompt', ''],
		[{ ...transcription, getBy: 'id' }, 'transcriptionId waitUntilReady', 'roomId'],
		[{ ...transcription, waitUntilReady: false }, 'includeText', 'maxWait maxWaitUnit'],
		[{}, 'recording', 'summaryPrompt'],
		[{ recording: 'transcribe' }, 'recording', 'summaryPrompt'],
		[{ recording: 'summarize' }, 'recording summaryPrompt', ''],
		[{ specifyEnv: 'json', specifyMetaData: 'json' }, 'jsonEnv jsonMetaData', 'env metaData'],
		[{ resource: 'tool', operation: 'answer', respondWith: 'text' }, 'answerText', 'answerJson'],
		...['session', 'deployment', 'call', 'room', 'recording', 'transcription'].map(
			(resource): [INodeParameters, string, string] => [
				{ resource, operation: 'getAll', returnAll: true },
				'returnAll',
				'limit',
			],
		),
	])('with %j, shows %s, and not %s', (given, shown, hidden) => {
		const names = Object.keys(filled(action(), given) ?? {});
		expect(names).toEqual(expect.arrayContaining(shown.split(' ')));
		for (const name of hidden.split(' ')) expect(names).not.toContain(name);
	});

	it('asks for the events of a room once there is a URL', () => {
		const webhookUrl = 'https://n8n.example.com/webhook/1';
		expect(filled(action(), { resource: 'room', operation: 'create', webhookUrl })).toMatchObject({
			webhookEvents: ['session-ended', 'recording-stopped', 'transcription-stopped'],
		});
	});

	it('does not let an AI agent wait for a transcription', () => {
		const get = { resource: 'transcription', operation: 'get', roomId: 'r', waitUntilReady: true };
		const parameters = filled({ ...action(), name: 'videoSdkAgentCloudTool' }, get);
		expect(parameters).toHaveProperty('includeText', true);
		expect(parameters).not.toHaveProperty('waitUntilReady');
		expect(parameters).not.toHaveProperty('maxWait');
	});

	it.each<INodeParameters[string]>([
		'https://n8n.example.com/webhook/a/webhook',
		'={{ $json.url }}',
		{ ...NOTHING_PICKED, mode: 'url', value: 'https://n8n.example.com/webhook/a/webhook' },
		{ ...NOTHING_PICKED, mode: 'url', value: '={{ $json.url }}' },
	])('asks for the events once there is a webhook URL: %j', (webhookUrl) => {
		expect(filled(action(), { webhookUrl })).toMatchObject({ webhookEvents: CHOSEN_EVENTS });
	});
});

describe('The trigger', () => {
	it('has exactly the parameters of interface.md, with their defaults', () => {
		expect(filled(trigger(), {})).toEqual({
			events: ['ai-deployment-session-started', 'ai-deployment-session-failed'],
			// A text, not a field.
			sessionNotice: '',
			verifySignature: true,
			options: {},
		});
		expect(property(trigger(), 'events').displayName).toBe('Trigger On');
		// Their names: see test/unit/webhook/event.
		expect(values(property(trigger(), 'events')).sort()).toEqual([...ALL_EVENTS].sort());
	});

	it.each([
		['ai-deployment-session-failed', 'sessionNotice'],
		['call-hangup', 'callNotice'],
		['call-summary', 'callSummaryNotice'],
		['recording-failed', 'sessionNotice'],
	])('tells for %s how VideoSDK learns the URL, in %s', (event, notice) => {
		const shown = Object.keys(filled(trigger(), { events: [event] }) ?? {});
		expect(shown.filter((name) => name.endsWith('Notice'))).toEqual([notice]);
	});

	it('has the options of interface.md, with their defaults', () => {
		const options = property(trigger(), 'options').options as INodeProperties[];
		expect(Object.fromEntries(options.map(({ name, default: value }) => [name, value]))).toEqual({
			callDetails: true,
			callDirection: [],
			deploymentIds: [],
			metadataHas: { entry: {} },
			phoneNumbers: [],
			sessionDetails: false,
			skipDuplicates: true,
		});
	});
});

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type {
	INodeParameters,
	INodeProperties,
	INodePropertyOptions,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import type { Engine } from './engine';
import { startEngine } from './engine';
import { EVENT_NAMES } from './rig';

const STARTED_STOPPED_FAILED = ['started', 'stopped', 'failed'].map(
	(event) => `ai-deployment-session-${event}`,
);
/** Of calls and rooms. */
const OTHER_EVENTS = [
	...['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed', 'call-transferred'],
	...[
		'call-update',
		'call-summary',
		'session-started',
		'session-ended',
		'participant-joined',
		'participant-left',
	],
	...['recording-started', 'recording-stopped', 'recording-failed'],
	...['transcription-started', 'transcription-stopped', 'transcription-failed'],
];
const NOTHING_PICKED = { __rl: true, mode: 'list', value: '' };
const NO_URL = { __rl: true, mode: 'url', value: '' };
const LIST = { returnAll: false, limit: 50 };
const WAIT = { maxWait: 1, maxWaitUnit: 'hours' };
const NO_VALUES = { specifyMetaData: 'keypair', metaData: {} };
const NO_SESSION_VALUES = {
	deploymentId: NOTHING_PICKED,
	tag: NOTHING_PICKED,
	specifyEnv: 'keypair',
	env: {},
	...NO_VALUES,
	recording: 'none',
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
	return NodeHelpers.getNodeParameters(
		description.properties,
		given,
		true,
		false,
		{ typeVersion: 1 },
		description,
	);
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

describe('The package', () => {
	it('is loaded with three nodes and one credential', () => {
		expect(Object.keys(engine.loader.nodeTypes).sort()).toEqual([
			'videoSdkAgentCloud',
			'videoSdkAgentCloudMcpTrigger',
			'videoSdkAgentCloudTrigger',
		]);
		expect(Object.keys(engine.loader.credentialTypes)).toEqual(['videoSdkAgentCloudApi']);
	});

	it.each(['videoSdkAgentCloud', 'videoSdkAgentCloudTrigger'] as const)(
		'brings the icons and the codex of %s',
		(name) => {
			const { iconUrl, codex, credentials } = engine.nodeType(name).description;
			expectIcons(iconUrl);
			expect(codex?.categories).not.toHaveLength(0);
			expect(codex?.resources?.primaryDocumentation?.[0]?.url).toMatch(/^https:/);
			expect(codex?.resources?.credentialDocumentation?.[0]?.url).toMatch(/^https:/);
			expect(credentials).toEqual([{ name: 'videoSdkAgentCloudApi', required: true }]);
		},
	);

	it('brings the icons of the credential', () => {
		expectIcons(engine.credentialType().iconUrl);
	});

	/** @param urls as n8n serves them: icons/<package>/<path> */
	function expectIcons(urls: unknown): void {
		const { light, dark } = urls as { light: string; dark: string };
		expect(basename(light)).not.toBe(basename(dark));
		for (const url of [light, dark]) {
			expect(existsSync(join(engine.loader.directory, url.split('/').slice(2).join('/')))).toBe(true);
		}
	}
});

describe('The credential', () => {
	it('has the fields of interface.md with their defaults', () => {
		const { name, displayName, properties } = engine.credentialType();
		expect({ name, displayName }).toEqual({
			name: 'videoSdkAgentCloudApi',
			displayName: 'VideoSDK Agent Cloud API',
		});
		expect(
			properties.map(({ name: field, type, required, default: value, typeOptions }) => ({
				field,
				type,
				required: required ?? false,
				value,
				masked: typeOptions?.password ?? false,
				lines: typeOptions?.rows ?? 1,
			})),
		).toEqual([
			{ field: 'keysNotice', type: 'notice', required: false, value: '', masked: false, lines: 1 },
			{ field: 'apiKey', type: 'string', required: true, value: '', masked: true, lines: 1 },
			{ field: 'secretKey', type: 'string', required: true, value: '', masked: true, lines: 1 },
			{
				field: 'baseUrl',
				type: 'string',
				required: false,
				value: 'https://api.videosdk.live',
				masked: false,
				lines: 1,
			},
			{ field: 'webhookPublicKey', type: 'string', required: false, value: '', masked: false, lines: 2 },
		]);
	});
});

describe('The action', () => {
	it('is named as workflows hold it, and usable as a tool', () => {
		const { name, displayName, usableAsTool, version } = action();
		expect({ name, displayName, usableAsTool, version }).toEqual({
			name: 'videoSdkAgentCloud',
			displayName: 'VideoSDK Agent Cloud',
			usableAsTool: true,
			version: 1,
		});
	});

	it('tells that a session costs money', () => {
		expect(action().description).toMatch(/cost money/);
	});

	it('says no more of an operation than n8n shows: two lines, in which its cost must be', () => {
		const operations = action()
			.properties.filter(({ name }) => name === 'operation')
			.flatMap(({ options = [] }) => options as INodePropertyOptions[]);
		expect(operations.filter(({ description = '' }) => description.length > 110)).toEqual([]);
	});

	it('offers the resources and operations of interface.md', () => {
		const operations = values(property(action(), 'resource')).map((resource) => [
			resource,
			values(property(action(), 'operation', String(resource))).sort(),
		]);
		expect(Object.fromEntries(operations)).toEqual({
			account: ['checkSetup'],
			agent: ['dispatch'],
			call: ['get', 'getAll', 'hangUp', 'make', 'makeAndWait', 'sendAndWait', 'transfer'],
			deployment: ['create', 'get', 'getAll'],
			recording: ['download', 'getAll'],
			room: ['create', 'deactivate', 'endSession', 'get', 'getAll'],
			session: ['end', 'get', 'getAll', 'start', 'startAndWait', 'waitForStatus'],
			tool: ['answer', 'createAccess'],
			transcription: ['get', 'getAll', 'startRealtime', 'stopRealtime'],
		});
	});

	it.each<[resource: string, operation: string, more: INodeParameters, given?: INodeParameters]>([
		['session', 'start', { ...NO_SESSION_VALUES, agentTools: {}, webhookUrl: NOTHING_PICKED, options: {} }],
		[
			'session',
			'startAndWait',
			{
				...NO_SESSION_VALUES,
				agentTools: {},
				...WAIT,
				options: {},
			},
		],
		[
			'account',
			'checkSetup',
			{
				deploymentId: NOTHING_PICKED,
				tag: NOTHING_PICKED,
				webhookUrl: NOTHING_PICKED,
				routingRuleId: NOTHING_PICKED,
				from: NOTHING_PICKED,
				gatewayId: NOTHING_PICKED,
				options: {},
			},
		],
		['session', 'end', { sessionId: NOTHING_PICKED, options: {} }],
		['session', 'get', { sessionId: NOTHING_PICKED, options: {} }],
		['session', 'getAll', { ...LIST, filters: {}, simplify: true, options: {} }],
		[
			'call',
			'make',
			{
				to: '',
				callVia: 'routingRule',
				routingRuleId: NOTHING_PICKED,
				from: NOTHING_PICKED,
				recording: 'none',
				maxCallDuration: 600,
				agentTools: {},
				...NO_VALUES,
				options: {},
			},
		],
		[
			'call',
			'sendAndWait',
			{
				to: '',
				callVia: 'routingRule',
				routingRuleId: NOTHING_PICKED,
				from: NOTHING_PICKED,
				message: '',
				responseType: 'approval',
				maxCallDuration: 600,
				maxWait: 15,
				maxWaitUnit: 'minutes',
				agentTools: {},
				...NO_VALUES,
				options: {},
			},
		],
		['call', 'get', { callId: NOTHING_PICKED, include: [], options: {} }],
		['call', 'getAll', { ...LIST, filters: {}, simplify: true, options: {} }],
		['call', 'hangUp', { callId: NOTHING_PICKED, options: {} }],
		['call', 'transfer', { callId: NOTHING_PICKED, transferTo: '', options: {} }],
		[
			'session',
			'waitForStatus',
			{
				sessionId: NOTHING_PICKED,
				statuses: ['completed', 'failed', 'stopped'],
				...WAIT,
				options: {},
			},
		],
		['deployment', 'create', { name: '', description: '', options: {} }],
		['deployment', 'get', { deploymentId: NOTHING_PICKED, tag: NOTHING_PICKED, options: {} }],
		['deployment', 'getAll', { ...LIST, options: {} }],
		[
			'agent',
			'dispatch',
			{
				agentId: NOTHING_PICKED,
				meetingId: '',
				versionId: '',
				versionTag: '',
				agentTools: {},
				...NO_VALUES,
				roomOptions: {},
				options: {},
			},
		],
		['room', 'create', { recording: 'none', webhookUrl: NOTHING_PICKED, options: {} }],
		[
			'room',
			'create',
			{ summaryPrompt: '', webhookUrl: NOTHING_PICKED, options: {} },
			{ recording: 'summarize' },
		],
		['room', 'get', { roomId: '', options: {} }],
		['room', 'deactivate', { roomId: '', options: {} }],
		['room', 'endSession', { roomId: '', options: {} }],
		['room', 'getAll', { ...LIST, simplify: true, options: {} }],
		['recording', 'getAll', { recordingType: 'room', ...LIST, filters: {}, options: {} }],
		['recording', 'download', { url: '', binaryPropertyName: 'data', options: {} }],
		[
			'transcription',
			'get',
			{ getBy: 'room', roomId: '', includeText: true, waitUntilReady: true, ...WAIT, options: {} },
		],
		[
			'transcription',
			'get',
			{ transcriptionId: '', includeText: true, options: {} },
			{ getBy: 'id', waitUntilReady: false },
		],
		['transcription', 'getAll', { ...LIST, filters: {}, options: {} }],
		['transcription', 'startRealtime', { roomId: '', options: {} }],
		['transcription', 'stopRealtime', { roomId: '', options: {} }],
	])('has exactly the parameters of %s: %s, with their defaults', (resource, operation, more, given = {}) => {
		const chosen = { resource, operation, ...given };
		expect(filled(action(), chosen)).toEqual({ ...chosen, ...more });
	});

	it.each<[INodeParameters, string[]]>([
		[{}, ['recording']],
		[{ recording: 'transcribe' }, ['recording']],
		[{ recording: 'summarize' }, ['recording', 'summaryPrompt']],
	])('shows of the recording of a session, with %j: %j', (given, shown) => {
		const names = Object.keys(filled(action(), given) ?? {});
		expect(['recording', 'summaryPrompt'].filter((name) => names.includes(name))).toEqual(shown);
	});

	it.each([
		['call', 'makeAndWait', 12],
		['call', 'sendAndWait', 13],
		['session', 'startAndWait', 11],
	])('shows few fields of %s: %s at first sight', (resource, operation, most) => {
		const shown = Object.keys(filled(action(), { resource, operation }) ?? {});
		expect(shown.length - ['resource', 'operation'].length).toBeLessThanOrEqual(most);
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
		{ ...NO_URL, value: 'https://n8n.example.com/webhook/a/webhook' },
		{ ...NO_URL, value: '={{ $json.url }}' },
	])('asks for the events once there is a webhook URL: %j', (webhookUrl) => {
		expect(filled(action(), { webhookUrl })).toMatchObject({ webhookEvents: STARTED_STOPPED_FAILED });
	});

	it('offers JSON in place of pairs', () => {
		const parameters = filled(action(), { specifyEnv: 'json', specifyMetaData: 'json' });
		expect(Object.keys(parameters ?? {})).toEqual(expect.arrayContaining(['jsonEnv', 'jsonMetaData']));
		expect(parameters).not.toHaveProperty('env');
		expect(parameters).not.toHaveProperty('metaData');
	});

	it('returns all without a limit', () => {
		for (const resource of ['session', 'deployment', 'call']) {
			expect(filled(action(), { resource, operation: 'getAll', returnAll: true })).not.toHaveProperty(
				'limit',
			);
		}
	});

	it.each(['start', 'startAndWait', 'end', 'get', 'getAll', 'waitForStatus', 'create', 'dispatch'])(
		'lets the user set concurrency and timeout of %s',
		(operation) => {
			const options = action().properties.find(
				({ name, displayOptions }) =>
					name === 'options' && displayOptions?.show?.operation?.includes(operation),
			);
			expect(values(options as INodeProperties)).toEqual(
				expect.arrayContaining(['maxConcurrency', 'timeout']),
			);
		},
	);

	it('fills in the entries of its collections', () => {
		expect(
			filled(action(), {
				env: { variables: [{ name: 'A' }] },
				metaData: { entries: [{ key: 'b' }] },
			}),
		).toMatchObject({
			env: { variables: [{ name: 'A', value: '' }] },
			metaData: { entries: [{ key: 'b', value: '' }] },
		});
	});

	it('filters sessions by status, deployment and tag', () => {
		const filters = property(action(), 'filters', 'session');
		expect(values(filters).sort()).toEqual(['deploymentId', 'status', 'tag']);
		const status = (filters.options as INodeProperties[]).find(({ name }) => name === 'status');
		expect(status?.type).toBe('multiOptions');
		expect(values(status as INodeProperties).sort()).toEqual([
			'completed',
			'failed',
			'queued',
			'running',
			'stopped',
			'stopping',
		]);
	});

	it('says that n8n applies the filters itself', () => {
		expect(property(action(), 'filters', 'session').description).toMatch(/n8n reads the whole list/);
	});
});

describe('The trigger', () => {
	it('is named as workflows hold it, and no tool', () => {
		const { name, displayName, usableAsTool, inputs } = trigger();
		expect({ name, displayName, usableAsTool, inputs }).toEqual({
			name: 'videoSdkAgentCloudTrigger',
			displayName: 'VideoSDK Agent Cloud Trigger',
			usableAsTool: undefined,
			inputs: [],
		});
	});

	it('has exactly the parameters of interface.md, with their defaults', () => {
		expect(filled(trigger(), {})).toEqual({
			events: ['ai-deployment-session-started', 'ai-deployment-session-failed'],
			// A text, not a field.
			sessionNotice: '',
			verifySignature: true,
			options: {},
		});
		expect(property(trigger(), 'events').displayName).toBe('Trigger On');
		expect(values(property(trigger(), 'events')).sort()).toEqual([...EVENT_NAMES, ...OTHER_EVENTS].sort());
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
			sessionDetails: false,
			skipDuplicates: true,
		});
	});

	it('listens for POST under the path "webhook"', () => {
		expect(trigger().webhooks).toHaveLength(1);
		expect(trigger().webhooks?.[0]).toMatchObject({
			name: 'default',
			httpMethod: 'POST',
			path: 'webhook',
			responseMode: 'onReceived',
			responseData: 'noData',
		});
		const id = 'b3a1';
		const node = { ...engine.node('x', {}), webhookId: id };
		expect(NodeHelpers.getNodeWebhookPath('workflow', node, 'webhook')).toBe(`${id}/webhook`);
	});
});

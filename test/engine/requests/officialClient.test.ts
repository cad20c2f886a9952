/** What is sent is what VideoSDK's own client sends: methods, paths, queries, and bodies. */
import { VideoSDK } from '@videosdk.live/server-sdk';
import type { INodeParameters } from 'n8n-workflow';
import type { RecordedRequest } from '../../simulator';
import { byRule, CALL, callParameters, RULE, TO } from '../rig/callRig';
import { parametersOf, useRig, withoutKey } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const HOOK = 'https://n8n.example.com/webhook/1/webhook';
const ROOM = { roomId: 'abcd-efgh-ijkl' };
const SIP = 'sip:desk@pbx.example.com';
const SESSION_ID = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';
const FIRST = { page: 1, perPage: 50 };

const room = (operation: string, more: INodeParameters = {}) => parametersOf('room', operation, more);
const realtime = (operation: string, more: INodeParameters = {}) =>
	parametersOf('transcription', `${operation}Realtime`, { roomId: ' r ', ...more });
// As an event names it.
const FILTERS = { roomId: ' r ', sessionId: `session-${SESSION_ID}` };
const recordings = (recordingType: string) =>
	parametersOf('recording', 'getAll', { recordingType, filters: FILTERS });

const metaData = { specifyMetaData: 'json', jsonMetaData: '{"row":7,"tags":["a"]}' };
const options = { ...ROOM, ringingTimeout: 30, waitUntilAnswered: false, timeout: 5_000, maxConcurrency: 3 };
const call = {
	callTo: TO,
	...ROOM,
	ringingTimeout: 30,
	maxCallDuration: 90,
	waitUntilAnswered: false,
	metadata: { row: 7, tags: ['a'] },
};
const rule = { callFrom: RULE.from, routingRuleId: RULE.routingRuleId };
const recording = (transcription?: object) => ({
	autoStartConfig: { recording: transcription ? { transcription: { enabled: true, ...transcription } } : {} },
});
const filters = {
	type: 'outbound',
	...ROOM,
	ruleId: 'rule_out_01',
	search: TO,
	startDate: '2026-01-15T10:00:00.000+05:30',
};
const webhook = { url: HOOK, events: ['session-ended', 'recording-stopped'] };
const roomWithAll = {
	recording: 'summarize',
	summaryPrompt: 'In two sentences',
	webhookEvents: webhook.events,
	webhookUrl: { __rl: true, mode: 'url', value: HOOK },
	options: { customRoomId: ' order-7 ' },
};
const language = 'de-CH';

/** What the user's fields make of a request: calls have the key of their start besides. */
const userPartOf = ({ method, path, body }: Pick<RecordedRequest, 'method' | 'path' | 'body'>) =>
	method === 'POST' && path === CALL ? withoutKey(body) : body;

type Sent = [what: string, parameters: INodeParameters, use: (client: VideoSDK) => Promise<unknown>];
it.each<Sent>([
	[
		'a call by a rule',
		byRule(),
		({ sip }) => sip.calls.create({ callTo: TO, ...rule, maxCallDuration: 600 }),
	],
	[
		'a call by a rule with everything, of numbers as people write them',
		byRule({
			...metaData,
			maxCallDuration: 89.1,
			options,
			to: '+1 555-000 3000',
			from: ' 001 (555) 010-2001\n',
		}),
		({ sip }) => sip.calls.create({ ...call, ...rule }),
	],
	[
		'a call from a number of the list, however the API spells it',
		byRule({ from: { __rl: true, mode: 'list', value: '15550102001' }, maxCallDuration: 0 }),
		({ sip }) => sip.calls.create({ callTo: TO, ...rule, callFrom: '15550102001' }),
	],
	['Get', callParameters('get', { callId: 'call/1 ?' }), ({ sip }) => sip.calls.get('call/1 ?')],
	['Hang Up', callParameters('hangUp', { callId: 'c' }), ({ sip }) => sip.calls.end('c')],
	[
		'Transfer to a SIP address',
		callParameters('transfer', { callId: 'c', transferTo: SIP }),
		({ sip }) => sip.calls.transfer('c', { to: SIP }),
	],
	[
		'Transfer to a number',
		callParameters('transfer', { callId: 'c', transferTo: '+1 555 0009' }),
		({ sip }) => sip.calls.transfer('c', { to: '+15550009' }),
	],
	[
		'Get Many Calls with every filter',
		callParameters('getAll', { filters }),
		({ sip }) =>
			sip.calls.list({ ...filters, ...FIRST, type: 'outbound', startDate: Date.UTC(2026, 0, 15, 4, 30) }),
	],
	['a plain room', room('create'), ({ rooms }) => rooms.create()],
	['a recorded room', room('create', { recording: 'record' }), ({ rooms }) => rooms.create(recording())],
	[
		'a transcribed room',
		room('create', { recording: 'transcribe' }),
		({ rooms }) => rooms.create(recording({})),
	],
	[
		'all that a room can have',
		room('create', roomWithAll),
		({ rooms }) =>
			rooms.create({
				customRoomId: 'order-7',
				webhook,
				...recording({ summary: { enabled: true, prompt: 'In two sentences' } }),
			}),
	],
	['Get Room', room('get', { roomId: 'a/b' }), ({ rooms }) => rooms.get('a/b')],
	['Get Many Rooms', room('getAll'), ({ rooms }) => rooms.list(FIRST)],
	['Deactivate', room('deactivate', { roomId: 'r' }), ({ rooms }) => rooms.end('r')],
	['End Session', room('endSession', { roomId: 'r' }), ({ sessions }) => sessions.end({ roomId: 'r' })],
	['Start Realtime', realtime('start'), ({ transcription }) => transcription.realtime.start('r')],
	[
		'Start Realtime with all options',
		realtime('start', { options: { language, summaryPrompt: 'Short', webhookUrl: HOOK } }),
		({ transcription }) =>
			transcription.realtime.start('r', {
				language,
				webhookUrl: HOOK,
				summary: { enabled: true, prompt: 'Short' },
			}),
	],
	['Stop Realtime', realtime('stop'), ({ transcription }) => transcription.realtime.stop('r')],
	[
		'Delete Recording',
		parametersOf('recording', 'delete', { recordingId: 'a/b' }),
		(client) => client.recordings.delete('a/b'),
	],
	...(['room', 'participant', 'track', 'merge'] as const).map((kind): Sent => [
		`Get Many Recordings of kind ${kind}`,
		recordings(kind === 'merge' ? 'merged' : kind),
		async (client) => {
			const list = kind === 'room' ? client.recordings : client.recordings[kind];
			return await list.list({ ...FIRST, roomId: 'r', sessionId: SESSION_ID });
		},
	]),
])("VideoSDK's own client sends the same: %s", async (_what, parameters, use) => {
	const { apiKey, secret, url } = rig.simulator;
	/** The requests made since the last time. What is looked up beside them is another matter. */
	const requests = () =>
		rig.simulator.requests
			.splice(0)
			.map(({ method, path, query, body }: RecordedRequest) => ({ method, path, query, body }))
			.filter(({ path }) => !path.includes('routing-rule'));
	await rig.run(parameters);
	const [own, ...lookUps] = requests().map((request) => ({ ...request, body: userPartOf(request) }));
	await use(new VideoSDK({ apiKey, secret, apiEndpoint: url, maxRetries: 0 })).catch(() => undefined);
	expect([own]).toEqual(requests());
	// What could not be hung up may be over.
	const isEnd = parameters.operation === 'hangUp';
	expect(lookUps).toMatchObject(isEnd ? [{ method: 'GET', path: '/v2/sip/call/c' }] : []);
});

/**
 * The one description of VideoSDK's API: what each endpoint takes and answers. The simulator checks by it what it receives and what
 * it answers, `npm run verify:api` what the live API answers. Where docs and clients differ, docs/dev/api-truth.md says whose form is in it.
 */
import { callEvents, roomEvents, sessionEvents } from './events';
import {
	arrayOf,
	boolean,
	either,
	map,
	mapOfTexts,
	matching,
	number,
	object,
	oneOfTexts,
	orNull,
	positive,
	string,
	text,
	url,
	withAtLeast,
	type Schema,
} from './words';

/** What an endpoint takes and answers. */
export interface Endpoint {
	/** Without it: no query parameters. */
	query?: Schema;
	body?: Schema;
	/** Of a success. */
	answer: Schema;
}

const time = text;
const message = { message: string };
const created = { createdAt: time, updatedAt: time };
const pageNumber = matching('^[1-9]\\d{0,8}$');
const milliseconds = matching('^\\d{1,15}$');
const period = { startDate: milliseconds, endDate: milliseconds };

const pageInfo = object({
	currentPage: number,
	perPage: number,
	total: number,
	// Sessions and deployments of the older generation have the first, all others the second.
	'totalItems?': number,
	'lastPage?': number,
});

/** A list. Each of its filters may be missing. */
function listOf(
	row: Schema,
	filters: Record<string, Schema> = {},
	{ key = 'data', bare = false } = {},
): Endpoint {
	const query = { page: pageNumber, perPage: pageNumber, ...filters };
	const page = object({ 'statusCode?': number, pageInfo, [key]: arrayOf(row) });
	return {
		query: object(Object.fromEntries(Object.entries(query).map(([name, schema]) => [`${name}?`, schema]))),
		answer: bare ? either(page, arrayOf(row)) : page,
	};
}

/** A list, and each of its rows by ID. */
const collection = (path: string, row: Schema, list: Endpoint): Record<string, Endpoint> => ({
	[`GET ${path}`]: list,
	[`GET ${path}/:id`]: { answer: row },
});

// Agents' sessions and deployments, older generation

const sessionFields = {
	sessionId: text,
	status: text,
	deploymentId: text,
	'tag?': orNull(string),
	'start?': orNull(time),
	'end?': orNull(time),
	'duration?': orNull(number),
	...created,
};
const session = object(sessionFields);
const listedSession = object({
	...sessionFields,
	// Spelled otherwise than in the start call.
	'webhook?': orNull(object({ endpoint: string, events: arrayOf(string) })),
	'metadata?': map,
});
const deploymentFields = { id: text, name: text, description: orNull(string), status: text };
const deployment = object({ ...deploymentFields, tag: text, createdAt: time });

// Agents, newer generation

const cloudDeployment = object({ id: text, agentId: text, name: text, status: text });
const version = object({ versionId: text, 'versionTag?': text });

// Calls

const target = matching('^\\+?\\d{3,15}$|^[sS][iI][pP][sS]?:\\S+@\\S+$');
const optionalText = orNull(string);
const callFields = {
	to: text,
	'from?': optionalText,
	type: text,
	status: text,
	'roomId?': optionalText,
	'sessionId?': optionalText,
	'gatewayId?': optionalText,
	'ruleId?': optionalText,
	'metadata?': orNull(map),
	start: time,
	'end?': orNull(time),
	timelog: arrayOf(withAtLeast({ status: text, timestamp: time })),
	'provider?': optionalText,
	'transport?': optionalText,
	'region?': optionalText,
	'transfer?': orNull(map),
};
// In lists the ID has a name of its own.
const listedCall = object({
	callId: text,
	...callFields,
	'gatewayName?': optionalText,
	'ruleName?': optionalText,
});
const callAnswer = object({ 'message?': string, data: object({ id: text, ...callFields }) });
const callBody: Schema = {
	...object({
		sipCallTo: target,
		'sipCallFrom?': target,
		'routingRuleId?': text,
		'gatewayId?': text,
		'destinationRoomId?': text,
		'participant?': object({ 'id?': text, 'name?': text, 'metadata?': map }),
		'metadata?': map,
		'recordAudio?': boolean,
		'waitUntilAnswered?': boolean,
		'ringingTimeout?': positive,
		'maxCallDuration?': positive,
		'dtmf?': boolean,
		'mediaEncryption?': oneOfTexts('enable', 'disable'),
		'hidePhoneNumber?': boolean,
		'headers?': mapOfTexts,
		'includeHeaders?': oneOfTexts('ALL', 'SIP_X_HEADERS', 'NONE'),
	}),
	oneOf: [
		{ required: ['routingRuleId', 'sipCallFrom'], not: { required: ['gatewayId'] } },
		{ required: ['gatewayId'], not: { required: ['routingRuleId'] } },
	],
};

const gateway = withAtLeast({ id: text, name: text, numbers: arrayOf(text) });
const phoneNumber = object({
	phoneNumber: withAtLeast({ phoneNumberId: text, e164: text, name: string }),
	inbound: orNull(map),
	outbound: orNull(map),
});
const rule = withAtLeast({
	id: text,
	'name?': string,
	'type?': oneOfTexts('inbound', 'outbound'),
	'numbers?': arrayOf(text),
	'room?': map,
	'agentId?': optionalText,
});
const rules = listOf(
	rule,
	{ search: string, type: oneOfTexts('inbound', 'outbound'), ruleIds: string },
	{ bare: true },
);
const webhook = object({ id: text, url: text, events: arrayOf(text), ...created });
const webhookBody = object({ url, events: callEvents });

// Rooms, and what remains of them

const summary = object({ 'enabled?': boolean, 'prompt?': text });
const transcriptionOptions: Schema = {
	...object({ 'enabled?': boolean, 'summary?': summary }),
	// There is no summary without a transcript.
	if: {
		required: ['summary'],
		properties: { summary: { required: ['enabled'], properties: { enabled: { const: true } } } },
	},
	then: { required: ['enabled'], properties: { enabled: { const: true } } },
};
const autoStartConfig = withAtLeast({
	'recording?': withAtLeast({ 'transcription?': transcriptionOptions }),
});
const roomFields = {
	'customRoomId?': text,
	'geoFence?': text,
	'webhook?': object({ endPoint: { ...url, maxLength: 512 }, events: roomEvents }),
	'autoCloseConfig?': withAtLeast({ 'type?': text, 'duration?': number }),
	'autoStartConfig?': autoStartConfig,
	'multiComposition?': map,
	'allowedParticipantIds?': arrayOf(text),
};
const links = { links: withAtLeast({ get_room: text }) };
const room = object({
	id: text,
	roomId: text,
	...roomFields,
	// Answers that are kept have no addresses in them.
	'webhook?': object({ endPoint: text, events: roomEvents }),
	disabled: boolean,
	...created,
	...links,
});
const participant = object({ participantId: text, name: string, timelog: arrayOf(map) });
const roomSession = object({
	id: text,
	roomId: text,
	'customRoomId?': optionalText,
	start: time,
	end: orNull(time),
	status: text,
	participants: arrayOf(participant),
	...links,
});

const fileFields = { 'fileUrl?': optionalText, 'filePath?': optionalText };
const file = object(fileFields);
const files = { transcriptionFilePaths: map, 'summarizedFilePaths?': orNull(map) };
const transcription = object({
	id: text,
	status: text,
	'start?': orNull(time),
	'end?': orNull(time),
	...files,
	'roomId?': text,
	'sessionId?': optionalText,
	'recordingId?': optionalText,
	// Of a realtime one, whose room stands in it.
	'extension?': withAtLeast({ 'extensionConfig?': map }),
});
const recording = {
	id: text,
	roomId: text,
	'sessionId?': optionalText,
	'start?': orNull(time),
	'end?': orNull(time),
};
const whereabouts = { roomId: string, sessionId: string };
const roomRecording = object({
	...recording,
	file: object({ ...fileFields, meta: withAtLeast({ duration: number }) }),
	'transcription?': transcription,
});
const individualRecording = object({
	...recording,
	'participantId?': optionalText,
	'participantName?': optionalText,
	files: arrayOf(file),
});
const mergedRecording = object({ ...recording, 'meetingId?': text, status: text, 'file?': file });
const individuals = listOf(individualRecording, { ...whereabouts, participantId: string });
const transcriptionList = { key: 'transcriptions' };

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const DEPLOYMENTS = '/ai/v1/ai-deployments';
const CALL = '/v2/sip/call';
const WEBHOOKS = '/v2/sip/webhooks';
const REALTIME = '/ai/v1/realtime-transcriptions';

/** By method and path; `:name` stands for a part of the path. */
export const ENDPOINTS: Record<string, Endpoint> = {
	'GET /v2/public/rsa-public-key': { answer: object({ publicKey: text }) },

	[`POST ${SESSIONS}/start`]: {
		body: object({
			deploymentId: text,
			'tag?': text,
			'env?': mapOfTexts,
			'metaData?': map,
			'webhook?': object({ endPoint: url, events: sessionEvents }),
		}),
		answer: object({ ...message, data: session }),
	},
	[`POST ${SESSIONS}/end`]: {
		body: object({ sessionId: text }),
		answer: object({ ...message, data: session }),
	},
	...collection(SESSIONS, session, listOf(listedSession)),
	[`POST ${DEPLOYMENTS}`]: {
		body: object({ name: text, description: text }),
		answer: object({ ...deploymentFields, ...created }),
	},
	[`GET ${DEPLOYMENTS}`]: listOf(object({ ...deploymentFields, tag: text, created_at: time })),
	[`GET ${DEPLOYMENTS}/:id/:tag`]: { answer: deployment },

	'GET /ai/v1/cloud/deployments': listOf(
		cloudDeployment,
		{ name: { type: 'string', format: 'regex' }, agentId: string, status: string, deploymentId: string },
		{ key: 'deployments' },
	),
	'GET /ai/v1/agents/:id/versions': { answer: object({ versions: arrayOf(version) }) },
	'POST /v2/agent/dispatch': {
		body: object({
			agentId: text,
			meetingId: text,
			// Only the SDK sends it, with the same value.
			'roomId?': text,
			'metadata?': map,
			'versionId?': text,
			'versionTag?': text,
			'roomOptions?': object({
				'autoEndSession?': boolean,
				'sessionTimeoutSeconds?': number,
				'playground?': boolean,
				'vision?': boolean,
				'joinMeeting?': boolean,
			}),
			'sipOptions?': map,
		}),
		answer: object({
			...message,
			data: object({ success: boolean, 'status?': text, 'roomId?': text, 'agentId?': text }),
		}),
	},

	[`POST ${CALL}`]: { body: callBody, answer: callAnswer },
	[`GET ${CALL}`]: listOf(listedCall, {
		...whereabouts,
		...period,
		id: string,
		gatewayId: string,
		ruleId: string,
		type: string,
		search: string,
	}),
	[`GET ${CALL}/:id`]: { answer: callAnswer },
	[`POST ${CALL}/end`]: { body: object({ callId: text }), answer: callAnswer },
	[`POST ${CALL}/transfer`]: {
		body: object({ callId: text, transferTo: target, 'participant?': map, 'playDialtone?': boolean }),
		answer: callAnswer,
	},

	'GET /v2/sip/outbound-gateways': listOf(gateway, { id: string, search: string }, { bare: true }),
	'GET /v2/sip/routing-rule': rules,
	'GET /v2/sip/phone-numbers': listOf(
		phoneNumber,
		{ search: string, perPage: matching('^([1-9]\\d?|100)$') },
		{ bare: true },
	),

	[`GET ${WEBHOOKS}`]: listOf(webhook, { search: string }, { bare: true }),
	[`POST ${WEBHOOKS}`]: { body: webhookBody, answer: webhook },
	[`DELETE ${WEBHOOKS}/:id`]: { answer: object(message) },

	...collection('/v2/rooms', room, listOf(room, { query: string })),
	'POST /v2/rooms': { body: object(roomFields), answer: room },
	'POST /v2/rooms/deactivate': { body: object({ roomId: text }), answer: room },

	'GET /v2/sessions': listOf(roomSession, {
		...period,
		query: string,
		roomId: string,
		customRoomId: string,
		status: oneOfTexts('ongoing', 'ended'),
	}),
	'POST /v2/sessions/end': {
		body: object({ roomId: text, 'sessionId?': text, 'ignoreClosed?': boolean, 'vsdkForceKill?': boolean }),
		answer: roomSession,
	},

	'GET /v2/recordings/participant/merge': listOf(
		mergedRecording,
		{ ...whereabouts, status: string, id: string },
		{ key: 'recordings' },
	),
	'GET /v2/recordings/participant/track': individuals,
	'GET /v2/recordings/participant': individuals,
	'GET /v2/recordings': listOf(roomRecording, { ...whereabouts, query: string }),

	...collection(
		'/ai/v1/post-transcriptions',
		transcription,
		listOf(transcription, whereabouts, transcriptionList),
	),
	...collection(
		REALTIME,
		transcription,
		listOf(transcription, { ...whereabouts, status: string }, transcriptionList),
	),
	[`POST ${REALTIME}/start`]: {
		body: object({
			roomId: text,
			'webhookUrl?': url,
			'modelId?': text,
			'language?': text,
			'summary?': summary,
		}),
		answer: transcription,
	},
	[`POST ${REALTIME}/end`]: { body: object({ roomId: text }), answer: transcription },
};

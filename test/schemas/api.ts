/**
 * The one description of VideoSDK's API: what each endpoint takes and answers. The simulator checks by it what it receives and what
 * it answers, `npm run verify:api` what the live API answers. Where docs and clients differ, docs/dev/api-truth.md says whose
 * form is in it.
 */
import { callEvents, roomEvents, sessionEvents } from './events';
import {
	arrayOf,
	boolean,
	either,
	fields,
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
const created = fields('createdAt updatedAt', time);
const pageNumber = matching('^[1-9]\\d{0,8}$');
const milliseconds = matching('^\\d{1,15}$');
const period = fields('startDate endDate', milliseconds);

// Sessions and deployments of the older generation have `totalItems`, all others `lastPage`.
const pageInfo = object(fields('currentPage perPage total totalItems? lastPage?', number));

/** A list. Each of its filters may be missing. */
function listOf(row: Schema, filters: Record<string, Schema> = {}, { key = 'data', bare = false } = {}) {
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
	...fields('sessionId status deploymentId', text),
	'tag?': orNull(string),
	...fields('start? end?', orNull(time)),
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
const deployment = object({
	...fields('id name status tag', text),
	description: orNull(string),
	created_at: time,
});

// Agents, newer generation

const cloudDeployment = object(fields('id agentId name status envSecret? template?', text));
const version = object({
	...fields('id agentId deploymentId name? image? versionTag? status?', text),
	...fields('minReplica? maxReplica?', { type: 'integer', minimum: 0, maximum: 50 }),
	'active?': boolean,
});
const build = object({ ...fields('buildId status image?', text), 'failureReason?': orNull(string) });
const webhookOfVersion = object({ endPoint: url, events: arrayOf(matching('^agent-session-[a-z]+$')) });
const replicas: Schema = { type: 'integer', minimum: 0, maximum: 50 };
const imageToRun = object({
	imageType: oneOfTexts('public', 'private', 'managed'),
	...fields('imageCR imageUrl', text),
});
const versionBody = object({
	...fields('agentId deploymentId name? versionTag? envSecret? buildId?', text),
	// The CLI sends null.
	'region?': orNull(text),
	image: imageToRun,
	...fields('minReplica maxReplica', replicas),
	profile: oneOfTexts('cpu-small', 'cpu-medium', 'cpu-large'),
	'webhook?': webhookOfVersion,
});
const CLOUD = '/ai/v1/cloud';

// Calls

const target = matching('^\\+?\\d{3,15}$|^[sS][iI][pP][sS]?:\\S+@\\S+$');
const optionalText = orNull(string);
const callFields = {
	...fields('to type status', text),
	...fields('from? roomId? sessionId? gatewayId? ruleId? provider? transport? region?', optionalText),
	...fields('metadata? transfer?', orNull(map)),
	start: time,
	'end?': orNull(time),
	timelog: arrayOf(withAtLeast({ status: text, timestamp: time })),
};
// In lists the ID has a name of its own.
const listedCall = object({ callId: text, ...callFields, ...fields('gatewayName? ruleName?', optionalText) });
const callAnswer = object({ 'message?': string, data: object({ id: text, ...callFields }) });
const callBody = object({
	...fields('sipCallTo sipCallFrom', target),
	...fields('routingRuleId destinationRoomId?', text),
	'participant?': object({ ...fields('id? name?', text), 'metadata?': map }),
	'metadata?': map,
	...fields('recordAudio? waitUntilAnswered? dtmf? hidePhoneNumber?', boolean),
	...fields('ringingTimeout? maxCallDuration?', positive),
	'mediaEncryption?': oneOfTexts('enable', 'disable'),
	'headers?': mapOfTexts,
	'includeHeaders?': oneOfTexts('ALL', 'SIP_X_HEADERS', 'NONE'),
});

const phoneNumber = object({
	phoneNumber: withAtLeast({ phoneNumberId: text, e164: text, name: string }),
	...fields('inbound outbound', orNull(map)),
});
const rule = withAtLeast({
	id: text,
	'name?': string,
	'type?': oneOfTexts('inbound', 'outbound'),
	'numbers?': arrayOf(text),
	'room?': map,
	'agentId?': optionalText,
	'agentMetadata?': orNull(map),
	...fields('recording? dtmf? noiseCancellation? hidePhoneNumber?', boolean),
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
const withTranscription = withAtLeast({ 'transcription?': transcriptionOptions });
const autoStartConfig = withAtLeast({ 'recording?': withTranscription });
const roomFields = {
	...fields('customRoomId? geoFence?', text),
	'webhook?': object({ endPoint: { ...url, maxLength: 512 }, events: roomEvents }),
	'autoCloseConfig?': withAtLeast({ 'type?': text, 'duration?': number }),
	'autoStartConfig?': autoStartConfig,
	'multiComposition?': map,
	'allowedParticipantIds?': arrayOf(text),
};
const links = { links: withAtLeast({ get_room: text }) };
const room = object({
	...fields('id roomId', text),
	...roomFields,
	// Answers that are kept have no addresses in them.
	'webhook?': object({ endPoint: text, events: roomEvents }),
	disabled: boolean,
	...created,
	...links,
});
const participant = object({ participantId: text, name: string, timelog: arrayOf(map) });
const roomSession = object({
	...fields('id roomId status', text),
	'customRoomId?': optionalText,
	start: time,
	end: orNull(time),
	participants: arrayOf(participant),
	...links,
});

const fileFields = fields('fileUrl? filePath?', optionalText);
const file = object(fileFields);
const files = { transcriptionFilePaths: map, 'summarizedFilePaths?': orNull(map) };
const transcription = object({
	...fields('id status roomId?', text),
	...fields('start? end?', orNull(time)),
	...files,
	...fields('sessionId? recordingId?', optionalText),
	// Of a realtime one, whose room stands in it.
	'extension?': withAtLeast({ 'extensionConfig?': map }),
});
const recording = {
	...fields('id roomId', text),
	'sessionId?': optionalText,
	...fields('start? end?', orNull(time)),
};
const whereabouts = fields('roomId sessionId', string);
const roomRecording = object({
	...recording,
	file: object({ ...fileFields, meta: withAtLeast({ duration: number }) }),
	'transcription?': transcription,
});
const individualRecording = object({
	...recording,
	...fields('participantId? participantName?', optionalText),
	files: arrayOf(file),
});
const mergedRecording = object({ ...recording, 'meetingId?': text, status: text, 'file?': file });
const individuals = listOf(individualRecording, { ...whereabouts, participantId: string });
const transcriptionsAt = (path: string, filters = {}) => {
	const list = listOf(transcription, { ...whereabouts, ...filters }, { key: 'transcriptions' });
	return collection(path, transcription, list);
};
const messageAndSession = object({ ...message, data: session });

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
		answer: messageAndSession,
	},
	[`POST ${SESSIONS}/end`]: { body: object({ sessionId: text }), answer: messageAndSession },
	...collection(SESSIONS, session, listOf(listedSession)),
	[`GET ${DEPLOYMENTS}`]: listOf(deployment),

	'GET /ai/v1/cloud/deployments': listOf(
		cloudDeployment,
		{ name: { type: 'string', format: 'regex' }, agentId: string, status: string, deploymentId: string },
		{ key: 'deployments' },
	),
	[`POST ${CLOUD}/deployments`]: {
		body: object(fields('name? template? agentId? envSecret?', text)),
		answer: cloudDeployment,
	},
	[`GET ${CLOUD}/deployments/:id/latest`]: { answer: version },
	[`PUT ${CLOUD}/deployments/:id/update`]: {
		body: object({ envSecret: text }),
		answer: object({ ...message, data: cloudDeployment }),
	},
	[`POST ${CLOUD}/deployments/:id/delete`]: { body: object({ 'force?': boolean }), answer: object(message) },
	[`GET ${CLOUD}/secrets`]: { answer: object({ data: arrayOf(object(fields('id name type', text))) }) },
	[`POST ${CLOUD}/secrets`]: {
		body: object({ ...fields('name type', text), keys: mapOfTexts, 'region?': text }),
		answer: object({ ...message, data: object(fields('id name', text)) }),
	},
	[`DELETE ${CLOUD}/secrets/name/:id`]: { answer: object(message) },
	[`POST ${CLOUD}/builds`]: {
		body: object({
			...fields('deploymentId imageName? tag? dockerfilePath? region?', text),
			'buildArgs?': mapOfTexts,
		}),
		answer: object(fields('buildId uploadUrl image', text)),
	},
	[`POST ${CLOUD}/builds/:id/start`]: { answer: object({ ...message, ...fields('buildId status', text) }) },
	[`GET ${CLOUD}/builds/:id`]: { answer: build },
	[`GET ${CLOUD}/builds/:id/logs`]: { answer: object({ cdnUrl: text }) },
	[`GET ${CLOUD}/versions`]: listOf(version, fields('agentId deploymentId sort', string), {
		key: 'versions',
	}),
	[`POST ${CLOUD}/versions`]: { body: versionBody, answer: version },
	// The CLI's update_version, which can also send `image` and `schedule`.
	[`PUT ${CLOUD}/versions/:id`]: {
		body: object({ ...fields('envSecret? profile?', text), ...fields('minReplica? maxReplica?', replicas) }),
		answer: version,
	},
	[`PUT ${CLOUD}/versions/:id/activate`]: {
		body: object({ activate: boolean, 'force?': boolean }),
		answer: object(message),
	},
	'POST /v2/agent/dispatch': {
		body: object({
			// Only the SDK sends roomId, with the value of meetingId.
			...fields('agentId meetingId roomId? versionId? versionTag?', text),
			...fields('metadata? sipOptions?', map),
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
		...fields('id ruleId type search', string),
	}),
	[`GET ${CALL}/:id`]: { answer: callAnswer },
	[`POST ${CALL}/end`]: { body: object({ callId: text }), answer: callAnswer },
	[`POST ${CALL}/transfer`]: {
		body: object({ callId: text, transferTo: target, 'participant?': map, 'playDialtone?': boolean }),
		answer: callAnswer,
	},

	'GET /v2/sip/routing-rule': rules,
	'GET /v2/sip/routing-rule/:id': { answer: rule },
	'PATCH /v2/sip/routing-rule/:id': {
		body: object({
			'agentId?': text,
			'agentMetadata?': map,
			...fields('recording? dtmf? noiseCancellation? hidePhoneNumber?', boolean),
		}),
		answer: rule,
	},
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
		...fields('query roomId customRoomId', string),
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
	'DELETE /v2/recordings/:id': { answer: string },
	'GET /v2/recordings': listOf(roomRecording, { ...whereabouts, query: string }),

	...transcriptionsAt('/ai/v1/post-transcriptions'),
	...transcriptionsAt(REALTIME, { status: string }),
	[`POST ${REALTIME}/start`]: {
		body: object({ ...fields('roomId modelId? language?', text), 'webhookUrl?': url, 'summary?': summary }),
		answer: transcription,
	},
	[`POST ${REALTIME}/end`]: { body: object({ roomId: text }), answer: transcription },
};

import type { Alteration, Event, Wire } from './alteredApi';
import type { Json } from './evidence';

const SESSIONS = '/ai/v1/ai-deployment-sessions';
const CALL = '/v2/sip/call';
/** Does not pick up by itself. */
export const SLOW_NUMBER = '+15550108888';

const isAt = ({ method, path }: Wire, endpoint: string): boolean => endpoint === `${method} ${path}`;
/** Alters the answer of an endpoint. */
const answer = (endpoint: string, change: (wire: Wire) => void): Alteration => ({
	answer: (wire) => {
		if (isAt(wire, endpoint)) change(wire);
	},
});
/** Refuses a request instead of passing it on. */
const refuse = (
	endpoint: string,
	status: number,
	message: string,
	when = (_wire: Wire) => true,
): Alteration => ({
	request: (wire) => {
		if (isAt(wire, endpoint) && when(wire)) Object.assign(wire, { status, answer: { message } });
	},
});
/** Alters a call wherever it is answered: alone, or in the list. */
const calls = (change: (call: Json, wire: Wire) => void): Alteration => ({
	answer: (wire) => {
		if (!wire.path.startsWith(CALL) || !wire.answer.data) return;
		for (const call of [wire.answer.data].flat() as Json[]) change(call, wire);
	},
});
/** Alters events: of sessions, of calls, or summaries. */
const events = (to: string, change: (event: Event) => void): Alteration => ({
	event: (event) => {
		if (event.to === to) change(event);
	},
});
const unsigned = (to: string): Alteration => ({
	signed: (event) => {
		if (event.to === to) delete event.headers['videosdk-signature'];
	},
});
function rename(record: Json, from: string, to: string): void {
	record[to] = record[from];
	delete record[from];
}

/** For each point a VideoSDK that differs in it and in nothing else; what is then seen. */
export const ALTERATIONS: Record<string, [seen: string, Alteration]> = {
	'token.refused': [
		'403 Token is invalid or expired',
		{
			answer: (wire) => {
				if (wire.status === 401) wire.status = 403;
			},
		},
	],
	'key.open': [
		'401 without a key',
		refuse('GET /v2/public/rsa-public-key', 401, 'No token', ({ hasToken }) => !hasToken),
	],
	'deployments.tags': [
		'a list of tags',
		answer('GET /ai/v1/ai-deployments', ({ answer: list }) => {
			for (const row of list.data ?? []) row.tag = [row.tag];
		}),
	],
	'pages.older': [
		'currentPage, lastPage, perPage, total',
		answer(
			'GET /ai/v1/ai-deployments',
			({ answer: list }) => list.pageInfo && rename(list.pageInfo, 'totalItems', 'lastPage'),
		),
	],
	'lists.query': [
		'GET /v2/sip/routing-rule 400',
		refuse('GET /v2/sip/routing-rule', 400, 'Unknown query parameter', ({ query }) => query.has('type')),
	],
	'error.unknownId': [
		'400',
		{
			answer: (wire) => {
				if (wire.path.startsWith(`${SESSIONS}/`) && wire.status === 404) wire.status = 400;
			},
		},
	],
	'start.status': ['202', answer(`POST ${SESSIONS}/start`, (wire) => (wire.status = 202))],
	'sessions.names': [
		'endPoint, metadata',
		answer(`GET ${SESSIONS}`, ({ answer: list }) => {
			for (const { webhook } of list.data) if (webhook) rename(webhook, 'endpoint', 'endPoint');
		}),
	],
	'dispatch.sdkFields': [
		'400 Unknown field roomId',
		refuse('POST /v2/agent/dispatch', 400, 'Unknown field roomId', ({ body }) => 'roomId' in body!),
	],
	'sessionEvent.family': [
		'agent-session-',
		events(
			'session',
			({ body }) => (body.webhookType = String(body.webhookType).replace('ai-deployment', 'agent')),
		),
	],
	'sessionEvent.type': ['type', events('session', ({ body }) => rename(body, 'webhookType', 'type'))],
	'sessionEvent.data': [
		'missing',
		events('session', ({ body }) => {
			if (String(body.webhookType).endsWith('-starting')) delete body.data;
		}),
	],
	'sessionEvent.id': [
		'<ID>',
		events(
			'session',
			({ body }) => (body.data!.sessionId = String(body.data!.sessionId).replace('session-', '')),
		),
	],
	'sessionEvent.signed': [
		'x-videosdk-signature',
		{
			signed: ({ to, headers }) => {
				if (to === 'session') rename(headers, 'videosdk-signature', 'x-videosdk-signature');
			},
		},
	],
	'call.participant': [
		'400 participant.name is not allowed',
		refuse(`POST ${CALL}`, 400, 'participant.name is not allowed'),
	],
	'call.room': [
		'runs in another room',
		{
			request: ({ method, path, body }) =>
				void (method === 'POST' && path === CALL && delete body!.destinationRoomId),
		},
	],
	'call.number': [
		'200',
		{
			request: ({ body }) => {
				if (body?.sipCallTo) body.sipCallTo = String(body.sipCallTo).replace(' ', '');
			},
		},
	],
	'call.endTwice': [
		'200',
		answer(`POST ${CALL}/end`, (wire) => {
			if (wire.status !== 409) return;
			wire.status = 200;
			wire.answer = { data: { callId: 'c1', status: 'ended' } };
		}),
	],
	'call.names': [
		'id, to, from',
		calls((call) => {
			for (const [from, to] of [
				['callId', 'id'],
				['sipCallTo', 'to'],
				['sipCallFrom', 'from'],
			])
				rename(call, from!, to!);
		}),
	],
	'call.wait': [
		'at once',
		{
			request: ({ body }) => {
				if (!body?.waitUntilAnswered) return;
				delete body.waitUntilAnswered;
				body.sipCallTo = SLOW_NUMBER;
			},
		},
	],
	'call.get': [
		'bare',
		{
			answer: (wire) => {
				if (wire.method === 'GET' && wire.path.startsWith(`${CALL}/`)) wire.answer = wire.answer.data;
			},
		},
	],
	'call.case': ['upper case', calls((call) => (call.status = String(call.status).toUpperCase()))],
	'call.terminal': [
		'hung-up',
		calls((call, { method }) => {
			if (method === 'GET' && call.status === 'ended') call.status = 'hung-up';
		}),
	],
	'call.poll': ['no end', calls((call) => (call.end = null))],
	'call.timelog': ['no such entry', calls((call) => (call.timelog = []))],
	'call.recording': [
		'merge',
		{
			request: (wire) => {
				if (wire.path === '/v2/recordings/participant/merge') wire.path = '/v2/recordings';
				else if (wire.path === '/v2/recordings') wire.path = '/v2/recordings/participant';
			},
		},
	],
	'call.dtmf': [
		'string',
		answer('GET /v2/sip/routing-rule', ({ answer: list }) => {
			for (const rule of list.data) rule.dtmf = '1';
		}),
	],
	'gateway.id': [
		'gatewayId',
		answer('GET /v2/sip/outbound-gateways', ({ answer: list }) => {
			for (const row of list.data) rename(row, 'id', 'gatewayId');
		}),
	],
	'rules.path': [
		'routing-rules',
		{
			request: (wire) => {
				if (wire.path === '/v2/sip/routing-rule')
					Object.assign(wire, { status: 404, answer: { message: 'Cannot GET' } });
				if (wire.path === '/v2/sip/routing-rules') wire.path = '/v2/sip/routing-rule';
			},
		},
	],
	'lists.form': [
		'bare arrays',
		answer('GET /v2/sip/phone-numbers', (wire) => (wire.answer = wire.answer.data)),
	],
	'webhook.created': ['402', refuse('POST /v2/sip/webhooks', 402, 'Too many webhooks')],
	'webhook.id': ['_id', answer('POST /v2/sip/webhooks', ({ answer: made }) => rename(made, 'id', '_id'))],
	'webhook.change': [
		'PATCH',
		{
			request: (wire) => {
				if (wire.method === 'PUT')
					Object.assign(wire, { status: 405, answer: { message: 'Method not allowed' } });
			},
		},
	],
	'webhook.events': [
		'400 events: unknown event',
		{
			request: (wire) => {
				const isLong = (wire.body?.events as string[] | undefined)?.length === 15;
				if (isLong) Object.assign(wire, { status: 400, answer: { message: 'events: unknown event' } });
			},
		},
	],
	'callEvent.id': ['id', events('call', ({ body }) => rename(body.data!, 'callId', 'id'))],
	'callEvent.fields': ['from, sessionId', events('call', ({ body }) => delete body.data!.type)],
	'callEvent.end': [
		'call-ended',
		events('call', ({ body }) => {
			if (body.webhookType === 'call-hangup') body.webhookType = 'call-ended';
		}),
	],
	'callEvent.signed': ['no signature', unsigned('call')],
	'roomEvent.call': [
		'session-closed, session-started',
		events('room', ({ body }) => {
			if (body.webhookType === 'session-ended') body.webhookType = 'session-closed';
		}),
	],
	'roomEvent.signed': ['no signature', unsigned('room')],
	'summary.url': [
		"the call webhook's URL",
		{ event: (event) => void (event.to === 'summary' && (event.to = 'call')) },
	],
	'summary.signed': ['no signature', unsigned('summary')],
	'agents.listed': [
		'1 of 12 missing',
		answer('GET /ai/v1/cloud/deployments', ({ answer: list }) => {
			list.deployments = list.deployments.filter(({ agentId }: Json) => agentId !== 'agent_05');
		}),
	],
	'agents.versions': [
		'id, versionTag',
		{
			answer: ({ path, answer: list }) => {
				if (path.endsWith('/versions')) for (const row of list.versions) rename(row, 'versionId', 'id');
			},
		},
	],
	'batch.columns': [
		'fields name, phoneNumber',
		{
			answer: ({ path, answer: list }) => {
				if (path.endsWith('/records')) list.records = [{ phoneNumber: '+15550100009', name: 'Ada' }];
			},
		},
	],
	'room.autoClose': [
		'seconds',
		answer('GET /v2/rooms', ({ answer: list }) => {
			for (const { autoCloseConfig } of list.data) if (autoCloseConfig) autoCloseConfig.duration = 28_800;
		}),
	],
	'realtime.filter': [
		'does not filter',
		{
			request: (wire) => {
				if (wire.path.endsWith('/realtime-transcriptions')) wire.query.delete('roomId');
			},
		},
	],
};

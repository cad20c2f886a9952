import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCallOver } from '../../nodes/VideoSdkAgentCloud/api/calls';
import { CALL_EVENTS } from '../schemas/events';
import { dataOf, isObject, namesIn, type Evidence, type Json, type Received } from './evidence';

/** Something about the API that nobody outside VideoSDK has seen: a row of docs/open-points.md. */
export interface OpenPoint {
	id: string;
	question: string;
	/** What the package and the simulator take to be true: any of these is as expected. */
	assumed: string[];
	dependsOn: string;
	triedBy: string;
	/** What was seen, in the words of `assumed`; undefined if the evidence does not tell. */
	see(evidence: Evidence): string | undefined;
}

/** The lists that are read in the way in which the package reads them. */
const LISTS = [
	'deployments',
	'sessions',
	'agents',
	'gateways',
	'numbers',
	'webhooks',
	'calls',
	'rooms',
	'recordings',
	'transcriptions',
	'rules',
];
const sorted = (texts: Iterable<string>): string => [...new Set(texts)].sort().join(', ');
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const rulesOf = (e: Evidence): Json[] => [...e.rows('rules'), ...e.rows('rulesPlural')];
const eventName = ({ body }: Received): string => String(body.webhookType ?? body.type ?? '');
const hasRung = (status: unknown): boolean => !/^(initiated|incoming|ringing)$/i.test(String(status));

/** Whether a field is accepted that only docs or only the SDK know. */
function acceptance(e: Evidence, step: string, field: string): string | undefined {
	if (e.succeeded(step)) return 'accepted';
	return new RegExp(field, 'i').test(e.message(step)) ? `${e.status(step)} ${e.message(step)}` : undefined;
}

function signatures(events: Received[]): string | undefined {
	if (events.length === 0) return undefined;
	const states = events.map(({ headers, isSigned }) => {
		if (headers['videosdk-signature'] !== undefined)
			return `videosdk-signature, ${isSigned ? 'valid' : 'wrong'}`;
		return sorted(Object.keys(headers).filter((name) => name.includes('signature'))) || 'no signature';
	});
	return sorted(states);
}

/** How each point is seen. */
const SEE: Record<string, OpenPoint['see']> = {
	'token.refused': (e) => e.at('badToken') && `${e.status('badToken')} ${e.message('badToken')}`.trim(),
	'key.open': (e) =>
		e.at('key') &&
		`${e.status('key')} ${textOf(e.answer('key').publicKey) ? 'with publicKey' : 'without a key'}`,
	'deployments.tags': (e) => {
		const rows = e.rows('deployments');
		if (rows.some(({ tag, tags }) => Array.isArray(tag) || Array.isArray(tags))) return 'a list of tags';
		const ids = rows.map(({ id }) => id);
		return new Set(ids).size < ids.length ? 'a row per tag' : undefined;
	},
	'pages.older': (e) => {
		const { pageInfo } = e.answer('deployments');
		return e.succeeded('deployments') ? sorted(Object.keys(isObject(pageInfo) ? pageInfo : {})) : undefined;
	},
	'lists.query': (e) => {
		const asked = LISTS.flatMap((step) => e.at(step) ?? []);
		// Whether routing rules have this path is another point.
		const refused = asked.filter(
			({ step, status }) => status >= 400 && !(step === 'rules' && status === 404),
		);
		return sorted(refused.map(({ endpoint, status }) => `${endpoint} ${status}`)) || 'all accepted';
	},
	'error.unknownId': (e) => e.status('unknownSession'),
	'start.status': (e) => (e.sessionId ? e.status('start') : undefined),
	'sessions.names': (e) => {
		const row = e.rows('sessions').find(({ webhook }) => isObject(webhook));
		if (!row) return undefined;
		const names = [namesIn(row.webhook, 'endpoint', 'endPoint'), namesIn(row, 'metadata', 'metaData')];
		return names.filter(Boolean).join(', ');
	},
	// Refused for the agent's sake is what is to be expected.
	'dispatch.sdkFields': (e) =>
		acceptance(e, 'dispatch', 'roomId|versionTag|roomOptions') ?? (e.at('dispatch') && 'accepted'),
	'sessionEvent.family': (e) =>
		sorted(e.eventsOf('session').map((event) => eventName(event).replace(/[^-]*$/, ''))) || undefined,
	'sessionEvent.type': (e) =>
		sorted(e.eventsOf('session').map(({ body }) => namesIn(body, 'webhookType', 'type'))) || undefined,
	'sessionEvent.data': (e) => {
		const events = e.eventsOf('session');
		if (events.length === 0) return undefined;
		return events.every(({ body }) => isObject(body.data)) ? 'always there' : 'missing';
	},
	'sessionEvent.id': (e) => {
		const ids = e.eventsOf('session').flatMap((event) => textOf(dataOf(event).sessionId) ?? []);
		return (
			sorted(ids.map((id) => (id.endsWith(e.sessionId) ? id.replace(e.sessionId, '<ID>') : 'another ID'))) ||
			undefined
		);
	},
	'sessionEvent.signed': (e) => signatures(e.eventsOf('session')),
	'call.participant': (e) => acceptance(e, 'call', 'participant'),
	'call.room': (e) => {
		const { roomId } = e.record('room');
		if (!roomId || !e.at('call')) return undefined;
		if (!e.succeeded('call')) return acceptance(e, 'call', 'room');
		const rooms = ['call', 'callEnded'].map((step) => e.record(step).roomId).filter(Boolean);
		return rooms.length === 0 ? undefined : rooms.includes(roomId) ? 'runs in it' : 'runs in another room';
	},
	'call.number': (e) => e.status('number'),
	'call.endTwice': (e) => e.status('endedTwice'),
	'call.names': (e) =>
		namesIn(e.record('call'), 'callId', 'id', 'sipCallTo', 'to', 'sipCallFrom', 'from') || undefined,
	'call.wait': (e) => {
		const states = ['call', 'callAtOnce'].map((step) => e.record(step).status).filter(Boolean);
		if (states.length === 0) return undefined;
		return states.some(hasRung) ? 'after the ringing' : 'at once';
	},
	'call.get': (e) => {
		if (!e.at('callAtOnce')) return undefined;
		if (!e.succeeded('callAtOnce')) return e.status('callAtOnce');
		return isObject(e.answer('callAtOnce').data) ? 'in data' : 'bare';
	},
	'call.case': (e) => {
		const statuses = e.exchanges
			.filter(({ step }) => step.startsWith('call'))
			.flatMap(({ step }) => textOf(e.record(step).status) ?? []);
		if (statuses.length === 0) return undefined;
		return statuses.every((status) => status === status.toLowerCase()) ? 'lower case' : 'upper case';
	},
	'call.terminal': (e) => {
		const status = textOf(e.record('callEnded').status);
		return isCallOver({ status }) ? 'one that the package takes for the end' : status;
	},
	'call.poll': (e) =>
		e.succeeded('callEnded') ? (textOf(e.record('callEnded').end) ? 'end is set' : 'no end') : undefined,
	'call.timelog': (e) => {
		if (!/^answered$/i.test(String(e.record('callAnswered').status))) return undefined;
		const { timelog } = e.record('callEnded');
		const entries = (Array.isArray(timelog) ? timelog : []).filter(isObject);
		const answer = entries.find(({ status }) => /^answered$/i.test(String(status)));
		return textOf(answer?.timestamp) ? 'answered with a time' : 'no such entry';
	},
	'call.recording': (e) =>
		sorted(
			['room', 'participant', 'track', 'merge'].filter((kind) => e.rows(`recorded.${kind}`).length > 0),
		) || undefined,
	'call.dtmf': (e) => {
		const dtmf = rulesOf(e).find((rule) => isSet(rule.dtmf))?.dtmf;
		return isSet(dtmf) ? typeof dtmf : undefined;
	},
	'gateway.id': (e) => namesIn(e.rows('gateways')[0], 'id', 'gatewayId') || undefined,
	'rules.path': (e) => {
		if (e.succeeded('rules')) return 'routing-rule';
		if (e.status('rules') !== '404') return undefined;
		return e.succeeded('rulesPlural') ? 'routing-rules' : 'neither';
	},
	'lists.form': (e) => {
		const lists = ['gateways', 'numbers', 'webhooks'].filter((step) => e.succeeded(step));
		if (lists.length === 0) return undefined;
		return lists.some((step) => Array.isArray(e.at(step)?.answer)) ? 'bare arrays' : 'pages';
	},
	'webhook.created': (e) => e.status('webhook'),
	'webhook.id': (e) => namesIn(e.record('webhook'), 'id', 'webhookId', '_id') || undefined,
	'webhook.change': (e) => {
		const asked = ['PUT', 'PATCH'].filter((method) => e.at(`webhook.${method}`));
		if (asked.length === 0) return undefined;
		return asked.filter((method) => e.succeeded(`webhook.${method}`)).join(', ') || 'neither';
	},
	'webhook.events': (e) => {
		if (!e.at('webhook.all')) return undefined;
		if (e.succeeded('webhook.all')) return `all ${CALL_EVENTS.length} accepted`;
		return `${e.status('webhook.all')} ${e.message('webhook.all')}`;
	},
	'callEvent.id': (e) => {
		const holders = e
			.eventsOf('call')
			.flatMap((event) => Object.entries(dataOf(event)).find(([, value]) => value === e.callId)?.[0] ?? []);
		return sorted(holders) || undefined;
	},
	'callEvent.fields': (e) => {
		const names = ['from', 'type', 'sessionId', 'start', 'end', 'reason'];
		const events = e.eventsOf('call');
		if (events.length === 0) return undefined;
		return sorted(events.flatMap((event) => names.filter((name) => isSet(dataOf(event)[name])))) || 'none';
	},
	'callEvent.end': (e) =>
		sorted(
			e
				.eventsOf('call')
				.map(eventName)
				.filter((name) => /hangup|ended/.test(name)),
		) || undefined,
	'callEvent.signed': (e) => signatures(e.eventsOf('call').filter(({ body }) => !('call-summary' in body))),
	'roomEvent.call': (e) => sorted(e.eventsOf('room').map(eventName)) || undefined,
	'roomEvent.signed': (e) => signatures(e.eventsOf('room')),
	'summary.url': (e) => {
		const { to } = summaryOf(e) ?? {};
		return to && (to === 'summary' ? "metadata's webhook_url" : "the call webhook's URL");
	},
	'summary.signed': (e) => signatures([summaryOf(e) ?? []].flat()),
	'agents.listed': (e) => {
		const named = new Set(rulesOf(e).flatMap(({ agentId }) => textOf(agentId) || []));
		if (named.size === 0 || !e.succeeded('agents')) return undefined;
		const listed = e.rows('agents').map(({ agentId }) => agentId);
		const missing = [...named].filter((agentId) => !listed.includes(agentId)).length;
		return missing === 0 ? 'all that rules name' : `${missing} of ${named.size} missing`;
	},
	'agents.versions': (e) => sorted(Object.keys(e.rows('versions')[0] ?? {})) || undefined,
	'batch.columns': (e) => {
		const [record] = e.rows('batchRecords');
		return (
			record && (isObject(record.metadata) ? 'metadata by column' : `fields ${sorted(Object.keys(record))}`)
		);
	},
	'room.autoClose': (e) => {
		const durations = e
			.rows('rooms')
			.map(({ autoCloseConfig }) => (isObject(autoCloseConfig) ? Number(autoCloseConfig.duration) : NaN))
			.filter((duration) => duration > 0);
		if (durations.length === 0) return undefined;
		// More than a day of minutes is a day of seconds.
		return Math.max(...durations) > 1440 ? 'seconds' : 'minutes';
	},
	'realtime.filter': (e) => {
		if (e.rows('realtime').length === 0 || !e.succeeded('realtimeOfNoRoom')) return undefined;
		return e.rows('realtimeOfNoRoom').length === 0 ? 'filters' : 'does not filter';
	},
};

function isSet(value: unknown): boolean {
	return value !== undefined && value !== null;
}

function summaryOf({ events }: Evidence): Received | undefined {
	return events.find(({ body }) => 'call-summary' in body);
}

/** The table, with how each point is seen; a point without is an error. */
export const OPEN_POINTS = readFileSync(join(__dirname, '../../docs/open-points.md'), 'utf8')
	.split('\n')
	.filter((line) => line.startsWith('| `'))
	.map((line): OpenPoint => {
		const cells = line.split('|').map((cell) => cell.replaceAll('`', '').trim());
		const [, id = '', , , question = '', assumed = '', dependsOn = '', triedBy = ''] = cells;
		const see = SEE[id];
		if (!see) throw new Error(`${id} of docs/open-points.md has no line in test/verify/openPoints.ts`);
		return { id, question, assumed: assumed.split(' / '), dependsOn, triedBy, see };
	});
/** Those that are known here; the same as in the table. */
export const SEEN_POINTS = Object.keys(SEE);

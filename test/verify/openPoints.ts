import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCallOver } from '../../nodes/VideoSdkAgentCloud/api/calls';
import { dataOf, isObject, type Evidence, type Received } from './evidence';

/** Something about the API that no one outside VideoSDK has seen: a row of docs/dev/open-points.md. */
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
const LISTS =
	'deployments sessions agents gateways numbers webhooks calls rooms recordings transcriptions rules'.split(
		' ',
	);
const sorted = (texts: Iterable<string>): string => [...new Set(texts)].sort().join(', ');
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const eventName = ({ body }: Received): string => String(body.webhookType ?? body.type ?? '');
const hasRung = (status: unknown): boolean => !/^(initiated|incoming|ringing)$/i.test(String(status));

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
	'lists.query': (e) => {
		const asked = LISTS.flatMap((step) => e.at(step) ?? []);
		const refused = asked.filter(({ status }) => status >= 400);
		return sorted(refused.map(({ endpoint, status }) => `${endpoint} ${status}`)) || 'all accepted';
	},
	'deployments.tags': (e) => {
		const rows = e.rows('deployments');
		if (rows.some(({ tag, tags }) => Array.isArray(tag) || Array.isArray(tags))) return 'a list of tags';
		const ids = rows.map(({ id }) => id);
		return new Set(ids).size < ids.length ? 'a row per tag' : undefined;
	},
	'agents.listed': (e) => {
		const named = new Set(e.rows('rules').flatMap(({ agentId }) => textOf(agentId) || []));
		if (named.size === 0 || !e.succeeded('agents')) return undefined;
		const listed = e.rows('agents').map(({ agentId }) => agentId);
		const missing = [...named].filter((agentId) => !listed.includes(agentId)).length;
		return missing === 0 ? 'all that rules name' : `${missing} of ${named.size} missing`;
	},
	'sessionEvent.family': (e) =>
		sorted(e.eventsOf('session').map((event) => eventName(event).replace(/[^-]*$/, ''))) || undefined,
	'call.wait': (e) => {
		const states = ['call', 'callAtOnce'].map((step) => e.record(step).status).filter(Boolean);
		if (states.length === 0) return undefined;
		return states.some(hasRung) ? 'after the ringing' : 'at once';
	},
	'call.over': (e) => {
		if (!e.at('callEnded')) return undefined;
		if (!e.succeeded('callEnded')) return e.status('callEnded');
		const { status, end } = e.record('callEnded');
		if (!isCallOver({ status: textOf(status) })) return textOf(status) ?? 'no status';
		return textOf(end) ? 'a final status and its end' : 'a final status without an end';
	},
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
	'webhook.created': (e) => e.status('webhook'),
	'events.signed': (e) => signatures(e.events),
	'callEvent.fields': (e) => {
		const names = ['callId', 'id', 'from', 'type', 'sessionId', 'start', 'end'];
		const events = e.eventsOf('call');
		if (events.length === 0) return undefined;
		return sorted(events.flatMap((event) => names.filter((name) => isSet(dataOf(event)[name])))) || 'none';
	},
	'roomEvent.call': (e) => sorted(e.eventsOf('room').map(eventName)) || undefined,
};

function isSet(value: unknown): boolean {
	return value !== undefined && value !== null;
}

/** The table, with how each point is seen; a point without is an error. */
export const OPEN_POINTS = readFileSync(join(__dirname, '../../docs/dev/open-points.md'), 'utf8')
	.split('\n')
	.filter((line) => line.startsWith('| `'))
	.map((line): OpenPoint => {
		const cells = line.split('|').map((cell) => cell.replaceAll('`', '').trim());
		const [, id = '', question = '', assumed = '', , dependsOn = '', triedBy = ''] = cells;
		const see = SEE[id];
		if (!see) throw new Error(`${id} of docs/dev/open-points.md has no line in test/verify/openPoints.ts`);
		return { id, question, assumed: assumed.split(' / '), dependsOn, triedBy, see };
	});
/** Those that are known here; the same as in the table. */
export const SEEN_POINTS = Object.keys(SEE);

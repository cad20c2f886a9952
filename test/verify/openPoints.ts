import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asRecord, isRecord } from '../../nodes/VideoSdkAgentCloud/api/http/responseReaders';
import { endOf } from '../../nodes/VideoSdkAgentCloud/api/callOutcome';
import type { Json } from '../simulator/request';
import { BUILD_NOW, CHANGE_OF_RULE, DEPLOYING, RULE_WORD } from './agent';
import { type Evidence, FAILED_ONCE, isSuccess, type Received } from './evidence';
import { LISTED_WITHIN_S, LISTS, RECORDED } from './verify';

/** The lists that are read in the way in which the package reads them. */
const READ = ['deployments', ...Object.keys(LISTS)];
/** For so long a person may still be on the line. */
const AGENT_COMES_WITHIN_S = 10;
const EVENT_FIELDS = 'callId id from to type sessionId start end'.split(' ');
/** @returns texts once each; undefined if there are none */
const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort().join(', ') || undefined;
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
const is = (status: unknown, word: RegExp) => word.test(String(status));

const eventName = ({ body }: Received): string => String(body.webhookType ?? body.type ?? '');
const fieldsOf = ({ body }: Received) =>
	EVENT_FIELDS.filter((name) => isRecord(body.data) && (body.data[name] ?? undefined) !== undefined);

function signature({ headers, isSigned }: Received): string {
	if (headers['videosdk-signature'] !== undefined)
		return `videosdk-signature, ${isSigned ? 'valid' : 'wrong'}`;
	return sorted(Object.keys(headers).filter((name) => name.includes('signature'))) ?? 'no signature';
}

/** @returns whether and how soon a list shows what was started with its key, and the order of its rows */
function listedAs(evidence: Evidence, step: string, id: unknown, all: string): string | undefined {
	if (!textOf(id)) return undefined;
	if (!evidence.succeeded(step)) return String(evidence.at(step)?.status ?? 'no response');
	const isThere = evidence.rows(step).some((row) => [row.callId, row.sessionId, row.id].includes(id));
	const otherwise = isThere ? 'a row without metadata' : 'no row';
	const what = evidence.keyed(step) ? 'metadata' : otherwise;
	const rows = evidence.rows(all);
	const [first = NaN, last = NaN] = [rows[0], rows.at(-1)].map((row) => Date.parse(String(row?.start)));
	const order = first > last ? ', newest first' : first < last ? ', oldest first' : '';
	return `${what} within ${LISTED_WITHIN_S} s${order}`;
}

/** What was seen of each point, in the words of what is assumed; undefined if the evidence does not tell. */
const SEE: Record<string, (evidence: Evidence) => string | undefined> = {
	'token.accepted': (e) => {
		const answers = READ.flatMap((step) => e.at(step) ?? []);
		const refused = answers.filter(({ status }) => status === 401 || status === 403);
		if (answers.length === 0) return undefined;
		return sorted(refused.map(({ endpoint, status }) => `${endpoint} ${status}`)) ?? 'accepted';
	},
	'lists.query': (e) => {
		const refused = READ.flatMap((step) => e.at(step) ?? []).filter(({ status }) => status >= 400);
		return sorted(refused.map(({ endpoint, status }) => `${endpoint} ${status}`)) ?? 'all accepted';
	},
	'deployments.tags': (e) => {
		const rows = e.rows('deployments');
		if (rows.some(({ tag, tags }) => Array.isArray(tag) || Array.isArray(tags))) return 'a list of tags';
		return new Set(rows.map(({ id }) => id)).size < rows.length ? 'a row per tag' : undefined;
	},
	'agents.listed': (e) => {
		const named = new Set(e.rows('rules').flatMap(({ agentId }) => textOf(agentId) || []));
		if (named.size === 0 || !e.succeeded('agents')) return undefined;
		const listed = e.rows('agents').map(({ agentId }) => agentId);
		const missing = [...named].filter((agentId) => !listed.includes(agentId)).length;
		return missing === 0 ? 'all that rules name' : `${missing} of ${named.size} missing`;
	},
	'sessionEvent.family': (e) =>
		sorted(e.eventsOf('session').map((event) => eventName(event).replace(/[^-]*$/, ''))),
	'call.wait': (e) => {
		const states = ['call', 'callAtOnce'].flatMap((step) => e.record(step).status ?? []);
		// Perhaps since no one picked up.
		if (states.length === 0) return e.at('call') && String(e.at('call')?.status);
		const hasRung = states.some((status) => !is(status, /^(initiated|incoming|ringing)$/i));
		return hasRung ? 'after the ringing' : 'at once';
	},
	'call.over': (e) => {
		const ended = e.at('callEnded');
		if (!e.succeeded('callEnded')) return ended && String(ended.status);
		const { status, end } = e.record('callEnded');
		const how = endOf({ status, end });
		if (how === undefined || how === 'unknown') return textOf(status) ?? 'no status';
		return textOf(end) ? 'a final status and its end' : 'a final status without an end';
	},
	'call.timelog': (e) => {
		if (!is(e.record('callAnswered').status, /^answered$/i)) return undefined;
		const entries = [e.record('callEnded').timelog].flat().filter(isRecord);
		const answer = entries.find(({ status }: Json) => is(status, /^answered$/i));
		return textOf(answer?.timestamp) ? 'answered with a time' : 'no such entry';
	},
	'call.recording': (e) =>
		sorted(Object.keys(RECORDED).filter((kind) => e.rows(`recorded.${kind}`).length > 0)),
	'call.listed': (e) => listedAs(e, 'callListed', e.callId, 'calls'),
	'session.listed': (e) => listedAs(e, 'sessionListed', e.record('start').sessionId, 'sessions'),
	'metadata.extra': (e) => {
		if (!e.succeeded('callEnded')) return undefined;
		const { variables, n8nKey } = asRecord(e.record('callEnded').metadata);
		const kept = [Array.isArray(variables) && 'variables', n8nKey === e.key && 'key'].filter(Boolean);
		return kept.join(' and ') || 'neither';
	},
	'webhook.created': (e) => e.at('webhook') && String(e.at('webhook')?.status),
	'events.signed': (e) => sorted(e.events.map(signature)),
	'callEvent.fields': (e) => {
		const events = e.eventsOf('call');
		return events.length === 0 ? undefined : (sorted(events.flatMap(fieldsOf)) ?? 'none');
	},
	'roomEvent.call': (e) =>
		sorted(
			e
				.eventsOf('room')
				.map(eventName)
				.filter((name) => name !== FAILED_ONCE),
		),
	'roomEvent.again': (e) => {
		const times = e.eventsOf('room').filter((event) => eventName(event) === FAILED_ONCE).length;
		if (times === 0) return undefined;
		return times === 1 ? 'sent once' : 'sent again';
	},
	'agent.deployed': (e) => {
		const refused = DEPLOYING.find((step) => e.at(step) && !e.succeeded(step));
		if (refused) return `${refused} ${e.at(refused)?.status}`;
		if (e.uploaded !== undefined && !isSuccess({ status: e.uploaded })) return `upload ${e.uploaded}`;
		const { status } = e.record(BUILD_NOW);
		if (status !== 'SUCCESS') return textOf(status) && `build ${textOf(status)}`;
		return e.succeeded(DEPLOYING.at(-1)!) ? 'built, with a version' : 'built, without a version';
	},
	'agent.id': (e) => {
		const answer = e.at('dispatched');
		if (!e.succeeded('dispatched')) return answer && String(answer.status);
		return e.record('dispatched').success === true ? 'assigned' : 'no worker';
	},
	'agent.copies': (e) => {
		const [version] = e.rows('agentVersions');
		return version && (sorted(['maxReplica', 'versionTag'].filter((name) => name in version)) ?? 'neither');
	},
	'agent.start': (e) => {
		const { agentCameAfterS } = e;
		if (agentCameAfterS === undefined || e.record('dispatched').success !== true) return undefined;
		return agentCameAfterS <= AGENT_COMES_WITHIN_S
			? `within ${AGENT_COMES_WITHIN_S} s`
			: `after ${agentCameAfterS} s`;
	},
	'agent.token': (e) => {
		const [session] = e.rows('talkSession');
		if (!session) return undefined;
		const inIt = [session.participants].flat().filter(isRecord).length;
		if (inIt < 2) return "doesn't join";
		if (e.transcript === undefined) return 'joins, and there is no transcript';
		return e.transcript.trim() === '' ? 'joins in silence' : 'joins and speaks';
	},
	'agent.image': (e) => {
		const { image } = e.record(`POST /ai/v1/cloud/builds`);
		if (!e.agent?.tag || !textOf(image)) return undefined;
		return String(image).endsWith(`:${e.agent.tag}`) ? 'named by its tag' : 'named otherwise';
	},
	'agent.mark': (e) => {
		if (!e.agent || !e.succeeded('agentListed')) return undefined;
		const { agentId, markId } = e.agent;
		const row = e.rows('agentListed').find((one) => one.agentId === agentId);
		if (!row) return 'not listed';
		return row.envSecret === markId ? 'shown' : 'not shown';
	},
	'agent.active': (e) => {
		if (!e.succeeded('versions')) return e.at('versions') && String(e.at('versions')?.status);
		const row = e.rows('versions').find(({ id }) => id === e.agent?.versionId);
		return row ? (row.active === true ? 'active' : 'not active') : 'not listed';
	},
	'agent.down': (e) => {
		const [talking, after] = ['downWhileTalking', 'downAfterwards'].map((step) => e.at(step));
		if (!talking) return undefined;
		if (isSuccess(talking)) return 'taken down while it talks';
		if (talking.status < 400 || talking.status > 499) return String(talking.status);
		return after && (isSuccess(after) ? 'refused, then taken down' : `refused, then ${after.status}`);
	},
	'agent.deleted': (e) => {
		if (!e.agent || !e.succeeded('agentsAfter')) return undefined;
		const isThere = e.rows('agentsAfter').some(({ agentId }) => agentId === e.agent?.agentId);
		return isThere ? 'still listed' : 'gone';
	},
	'agent.roles': (e) => {
		if (!e.at('hungUpAsRtc')) return undefined;
		if (e.succeeded('hungUpAsRtc')) return 'rtc hangs up';
		return `rtc refused, no role ${e.succeeded('hungUpAsAgent') ? 'hangs up' : 'refused'}`;
	},
	'rule.patch': (e) => {
		const answer = e.at(CHANGE_OF_RULE);
		if (!e.alsoChanged) return answer && String(answer.status);
		return sorted(e.alsoChanged) ?? 'nothing else';
	},
	'rule.metadata': (e) => {
		if (!e.transcript) return undefined;
		return new RegExp(RULE_WORD, 'i').test(e.transcript) ? 'reaches it' : "doesn't reach it";
	},
};

/** Something about the API that no one outside VideoSDK has seen: the rows of docs/dev/open-points.md, with how each is seen. */
export const OPEN_POINTS = readFileSync(join(__dirname, '../../docs/dev/open-points.md'), 'utf8')
	.split('\n')
	.filter((line) => line.startsWith('| `'))
	.map((line) => {
		const cells = line.split('|').map((cell) => cell.replaceAll('`', '').trim());
		const [, id = '', question = '', assumed = '', , dependsOn = '', triedBy = ''] = cells;
		const see = SEE[id];
		if (!see) throw new Error(`${id} of docs/dev/open-points.md has no line in test/verify/openPoints.ts`);
		return { id, question, assumed: assumed.split(' / '), dependsOn, triedBy, see };
	});
/** Those that are known here; the same as in the table. */
export const SEEN_POINTS = Object.keys(SEE);

/** A line for each point. */
export const findings = (evidence: Evidence) =>
	OPEN_POINTS.map(({ id, question, assumed, dependsOn, triedBy, see }) => {
		const seen = see(evidence);
		const verdict = seen === undefined ? 'not tried' : assumed.includes(seen) ? 'same' : 'different';
		const line = [
			verdict.padEnd(9),
			id.padEnd(19),
			question,
			`assumed: ${assumed.join(' / ')}`,
			seen === undefined ? `to be tried by: ${triedBy}` : `seen: ${seen}`,
			`relies on it: ${dependsOn}`,
		].join(' | ');
		return { id, verdict, line };
	});

/** The combinations that the model draws, and what of them comes in: parameters and rows. See model.test.ts. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import type { Fault, RecordedRequest } from '../../simulator';
import { byRule, CALL, RULE } from '../rig/callRig';
import { SESSIONS, startParameters } from '../rig/rig';

export const [SHORT_WAIT_MS, LONG_WAIT_MS] = [20_000, 24 * 3_600_000];
export const USERS_ROOM = 'room-of-the-user';
export const NEVER_MS = 7 * 24 * 3_600_000;
/** Before a conversation ends, people talk for so long. */
export const TALK_MS = 1_000;
/** Of the API, while an execution waits. */
export const TROUBLE_MS = 60_000;
/** Without an event an end is known 30 s late at most, and then n8n may be busy, and what was said is awaited. */
export const KNOWN_WITHIN_MS = 75_000;
export const SPEAKER = 'Caller';
/** What a proxy in front of n8n takes. */
export const PROXY_LIMIT = 1_000_000;
/** More than that, also compressed. */
export const LARGE = randomBytes(1.1 * PROXY_LIMIT).toString('base64');
export const TOOL = { __rl: true, mode: 'url', value: 'https://n8n.example.com/webhook/a/mcp' };
/** How a call or session comes out, by its end. */
export const OUTCOMES = {
	ended: ['answered', 'completed'],
	missed: ['noAnswer', 'completed'],
	rejected: ['rejected', 'failed'],
	transferred: ['transferred', 'completed'],
} as Record<string, string[]>;
export const PLANTED = { 'node:Poll': { cursor: 7 }, global: { called: ['+15550100001'] } };

/** What the API makes of a request, whether that leaves open if it was carried out, and whether it was: then it is found in the list. */
export const FAULTS: Record<string, Fault & { isInDoubt?: true; isFound?: true }> = {
	rejected400: { kind: 'status', status: 400 },
	rejected403: { kind: 'status', status: 403 },
	busy429: { kind: 'status', status: 429 },
	failed500: { kind: 'status', status: 500, isInDoubt: true },
	resetBefore: { kind: 'reset', status: 500, isInDoubt: true },
	resetAfter: { kind: 'reset', isInDoubt: true, isFound: true },
	unreadable: { kind: 'notJson', isInDoubt: true, isFound: true },
	silent: { kind: 'hang', isInDoubt: true, isFound: true },
	cut: { kind: 'truncate', isInDoubt: true, isFound: true },
	redirected: { kind: 'redirect', status: 302, isInDoubt: true },
	withoutId: {
		kind: 'noData',
		body: { data: { status: 'queued' } },
		isInDoubt: true,
		isFound: true,
	},
};
const fault = fc.oneof(
	{ weight: 5, arbitrary: fc.constantFrom('rejected400', 'rejected403') },
	{ weight: 4, arbitrary: fc.constantFrom('busy429') },
	{ weight: 4, arbitrary: fc.constantFrom('failed500', 'resetBefore', 'resetAfter', 'unreadable') },
	{ weight: 2, arbitrary: fc.constantFrom('silent', 'cut', 'redirected', 'withoutId') },
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
	fc.oneof(
		{ weight: 3, arbitrary: fc.constant([] as T[]) },
		{ weight: 1, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 2 }) },
	);
export const cases = fc.record({
	starts: fc.constantFrom('session', 'call'),
	waits: fc.constantFrom(true, true, false),
	room: fc.constantFrom('none', 'recorded', 'recorded', 'own', 'existing'),
	/**
	 * The faults of each item's starts, in the order in which they are sent; whether and how it ends before the deadline, or is
	 * ended then.
	 */
	items: fc.array(
		fc.record({
			faults: rarely(fault),
			ends: fc.boolean(),
			end: fc.constantFrom('ended', 'ended', 'missed', 'rejected', 'transferred'),
			isEnded: fc.boolean(),
			maxWait: fc.constantFrom('short', 'long', 'long'),
			/** So long after the end there is a recording, and a text, or none. */
			recordedMs: fc.constantFrom(0, 0, 3_000, 30_000, NEVER_MS),
			transcribedMs: fc.constantFrom(0, 0, 3_000, 30_000, NEVER_MS),
			isTranscribed: fc.constantFrom(true, true, true, false),
			/** People have talked in the room before, and been cut off. */
			isCutOff: fc.boolean(),
		}),
		{ minLength: 1, maxLength: 8 },
	),
	/** One row, if any, must not be called: outside its calling hours, from a number of others, the number of another row, or none. */
	odd: fc.constantFrom('', '', '', '', 'outside', 'foreign', 'twin', 'invalid'),
	oddRow: fc.nat(7),
	/** The numbers of the rule can't be fetched. */
	hidesRule: fc.constantFrom(false, false, true),
	roomFaults: rarely(fault),
	deactivateFaults: rarely(fault),
	onError: fc.constantFrom<OnError>(
		'stopWorkflow',
		'stopWorkflow',
		'continueRegularOutput',
		'continueErrorOutput',
	),
	maxTries: fc.constantFrom(1, 2, 3),
	maxConcurrency: fc.constantFrom(1, 1, 2, 3),
	/** If no row's Max Wait is short, the conversations end after this time. */
	endAfterMs: fc.constantFrom(0, 10_000, 600_000),
	isResumed: fc.boolean(),
	/** n8n fails to put the execution to wait. */
	cannotWait: fc.constantFrom(false, false, false, false, false, true),
	/** So many requests to the resume URL find that n8n is still busy with the execution; so many resumptions fail. */
	busy: fc.constantFrom(0, 0, 0, 2),
	failures: fc.constantFrom(0, 0, 1),
	/** A proxy in front of n8n refuses so many requests to the resume URL, and those that are too large. */
	refused: fc.constantFrom(0, 0, 0, 1, 2),
	isLarge: fc.constantFrom(false, false, false, true),
	/** As soon as this package asks n8n to continue, VideoSDK answers nothing any more. */
	isCutThen: fc.constantFrom(false, false, true),
	isPinned: fc.constantFrom(false, false, true),
	/** Before anything ends, strangers send there, and VideoSDK what means nothing. */
	isAttacked: fc.boolean(),
	hasTools: fc.boolean(),
	/** A field of the credential is an expression on the items. No process but the first can evaluate it. */
	hasItemExpression: fc.constantFrom(false, false, true),
	/** Requests to the resume URL reach another process. */
	hops: fc.constantFrom(false, false, true),
	/** The process that runs the node dies once the execution waits. */
	dies: fc.constantFrom(false, false, false, true),
	/** `left`: their sender goes away while n8n still asks VideoSDK. */
	events: fc.constantFrom('once', 'lost', 'twice', 'late', 'left'),
	/** Sessions: the event comes before the API shows the end. */
	lags: fc.boolean(),
	isReversed: fc.boolean(),
	/** What the API answers for a minute, while the execution waits. */
	trouble: fc.oneof(fc.constant(0), fc.constantFrom(400, 401, 402, 403, 404, 429, 500, 503)),
	/** ... only for a list of what was said, and then perhaps for ever. */
	troubled: fc.constantFrom('all', 'all', 'recordings', 'transcriptions'),
	lasts: fc.boolean(),
	/** What is to remain of a conversation in a room of its own, and for how long that is waited for after its end, in minutes. */
	arranged: fc.constantFrom('record', 'transcribe', 'summarize', 'summarize'),
	includeWait: fc.constantFrom(0, 0.1, 2),
	/** A transcription begins so long after its recording has ended. */
	transcribedFromMs: fc.constantFrom(0, 0, 180_000),
	/** Others talk in the room later. */
	isReused: fc.boolean(),
	/** VideoSDK moves calls to a room of others, and shows no end in their records. */
	isMoved: fc.constantFrom(false, false, true),
	hidesEnd: fc.constantFrom(false, false, true),
	/** The user stops the execution while this item is being started. */
	stopsAt: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
});
export type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

export const isStart = ({ method, path }: RecordedRequest) =>
	method === 'POST' && [CALL, `${SESSIONS}/start`].includes(path);
export const itemOf = ({ body }: RecordedRequest): string => {
	const { metaData, metadata } = body as { metaData?: IDataObject; metadata?: IDataObject };
	return String((metaData ?? metadata)?.item);
};
/** Names a fault that leaves the client without an answer that it can use. */
export const isInDoubt = (name = '') => FAULTS[name]?.isInDoubt === true;
/** Names a fault after which what was started is found, unless the user has stopped the execution. */
export const isFound = (name = '') => FAULTS[name]?.isFound === true;
/** Whether a request may have been carried out. */
export const mayHaveActed = ({ status }: RecordedRequest) =>
	status === undefined || status < 400 || status >= 500;
/** Whether a request is known to have been rejected after it was read. */
export const isRejected = ({ status = 0 }: RecordedRequest) =>
	status >= 400 && status < 500 && status !== 429;

/** Whether the API is in trouble, with all or one of its lists. */
export const isTroubled = ({ trouble, troubled }: Case, what = troubled) => trouble > 0 && troubled === what;

/** Whether a case is to put out what was said. If no process is left that learns of an end, n8n continues with what it has stored. */
export const isIncluding = ({ waits, room }: Case) => waits && room === 'recorded';

/** The row that must not be called, and that with the same number. */
export const oddRows = ({ odd, oddRow, starts, items }: Case): number[] => {
	const [first, second] = [oddRow % items.length, (oddRow + 1) % items.length];
	if (odd === '' || (starts === 'session' && odd !== 'invalid')) return [];
	return odd !== 'twin' ? [first] : first === second ? [] : [first, second];
};
/** Whether rows are refused before anything is sent. */
export const isRefusing = (model: Case) =>
	['twin', 'invalid'].includes(model.odd) && oddRows(model).length > 0;

/** What comes in. */
export function rowsOf(model: Case, secret: string) {
	const [first, second] = oddRows(model);
	return model.items.map(({ isEnded, maxWait }, index) => {
		const odd = index === first ? model.odd : '';
		const number = odd === 'twin' ? second : index;
		return {
			item: `item-${index}`,
			customer: `customer ${index}`,
			secret,
			isEnded,
			minutes: (maxWait === 'short' ? SHORT_WAIT_MS : LONG_WAIT_MS) / 60_000,
			deploymentId: odd === 'invalid' ? ' ' : 'ddv_support',
			to: odd === 'invalid' ? '12' : `+1555000300${number}`,
			from: odd === 'foreign' ? '+14155559999' : RULE.from,
			// Far enough from today, whatever the time.
			days: odd === 'outside' ? [((new Date().getUTCDay() + 3) % 7) + 1] : [1, 2, 3, 4, 5, 6, 7],
		};
	});
}

/** Hours that have begun, and last for as long as starts can take. */
const nowOpen = () => {
	const [from, to] = [-1, 8].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
	return { from: from?.slice(11, 16), to: to?.slice(11, 16) };
};

export function parametersOf(model: Case): INodeParameters {
	const { starts, waits, room, arranged, includeWait, maxConcurrency, hasTools } = model;
	const isEnded = '={{ $json.isEnded }}';
	const common = {
		recording: room === 'recorded' ? arranged : 'none',
		operation: `${starts === 'call' ? 'make' : 'start'}${waits ? 'AndWait' : ''}`,
		metaData: {
			entries: ['item', 'customer'].map((key) => ({ key, value: `={{ $json.${key} }}` })),
		},
		options: {
			maxConcurrency,
			...(room === 'existing' && { roomId: USERS_ROOM }),
			...(room === 'own' && waits && starts === 'call' && { ownRoom: true }),
			...(waits && { includeWait }),
			...(waits && { [starts === 'call' ? 'hangUpAtTimeout' : 'endAtTimeout']: isEnded }),
			...(starts === 'call' && {
				callingHours: { hours: { days: '={{ $json.days }}', ...nowOpen(), timeZone: 'UTC' } },
			}),
		},
		maxWait: '={{ $json.minutes }}',
		maxWaitUnit: 'minutes',
		...(hasTools && { agentTools: { tools: [{ tool: TOOL }] } }),
	};
	if (starts === 'call') return byRule({ ...common, to: '={{ $json.to }}', from: '={{ $json.from }}' });
	const env = { variables: [{ name: 'CUSTOMER', value: '={{ $json.customer }}' }] };
	return startParameters({ ...common, env, deploymentId: '={{ $json.deploymentId }}' });
}

/** Simulated people, like the test cards of a payment service: each number always does the same. */
import type { CallBehaviour, CallStatus } from './calls';
import type { TranscriptLine } from './transcriptText';

export interface Person {
	/** No real phone has it. */
	number: string;
	/** For the table that users see, as in "Grace ...". */
	does: string;
	/** What comes out of a call and of a question, for the table. */
	seen: string;
	/** Where it differs from that of all calls. */
	behaviour?: Partial<CallBehaviour>;
	/** The words for statuses that the API writes for this number. */
	words?: Partial<Record<CallStatus, string>>;
	/**
	 * What an agent makes of the answers. `yes`, the default, and `no` fit whatever is asked, `unfitting` doesn't, and with `nothing`
	 * the agent only hands in what is in `heard`.
	 */
	answers?: 'no' | 'nothing' | 'unfitting' | 'yes';
	/** What they say, by the names of the arguments that an agent makes of it. */
	heard?: Record<string, unknown>;
	/** What agent.py itself hands in to a question, because they give no answer. */
	unanswered?: { voicemail: true } | { noResponse: 'hungUp' | 'noFit' | 'notAsked' };
	/** How long they talk before they answer, in milliseconds. */
	thinksMs?: number;
	/** The whole talk, where it isn't the usual one. */
	talk?: { lines: TranscriptLine[]; summary: string };
}

const talk = (summary: string, ...texts: string[]): Person['talk'] => ({
	lines: texts.map((text, index) => ({ speaker: index % 2 === 0 ? 'Agent' : 'Caller', text })),
	summary,
});
const GREETING = 'Hello, this is the café. Do you have a minute?';

/** By what they do. */
export const PEOPLE = {
	yes: {
		number: '+15550100010',
		does: "Says yes to everything, as every number that isn't listed does",
		seen: '`answered`; `approved: true`',
		heard: { quote: 'Yes, please do.' },
	},
	no: {
		number: '+15550100011',
		does: 'Says no to everything',
		seen: '`answered`; `approved: false`, with a comment',
		answers: 'no',
		heard: {
			agreed: false,
			answer: 'No, thank you',
			coming: false,
			guests: 0,
			comment: "That doesn't suit me.",
			quote: "No, that doesn't suit me.",
		},
		talk: talk('The caller said no.', GREETING, "No, that doesn't suit me.", 'I understand. Goodbye!'),
	},
	but: {
		number: '+15550100012',
		does: 'Says yes, on a condition',
		seen: '`answered`; `approved: false`, with the condition',
		heard: { condition: 'Not more than 50.', quote: 'Yes, but not more than 50.' },
	},
	unfitting: {
		number: '+15550100013',
		does: "Answers with something that doesn't fit the question, twice",
		seen: '`answered`; `responded: false`, `reasonCode: noFit`',
		answers: 'unfitting',
		heard: {},
		unanswered: { noResponse: 'noFit' },
		talk: talk(
			"The agent couldn't get an answer that fits.",
			...[GREETING, 'Well, next Friday, or a few.', "Sorry, I didn't understand that. Goodbye!"],
		),
	},
	doNotCall: {
		number: '+15550100014',
		does: "Says no, and doesn't want to be called again",
		seen: '`answered`; `doNotCall: true`, if the agent has a tool for it',
		answers: 'no',
		heard: {
			doNotCall: true,
			agreed: false,
			answer: "Don't call again",
			coming: false,
			guests: 0,
			comment: "Please don't call again.",
		},
		talk: talk(
			"The caller doesn't want to be called again.",
			...[GREETING, "No, and please don't call again.", "I've noted that. Goodbye!"],
		),
	},
	voicemail: {
		number: '+15550100005',
		does: 'Voicemail picks up',
		seen: '`answered`, a summary that begins with VOICEMAIL; `responded: false`, `reasonCode: voicemail`',
		answers: 'nothing',
		heard: { voicemail: true },
		unanswered: { voicemail: true },
		talk: {
			lines: [
				{ speaker: 'Caller', text: "I can't take your call. Please leave a message after the tone." },
				{ speaker: 'Agent', text: 'This is the café. We will call you again.' },
			],
			summary: 'VOICEMAIL. The agent left a message.',
		},
	},
	hangsUp: {
		number: '+15550100006',
		does: 'Picks up, and hangs up at once',
		seen: '`answered`; `responded: false`, `reasonCode: notAsked`',
		behaviour: { talkMs: 100 },
		answers: 'nothing',
		heard: {},
		unanswered: { noResponse: 'notAsked' },
		talk: talk('The caller hung up.', GREETING),
	},
	busy: {
		number: '+15550100002',
		does: 'Is busy',
		seen: '`noAnswer`',
		behaviour: { outcome: 'missed', ringForMs: 0 },
		words: { missed: 'busy' },
	},
	missed: {
		number: '+15550100001',
		does: "Doesn't answer",
		seen: '`noAnswer`',
		behaviour: { outcome: 'missed' },
	},
	rejected: {
		number: '+15550100003',
		does: 'Rejects the call',
		seen: '`rejected`',
		behaviour: { outcome: 'rejected' },
	},
	failed: {
		number: '+15550100004',
		does: "Can't be reached",
		seen: '`failed`',
		behaviour: { outcome: 'failed' },
	},
	slow: {
		number: '+15550100015',
		does: 'Says yes, after 45 seconds, and talks for a minute',
		seen: '`answered`; `approved: true`',
		behaviour: { talkMs: 60_000 },
		thinksMs: 45_000,
	},
} as const satisfies Record<string, Person>;

const ALL: Person[] = Object.values(PEOPLE);

/** @returns the simulated person at the other end of a call; undefined for all other numbers, which say yes */
export function personIn({ type, to, from }: { type: 'inbound' | 'outbound'; to: string; from?: string }) {
	const other = type === 'outbound' ? to : from;
	return ALL.find(({ number }) => number === other);
}

/** The numbers of simulated people, by what they do. */
export const CALL_NUMBERS = Object.fromEntries(
	Object.entries(PEOPLE).map(([name, { number }]) => [name, number]),
) as { [Name in keyof typeof PEOPLE]: (typeof PEOPLE)[Name]['number'] };

/** @returns the table of simulated people for a terminal, without a heading */
export function peopleInLines(): string[] {
	return ALL.map(({ number, does }) => `${number}  ${does}`);
}

import type { CallStatus } from './state/call';

/** How the API spells what it answers where its docs, its SDK and public code disagree. */
export interface Answers {
	/** `docs`: callId, sipCallTo, sipCallFrom; `sdk`: id, to, from (callId in lists, as it is there for both). */
	calls: 'docs' | 'sdk' | 'both';
	/** How a call's status is written, such as in upper case. */
	callStatus: (status: CallStatus) => string;
	/** Of call webhooks. */
	webhookId: 'id' | 'webhookId';
	/** Gateways, rules, numbers and call webhooks as bare arrays. */
	bareLists: boolean;
}

export const DEFAULT_ANSWERS: Answers = {
	calls: 'docs',
	callStatus: (status) => status,
	webhookId: 'id',
	bareLists: false,
};

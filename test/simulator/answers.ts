import type { CallStatus } from './state/call';

/** How the API spells what it answers where its docs, its SDK and public code disagree. */
export interface Answers {
	/** `docs`: callId, sipCallTo, sipCallFrom; `sdk`: id, to, from (callId in lists, as it is there for both). */
	calls: 'docs' | 'sdk' | 'both';
	/** How a call's status is written, such as in upper case. */
	callStatus: (status: CallStatus) => string;
	gatewayId: 'id' | 'gatewayId';
	/** Of call webhooks. */
	webhookId: 'id' | 'webhookId' | '_id';
	/** Which path answers with routing rules; the other one is a 404. */
	routingRules: 'singular' | 'plural' | 'both';
	/** Gateways, rules, numbers and call webhooks as bare arrays. */
	bareLists: boolean;
	/** Whether the list of realtime transcriptions can be filtered by `roomId` and `sessionId`. */
	realtimeFilters: boolean;
}

export const DEFAULT_ANSWERS: Answers = {
	calls: 'docs',
	callStatus: (status) => status,
	gatewayId: 'id',
	webhookId: 'id',
	routingRules: 'singular',
	bareLists: false,
	realtimeFilters: true,
};

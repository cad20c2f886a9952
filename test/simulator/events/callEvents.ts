import type { Courier } from '../courier';
import type { CallStatus, SimulatedCall } from '../state/call';
import type { CallWebhooks } from '../state/callWebhooks';
import type { Delivery } from '../types';

/** The event that a status comes with. VideoSDK publishes no table: what has no event of its own is a hang-up, or an update. */
const EVENT_OF: Record<CallStatus, string> = {
	initiated: 'call-started',
	incoming: 'call-started',
	ringing: 'call-ringing',
	verified: 'call-update',
	answered: 'call-answered',
	ended: 'call-hangup',
	missed: 'call-missed',
	'not-answered': 'call-missed',
	abandoned: 'call-missed',
	failed: 'call-hangup',
	rejected: 'call-hangup',
	'transfer-initiated': 'call-transfer-initiated',
	'transfer-accepted': 'call-transfer-accepted',
	transferring: 'call-transferring',
	'transfer-ringing': 'call-transfer-ringing',
	transferred: 'call-transferred',
	'transfer-failed': 'call-transfer-failed',
	'switch-room-initiated': 'switch-room-initiated',
	'switch-room-completed': 'switch-room-completed',
	'switch-room-failed': 'switch-room-failed',
};

/** What a call summary holds. */
export interface CallSummary {
	/** As the agent's owner defined them. */
	fields: object;
	callId?: string;
	to?: string;
	from?: string;
	ruleId?: string;
	/** Of the call; its entries stand beside the call's own. */
	metadata?: object;
	agentId?: string;
	roomId?: string;
	sessionId?: string;
}

/** The events of calls, which go to every registered webhook that subscribed to them. */
export class CallEvents {
	constructor(
		private readonly courier: Courier,
		private readonly webhooks: CallWebhooks,
	) {}

	/** An event of a call: that of its status, unless another one is named. */
	async send(
		call: SimulatedCall,
		event: string = EVENT_OF[call.status],
		extra: object = {},
	): Promise<Delivery[]> {
		const body = callEvent(event, { ...dataOf(call), ...extra });
		const subscribed = this.webhooks.active().filter(({ events }) => events.includes(event));
		const sent = await Promise.all(
			subscribed.map(async ({ url }) => await this.courier.send(event, url, body)),
		);
		return sent.filter((delivery) => delivery !== undefined);
	}
}

/** The body of an event. */
export function callEvent(webhookType: string, data: object): object {
	return { webhookType, data };
}

/** The body that an agent made in the dashboard sends after a call; it has no type. */
export function callSummary(summary: CallSummary): object {
	const { fields, callId, to, from, ruleId, metadata, agentId, roomId, sessionId } = summary;
	return {
		'call-summary': fields,
		'customer-data': { ...metadata, callId, sipCallTo: to, sipCallFrom: from, routingRuleId: ruleId },
		'room-data': { agentId, 'meeting-id': roomId, 'session-id': sessionId },
	};
}

function dataOf(call: SimulatedCall): object {
	const { callId, type, status, to, from, roomId, sessionId, agentId, metadata } = call;
	const timestamp = call.timelog.at(-1)?.timestamp;
	return { callId, type, status, to, from, roomId, sessionId, agentId, metaData: metadata, timestamp };
}

import type { Courier } from '../courier';
import { isOver, type CallStatus, type SimulatedCall } from '../state/call';
import type { CallWebhooks } from '../state/callWebhooks';
import type { Delivery } from '../types';
import type { Outbox } from './outbox';

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
		private readonly outbox: Outbox,
		private readonly webhooks: CallWebhooks,
	) {}

	/** The event of a call's status. */
	async send(call: SimulatedCall): Promise<void> {
		const event = EVENT_OF[call.status];
		const body = callEvent(event, dataOf(call));
		const sendings = this.addresses(event).map(async (endPoint) => {
			await this.outbox.send({
				subject: subjectOf(call, endPoint),
				event,
				followed: !isOver(call),
				endPoint,
				body,
			});
		});
		await Promise.all(sendings);
	}

	/** Agents made in the dashboard send a summary where the call's metadata says. */
	async sendSummary(call: SimulatedCall): Promise<void> {
		const { callId, to, from, ruleId, metadata, agentId, roomId, sessionId } = call;
		const endPoint = metadata.webhook_url;
		if (typeof endPoint !== 'string') return;
		const fields = { outcome: 'reached' };
		await this.outbox.send({
			subject: `${callId} summary`,
			event: 'call-summary',
			followed: false,
			endPoint,
			body: callSummary({ fields, callId, to, from, ruleId, metadata, agentId, roomId, sessionId }),
		});
	}

	/** An event sent by hand: once to each webhook, without faults. */
	async sendByHand(
		call: SimulatedCall,
		event: string = EVENT_OF[call.status],
		extra: object = {},
	): Promise<Delivery[]> {
		const body = callEvent(event, { ...dataOf(call), ...extra });
		return await Promise.all(
			this.addresses(event).map(async (endPoint) => {
				const delivery = await this.courier.deliver(endPoint, body);
				await this.outbox.release(subjectOf(call, endPoint));
				return delivery;
			}),
		);
	}

	private addresses(event: string): string[] {
		return this.webhooks
			.active()
			.filter(({ events }) => events.includes(event))
			.map(({ url }) => url);
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

/** Events for one address are put out of order among themselves. */
function subjectOf({ callId }: SimulatedCall, endPoint: string): string {
	return `${callId} ${endPoint}`;
}

function dataOf(call: SimulatedCall): object {
	const { callId, type, status, to, from, roomId, sessionId, agentId, metadata } = call;
	const timestamp = call.timelog.at(-1)?.timestamp;
	return { callId, type, status, to, from, roomId, sessionId, agentId, metaData: metadata, timestamp };
}

/** The account's webhooks for calls, and what is sent there. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { CallStatus, SimulatedCall } from './calls';
import type { Courier, Delivery } from './courier';
import { page } from './lists';
import { ApiError, type Call } from './request';

/** An address that hears of every call of the account. */
export interface SimulatedCallWebhook {
	id: string;
	url: string;
	events: string[];
	createdAt: string;
	updatedAt: string;
	/** Once it was deleted through the API. */
	deletedAt?: string;
}

/** What a call summary holds. */
export interface CallSummary {
	/** As the agent's owner defined them. */
	fields: object;
	callId?: string;
	/** Of the call; its entries stand beside the call's own. */
	metadata?: object;
}

const PATH = '/v2/sip/webhooks';

/** The events that statuses come with. VideoSDK publishes no table: others have an event of their own name, with `call-` before it. */
const EVENT_OF: Partial<Record<CallStatus, string>> = {
	initiated: 'call-started',
	incoming: 'call-started',
	verified: 'call-update',
	ended: 'call-hangup',
	'not-answered': 'call-missed',
	abandoned: 'call-missed',
	failed: 'call-hangup',
	rejected: 'call-hangup',
};
const eventOf = (status: CallStatus) =>
	EVENT_OF[status] ?? (status.startsWith('switch-room') ? status : `call-${status}`);

/** The events of calls, which go to every registered webhook that subscribed to them. */
export class CallEvents {
	/** By `id`, also those that were deleted through the API. */
	readonly webhooks = new Map<string, SimulatedCallWebhook>();

	constructor(private readonly courier: Courier) {}

	/** Registers an address. */
	add(url: string, events: string[]): SimulatedCallWebhook {
		const now = new Date().toISOString();
		const webhook = { id: randomBytes(12).toString('hex'), url, events, createdAt: now, updatedAt: now };
		this.webhooks.set(webhook.id, webhook);
		return webhook;
	}

	/** An event of a call: that of its status, unless another one is named. `extra` goes into its `data`. */
	async send(call: SimulatedCall, event = eventOf(call.status), extra: object = {}): Promise<Delivery[]> {
		const { callId, type, status, to, from, roomId, sessionId, agentId, metadata: metaData } = call;
		const timestamp = call.timelog.at(-1)?.timestamp;
		const data = { callId, type, status, to, from, roomId, sessionId, agentId, metaData, timestamp };
		const body = callEvent(event, { ...data, ...extra });
		const subscribed = this.active().filter(({ events }) => events.includes(event));
		const sending = subscribed.map(async ({ url }) => await this.courier.send(event, url, body));
		const sent = await Promise.all(sending);
		return sent.filter((delivery) => delivery !== undefined);
	}

	routes(app: FastifyInstance): void {
		app.post<Call<Pick<SimulatedCallWebhook, 'url' | 'events'>>>(PATH, (request) => {
			const { url, events } = request.body;
			return this.add(url, events);
		});
		app.get<Call>(PATH, (request) => {
			const { search = '' } = request.query;
			const found = this.active().filter(({ url }) => url.includes(search));
			return page(request, found);
		});
		app.delete<Call>(`${PATH}/:id`, (request) => {
			const webhook = this.webhooks.get(request.params.id);
			if (!webhook || webhook.deletedAt) throw new ApiError(404, 'Webhook not found');
			webhook.deletedAt = new Date().toISOString();
			return { message: 'Webhook deleted successfully' };
		});
	}

	private active(): SimulatedCallWebhook[] {
		return [...this.webhooks.values()].filter(({ deletedAt }) => !deletedAt);
	}
}

/** The body of an event. */
export const callEvent = (webhookType: string, data: object): object => ({ webhookType, data });

/** The body that an agent made in the dashboard sends after a call; it has no type. */
export const callSummary = ({ fields, callId, metadata }: CallSummary): object => ({
	'call-summary': fields,
	'customer-data': { ...metadata, callId },
	'room-data': {},
});

import { randomBytes } from 'node:crypto';

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

/** The registered webhooks. */
export class CallWebhooks {
	/** Also deleted ones, as deleting is soft. */
	readonly byId = new Map<string, SimulatedCallWebhook>();

	add(url: string, events: string[]): SimulatedCallWebhook {
		const now = new Date().toISOString();
		const webhook = { id: randomBytes(12).toString('hex'), url, events, createdAt: now, updatedAt: now };
		this.byId.set(webhook.id, webhook);
		return webhook;
	}

	/** One that was not deleted. */
	get(id: string): SimulatedCallWebhook | undefined {
		const webhook = this.byId.get(id);
		return webhook?.deletedAt ? undefined : webhook;
	}

	/** Those that were not deleted. */
	active(): SimulatedCallWebhook[] {
		return [...this.byId.values()].filter(({ deletedAt }) => !deletedAt);
	}
}

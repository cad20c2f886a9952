import { inDatabase } from '../../n8n/database';
import { deliverAll } from './deliver';
import type { SignedEvent } from './events';
import { forged, signedEvents } from './events';
import type { Host } from './host';
import { cpuMs, untilQuiet } from './processTree';
import type { Receiver } from './workflows';
import { receiverWorkflow } from './workflows';

/** As many as the trigger lets n8n keep: what it costs once it has received some thousand events. */
const FULL_STORE_ENTRIES = 2_000;

/** Fills n8n's store of processed items for a trigger. */
const fillStore = (workflowId: string, nodeId: string): string => `
	const { createHash, randomUUID } = require('node:crypto');
	const entry = () => createHash('md5').update(randomUUID()).digest('base64');
	const data = Array.from({ length: ${FULL_STORE_ENTRIES} }, entry);
	const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
	const columns = '"workflowId", "context", "createdAt", "updatedAt", "value"';
	database.prepare('INSERT INTO processed_data (' + columns + ') VALUES (?, ?, ?, ?, ?)')
		.run('${workflowId}', 'n:${nodeId}', now, now, JSON.stringify({ mode: 'entries', data }));`;

let lastNumber = 0;

/** A published workflow that receives events. */
export class ReceiverRunner {
	private delivered = 0;

	private constructor(
		private readonly host: Host,
		readonly receiver: Receiver,
		private readonly url: string,
		readonly workflowId: string,
	) {}

	/** @param isStoreFull whether n8n's store of processed items is to be as after thousands of events */
	static async publish(host: Host, receiver: Receiver, isStoreFull = false): Promise<ReceiverRunner> {
		const id = `receiver-${++lastNumber}`;
		const { workflow, path, nodeId } = receiverWorkflow(host, receiver, id);
		const workflowId = await host.publish(workflow, path);
		if (isStoreFull) {
			await inDatabase(host.n8n, fillStore(workflowId, nodeId));
		}
		return new ReceiverRunner(host, receiver, host.webhookUrl(path), workflowId);
	}

	/** Delivers genuine events. @returns the times to the answer, in ms */
	async deliver(count: number, senders = 1): Promise<number[]> {
		const times = await deliverAll(this.url, await this.events(count), senders, 200);
		this.delivered += count;
		return times;
	}

	/** Delivers genuine events, at most a hundred, and waits for the end of their runs. @returns also the time to the end of the last run */
	async deliverToTheEnd(count: number, senders: number): Promise<{ times: number[]; seconds: number }> {
		const events = await this.events(count);
		const lastId = await this.host.latestId(this.workflowId);
		const beganAt = Date.now();
		const times = await deliverAll(this.url, events, senders, 200);
		this.delivered += count;
		const runs = await this.host.newestRuns(this.workflowId, lastId, count);
		const endedAt = Math.max(...runs.map(({ stoppedAt }) => Date.parse(stoppedAt ?? '')));
		return { times, seconds: (endedAt - beganAt) / 1000 };
	}

	/** Delivers genuine events one at a time. @returns n8n's CPU time for each, its run included, in ms */
	async cpuOfGenuine(count: number): Promise<number> {
		const events = await this.events(count);
		this.delivered += count;
		return await this.cpuOf(events, 200);
	}

	/** The same for forged ones. */
	async cpuOfForged(count: number): Promise<number> {
		return await this.cpuOf(forged(await this.events(count)), 401);
	}

	private async cpuOf(events: SignedEvent[], expected: number): Promise<number> {
		const { pid } = this.host.n8n;
		await untilQuiet([pid]);
		const before = cpuMs([pid]);
		await deliverAll(this.url, events, 1, expected);
		return ((await untilQuiet([pid])) - before) / events.length;
	}

	private async events(count: number): Promise<SignedEvent[]> {
		return await signedEvents(this.host.simulator, count);
	}

	/** Checks that each genuine delivery, and nothing else, was stored as a run that went well, if it is to be kept at all. */
	async verify(): Promise<void> {
		const kept = this.receiver === 'ours, runs not saved' ? 0 : this.delivered;
		const { runs, succeeded } = await this.host.endedRuns(this.workflowId, kept);
		if (runs !== kept || succeeded !== kept) {
			throw new Error(
				`${this.receiver}: ${this.delivered} deliveries, ${runs} runs, ${succeeded} went well.`,
			);
		}
	}
}

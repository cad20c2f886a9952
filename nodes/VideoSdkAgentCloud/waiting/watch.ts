import type { IDataObject } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';
import type { Send } from '../api/client';
import type { CredentialSource } from './credentialSource';
import { idsBySource, releaseSource } from './credentialSource';
import type { Found } from './fetchMany';
import { fetchMany } from './fetchMany';
import type { Outcome } from './outcome';
import { endAtDeadline, isRejection, outcomeByEvent } from './outcome';
import { postResume } from './postResume';
import { afterEventMs, Deadline, isCheckDue, nextPollMs } from './schedule';
import type { StoredWait } from './storedWait';
import { isStillWaiting } from './storedWait';
import type { Waitable } from './waitable';
import { WAITABLES } from './waitable';

/** The API must reject this often, and show it at no time in between: a passing trouble or a change of keys is none. */
const MAX_REJECTIONS = 3;
const REJECTED_INTERVAL_MS = 30_000;

/** How a request to the resume URL proves that it is ours: its headers. */
export type Prove = () => Promise<Record<string, string>>;

/**
 * What this process knows of a waiting execution: which of its sessions or calls have ended, by events and by polling the API. It is
 * never the only copy: all of it can be learnt from the API again. It holds nothing of the execution's data, for it lives for hours.
 */
export class Watch {
	private readonly waitable: Waitable;
	private readonly deadline: Deadline;
	private readonly outcomes = new Map<string, Outcome>();
	/** The ends that were told by events, whose records were not fetched yet. */
	private readonly events = new Map<string, string>();
	/** Those that are being ended because the time is up: their events tell what we did. */
	private readonly ending = new Set<string>();
	private readonly rejections = new Map<string, number>();
	private polls = 0;
	private isPolling = false;
	/** Whether an event came since the last poll began. */
	private hasNews = false;
	private isOver = false;
	/** Counts the timers, of which only the last one set counts: n8n's `sleep` cannot be cancelled. */
	private timer = 0;
	private nextPollAtMs = Infinity;

	/**
	 * @param sources where the credential of each is read, by the ID of what is waited for
	 * @param onOver told once, when nothing is to be known any more
	 */
	constructor(
		private readonly wait: StoredWait,
		private readonly sources: Map<string, CredentialSource>,
		private readonly prove: Prove,
		private readonly onOver: () => void,
	) {
		this.waitable = WAITABLES[wait.kind];
		this.deadline = new Deadline(wait.deadlineMs);
	}

	/** How many are not known to have ended. */
	get outstanding(): number {
		return this.sources.size - this.outcomes.size - this.events.size;
	}

	/** Polls until the execution goes on. Never throws: events and n8n's own deadline remain. */
	start(): void {
		this.schedule(this.nextIntervalMs());
	}

	/** Takes note of an end that an event told. */
	noteEnd(id: string, event: string): void {
		if (this.outcomes.has(id) || this.events.has(id) || this.ending.has(id)) return;
		this.events.set(id, event);
		this.hasNews = true;
		const soonMs = this.nextIntervalMs();
		if (performance.now() + soonMs < this.nextPollAtMs) this.schedule(soonMs);
	}

	/**
	 * Called while VideoSDK waits for the answer to the event of the last one.
	 *
	 * @returns the outcome of each, fetched where it is not known yet
	 */
	async collect(): Promise<Map<string, Outcome>> {
		// A single one is fetched once: its event tells enough. Of many, the failure of one request would concern all.
		const running = await this.refresh(this.sources.size === 1 ? 1 : undefined);
		for (const [id, event] of this.events) this.finish(id, outcomeByEvent(event, running.get(id)));
		return this.outcomes;
	}

	/** Ends polling, because the execution goes on. */
	stop(): void {
		if (this.isOver) return;
		this.isOver = true;
		this.timer++;
		for (const source of this.sources.values()) releaseSource(source);
		this.onOver();
	}

	private nextIntervalMs(): number {
		const { remainingMs } = this.deadline;
		// A rejection may pass, so the next polls are some time apart, whatever else happens.
		if (this.rejections.size > 0) return Math.max(0, Math.min(REJECTED_INTERVAL_MS, remainingMs));
		const newsMs = this.hasNews ? afterEventMs(this.outstanding) : Infinity;
		return Math.min(nextPollMs(this.polls, remainingMs), newsMs);
	}

	private schedule(ms: number): void {
		const timer = ++this.timer;
		this.nextPollAtMs = performance.now() + ms;
		void sleep(ms).then(() => {
			if (timer === this.timer && !this.isPolling) void this.poll();
		});
	}

	private async poll(): Promise<void> {
		this.isPolling = true;
		this.hasNews = false;
		this.polls++;
		if (await this.isForNothing()) return this.stop();
		const isTimeUp = this.deadline.remainingMs <= 0;
		const running = await this.refresh();
		if (isTimeUp && !this.isOver) await this.giveUp(running);
		if ((isTimeUp || this.outstanding === 0) && !this.isOver) {
			const outcomes = await this.collect();
			// The event of the last one may have resumed it meanwhile.
			if (!this.isOver) {
				await postResume([...this.sources.values()][0] as CredentialSource, this.wait.resumeUrl, {
					headers: this.prove,
					body: { outcomes: [...outcomes] as unknown as IDataObject[], isTimeUp },
					isOver: () => this.isOver,
				});
			}
			this.stop();
		}
		this.isPolling = false;
		if (!this.isOver) this.schedule(this.nextIntervalMs());
	}

	/** @returns whether the execution does not wait any more, and nothing is to be ended at the deadline */
	private async isForNothing(): Promise<boolean> {
		if (!isCheckDue(this.polls) || this.wait.endIds.length > 0) return false;
		const { context } = [...this.sources.values()][0] as CredentialSource;
		return !(await isStillWaiting(context, this.wait).catch(() => true));
	}

	/** Asks the API for those whose outcome is not known. @returns the records of those that go on */
	private async refresh(maxAttempts?: number): Promise<Map<string, IDataObject>> {
		const unknown = [...this.sources].filter(([id]) => !this.outcomes.has(id));
		const running = new Map<string, IDataObject>();
		await Promise.all(
			[...idsBySource(unknown)].map(async ([source, ids]) => {
				const send: Send = async (request, read) =>
					await source.send({ ...(maxAttempts && { maxAttempts }), ...request }, read);
				for (const [id, found] of await fetchMany(send, this.waitable, ids)) {
					this.note(id, found);
					if ('record' in found && !this.outcomes.has(id)) running.set(id, found.record);
				}
			}),
		);
		return running;
	}

	/** Takes note of what the API told. */
	private note(id: string, found: Found): void {
		const event = this.events.get(id);
		if ('record' in found) {
			this.rejections.delete(id);
			const extra = this.waitable.endOf(found.record);
			// A record that goes on may be older than the event: it was under way when the event came.
			if (extra) this.finish(id, { record: found.record, extra: { ...extra, ...(event && { event }) } });
		} else if (isRejection(found.error) && event === undefined) {
			const rejections = (this.rejections.get(id) ?? 0) + 1;
			this.rejections.set(id, rejections);
			if (rejections >= MAX_REJECTIONS) this.finish(id, { extra: { error: found.error.message } });
		}
	}

	private finish(id: string, outcome: Outcome): void {
		this.outcomes.set(id, outcome);
		this.events.delete(id);
		this.rejections.delete(id);
	}

	/** Finishes those that go on at the deadline: last known, or ended. */
	private async giveUp(running: Map<string, IDataObject>): Promise<void> {
		const open = [...this.sources].filter(([id]) => !this.outcomes.has(id) && !this.events.has(id));
		const endIds = new Set(this.wait.endIds);
		for (const [id] of open) if (endIds.has(id)) this.ending.add(id);
		await Promise.all(
			open.map(async ([id, source]) => {
				const record = running.get(id);
				const outcome = endIds.has(id)
					? await endAtDeadline(source, this.waitable, id, record)
					: { record, extra: { timedOut: true } };
				this.finish(id, outcome);
			}),
		);
	}
}

import { type IDataObject, sleep } from 'n8n-workflow';
import { failureOf } from '../api/client';
import { credentialId, type RequestContext } from '../api/credential';
import { CONVERSATIONS } from './conversation';
import type { CredentialSource, SendLimits } from './credentialSource';
import { finishAtDeadline } from './endAtDeadline';
import { Ends, type Outcome } from './ends';
import { fetchMany } from './fetchMany';
import { Hints } from './hints';
import { notify, type ResumeRequest } from './notify';
import { addParts } from './parts';
import { afterEventMs, nextPollMs } from './schedule';
import type { StoredWait } from './storedWait';
import { warnCredentialRejected } from './warnings';

/** "Not found" may be due to a failure, so the polls that confirm it are some time apart. */
const CONFIRM_INTERVAL_MS = 30_000;
/** For how long requests are sent where something waits for them: the answer to an event, or the deadline. */
const FINAL_POLL_MS = 15_000;
/** Statuses that concern the credential, not the conversation. */
const CREDENTIAL_STATUSES = [401, 403];

/** Makes our own request to the resume URL. */
export type MakeRequest = (outcomes: Map<string, Outcome>) => ResumeRequest;

/**
 * Polls the API for the ends of what an execution waits for, and then has the execution resumed. Never throws, since events and n8n's
 * own deadline remain.
 */
export class Poller {
	readonly ends: Ends;
	readonly hints: Hints;
	private isIncluded: boolean;
	private polls = 0;
	private isPolling = false;
	private hasEventSincePoll = false;
	private isOver = false;
	private hasWarned = false;
	/** Counts the timers, of which only the last one set counts, since n8n's `sleep` cannot be cancelled. */
	private timer = 0;
	private nextPollAtMs = Infinity;

	/** @param groups see `startPolling`. @param onStop called when polling ends */
	constructor(
		private readonly wait: StoredWait,
		private readonly groups: Map<CredentialSource, string[]>,
		private readonly makeRequest: MakeRequest,
		readonly isOwner: boolean,
		private readonly onStop: () => void,
	) {
		this.ends = new Ends(CONVERSATIONS[wait.kind], [...groups.values()].flat());
		this.isIncluded = wait.include === undefined;
		this.hints = new Hints(
			this.ends,
			async (ids) => {
				await this.refresh({}, false, new Set(ids));
				if (this.isAllSettled) this.schedule();
			},
			() => this.isOver,
		);
		this.schedule();
	}

	/** Whether the execution can be resumed: all have ended, and what is to be included is there or will not come. */
	get isReady(): boolean {
		return this.ends.outstanding === 0 && this.isIncluded;
	}

	get credentialId(): string {
		return credentialId(this.context);
	}

	/** Notes an end that an event told. */
	noteEvent(id: string, event: string): void {
		// After the deadline, the process that put the execution to wait may have ended it.
		if (!this.isOwner && this.remainingMs <= 0) return;
		if (!this.ends.noteEvent(id, event)) return;
		this.hasEventSincePoll = true;
		if (Date.now() + this.nextIntervalMs() < this.nextPollAtMs) this.schedule();
	}

	/**
	 * Called when all are known to have ended.
	 *
	 * @returns the outcome of each, fetched where it is known from an event only
	 */
	async collect(): Promise<Map<string, Outcome>> {
		// A single one is fetched once, since its event says enough. Of many, the failure of one request would concern all.
		const maxAttempts = this.ends.size === 1 ? 1 : undefined;
		const running = await this.refresh({ maxAttempts, untilMs: Date.now() + FINAL_POLL_MS }, true);
		this.ends.settleByEvents(running);
		return this.ends.outcomes;
	}

	/** Ends polling, because the execution continues. */
	stop(): void {
		this.isOver = true;
		this.timer++;
		this.onStop();
	}

	/** Any execution's context, to log and to send requests to n8n. */
	private get context(): RequestContext {
		return [...this.groups.keys()][0]?.context as RequestContext;
	}

	private get remainingMs(): number {
		return this.wait.deadlineMs - Date.now();
	}

	private get isAllSettled(): boolean {
		return this.ends.outcomes.size === this.ends.size;
	}

	private nextIntervalMs(): number {
		if (this.isAllSettled || (this.ends.outstanding === 0 && !this.isIncluded)) return 0;
		if (this.ends.isInDoubt) return Math.max(0, Math.min(CONFIRM_INTERVAL_MS, this.remainingMs));
		const pollMs = nextPollMs(this.polls, this.remainingMs);
		return this.hasEventSincePoll ? Math.min(pollMs, afterEventMs(this.ends.outstanding)) : pollMs;
	}

	private schedule(): void {
		const timer = ++this.timer;
		const ms = this.nextIntervalMs();
		this.nextPollAtMs = Date.now() + ms;
		void sleep(ms).then(() => {
			if (timer === this.timer && !this.isPolling) void this.poll();
		});
	}

	private async poll(): Promise<void> {
		this.isPolling = true;
		this.hasEventSincePoll = false;
		this.polls++;
		const isTimeUp = this.remainingMs <= 0;
		const limits = isTimeUp
			? { maxAttempts: 1, untilMs: Date.now() + FINAL_POLL_MS }
			: { untilMs: this.wait.deadlineMs };
		const running = await this.refresh(limits, isTimeUp);
		if (isTimeUp && this.isOwner && !this.isOver) {
			await finishAtDeadline(this.wait, this.groups, this.ends, running);
		}
		if (this.ends.outstanding === 0 && !this.isOver) {
			const outcomes = await this.collect();
			await this.includeParts();
			// The last one's event may have resumed the execution meanwhile.
			if (!this.isOver) await notify(this.context, this.wait, this.makeRequest(outcomes), () => this.isOver);
			this.stop();
		}
		this.isPolling = false;
		if (isTimeUp) this.stop();
		else if (!this.isOver) this.schedule();
	}

	/**
	 * Asks the API for those without an outcome.
	 *
	 * @param isThorough see `fetchMany`
	 * @param only those to ask for. Default: all
	 * @returns the records of those that are still running
	 */
	private async refresh(
		limits: SendLimits,
		isThorough = false,
		only?: Set<string>,
	): Promise<Map<string, IDataObject>> {
		const running = new Map<string, IDataObject>();
		const refreshGroup = async ([source, ids]: [CredentialSource, string[]]): Promise<void> => {
			const open = ids.filter((id) => this.ends.isOpen(id) && (only?.has(id) ?? true));
			const options = { round: this.polls, isThorough };
			const results = await fetchMany(source.sender(limits), CONVERSATIONS[this.wait.kind], open, options);
			for (const [id, found] of results) {
				// A hint may be ahead of the API, so that "not found" says nothing.
				if (only && 'error' in found) continue;
				const isRunning = this.ends.noteFound(id, found);
				if ('error' in found) this.warnOfCredential(found.error);
				else if (isRunning) running.set(id, found.record);
			}
		};
		await Promise.all([...this.groups].map(refreshGroup));
		return running;
	}

	private async includeParts(): Promise<void> {
		const untilMs = Date.now() + (this.wait.includeWaitMs ?? 0);
		if (!this.isIncluded) await addParts(this.wait, this.groups, this.ends, untilMs, () => this.isOver);
		this.isIncluded = true;
	}

	private warnOfCredential(error: Error): void {
		if (this.hasWarned || !CREDENTIAL_STATUSES.includes(failureOf(error)?.status ?? 0)) return;
		this.hasWarned = true;
		warnCredentialRejected(this.context, this.wait, error.message);
	}
}

import { type IHookFunctions } from 'n8n-workflow';
import { type CallWebhook, listCallWebhooks } from '../api/callWebhooks';
import { failureOf } from '../api/client';
import { credentialId } from '../api/credential';
import { pause } from '../api/pause';
import { type Account, readAccount } from './account';
import { readRegistrant, type Registrant, triggerKey } from './ownership';
import { forgetFormer, isUnreachableFrom, settle, warnIfUnreachable } from './registration';

const LIMITS = { timeoutMs: 10_000, maxAttempts: 1 };
/** One list serves all triggers of a project that n8n starts within this time, since n8n 1.x starts one after another. */
const LIST_AGE_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 5 * 60_000;

/** A trigger whose registration is checked because n8n has started. */
interface Check {
	key: string;
	registrant: Registrant;
	account: Account;
	/** Reads the credential again, which the user may have corrected. */
	readAccount(): Promise<Account>;
	/** Credential and project. */
	project: (account: Account) => string;
}

/** @returns whether a failure concerns one trigger only, so that the others are worth a request */
function isOfOneTrigger(error: unknown): boolean {
	const { status = 0 } = failureOf(error as Error) ?? {};
	return [400, 409, 422].includes(status);
}

/**
 * The checks of one project: one list of webhooks for all of them, and one request at a time. What fails is tried again with growing
 * pauses, until the registration is right or the trigger is unpublished.
 */
class ProjectChecks {
	private readonly open = new Map<string, Check>();
	private listed?: { webhooks: CallWebhook[]; atMs: number };
	private settling?: { key: string; ended: Promise<unknown> };
	private resting?: AbortController;
	private isWorking = false;

	constructor(private readonly project: string) {}

	add(check: Check): void {
		this.open.set(check.key, check);
		if (!this.isWorking) void this.work();
	}

	/** See `stopCheck`. */
	async stop(key: string, url?: string): Promise<void> {
		// What the caller does next changes the list.
		this.listed = undefined;
		const check = this.open.get(key);
		if (check && url !== undefined && check.registrant.url !== url) return;
		this.open.delete(key);
		if (this.open.size === 0) this.resting?.abort();
		if (this.settling?.key === key) await this.settling.ended;
	}

	private async work(): Promise<void> {
		this.isWorking = true;
		for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
			await this.checkAll(pauseMs);
			if (this.open.size === 0) break;
			this.resting = new AbortController();
			await pause(pauseMs, this.resting.signal);
			await this.readAccounts();
		}
		this.isWorking = false;
	}

	/** Leaves open what failed. Never throws. */
	private async checkAll(pauseMs: number): Promise<void> {
		let failed: { check: Check; error: Error } | undefined;
		// Also visits those that are added meanwhile.
		for (const check of this.open.values()) {
			try {
				const ended = this.checkOne(check);
				this.settling = { key: check.key, ended: ended.catch(() => undefined) };
				await ended;
				this.open.delete(check.key);
			} catch (error) {
				failed ??= { check, error: error as Error };
				if (!isOfOneTrigger(error)) break;
			} finally {
				this.settling = undefined;
			}
		}
		if (failed === undefined) return;
		this.listed = undefined;
		failed.check.registrant.warn(
			`couldn't check its registration for call events, and neither could other triggers of the same VideoSDK project. n8n will retry in ${pauseMs / 1_000} s`,
			failed.error,
		);
	}

	private async checkOne({ key, registrant, account }: Check): Promise<void> {
		const send = account.client(LIMITS);
		if (this.listed === undefined || Date.now() > this.listed.atMs + LIST_AGE_MS) {
			this.listed = { webhooks: await listCallWebhooks(send), atMs: Date.now() };
		}
		if (!this.open.has(key)) return;
		const { webhooks, isCreated } = await settle(send, this.listed.webhooks, registrant);
		// Unless `stop` has dropped it meanwhile.
		if (this.listed) this.listed.webhooks = webhooks;
		if (isCreated) registrant.warn(`wasn't registered for call events at ${registrant.url}, but is now`);
	}

	private async readAccounts(): Promise<void> {
		for (const check of [...this.open.values()]) {
			const account = await check.readAccount().catch(() => check.account);
			if (!this.open.has(check.key)) continue;
			check.account = account;
			if (check.project(account) === this.project) continue;
			this.open.delete(check.key);
			add(check);
		}
	}
}

/** By credential and project. */
const projects = new Map<string, ProjectChecks>();
/** Checks of triggers that do not run in this process yet. */
const prepared = new Map<string, Check>();
/** The triggers that run in this process. */
const running = new Set<string>();

function add(check: Check): void {
	const project = check.project(check.account);
	const checks = projects.get(project) ?? new ProjectChecks(project);
	projects.set(project, checks);
	checks.add(check);
}

function beginIfRunning(key: string): void {
	const check = prepared.get(key);
	if (check === undefined || !running.has(key)) return;
	prepared.delete(key);
	add(check);
}

/** @returns whether n8n calls a hook because it starts, or another main process takes over, not because someone publishes */
export function isStartOfN8n(context: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(context.getActivationMode());
}

/**
 * Has the trigger's registration checked in the background, if n8n runs the trigger in this process: it calls the hooks in each main
 * process, but runs a trigger in one of them only, and does the two in either order. Awaits no request.
 *
 * @param names names of events; those of other families are left out
 * @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read
 */
export async function checkAtStart(context: IHookFunctions, names: string[]): Promise<void> {
	const registrant = readRegistrant(context, names);
	// Of the last start, when it may have had other events.
	prepared.delete(triggerKey(context));
	if (registrant.events.length === 0 && registrant.former === undefined) return;
	const account = await readAccount(context);
	forgetFormer(context, registrant, account);
	warnIfUnreachable(registrant, account.baseUrl);
	if (registrant.events.length === 0 || isUnreachableFrom(registrant, account)) return;
	const key = triggerKey(context);
	const credential = credentialId(context);
	prepared.set(key, {
		key,
		registrant,
		account,
		readAccount: async () => await readAccount(context),
		project: ({ baseUrl, apiKeyHash }) => `${credential} ${baseUrl} ${apiKeyHash}`,
	});
	beginIfRunning(key);
}

/**
 * Ends the check of a trigger. Resolves when no request of it is under way.
 *
 * @param url only if the check is of this URL: listening at the Test URL does not end that of the Production URL. Default: any
 */
export async function stopCheck(key: string, url?: string): Promise<void> {
	if (url === undefined || prepared.get(key)?.registrant.url === url) prepared.delete(key);
	await Promise.all([...projects.values()].map(async (checks) => await checks.stop(key, url)));
}

/** n8n runs the trigger in this process. @returns to be called when it does not any more; awaits no request */
export function runHere(key: string): () => Promise<void> {
	running.add(key);
	beginIfRunning(key);
	return async () => {
		running.delete(key);
		void stopCheck(key);
	};
}

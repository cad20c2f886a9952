import { type IHookFunctions, type ITriggerFunctions } from 'n8n-workflow';
import { pause } from '../api/pause';
import { PerNode } from '../api/memory';
import { prepareCheck, type Registrant } from './registration';

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 5 * 60_000;

/** Makes a trigger's registration right in the background, however often that takes until VideoSDK answers. */
class StartCheck {
	/** Of the present check. */
	url?: string;
	private isRunningHere = false;
	private run?: (signal: AbortSignal) => Promise<void>;
	private stopping = new AbortController();
	/** Resolves when no request of a check is in flight. */
	private idle = Promise.resolve();

	/** @param attempt throws if it has to be tried again */
	set({ url, warn }: Registrant, attempt: () => Promise<void>): void {
		this.url = url;
		this.run = async (signal) => {
			for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
				try {
					return await attempt();
				} catch (error) {
					const next = `n8n will retry in ${pauseMs / 1_000} s`;
					warn(`couldn't check its registration for call events. ${next}`, error as Error);
				}
				await pause(pauseMs, signal);
			}
		};
		this.begin();
	}

	/** n8n runs the trigger in this process. */
	runHere(isRunningHere: boolean): void {
		this.isRunningHere = isRunningHere;
		this.begin();
	}

	/** Ends the check. Resolves when no request of it is in flight, nor of one before it. */
	async stop(): Promise<void> {
		this.stopping.abort();
		this.stopping = new AbortController();
		this.url = this.run = undefined;
		await this.idle;
	}

	private begin(): void {
		const { run, stopping } = this;
		if (!this.isRunningHere || run === undefined) return;
		this.run = undefined;
		this.idle = this.idle.then(async () => await run(stopping.signal));
	}
}

const checks = new PerNode(() => new StartCheck());

/**
 * Has the trigger's registration checked in the background, if n8n runs the trigger in this process: it calls the hooks in each main
 * process, but runs a trigger in one of them only, and does the two in either order. Awaits no request.
 *
 * @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read
 */
export async function checkAtStart(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const check = checks.of(context);
	// That of the last start, when the trigger may have had other events.
	void check.stop();
	const attempt = await prepareCheck(context, registrant);
	if (attempt !== undefined) check.set(registrant, attempt);
}

/**
 * Ends the check of a trigger. Resolves when no request of it is in flight.
 *
 * @param url only if the check is of this URL: listening at the Test URL does not end that of the Production URL
 */
export async function stopCheck(context: IHookFunctions, url: string): Promise<void> {
	const check = checks.of(context);
	if (check.url === undefined || check.url === url) await check.stop();
}

/** n8n runs the trigger in this process. @returns to be called when it does not any more; awaits no request */
export function runHere(context: ITriggerFunctions): () => Promise<void> {
	const check = checks.of(context);
	check.runHere(true);
	return async () => {
		check.runHere(false);
		void check.stop();
	};
}

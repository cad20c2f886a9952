import { type IHookFunctions, type ITriggerFunctions } from 'n8n-workflow';
import { pause } from '../api/pause';
import { PerNode } from '../api/perNode';
import { prepareCheck } from './registration';
import { type Registrant } from './storedRegistration';

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 5 * 60_000;

/** Makes a trigger's registration right in the background, however often that takes until VideoSDK answers. */
class StartCheck {
	private readonly stopping = new AbortController();
	private ended?: Promise<void>;

	/**
	 * @param attempt throws if it has to be tried again
	 * @param former what has to end before: that of the last start
	 */
	constructor(
		readonly registrant: Registrant,
		private readonly attempt: () => Promise<void>,
		private readonly former: Promise<void>,
	) {}

	begin(): void {
		this.ended ??= this.run();
	}

	/** Resolves when no request of it is under way. */
	async stop(): Promise<void> {
		this.stopping.abort();
		await (this.ended ?? this.former);
	}

	private async run(): Promise<void> {
		await this.former;
		const { signal } = this.stopping;
		for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
			try {
				return await this.attempt();
			} catch (error) {
				this.registrant.warn(
					`couldn't check its registration for call events. n8n will retry in ${pauseMs / 1_000} s`,
					error as Error,
				);
			}
			await pause(pauseMs, signal);
		}
	}
}

interface Trigger {
	check?: StartCheck;
	/** Resolves when no request of earlier checks is under way. */
	idle?: Promise<void>;
	/** In this process. */
	isRunning: boolean;
}

const triggers = new PerNode<Trigger>(() => ({ isRunning: false }));

/** Ends a trigger's check. Resolves when no request of it is under way, nor of one that was ended before. */
async function stop(trigger: Trigger): Promise<void> {
	if (trigger.check) trigger.idle = trigger.check.stop();
	trigger.check = undefined;
	await trigger.idle;
}

/** @returns whether n8n calls a hook because it starts, or another main process takes over, not because someone publishes */
export function isStartOfN8n(context: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(context.getActivationMode());
}

/**
 * Has the trigger's registration checked in the background, if n8n runs the trigger in this process: it calls the hooks in each main
 * process, but runs a trigger in one of them only, and does the two in either order. Awaits no request.
 *
 * @throws what n8n throws if there is no such credential; UserError if its Base URL cannot be read
 */
export async function checkAtStart(context: IHookFunctions, registrant: Registrant): Promise<void> {
	const trigger = triggers.of(context);
	// Of the last start, when the trigger may have had other events.
	const former = stop(trigger);
	const attempt = await prepareCheck(context, registrant);
	if (attempt === undefined) return;
	trigger.check = new StartCheck(registrant, attempt, former);
	if (trigger.isRunning) trigger.check.begin();
}

/**
 * Ends the check of a trigger. Resolves when no request of it is under way.
 *
 * @param url only if the check is of this URL: listening at the Test URL does not end that of the Production URL
 */
export async function stopCheck(context: IHookFunctions, url: string): Promise<void> {
	const trigger = triggers.of(context);
	if (trigger.check === undefined || trigger.check.registrant.url === url) await stop(trigger);
}

/** n8n runs the trigger in this process. @returns to be called when it does not any more; awaits no request */
export function runHere(context: ITriggerFunctions): () => Promise<void> {
	const trigger = triggers.of(context);
	trigger.isRunning = true;
	trigger.check?.begin();
	return async () => {
		trigger.isRunning = false;
		void stop(trigger);
	};
}

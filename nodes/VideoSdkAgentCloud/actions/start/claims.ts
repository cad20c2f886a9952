import type { IDataObject } from 'n8n-workflow';
import { CALL_KEY_MS } from '../../api/calls';
import { pick } from '../../api/http/responseReaders';
import type { SentWait } from '../../waiting/planWait';

/** Something that was started, and how the execution waits for it. */
export interface Started {
	/** The whole record, as the API returned it, for a while (StartState.noteMade), and then what identifies it. */
	record: IDataObject;
	/** Whether the record isn't whole any more. */
	isShort?: boolean;
	wait?: SentWait;
	/** What was said to the agent, see `contentOf`. Undefined: it doesn't matter. */
	content?: string;
}

/** What was said of a start in doubt, of which each execution makes an error of its own. */
export interface Doubt {
	message: string;
	/** Default: how the user finds out whether it exists. */
	description?: string;
}

/**
 * What this process knows of a start:
 * - `free`: it hasn't begun, or has certainly failed
 * - `inFlight`: it's under way
 * - `started`: it was made
 * - `inDoubt`: it may have been made
 */
type State =
	| { name: 'free' }
	| { name: 'inFlight' }
	| { name: 'started'; started: Started }
	| { name: 'inDoubt'; said: Doubt };

/** The fields of a record that are kept for as long as the claim. */
const IDENTIFYING = ['callId', 'sessionId', 'to', 'deploymentId', 'roomId'];

/** What this process knows of one start, shared by all starts that would repeat it. */
export class Claim {
	/** The execution that has sent the start. */
	executionId?: string;
	/** When it was sent, or began if VideoSDK's list has shown it, in ms since 1970. */
	sentAtMs = 0;
	/** How often the start was begun, because each attempt gets a room of its own. */
	begun = 0;
	/** The room that was created for the latest attempt. */
	roomId?: string;
	private current: State = { name: 'free' };
	private settled = Promise.resolve();
	private settle?: () => void;

	/**
	 * @param key if undefined, no other execution can repeat the start
	 * @param to the number of a call, cleaned
	 */
	constructor(
		readonly key: string | undefined,
		readonly to?: string,
	) {}

	get state(): State {
		return this.current;
	}

	/**
	 * Waits until the start isn't under way any more, then takes it.
	 *
	 * @returns what was known before. What was sent more than CALL_KEY_MS ago counts as not begun
	 */
	async take(): Promise<State> {
		while (this.current.name === 'inFlight') await this.settled;
		const before = this.current;
		this.current = { name: 'inFlight' };
		this.settled = new Promise((resolve) => (this.settle = resolve));
		return Date.now() - this.sentAtMs < CALL_KEY_MS ? before : { name: 'free' };
	}

	/** Forgets all of what was started but its ID, its number, and its room. */
	shorten(): void {
		if (this.current.name !== 'started') return;
		const { started } = this.current;
		const record = pick(started.record, IDENTIFYING);
		this.current = { name: 'started', started: { ...started, record, isShort: true } };
	}

	/** Releases the claim after `take`. @param state what is known now */
	end(state: State): void {
		this.current = state;
		// What one execution has failed to start may still be started by another, in any process.
		if (state.name === 'free') this.executionId = undefined;
		this.settle?.();
	}
}

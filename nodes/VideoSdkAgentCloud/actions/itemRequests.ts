import { type IExecuteFunctions } from 'n8n-workflow';
import { apiRequest, type Send } from '../api/http/client';
import { type ReadCredential } from '../api/http/credential';
import { type StartKind } from '../api/startWords';
import { detached } from '../n8n/detached';
import { type Turns } from './run/turns';

/** Thrown in place of sending a request after another item has failed or the execution was stopped. */
export class NotSent extends Error {}

/** Is called right before each attempt of a request that starts something, and throws if that request isn't to be sent. */
export type LastLook = (starts: StartKind) => void;

/** The room of an item that failed is closed even after the user has stopped the execution. */
const NEVER_STOPPED = new AbortController().signal;

/** Makes the senders of one item's requests. */
export class ItemRequests {
	/** @param timeoutMs the time limit for one attempt of a request, in ms */
	constructor(
		private readonly context: IExecuteFunctions,
		readonly credential: ReadCredential,
		private readonly turns: Turns,
		readonly timeoutMs: number,
	) {}

	/** Aborted when nothing more is sent in the item's turn. */
	get stopSignal(): AbortSignal {
		return this.turns.stopSignal;
	}

	/** @returns a sender for the item's turn. It throws NotSent after another item has failed or the execution was stopped */
	inTurn(lastLook?: LastLook): Send {
		const { turns } = this;
		const send = this.sender(turns.stopSignal, lastLook);
		return async (request, read) => {
			if (turns.stopSignal.aborted) throw new NotSent();
			const result = await send(request, read);
			turns.recover();
			return result;
		};
	}

	/** @returns a sender to search for what may have been started, which goes on after another item has failed */
	untilCancelled(): Send {
		return this.sender(this.turns.cancelSignal);
	}

	/** @returns a sender to clean up, even after a stop */
	always(): Send {
		return this.sender(NEVER_STOPPED);
	}

	private sender(stopSignal?: AbortSignal, lastLook?: LastLook): Send {
		const { context, credential, timeoutMs, turns } = this;
		const lasting = detached(context);
		const onRateLimited = () => turns.slowDown();
		return async (request, read) => {
			const { starts } = request;
			// A stop doesn't abort a start that is under way, because the response has the ID of what costs money.
			const isLasting = stopSignal === NEVER_STOPPED || starts !== undefined;
			// Requests that start nothing aren't looked at, because those after a call are about a call that was made.
			const beforeEach = starts && lastLook && (() => lastLook(starts));
			const sending = { timeoutMs, credential, stopSignal, onRateLimited, beforeEach };
			return await apiRequest(isLasting ? lasting : context, request, read, sending);
		};
	}
}

import type { ApiFailure } from './failure';
import { mayHaveBeenCarriedOut } from './failure';

/** What the user reads about a failed request: a title that says what happened, and how to get on. */
export interface FailureText {
	message: string;
	description: string;
}

const KEYS_PAGE = 'https://app.videosdk.live/api-keys';
/** What a request may start, and where the user can look whether it did. */
const WHERE_TO_LOOK = { session: 'with Session: Get Many', dispatch: 'into the room' };
export type Startable = keyof typeof WHERE_TO_LOOK;

/** Said wherever the API may have acted although no usable answer came. */
export const lookFirst = (starts: Startable): string =>
	`look ${WHERE_TO_LOOK[starts]} before you start the session once more.`;

/** Words at which n8n replaces a whole title with one of its own, such as "The connection timed out" (NodeError). */
const REPLACED_BY_N8N =
	/ECONN|ENOTFOUND|ETIMEDOUT|ADDRINUSE|ADDRNOTAVAIL|EHOSTUNREACH|EAI_AGAIN|ENOENT|EISDIR|ENOTDIR|EACCES|EEXIST|EPERM|GETADDRINFO/i;

/** Titles and next steps by status; 4xx and 5xx stand for the statuses that have no line of their own. */
const BY_STATUS: Record<string, FailureText> = {
	'3xx': {
		message: 'VideoSDK answered with a redirect, which is not followed',
		description: 'Check "Base URL" in the credential: it must be the address of the API itself.',
	},
	'400': {
		message: 'VideoSDK did not accept the input',
		description: 'Check the fields of this node against the message above.',
	},
	'401': {
		message: 'VideoSDK did not accept the API key and secret',
		description: `Copy "API Key" and "Secret Key" again from ${KEYS_PAGE} into the credential, and check that the clock of the n8n server is right.`,
	},
	'402': {
		message: 'VideoSDK found nothing under this ID',
		description:
			'Check the ID and, for a deployment, its "Tag". It must belong to the project of the credential, and the plan must include Agent Cloud.',
	},
	'403': {
		message: 'VideoSDK does not permit this',
		description: 'The project of the credential lacks the right, or its plan lacks Agent Cloud.',
	},
	'404': {
		message: 'VideoSDK found nothing under this ID',
		description:
			'Check the ID and, for a deployment, its "Tag". It must belong to the project of the credential.',
	},
	'409': {
		message: 'VideoSDK refused this because of the present state',
		description: 'The session or deployment may have ended or exist already. Look at it with Get.',
	},
	'429': {
		message: 'VideoSDK is receiving too many requests',
		description: 'It was tried several times. Lower "Max Concurrency" under "Options", or try again later.',
	},
	'4xx': {
		message: 'VideoSDK did not accept the request',
		description: 'Check the fields of this node against the message above.',
	},
	'5xx': {
		message: 'VideoSDK could not carry out the request',
		description: 'This is on the side of VideoSDK. Try again later.',
	},
};

function textByStatus(status: number): FailureText {
	const text = BY_STATUS[String(status)] ?? BY_STATUS[`${String(status).charAt(0)}xx`];
	return text ?? { message: 'VideoSDK gave an unexpected answer', description: 'Try again later.' };
}

function textByKind(failure: ApiFailure): FailureText {
	switch (failure.kind) {
		case 'status':
			return textByStatus(failure.status ?? 0);
		case 'answer':
			return {
				message: 'VideoSDK gave an answer that cannot be used',
				description: 'Check "Base URL" in the credential: another service may be answering there.',
			};
		case 'declined':
			return {
				message: 'VideoSDK did not do this',
				description: 'Check the fields of this node against the message above, or try again later.',
			};
		case 'timeout':
			return {
				message: 'VideoSDK did not answer in time',
				description: 'Raise "Timeout" under "Options" if this happens often.',
			};
		case 'notConnected':
			return {
				message: `The host ${failure.host ?? 'of VideoSDK'} cannot be reached`,
				description:
					'Nothing was sent. Check "Base URL" in the credential, and that the n8n server may connect to the internet.',
			};
		case 'untrusted':
			return {
				message: 'n8n does not trust the certificate of this host',
				description:
					'Nothing was sent. Check "Base URL" in the credential. If a proxy of your network opens https, let Node.js know its certificate (NODE_EXTRA_CA_CERTS).',
			};
		case 'network':
			return {
				message: 'The connection to VideoSDK was lost',
				description: 'Check the network of the n8n server.',
			};
		case 'cancelled':
			return { message: 'The execution was stopped before VideoSDK answered', description: '' };
		case 'refused':
			return {
				message: failure.apiMessage ?? 'The request could not be prepared',
				description: 'Nothing was sent to VideoSDK.',
			};
	}
}

/**
 * Puts a failure into words. All that matters is in the title, because with "continue on error" nothing else is left of it.
 *
 * @param failure why the request failed
 * @param starts what the request starts, if anything, so that the user learns if a session may be running
 */
export function describeFailure(failure: ApiFailure, starts?: Startable): FailureText {
	const { message, description } = textByKind(failure);
	const mayRun = starts !== undefined && mayHaveBeenCarriedOut(failure);
	const apiMessage = failure.kind === 'refused' ? undefined : failure.apiMessage;
	const isShownBelow = REPLACED_BY_N8N.test(apiMessage ?? '');
	const title = [
		message,
		failure.status === undefined ? '' : ` (status ${failure.status})`,
		mayRun ? '; the session may have been started' : '',
		apiMessage === undefined || isShownBelow ? '' : `: ${apiMessage}`,
	];
	const details = [
		mayRun ? `It was not tried again: ${lookFirst(starts)}` : '',
		description,
		isShownBelow ? `VideoSDK says: ${apiMessage}.` : '',
		failure.code ? `Network code: ${failure.code}.` : '',
		failure.requestId ? `Request ID for VideoSDK's support: ${failure.requestId}` : '',
	];
	return { message: title.join(''), description: details.filter(Boolean).join(' ') };
}

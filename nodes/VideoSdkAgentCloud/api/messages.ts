import type { ApiFailure } from './failure';
import { isInDoubt } from './failure';
import { STARTS, type StartKind } from './starts';

/** What the user reads about a failed request: a title that says what happened, and what to do next. */
export interface FailureText {
	message: string;
	description: string;
}

const KEYS_PAGE = 'https://app.videosdk.live/api-keys';

/** Words at which n8n replaces a whole title with one of its own, such as "The connection timed out" (NodeError). */
const REPLACED_BY_N8N =
	/ECONN|ENOTFOUND|ETIMEDOUT|ADDRINUSE|ADDRNOTAVAIL|EHOSTUNREACH|EAI_AGAIN|ENOENT|EISDIR|ENOTDIR|EACCES|EEXIST|EPERM|GETADDRINFO/i;

/** Titles and next steps by status; 3xx, 4xx and 5xx stand for the statuses that have no line of their own. */
const BY_STATUS: Record<string, FailureText> = {
	'3xx': {
		message: 'VideoSDK answered with a redirect, which is not followed',
		description: "Check 'Base URL' in the credential: it must be the address of the API itself.",
	},
	'400': {
		message: 'VideoSDK did not accept the input',
		description: 'Check the fields of this node against the message above.',
	},
	'401': {
		message: 'VideoSDK did not accept the API key and secret',
		description: `Copy 'API Key' and 'Secret Key' again from ${KEYS_PAGE} into the credential, and check that the clock of the machine that runs n8n is right.`,
	},
	'402': {
		message: 'VideoSDK found nothing with this ID',
		description:
			"Check the ID and, for a deployment, its 'Tag'. It must belong to the project of the credential, and the plan must include Agent Cloud.",
	},
	'403': {
		message: 'VideoSDK does not permit this',
		description:
			'The project of the credential does not have this permission, or its plan does not include Agent Cloud.',
	},
	'404': {
		message: 'VideoSDK found nothing with this ID',
		description:
			"Check the ID and, for a deployment, its 'Tag'. It must belong to the project of the credential.",
	},
	// From a proxy between n8n and VideoSDK, to the CONNECT request.
	'407': {
		message: 'A proxy in your network asks for a user name and password',
		description: 'Nothing was sent to VideoSDK. Give n8n both in the address of the proxy (HTTPS_PROXY).',
	},
	'409': {
		message: 'Not possible in the current state',
		description: 'It may have ended already, or exist already. Check it with Get.',
	},
	'429': {
		message: 'VideoSDK is receiving too many requests',
		description:
			"The request was sent several times. Lower 'Max Concurrency' under 'Options', or try again later.",
	},
	'4xx': {
		message: 'VideoSDK did not accept the request',
		description: 'Check the fields of this node against the message above.',
	},
	'5xx': {
		message: 'VideoSDK is having trouble',
		description: 'Try again later.',
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
				message: 'VideoSDK gave an unexpected answer',
				description: "Check 'Base URL' in the credential: another service may be answering there.",
			};
		case 'declined':
			return {
				message: 'VideoSDK declined the request',
				description: 'Check the fields of this node against the message above, or try again later.',
			};
		case 'timeout':
			return {
				message: 'VideoSDK did not answer in time',
				description: "If this happens often, raise 'Timeout' under 'Options'.",
			};
		case 'notConnected':
			return {
				message: `The host ${failure.host ?? 'of VideoSDK'} cannot be reached`,
				description:
					"Nothing was sent. Check 'Base URL' in the credential, and that n8n can connect to the internet.",
			};
		case 'untrusted':
			return {
				message: 'n8n does not trust the certificate of this host',
				description:
					"Nothing was sent. Check 'Base URL' in the credential. If a proxy in your network inspects https traffic, give n8n the proxy's certificate (NODE_EXTRA_CA_CERTS).",
			};
		case 'network':
			return {
				message: 'The connection to VideoSDK was lost',
				description: 'Check the network connection of your n8n instance.',
			};
		case 'cancelled':
			return { message: 'The execution was stopped before VideoSDK answered', description: '' };
		case 'notSent':
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
 * @param starts what the request starts, if anything, so that the user learns if it may be running
 */
export function describeFailure(failure: ApiFailure, starts?: StartKind): FailureText {
	const { message, description } = textByKind(failure);
	const doubtful = starts !== undefined && isInDoubt(failure) ? STARTS[starts] : undefined;
	const apiMessage = failure.kind === 'notSent' ? undefined : failure.apiMessage;
	const isShownBelow = REPLACED_BY_N8N.test(apiMessage ?? '');
	const title = [
		message,
		failure.status === undefined ? '' : ` (status ${failure.status})`,
		doubtful ? `; the ${doubtful.one} may have been ${doubtful.started}` : '',
		apiMessage === undefined || isShownBelow ? '' : `: ${apiMessage}`,
	];
	const details = [
		doubtful ? `The request was not sent again: ${doubtful.check}` : '',
		description,
		isShownBelow ? `VideoSDK says: ${apiMessage}.` : '',
		failure.code ? `Network code: ${failure.code}.` : '',
		failure.requestId ? `Request ID for VideoSDK support: ${failure.requestId}` : '',
	];
	return { message: title.join(''), description: details.filter(Boolean).join(' ') };
}

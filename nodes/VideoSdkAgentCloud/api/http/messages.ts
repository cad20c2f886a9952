import { type ApiFailure, type FailureKind, isInDoubt } from './failure';
import { STARTS, type StartKind } from '../startWords';

const KEYS_PAGE = 'https://app.videosdk.live/api-keys';

const CHECK_IDS =
	"Check each ID in this node, such as 'Room ID', and the 'Tag' if there is one. They must belong to the credential's VideoSDK project.";
const MORE = "More: 'Troubleshooting' in the docs.";
/** The advice to try again, which a start in doubt doesn't get, because another try would start it again. */
const TRY_LATER = 'Try again later.';

/** The words for which n8n's NodeError replaces a whole title with its own, such as "The connection timed out". */
const REPLACED_BY_N8N =
	/ECONN|ENOTFOUND|ETIMEDOUT|ADDRINUSE|ADDRNOTAVAIL|EHOSTUNREACH|EAI_AGAIN|ENOENT|EISDIR|ENOTDIR|EACCES|EEXIST|EPERM|GETADDRINFO/i;

type Text = [message: string, description: string];

/**
 * The title and the next step by status, or else by kind of failure. Statuses without a line of their own have 3xx, 4xx or 5xx. In a title,
 * {host} stands for the host that couldn't be reached.
 */
const TEXTS: Record<FailureKind, Text> & Record<string, Text> = {
	'3xx': [
		"VideoSDK sent a redirect, which this node doesn't follow",
		"Check 'Base URL' in the credential. It must be the address of the API itself.",
	],
	'400': ["VideoSDK didn't accept the input", "Check this node's fields against the message above."],
	'401': [
		"VideoSDK didn't accept the API key and secret",
		`Copy 'API Key' and 'Secret Key' again from ${KEYS_PAGE} into the credential. If that doesn't help, check the clock on the machine that runs n8n. More: 'Your first call' in the docs.`,
	],
	'402': [
		"VideoSDK couldn't find this, or the project's plan or balance doesn't cover it",
		`${CHECK_IDS} Check its plan and balance as well. ${MORE}`,
	],
	'403': [
		"VideoSDK doesn't allow this",
		"The credential's VideoSDK project doesn't have permission for this, its plan doesn't include it, or the session is over. Check the plan in the VideoSDK dashboard.",
	],
	'404': [
		"VideoSDK couldn't find this",
		`${CHECK_IDS} If there's no ID in it, check 'Base URL' in the credential. It's usually https://api.videosdk.live. ${MORE}`,
	],
	'409': [
		"VideoSDK can't do this in the current state",
		'What you want to change may have already ended, or what you want to create may already exist. Check with a Get operation.',
	],
	'429': [
		'VideoSDK is receiving too many requests',
		"n8n has already retried. Try again later, or lower 'Max Concurrency' if 'Options' has it.",
	],
	'4xx': ["VideoSDK didn't accept the request", "Check this node's fields against the message above."],
	'5xx': ['VideoSDK is having trouble', TRY_LATER],
	status: ['VideoSDK sent an unexpected response', TRY_LATER],
	answer: [
		'VideoSDK sent an unexpected response',
		"Check 'Base URL' in the credential. A different service may be responding there.",
	],
	declined: [
		'VideoSDK declined the request',
		"Check this node's fields against the message above, or try again later.",
	],
	timeout: ["VideoSDK didn't respond in time", "If this happens often, raise 'Timeout' if 'Options' has it."],
	notConnected: [
		"n8n can't reach {host}",
		"Check 'Base URL' in the credential, and make sure that n8n can connect to the internet. Nothing was sent.",
	],
	untrusted: [
		"n8n doesn't trust this host's certificate",
		"Check 'Base URL' in the credential. If a proxy in your network inspects https traffic, give n8n the proxy's certificate (NODE_EXTRA_CA_CERTS). Nothing was sent.",
	],
	network: [
		'The connection to VideoSDK was lost',
		"Check 'Base URL' in the credential and your n8n instance's network connection.",
	],
	cancelled: ['The execution was stopped before VideoSDK responded', ''],
	notSent: ["The request couldn't be prepared", 'Nothing was sent to VideoSDK.'],
};

function textFor({ kind, status, apiMessage, host = 'VideoSDK' }: ApiFailure): Text {
	const byStatus = TEXTS[String(status)] ?? TEXTS[`${String(status).charAt(0)}xx`];
	const [message, description] = (kind === 'status' && byStatus) || TEXTS[kind];
	return [kind === 'notSent' && apiMessage ? apiMessage : message.replace('{host}', () => host), description];
}

/**
 * Puts a failure into words. The title has all that matters, because with "continue on error" n8n keeps nothing else.
 *
 * @param failure why the request failed
 * @param starts what the request starts, if anything, because the user must know whether it may be running
 * @param startsFor whom the request reaches, such as a phone number
 * @returns a title that says what happened, and a description with the next step
 */
export function describeFailure(failure: ApiFailure, starts?: StartKind, startsFor?: string) {
	const [message, description] = textFor(failure);
	const doubtful = starts !== undefined && isInDoubt(failure) ? STARTS[starts] : undefined;
	const whom = startsFor === undefined ? '' : ` to ${startsFor}`;
	const apiMessage = failure.kind === 'notSent' ? undefined : failure.apiMessage;
	const isShownBelow = REPLACED_BY_N8N.test(apiMessage ?? '');
	const title = [
		message,
		failure.status === undefined ? '' : ` (status ${failure.status})`,
		doubtful ? `; the ${doubtful.one}${whom} may have been ${doubtful.started}` : '',
		apiMessage === undefined || isShownBelow ? '' : `: ${apiMessage}`,
	];
	const details = [
		doubtful ? `n8n didn't send the request again. ${doubtful.check}` : '',
		doubtful && description === TRY_LATER ? '' : description,
		isShownBelow ? `VideoSDK says: ${apiMessage}.` : '',
		failure.code ? `Network code: ${failure.code}.` : '',
		failure.requestId ? `Request ID for VideoSDK support: ${failure.requestId}.` : '',
	];
	return { message: title.join(''), description: details.filter(Boolean).join(' ') };
}

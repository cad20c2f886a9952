/** A trigger's Test URL: n8n's path for those begins with "webhook-test" (N8N_ENDPOINT_WEBHOOK_TEST). */
export const TEST_URL = '/webhook-test/';
/** The resume URL of a waiting execution. */
export const WAITING_URL = '/webhook-waiting/';

const PRIVATE_IPV4 =
	'(127|10)(\\.\\d+){3}|0\\.0\\.0\\.0|(192\\.168|169\\.254|172\\.(1[6-9]|2\\d|3[01]))(\\.\\d+){2}';
const PRIVATE_IPV6 = '\\[(::1?|f[c-e][\\da-f:]*)\\]';
const SINGLE_LABEL = '[^./:@?#\\[\\]]+';
const PRIVATE_NAME = '[^/:@?#]+\\.(local(host)?|internal|lan|home\\.arpa)';

/** An http(s) URL whose host cannot be reached from the internet: local and private addresses, names without a public suffix. */
const UNREACHABLE_URL = new RegExp(
	`^\\s*https?://(${PRIVATE_IPV4}|${PRIVATE_IPV6}|${PRIVATE_NAME}|${SINGLE_LABEL})(:\\d*)?([/?#].*)?$`,
	'i',
);

/** @returns whether VideoSDK's servers cannot reach a URL */
export function isUnreachable(url: string): boolean {
	return UNREACHABLE_URL.test(url);
}

import { type IDataObject } from 'n8n-workflow';
import { CONTEXT_PARAMETER, contextUrlLength } from '../webhook/context';
import { ENTRY, pairsField } from './keyValue';
import { type FieldReader, type ItemReader } from './reader';
import { readPairs } from './readKeyValue';

/** What VideoSDK takes (docs.videosdk.live, create room). */
export const MAX_URL_LENGTH = 512;

/**
 * The pairs that come back, signed, with what VideoSDK sends: an option of what starts a conversation. Never shown for other fields only:
 * n8n drops what a collection does not show.
 */
export const contextField = pairsField(
	'refused',
	'Context',
	'context',
	"Data that the caller can't change, such as a customer number, for tools and for the events sent to a webhook URL in this node. VideoSDK can read it.",
	ENTRY,
);

/**
 * Reads `contextField`.
 *
 * @returns texts, numbers and booleans by name; undefined if there are none
 * @throws NodeOperationError as `readPairs`, and if an entry has no value: a tool that looks for '' may show everyone's data
 */
export function readContext(read: FieldReader<unknown>): IDataObject | undefined {
	const pairs = Object.entries(readPairs(read, contextField));
	const [blank] = pairs.find(([, value]) => String(value).trim() === '') ?? [];
	if (blank !== undefined) {
		throw read.fail(
			`'${blank}' in '${contextField.displayName}' has no value`,
			'Correct its expression, or remove the entry.',
		);
	}
	return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/**
 * Checks that a context can travel in a webhook URL.
 *
 * @throws NodeOperationError if the URL has a context already, or URL and context are longer than VideoSDK takes
 */
export function checkContextUrl(read: ItemReader, url: string, pairs: IDataObject): void {
	if (new URL(url).searchParams.has(CONTEXT_PARAMETER)) {
		throw read.fail(
			`'Webhook URL' already contains the parameter '${CONTEXT_PARAMETER}'`,
			"Remove it from the URL, or leave 'Context' empty.",
		);
	}
	const length = contextUrlLength(url, pairs);
	if (length <= MAX_URL_LENGTH) return;
	throw read.fail(
		`'Context' is too long. It makes 'Webhook URL' ${length} characters long, but VideoSDK allows at most ${MAX_URL_LENGTH}`,
		'Shorten names and values, or enter only an ID and let the other workflow look up the rest.',
	);
}

import { type IDataObject, type IWebhookFunctions } from 'n8n-workflow';
import { BoundedMap, PerNode } from '../api/memory';
import { credentialId } from '../api/credential';
import { firstText, type ReceivedEvent } from '../webhook/event';
import { fetchRecord, type Subject, subjectOf } from './details';

/** The sender waits for the answer meanwhile. */
const FETCH_TIMEOUT_MS = 5_000;
const NOT_FILTERED = ", so the filters in 'Options' weren't applied and the workflow started";
/** Of one node. */
const MAX_REMEMBERED = 100;

/** Which sessions, by deployment, and calls, by direction (`inbound`, `outbound`), start the workflow. Nothing chosen: all. `''`: none. */
export type Filters = Record<Subject['field'], string[]>;

/** Finds what a filter compares in the data of an event or in the record of its session or call. */
const FIND = {
	session: ({ deploymentId }: IDataObject) => firstText(deploymentId),
	call: directionOf,
};

/** The direction or deployment of each call and session, which doesn't change: most of them send several events. */
const looked = new PerNode(() => new BoundedMap<string, string>(MAX_REMEMBERED));

function directionOf({ type, direction }: IDataObject): string | undefined {
	return [type, direction]
		.map((value) => (typeof value === 'string' ? value.toLowerCase() : ''))
		.find((value) => ['inbound', 'outbound'].includes(value));
}

/**
 * Tells whether an event is of a deployment and of a call direction that the user chose. Makes one request at most.
 *
 * @returns wanted also if the event does not tell and the request fails: no event is lost over this. With the session or call, if it
 * had to be fetched; null if that failed
 */
export async function filter(
	context: IWebhookFunctions,
	event: ReceivedEvent,
	filters: Filters,
): Promise<{ isWanted: boolean; record?: IDataObject | null }> {
	const subject = subjectOf({ ...event });
	if (subject === undefined) return { isWanted: true };
	const choices = filters[subject.field];
	if (choices.length === 0) return { isWanted: true };
	const remembered = looked.of(context);
	const key = `${credentialId(context)} ${subject.field} ${subject.id}`;
	const find = FIND[subject.field];
	const known = find(event.data) ?? remembered.get(key);
	if (known !== undefined) return { isWanted: choices.includes(known) };
	const record = await fetchRecord(context, subject, FETCH_TIMEOUT_MS, NOT_FILTERED);
	const found = record ? find(record) : undefined;
	if (found === undefined) return { isWanted: true, record };
	remembered.set(key, found);
	return { isWanted: choices.includes(found), record };
}

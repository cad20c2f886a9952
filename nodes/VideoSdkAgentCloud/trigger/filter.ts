import { type IDataObject, type IWebhookFunctions } from 'n8n-workflow';
import { isRecord, pick } from '../api/http/responseReaders';
import { isPhoneNumber, isSameNumber } from '../api/telephony';
import { BoundedMap, PerNode } from '../n8n/boundedStores';
import { credentialId } from '../api/http/credential';
import { firstText, type ReceivedEvent } from '../webhook/event';
import { fetchRecord, type Subject, subjectOf } from './details';

/** The sender waits for the answer meanwhile. */
const FETCH_TIMEOUT_MS = 5_000;
const NOT_FILTERED = ", so the filters in 'Options' weren't applied and the workflow started";
/** Of one node. */
const MAX_REMEMBERED = 100;

/** Which events start the workflow, by option. Nothing chosen: all. What is chosen but blank fits none. */
export interface Choices {
	/** Of sessions. */
	deploymentIds: string[];
	/** Of calls: `inbound`, `outbound`. */
	callDirection: string[];
	/** The account's own numbers: those that are called, or that calls are made from. */
	phoneNumbers: string[];
	/** An entry of a call's metadata. */
	metadataHas: Array<{ name: string; value: string }>;
}

/** Tells of an event's data, or of the record of its call or session, whether one filter wants it; undefined if it doesn't say. */
type Test = (data: IDataObject) => boolean | undefined;

/** What the filters read of a record. */
const FACTS = ['deploymentId', 'direction', 'from', 'metadata', 'to'];

/** What is known of each call and session, and doesn't change: most of them send several events. */
const looked = new PerNode(() => new BoundedMap<string, IDataObject>(MAX_REMEMBERED));

/** Makes the test of one filter, if anything is chosen. @param find finds what it compares; undefined if that isn't there */
function testOf<Found, Choice>(
	choices: Choice[],
	find: (data: IDataObject) => Found | undefined,
	fits: (found: Found, choice: Choice) => boolean,
): Test[] {
	if (choices.length === 0) return [];
	return [
		(data) => {
			const found = find(data);
			return found === undefined ? undefined : choices.some((choice) => fits(found, choice));
		},
	];
}

const isSame = (found: string, choice: string): boolean => found === choice;

function directionOf({ type, direction }: IDataObject): string | undefined {
	return [type, direction]
		.map((value) => (typeof value === 'string' ? value.toLowerCase() : ''))
		.find((value) => ['inbound', 'outbound'].includes(value));
}

/** @returns the account's side of a call; undefined if that isn't known, or is no phone number */
function ownNumberOf(call: IDataObject): string | undefined {
	const direction = directionOf(call);
	const number = direction && firstText(direction === 'inbound' ? call.to : call.from);
	return number && isPhoneNumber(number) ? number : undefined;
}

/** @returns a call's metadata. Events spell its name differently */
const metadataOf = ({ metaData, metadata }: IDataObject): IDataObject | undefined =>
	[metaData, metadata].find(isRecord);

/** Compares as text: an expression may give a number where the call has a text. */
const textOf = (value: unknown): string =>
	(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).trim();

const hasEntry = (metadata: IDataObject, { name, value }: Choices['metadataHas'][number]): boolean =>
	Object.hasOwn(metadata, name) && textOf(metadata[name]) === value;

const testsOf = (choices: Choices): Record<Subject['field'], Test[]> => ({
	session: testOf(choices.deploymentIds, ({ deploymentId }) => firstText(deploymentId), isSame),
	call: [
		...testOf(choices.callDirection, directionOf, isSame),
		...testOf(choices.phoneNumbers, ownNumberOf, isSameNumber),
		...testOf(choices.metadataHas, metadataOf, hasEntry),
	],
});

/**
 * Tells whether the user chose what an event is about: its deployment, or a call's direction, number and metadata. Makes one request at
 * most.
 *
 * @returns wanted also if something isn't told, even by the record, or the request fails: no event is lost over this. With the session
 * or call, if it had to be fetched; null if that failed
 */
export async function filter(
	context: IWebhookFunctions,
	event: ReceivedEvent,
	choices: Choices,
): Promise<{ isWanted: boolean; record?: IDataObject | null }> {
	const subject = subjectOf({ ...event });
	const tests = subject ? testsOf(choices)[subject.field] : [];
	if (subject === undefined || tests.length === 0) return { isWanted: true };
	const remembered = looked.of(context);
	const key = `${credentialId(context)} ${subject.field} ${subject.id}`;
	const resultsBy = (known: IDataObject) => tests.map((test) => test(event.data) ?? test(known));
	const early = resultsBy(remembered.get(key) ?? {});
	if (early.includes(false)) return { isWanted: false };
	if (!early.includes(undefined)) return { isWanted: true };
	const record = await fetchRecord(context, subject, FETCH_TIMEOUT_MS, NOT_FILTERED);
	const results = resultsBy(record ?? {});
	if (record && !results.includes(undefined)) remembered.set(key, pick(record, FACTS));
	return { isWanted: !results.includes(false), record };
}

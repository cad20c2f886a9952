import { type IDataObject, type IWebhookFunctions } from 'n8n-workflow';
import { isRecord, pick } from '../api/http/responseReaders';
import { isPhoneNumber, isSameNumber } from '../api/telephony';
import { BoundedMap, PerNode } from '../n8n/boundedStores';
import { credentialId } from '../api/http/credential';
import { firstText, type ReceivedEvent } from '../webhook/event';
import { fetchRecord, type Subject, subjectOf } from './details';

/** The time limit for fetching a record, because the sender waits for the response meanwhile. */
const FETCH_TIMEOUT_MS = 5_000;
const NOT_FILTERED = ", so the filters in 'Options' weren't applied and the workflow started";
/** The number of calls and sessions that are remembered for one node. */
const MAX_REMEMBERED = 100;

/** Which events start the workflow, by option. Without a choice, all do. A choice that is blank fits none. */
export interface Choices {
	deploymentIds: string[];
	/** The directions of calls: `inbound`, `outbound`. */
	callDirection: string[];
	/** The account's own numbers, which people call, or from which calls are made. */
	phoneNumbers: string[];
	/** An entry of a call's metadata. */
	metadataHas: Array<{ name: string; value: string }>;
}

/** Tests an event's data, or the record of its call or session, against one filter. @returns undefined if the data doesn't tell */
type Test = (data: IDataObject) => boolean | undefined;

/** The fields of a record that the filters read. */
const FACTS = ['deploymentId', 'direction', 'from', 'metadata', 'to'];

/** The fields of calls and sessions that don't change, which are remembered because most of them send several events. */
const facts = new PerNode(() => new BoundedMap<string, IDataObject>(MAX_REMEMBERED));

/** Makes the test of one filter, if anything is chosen in it. @param find finds the value to compare; undefined if it isn't there */
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

/** @returns the account's own number in a call; undefined if it isn't known, or isn't a phone number */
function ownNumberOf(call: IDataObject): string | undefined {
	const direction = directionOf(call);
	const number = direction && firstText(direction === 'inbound' ? call.to : call.from);
	return number && isPhoneNumber(number) ? number : undefined;
}

/** @returns a call's metadata, whose name events spell in two ways */
const metadataOf = ({ metaData, metadata }: IDataObject): IDataObject | undefined =>
	[metaData, metadata].find(isRecord);

/** @returns a value as text, because an expression may give a number where the call has a text */
const valueText = (value: unknown): string =>
	(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).trim();

const hasEntry = (metadata: IDataObject, { name, value }: Choices['metadataHas'][number]): boolean =>
	Object.hasOwn(metadata, name) && valueText(metadata[name]) === value;

const testsOf = (choices: Choices): Record<Subject['field'], Test[]> => ({
	session: testOf(choices.deploymentIds, ({ deploymentId }) => firstText(deploymentId), isSame),
	call: [
		...testOf(choices.callDirection, directionOf, isSame),
		...testOf(choices.phoneNumbers, ownNumberOf, isSameNumber),
		...testOf(choices.metadataHas, metadataOf, hasEntry),
	],
});

/**
 * Finds out whether the filters let an event through: by its deployment, or by its call's direction, number and metadata. It sends at most
 * one request.
 *
 * @returns `isWanted`, which is true if a value isn't known, even from the record, or the request fails, so that no event is lost;
 *   `record`, if it had to be fetched, or null if that failed
 */
export async function filter(
	context: IWebhookFunctions,
	event: ReceivedEvent,
	choices: Choices,
): Promise<{ isWanted: boolean; record?: IDataObject | null }> {
	const subject = subjectOf({ ...event });
	const tests = subject ? testsOf(choices)[subject.field] : [];
	if (subject === undefined || tests.length === 0) return { isWanted: true };
	const remembered = facts.of(context);
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

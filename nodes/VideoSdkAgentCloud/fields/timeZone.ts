import { type INodeProperties } from 'n8n-workflow';
import { type FieldReader } from './kit/reader';

/** Abbreviations that Node.js takes for other places: BST for Bangladesh, ART for Egypt, and EST for one without daylight saving time. */
const ABBREVIATION = /^(?!UTC|GMT|CET|MET|EET|WET)[a-z]{3}$/i;
/** Differences from UTC, which newer versions of Node.js take, but nothing that knows about daylight saving time. */
const OFFSET = /^[+-]/;

/**
 * @param group the option that the zone was entered in
 * @param entered what the user has entered; undefined: the workflow's time zone, which n8n has checked
 * @returns the IANA name of the time zone
 * @throws NodeOperationError if nobody knows the zone
 */
export function readTimeZone(
	read: FieldReader,
	group: Pick<INodeProperties, 'displayName'>,
	entered: string | undefined,
): string {
	const timeZone = entered ?? read.context.getTimezone();
	try {
		if (ABBREVIATION.test(entered ?? '') || OFFSET.test(timeZone)) throw new RangeError();
		new Intl.DateTimeFormat('en-US', { timeZone });
		return timeZone;
	} catch {
		throw read.fail(
			`'Time Zone' under '${group.displayName}' isn't a time zone: ${timeZone}`,
			'Enter a name from the IANA list, such as America/New_York or Europe/Berlin.',
		);
	}
}

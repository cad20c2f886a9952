import type { NodeOperationError } from 'n8n-workflow';
import { phoneKey } from '../../api/telephony';
import { readPhoneNumber, toField } from '../../fields/phoneNumber';
import type { ItemReader } from '../../fields/kit/reader';

/** A message names at most this many of the items with the same number. */
const MAX_NAMED = 5;

/**
 * Finds out whom an item calls, even if the item can't be run. Never throws.
 *
 * @returns the number, cleaned; what was entered if it can't be called; undefined if there is nothing
 */
export function calleeOf(read: ItemReader): string | undefined {
	const readers = [() => readPhoneNumber(read, toField), () => read.text(toField)];
	for (const readCallee of readers) {
		try {
			return readCallee();
		} catch {
			// The next reader accepts more.
		}
	}
	return undefined;
}

/** @returns the numbers of items in words, such as "0, 1, and 2" */
function inWords(items: number[]): string {
	const named = items.slice(0, MAX_NAMED).map(String);
	if (items.length > MAX_NAMED) named.push(`${items.length - MAX_NAMED} more`);
	return new Intl.ListFormat('en').format(named);
}

/**
 * Finds items that call the same number, because a fixed number in 'To' would call one person once for each item.
 *
 * @param callees by item, as `calleeOf` gives them
 * @param keys the users' own keys, by item. Items with the same number and key are one call, see actions/start/startItem.ts
 * @returns the items with a number that another item has, too, each with all that have it
 */
export function findSameNumbers(
	callees: Array<string | undefined>,
	keys: Array<string | undefined> = [],
): Map<number, number[]> {
	const itemsOf = new Map<string, number[]>();
	for (const [item, callee] of callees.entries()) {
		if (callee === undefined) continue;
		const key = phoneKey(callee);
		const items = itemsOf.get(key);
		if (items) items.push(item);
		else itemsOf.set(key, [item]);
	}
	const isSeveral = (items: number[]) => new Set(items.map((item) => keys[item] ?? item)).size > 1;
	const groups = [...itemsOf.values()].filter(isSeveral);
	return new Map(groups.flatMap((items) => items.map((item) => [item, items] as const)));
}

/** Makes the error of an item that may not call the number of others, see `findSameNumbers`. */
export function sameNumberError(read: ItemReader, callee: string, items: number[]): NodeOperationError {
	const { displayName } = toField;
	return read.fail(
		`'${displayName}' is the same in items ${inWords(items)}: ${callee}`,
		`If each item calls a different person, set '${displayName}' to an expression. To call a number more than once, turn on 'Allow Same Number' under 'Options'.`,
	);
}

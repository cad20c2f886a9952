import type { NodeOperationError } from 'n8n-workflow';
import { phoneKey } from '../../api/telephony';
import { readPhoneNumber, toField } from '../../fields/phoneNumber';
import type { ItemReader } from '../../fields/kit/reader';
import { equalItems, inWords } from './equalItems';

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
	const groups = equalItems(callees.map((callee) => callee && phoneKey(callee)));
	const isOneCall = (items: number[]) => new Set(items.map((item) => keys[item] ?? item)).size === 1;
	return new Map([...groups].filter(([, items]) => !isOneCall(items)));
}

/** Makes the error of an item that may not call the number of others, see `findSameNumbers`. */
export function sameNumberError(read: ItemReader, callee: string, items: number[]): NodeOperationError {
	const { displayName } = toField;
	return read.fail(
		`'${displayName}' is the same in items ${inWords(items)}: ${callee}`,
		`If each item calls a different person, set '${displayName}' to an expression. To call a number more than once, turn on 'Allow Same Number' under 'Options'.`,
	);
}

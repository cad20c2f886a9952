import type { NodeOperationError } from 'n8n-workflow';
import { idempotencyKeyField, sameForAllItemsField } from '../../fields/idempotencyKey';
import type { ItemReader } from '../../fields/kit/reader';
import type { PreparedStart } from '../operation';
import { equalItems, inWords } from './equalItems';

/**
 * Finds sessions with the same key and deployment, because without the part of its text that differs, a key gives all items one session. A
 * call has its number besides.
 *
 * @param starts by item; undefined: it isn't to start
 * @returns each item that isn't to share its key but does, with all that have it
 */
export function findSameKeys(starts: Array<PreparedStart | undefined>): Map<number, number[]> {
	return equalItems(
		starts.map((start) => {
			const { idempotencyKey, request, sharesKey } = start ?? {};
			if (idempotencyKey === undefined || request?.kind !== 'session' || sharesKey) return undefined;
			return JSON.stringify([request.body.deploymentId, idempotencyKey]);
		}),
	);
}

/** Makes the error of an item that may not have the key of others, see `findSameKeys`. */
export function sameKeyError(read: ItemReader, key: string, items: number[]): NodeOperationError {
	const { displayName } = idempotencyKeyField;
	return read.fail(
		`'${displayName}' is the same in items ${inWords(items)}: ${key}`,
		`If each item starts a session of its own, check that the expression in '${displayName}' gives each one its own text. If they are to share one session, turn on '${sameForAllItemsField.displayName}' under 'Options'.`,
	);
}

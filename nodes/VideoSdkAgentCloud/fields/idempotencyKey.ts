import type { IDataObject } from 'n8n-workflow';
import { KEY_ENTRY } from '../security/redactTokens';
import { switchField, textField } from './kit/field';

/** The option for a user's own key of a start, see actions/start/startKey.ts. */
export const idempotencyKeyField = textField('refused', 'Idempotency Key', 'idempotencyKey', {
	placeholder: 'e.g. reminder {{ $json.id }}',
	description:
		"A text that identifies this start, such as its purpose and the row's ID. Any execution that starts the same thing with this text gets what already exists, even if a parent workflow is retried and runs its sub-workflows again. A call keeps its key for 30 days, however it ended: to call again, add the number of the attempt to the text.",
});

/** The option for sessions, whose key isn't told apart by a number. */
export const sameForAllItemsField = switchField('default', 'Same for All Items', 'sameForAllItems', {
	description:
		'Whether items with the same Idempotency Key and Deployment share one session. If turned off, none of them is started.',
});

/** @returns the user's metadata with the key by which the start can be found again */
export function withKey(metadata: IDataObject | undefined, key: string | undefined): IDataObject | undefined {
	return key === undefined ? metadata : { ...metadata, [KEY_ENTRY]: key };
}

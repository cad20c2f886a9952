import { type Blank, type Field, textField } from './field';
import { type FieldReader } from './reader';

/** An existing room, by its own ID. */
export const roomIdField = textField('required', 'Room ID', 'roomId', {
	placeholder: 'e.g. abcd-efgh-ijkl',
	description: 'The <code>roomId</code> from Room: Create, Session: Start, or Call: Make',
});

/** VideoSDK's own IDs have 14 characters; IDs that users give may be longer. */
const MAX_LENGTH = 128;
/** What an address, a JSON text, an expression in plain text, or an object in place of its ID have. */
const MALFORMED = /[\s/\\?#<>{}[\]"']|^(?:undefined|null|NaN)$/;

/**
 * Reads the ID of an existing room to which a session or a person is sent: with a wrong one the API lets them talk in a different room, which
 * no one records.
 *
 * @returns undefined if it was left empty and isn't required
 * @throws NodeOperationError as its policy says, if it cannot be a room's ID, or is a record's `id` where its `roomId` is meant
 */
export function readRoomId<B extends Blank>(
	read: FieldReader<unknown>,
	field: Field<B>,
): B extends 'required' ? string : string | undefined;
export function readRoomId(read: FieldReader<unknown>, field: Field): string | undefined {
	const roomId: string | undefined = read.text(field);
	if (roomId === undefined) return undefined;
	if (roomId.length > MAX_LENGTH || MALFORMED.test(roomId)) {
		throw read.fail(
			`'${field.displayName}' isn't a room ID`,
			'Use the roomId from Room: Create, Session: Start, or Call: Make, such as abcd-efgh-ijkl.',
		);
	}
	const { json } = read.context.getInputData()[read.itemIndex] ?? {};
	if (json?.id === roomId && json.roomId && json.roomId !== roomId) {
		throw read.fail(
			`'${field.displayName}' is the room's 'id', not its 'roomId'`,
			`Use {{ $json.roomId }} in '${field.displayName}'.`,
		);
	}
	return roomId;
}

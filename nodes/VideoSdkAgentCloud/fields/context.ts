import { type IDataObject, isSafeObjectProperty } from 'n8n-workflow';
import { ENTRY, pairsField, readPairs } from './kit/keyValue';
import { type FieldReader } from './kit/reader';

/**
 * The option for the pairs that the tokens of tools pin. It has no `displayOptions`, because n8n drops the value of a field that a
 * collection doesn't show (NodeHelpers.getNodeParameters).
 */
export const contextField = pairsField(
	'refused',
	'Context',
	'context',
	"Data for the workflows of the agent's tools that the caller can't change, such as a customer number. VideoSDK can read it.",
	ENTRY,
);

/**
 * Reads `contextField`.
 *
 * @returns texts, numbers and booleans by name; undefined if there are none
 * @throws NodeOperationError as `readPairs`, and if an entry has no value, because a tool that searches for '' may show everyone's data, or
 *   has a name that no expression could read
 */
export function readContext(read: FieldReader): IDataObject | undefined {
	const pairs = Object.entries(readPairs(read, contextField));
	const [blank] = pairs.find(([, value]) => String(value).trim() === '') ?? [];
	if (blank !== undefined) {
		throw read.fail(
			`'${blank}' in '${contextField.displayName}' has no value`,
			'Correct its expression, or remove the entry.',
		);
	}
	const [unreadable] = pairs.find(([name]) => !isSafeObjectProperty(name)) ?? [];
	if (unreadable !== undefined) {
		throw read.fail(
			`'${unreadable}' in '${contextField.displayName}' is a name that n8n's expressions can't read`,
			'Rename the entry.',
		);
	}
	return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

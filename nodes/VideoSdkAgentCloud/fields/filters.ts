import { type INodePropertyOptions } from 'n8n-workflow';
import { type Field } from './field';
import { type CollectionReader } from './reader';

/**
 * Makes the collection of filters of a Get Many operation.
 *
 * @param options their policy is `refused`: an expression without a value must not count as "all", since the nodes that follow may end
 *   every session that comes out. A filter that is left empty by hand, or by the model that uses the node as a tool, is none
 */
export function filtersField(options: Array<Field<'refused'>>, description?: string): Field {
	return {
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		blank: 'default',
		placeholder: 'Add Filter',
		default: {},
		description,
		options,
	};
}

/**
 * Reads a filter with several choices.
 *
 * @returns the values as the field has them; none if it is left empty
 * @throws NodeOperationError for a value that isn't one of them, without regard to case: it would match nothing
 */
export function readChoices(filters: CollectionReader, field: Field): string[] {
	const values = (field.options as INodePropertyOptions[]).map(({ value }) => String(value));
	return filters.list(field).map((entry) => {
		const value = values.find((one) => one.toLowerCase() === entry.toLowerCase());
		if (value !== undefined) return value;
		throw filters.fail(
			`'${field.displayName}' contains '${entry}', which isn't one of its options`,
			`Use ${values.map((one) => `'${one}'`).join(', ')}.`,
		);
	});
}

import { type INodeProperties, type INodePropertyOptions } from 'n8n-workflow';
import { type CollectionReader, type ItemReader } from './reader';

/** Makes the collection of filters of a Get Many operation. */
export function filtersField(options: INodeProperties[], description?: string): INodeProperties {
	return {
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		description,
		options,
	};
}

/**
 * Reads the filters of a Get Many operation.
 *
 * An expression without a value must not count as "all": the nodes that follow may end every session that comes out. A filter that
 * is left empty by hand, or by the model that uses the node as a tool, is none.
 *
 * @param field made by `filtersField`
 * @throws NodeOperationError if the expression of a filter has no value
 */
export function readFilters(read: ItemReader, field: INodeProperties): CollectionReader {
	const filters = read.collection(field);
	const blank = (field.options as INodeProperties[]).find((filter) => filters.isBlankExpression(filter));
	if (blank === undefined) return filters;
	throw read.fail(
		`'${blank.displayName}' under '${field.displayName}' has no value`,
		'Check that the incoming item has the value that its expression refers to, or remove the filter.',
	);
}

/**
 * Reads a filter with several choices.
 *
 * @returns the values as the field has them; none if it is left empty
 * @throws NodeOperationError for a value that isn't one of them, without regard to case: it would match nothing
 */
export function readChoices(filters: CollectionReader, field: INodeProperties): string[] {
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

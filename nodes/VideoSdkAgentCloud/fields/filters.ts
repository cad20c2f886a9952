import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from './inputError';
import { readCollection, readList, unwrap } from './read';

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
 * @param fields the options of the collection 'filters'
 * @throws NodeOperationError if the expression of a filter has no value
 */
export function readFilters(
	context: IExecuteFunctions,
	fields: INodeProperties[],
	itemIndex: number,
): IDataObject {
	const filters = readCollection(context, 'filters', itemIndex);
	const entered = (context.getNode().parameters.filters ?? {}) as IDataObject;
	const blank = fields.find(
		({ name }) =>
			readList(unwrap(filters[name])).length === 0 &&
			/^=(?!.*\$fromAI)/s.test(String(unwrap(entered[name]) ?? '')),
	);
	if (blank !== undefined) {
		throw inputError(
			context,
			`'${blank.displayName}' under 'Filters' has no value`,
			'Check that the incoming item has the value that its expression asks for, or remove the filter.',
			itemIndex,
		);
	}
	return filters;
}

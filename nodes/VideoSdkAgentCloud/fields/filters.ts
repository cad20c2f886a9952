import { collectionField, type Field } from './field';

/**
 * Makes the collection of filters of a Get Many operation.
 *
 * @param options their policy is `refused`: an expression without a value must not count as "all", since the nodes that follow may end
 *   every session that is listed. A filter that is left empty by hand, or by the model that uses the node as a tool, is none
 */
export function filtersField(options: Array<Field<'refused'>>, description?: string): Field {
	return collectionField('default', 'Filters', 'filters', {
		placeholder: 'Add Filter',
		description,
		options,
	});
}

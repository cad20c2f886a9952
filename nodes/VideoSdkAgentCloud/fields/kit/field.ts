import { type INodeProperties, type INodePropertyOptions, type NodePropertyTypes } from 'n8n-workflow';

/**
 * What it means that a field has no value (undefined, null, '' or blanks):
 * - `required`: it is refused.
 * - `refused`: left empty by hand it has its default, or is omitted if that is blank, too. An expression that gives nothing is
 *   refused, since its absence would not be noticed in time.
 * - `default`: it has its default, which a text has not: then it is omitted. So has an option that was not added.
 */
export type Blank = 'required' | 'refused' | 'default';

/** A field of an operation that is read by FieldReader, which follows its policy. n8n does not get to see the policy. */
export interface Field<B extends Blank = Blank> extends INodeProperties {
	blank: B;
}

/** What is read of a field that holds a text: undefined if it is blank and not required. */
export type TextOf<B extends Blank> = B extends 'required' ? string : string | undefined;

/** What a field has beside its policy, its names and its type. */
type Rest = Partial<Omit<INodeProperties, 'displayName' | 'name' | 'type'>>;

/** Makes the factory for fields of one type. @param preset what they have unless they say otherwise */
const fieldsOf =
	<R extends Rest = Rest>(type: NodePropertyTypes, preset?: Pick<INodeProperties, 'default'>) =>
	<B extends Blank>(blank: B, displayName: string, name: string, rest: R): Field<B> => ({
		displayName,
		name,
		type,
		default: '',
		...preset,
		...(type === 'string' && blank === 'required' && { required: true }),
		...rest,
		blank,
	});

// Each takes the policy, the label, the name and the rest. A required text is required for n8n as well.
export const textField = fieldsOf('string');
export const jsonField = fieldsOf('json');
export const dateField = fieldsOf('dateTime');
export const collectionField = fieldsOf('collection', { default: {} });
export const groupField = fieldsOf('fixedCollection', { default: {} });
export const switchField = fieldsOf('boolean', { default: false });
export const choicesField = fieldsOf('multiOptions', { default: [] });
export const choiceField = fieldsOf<Rest & Pick<INodeProperties, 'default'>>('options');
export const numberField = fieldsOf<Rest & Pick<INodeProperties, 'default'>>('number');
export const noticeField = fieldsOf('notice');
export const locatorField = fieldsOf('resourceLocator', { default: { mode: 'list', value: '' } });

/** Of a group: it takes several entries, which show their names when they are collapsed. @param name of the field with the name */
export const namedEntries = (name: string) => ({
	multipleValues: true,
	fixedCollection: { itemTitle: `={{ $collection.item.value.${name} }}` },
});

/** @returns a value in Title Case: `noAnswer` is "No Answer" */
export function titleOf(value: string): string {
	const words = value.charAt(0).toUpperCase() + value.slice(1).replace(/[A-Z]/g, ' $&');
	return words.replace(/ (?:And|For) /g, (word) => word.toLowerCase());
}

/** Makes options in alphabetical order, each named by its value. */
export function optionsOf(values: readonly string[]): INodePropertyOptions[] {
	return [...values].sort().map((value) => ({ name: titleOf(value), value }));
}

/** Makes options of a record with an entry for each value that there is. */
export function optionsIn(
	shown: Record<string, Omit<INodePropertyOptions, 'value'>>,
): INodePropertyOptions[] {
	return Object.entries(shown).map(([value, option]) => ({ ...option, value }));
}

/** @returns a field that may be left empty. @param blank what that means then */
export const optional = <B extends Blank>(blank: B, field: Field, description: string): Field<B> => ({
	...field,
	blank,
	required: false,
	description,
});

/** @returns a field as n8n takes it */
export function withoutPolicy(declared: INodeProperties & { blank?: Blank }): INodeProperties {
	const field = { ...declared };
	delete field.blank;
	const options = field.options?.map((option) => {
		if ('values' in option) return { ...option, values: option.values.map(withoutPolicy) };
		return 'type' in option ? withoutPolicy(option) : option;
	});
	return options ? ({ ...field, options } as INodeProperties) : field;
}

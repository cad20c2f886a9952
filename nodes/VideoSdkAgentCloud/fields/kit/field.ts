import { type INodeProperties, type INodePropertyOptions, type NodePropertyTypes } from 'n8n-workflow';

/**
 * What it means if a field has no value (undefined, null, '' or blanks):
 * - `required`: it's refused.
 * - `refused`: if it was left empty by hand, its default counts, or it's omitted if it has none. An expression that gives nothing is
 *   refused, because no one would notice that in time.
 * - `default`: its default counts. A text has none, and is omitted. The same goes for an option that wasn't added.
 */
export type Blank = 'required' | 'refused' | 'default';

/** A field with a policy (`blank`), which FieldReader follows. The policy is removed before n8n gets the field. */
export interface Field<B extends Blank = Blank> extends INodeProperties {
	blank: B;
}

/** The type of a text that is read from a field: undefined if the field is blank and not required. */
export type TextOf<B extends Blank> = B extends 'required' ? string : string | undefined;

/** The properties of a field other than its policy, its names and its type. */
type Rest = Partial<Omit<INodeProperties, 'displayName' | 'name' | 'type'>>;

/** Makes the factory for fields of one type. @param preset the default, unless a field has its own */
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

// Each factory takes the policy, the label, the name and the other properties. A required text is required for n8n as well.
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

/**
 * Makes the type options of a group of several entries, which show their names when collapsed.
 *
 * @param name the field that holds the name
 */
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

/** Makes options of a record with an entry for each value. */
export function optionsIn(
	shown: Record<string, Omit<INodePropertyOptions, 'value'>>,
): INodePropertyOptions[] {
	return Object.entries(shown).map(([value, option]) => ({ ...option, value }));
}

/** @returns the field with another policy, as one that n8n doesn't require */
export const optional = <B extends Blank>(blank: B, field: Field, description: string): Field<B> => ({
	...field,
	blank,
	required: false,
	description,
});

/** @returns the field for n8n, without its policy */
export function withoutPolicy(declared: INodeProperties & { blank?: Blank }): INodeProperties {
	const field = { ...declared };
	delete field.blank;
	const options = field.options?.map((option) => {
		if ('values' in option) return { ...option, values: option.values.map(withoutPolicy) };
		return 'type' in option ? withoutPolicy(option) : option;
	});
	return options ? ({ ...field, options } as INodeProperties) : field;
}

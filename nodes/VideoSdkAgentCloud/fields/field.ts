import { type INodeProperties } from 'n8n-workflow';

/**
 * What it means that a field has no value (undefined, null, '' or blanks):
 * - `required`: it is refused.
 * - `refused`: left empty by hand it has its default, or is omitted if that is blank, too. An expression that gives nothing is
 *   refused, since its absence would not be noticed in time.
 * - `default`: it has its default, which a text has not: then it is omitted. An option that was not added is undefined.
 */
export type Blank = 'required' | 'refused' | 'default';

/** A field of an operation that is read by FieldReader, which follows its policy. n8n does not get to see the policy. */
export interface Field<B extends Blank = Blank> extends INodeProperties {
	blank: B;
}

/** @returns a field as n8n takes it */
export function withoutPolicy({
	blank: _blank,
	...field
}: INodeProperties & { blank?: Blank }): INodeProperties {
	const options = field.options?.map((option) => {
		if ('values' in option) return { ...option, values: option.values.map(withoutPolicy) };
		return 'type' in option ? withoutPolicy(option) : option;
	});
	return options ? ({ ...field, options } as INodeProperties) : field;
}

import { type INodePropertyOptions } from 'n8n-workflow';

/** Makes options of values such as `not-answered`, whose names are the words in Title Case. */
export function statusOptions(values: readonly string[]): INodePropertyOptions[] {
	return [...values].sort().map((value) => ({
		name: value.replace(
			/(^|-)([a-z])/g,
			(_, hyphen: string, letter: string) => `${hyphen && ' '}${letter.toUpperCase()}`,
		),
		value,
	}));
}

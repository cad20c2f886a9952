import { type INodePropertyOptions } from 'n8n-workflow';

/** Makes options in alphabetical order, each named by its value in Title Case: `noAnswer` is "No Answer". */
export function optionsOf(values: readonly string[]): INodePropertyOptions[] {
	const nameOf = (value: string) => value.charAt(0).toUpperCase() + value.slice(1).replace(/[A-Z]/g, ' $&');
	return [...values].sort().map((value) => ({ name: nameOf(value), value }));
}

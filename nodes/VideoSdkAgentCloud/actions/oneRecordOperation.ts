import { type IDataObject } from 'n8n-workflow';
import { type Send } from '../api/http/client';
import { type Field } from '../fields/kit/field';
import { type Operation } from './operation';

/**
 * Makes an operation that does one thing with one record.
 *
 * @param field holds the record's ID
 * @param run sends the requests, and returns the output
 */
export function onRecord(
	field: Field<'required'>,
	run: (send: Send, id: string) => Promise<IDataObject>,
	texts: Omit<Operation, 'fields' | 'prepare'>,
): Operation {
	return {
		...texts,
		fields: [field],
		prepare(read) {
			const id = read.text(field);
			return async (send) => await run(send, id);
		},
	};
}

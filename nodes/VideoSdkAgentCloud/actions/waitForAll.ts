import type { IExecuteFunctions } from 'n8n-workflow';
import { type Field } from '../fields/kit/field';
import { readIncludeWaitMs, readKept } from '../fields/recording';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../fields/maxWait';
import { ItemReader } from '../fields/kit/reader';
import { readOptions } from '../fields/kit/requestOptions';
import { simplifyField } from '../fields/kit/simplify';
import { type KindName } from '../conversation/kinds';
import { endAtMaxWait, putToWait } from '../waiting/putToWait';
import { type ItemWait, planWait, type SentWait, type WaitOptions } from '../waiting/planWait';
import type { CredentialOfItem, Operation, WaitOfItem } from './operation';

/** Reads how an item waits, as far as its options say it. @param option the boolean among them that ends what still runs */
function readWait(read: ItemReader, option: Field) {
	const options = readOptions(read);
	return {
		isSimplified: options.flag(simplifyField),
		fetchMs: readIncludeWaitMs(options),
		isEnded: options.flag(option),
	};
}

/**
 * Checks what `waitingFor` reads: a bad value must come to light before anything is started.
 *
 * @param option see there
 * @returns after which time it is ended, in ms; Infinity if it isn't
 */
export function checkWait(read: ItemReader, option: Field): number {
	const maxWaitMs = readMaxWaitMs(read);
	return readWait(read, option).isEnded ? maxWaitMs : Infinity;
}

/** @returns the time left, in ms. Until a time of day, as an expression may say, it may have run out during the starts */
export function remainingWaitMs(read: ItemReader, fields = MAX_WAIT_FIELDS): number {
	try {
		return readMaxWaitMs(read, fields);
	} catch {
		return 0;
	}
}

/**
 * Makes an operation wait, once for all its items, until all that it started has ended.
 *
 * @param ofItem reads how an item waits; undefined: not at all
 */
export function waitingBy(
	kind: KindName,
	ofItem: (read: ItemReader, sent: SentWait | undefined) => ItemWait | undefined,
) {
	const optionsOf = (
		context: IExecuteFunctions,
		credential: CredentialOfItem,
		sentOf: WaitOfItem,
	): WaitOptions => ({
		kind,
		credential,
		sentOf,
		ofItem: (itemIndex) => ofItem(new ItemReader(context, itemIndex), sentOf(itemIndex)),
	});
	return {
		complete: async (context, output, credential, sentOf) =>
			await putToWait(context, output, optionsOf(context, credential, sentOf)),
		stop: async (context, started, credential, sentOf) =>
			endAtMaxWait(kind, await planWait(context, started, optionsOf(context, credential, sentOf))),
	} satisfies Pick<Operation, 'complete' | 'stop'>;
}

/** As `waitingBy`, by the fields of the operation. @param option the boolean among its options that ends what still runs at the deadline */
export const waitingFor = (kind: KindName, option: Field) =>
	waitingBy(kind, (read) => ({
		...readWait(read, option),
		include: readKept(read),
		maxWaitMs: remainingWaitMs(read),
	}));

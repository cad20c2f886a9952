import type { IExecuteFunctions } from 'n8n-workflow';
import { type Field } from '../fields/kit/field';
import { readArtifacts, readIncludeWaitMs } from '../fields/recording';
import { MAX_WAIT_FIELDS, readMaxWaitMs } from '../fields/maxWait';
import { ItemReader } from '../fields/kit/reader';
import { readOptions } from '../fields/kit/requestOptions';
import { simplifyField } from '../fields/kit/simplify';
import { type KindName } from '../conversation/kinds';
import { endAtMaxWait, putToWait } from '../waiting/putToWait';
import { type ItemWait, planWait, type SentWait, type WaitOptions } from '../waiting/planWait';
import type { ItemWaits, Operation } from './operation';

/** Reads how an item waits from its options. @param option the switch that ends what still runs at Max Wait */
function readWait(read: ItemReader, option: Field) {
	const options = readOptions(read);
	return {
		isSimplified: options.flag(simplifyField),
		fetchMs: readIncludeWaitMs(options),
		isEnded: options.flag(option),
	};
}

/**
 * Reads the fields of `waitingFor` once before anything is started, so that a bad value is refused in time.
 *
 * @param option see `waitingFor`
 * @returns the time after which the call or session is ended, in ms; Infinity if it isn't
 */
export function checkWait(read: ItemReader, option: Field): number {
	const maxWaitMs = readMaxWaitMs(read);
	return readWait(read, option).isEnded ? maxWaitMs : Infinity;
}

/** @returns the rest of Max Wait, in ms. If an expression makes it end at a time of day, it may have run out during the starts */
export function remainingWaitMs(read: ItemReader, fields = MAX_WAIT_FIELDS): number {
	try {
		return readMaxWaitMs(read, fields);
	} catch {
		return 0;
	}
}

/**
 * Makes `complete` and `stop` of an operation that waits, once for all its items, until all that it started has ended.
 *
 * @param ofItem reads how an item waits; undefined: the execution doesn't wait for the item
 */
export function waitingBy(
	kind: KindName,
	ofItem: (read: ItemReader, sent: SentWait | undefined) => ItemWait | undefined,
) {
	const optionsOf = (context: IExecuteFunctions, waits: ItemWaits): WaitOptions => ({
		...waits,
		kind,
		ofItem: (itemIndex) => ofItem(new ItemReader(context, itemIndex), waits.sentOf(itemIndex)),
	});
	return {
		complete: async (context, output, waits) => await putToWait(context, output, optionsOf(context, waits)),
		stop: async (context, started, waits) => {
			const plan = await planWait(context, started, optionsOf(context, waits));
			endAtMaxWait(waits.state, kind, plan);
		},
	} satisfies Pick<Operation, 'complete' | 'stop'>;
}

/** Makes the same as `waitingBy`, from the operation's own fields. @param option the switch that ends what still runs at Max Wait */
export const waitingFor = (kind: KindName, option: Field) =>
	waitingBy(kind, (read) => ({
		...readWait(read, option),
		include: readArtifacts(read),
		maxWaitMs: remainingWaitMs(read),
	}));

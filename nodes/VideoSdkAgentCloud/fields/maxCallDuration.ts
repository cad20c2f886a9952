import { numberField } from './field';
import { type ItemReader } from './reader';

const LONGEST_CALL_S = 86_400;

/** The brake on what a call can cost, in sight of everyone who makes one. */
export const maxCallDurationField = numberField('refused', 'Max Call Duration', 'maxCallDuration', {
	typeOptions: { minValue: 0, maxValue: LONGEST_CALL_S, numberPrecision: 0 },
	default: 600,
	hint: 'In seconds',
	description:
		'After how long VideoSDK should hang up. Enter 0 for no limit. A Max Wait that hangs up still applies.',
});

/**
 * @param maxWaitMs after this time the call is hung up anyway, so that VideoSDK does it even if n8n is gone
 * @returns the longest call in whole seconds, rounded up; undefined: no limit
 * @throws NodeOperationError if it is not a number from 0 to a day, or an expression gives nothing
 */
export function readMaxCallDurationS(read: ItemReader, maxWaitMs = Infinity): number | undefined {
	const limitS = Math.min(read.number(maxCallDurationField) || Infinity, maxWaitMs / 1000);
	return limitS === Infinity ? undefined : Math.min(Math.ceil(limitS), LONGEST_CALL_S);
}

import { numberField, switchField } from './kit/field';
import { callingHoursField } from './callingHours';
import { idempotencyKeyField } from './idempotencyKey';
import { type CollectionReader } from './kit/reader';
import { dryRunField } from './kit/requestOptions';
import { roomIdOption } from './room';
import { simplifyField } from './kit/simplify';

/** No phone rings longer than this, so a larger number must be milliseconds, and is refused. */
const LONGEST_RINGING_S = 3_600;

export const allowSameNumberField = switchField('refused', 'Allow Same Number', 'allowSameNumber', {
	description:
		'Whether two items in one run may call the same number, or an AI agent may call it twice in one execution. If turned off, neither item is called.',
});

const LONGEST_WITHIN_HOURS = 720;
const HOUR_MS = 3_600_000;

/** The option that keeps different executions, workflows, or members from calling the same person. */
export const notCalledWithinField = numberField('refused', 'Not Called Within', 'notCalledWithin', {
	typeOptions: { minValue: 1, maxValue: LONGEST_WITHIN_HOURS },
	default: 24,
	hint: 'In hours',
	description:
		"Only call a number that wasn't called within this time, by any workflow or member of the VideoSDK project. Otherwise, its output says when it was. If VideoSDK's list of calls can't be read, the number isn't called.",
});

/** @returns how long ago an earlier call to the number counts, in ms; undefined: the option wasn't added */
export function readNotCalledWithinMs(options: CollectionReader): number | undefined {
	return options.has(notCalledWithinField) ? options.number(notCalledWithinField) * HOUR_MS : undefined;
}

export const ringingTimeoutField = numberField('default', 'Ringing Timeout', 'ringingTimeout', {
	typeOptions: { minValue: 1, maxValue: LONGEST_RINGING_S, numberPrecision: 0 },
	default: 30,
	hint: 'In seconds',
	description: 'How long to let the phone ring before the call counts as missed',
});

export const waitUntilAnsweredField = switchField('default', 'Wait Until Answered', 'waitUntilAnswered', {
	description:
		"Whether to wait until the call is answered or missed. Ringing doesn't count toward 'Timeout'.",
});

/** The options of Call: Make, which Make and Wait has as well. */
export const CALL_OPTIONS = [
	allowSameNumberField,
	callingHoursField,
	dryRunField,
	idempotencyKeyField,
	notCalledWithinField,
	ringingTimeoutField,
	roomIdOption,
	simplifyField,
	waitUntilAnsweredField,
];

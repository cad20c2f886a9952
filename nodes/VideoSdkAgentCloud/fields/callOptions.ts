import { numberField, switchField } from './field';
import { callingHoursField } from './callingHours';
import { idempotencyKeyField } from './idempotencyKey';
import { dryRunField } from './requestOptions';
import { roomIdOption } from './room';
import { simplifyField } from './simplify';

/** Longer than any phone rings, so that milliseconds do not pass as seconds. */
const LONGEST_RINGING_S = 3_600;

export const allowSameNumberField = switchField('refused', 'Allow Same Number', 'allowSameNumber', {
	description:
		'Whether two items in one run may call the same number, or an AI agent may call it twice in one execution. If turned off, neither item is called.',
});

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

/** The options of a call. */
export const CALL_OPTIONS = [
	allowSameNumberField,
	callingHoursField,
	dryRunField,
	idempotencyKeyField,
	ringingTimeoutField,
	roomIdOption,
	simplifyField,
	waitUntilAnsweredField,
];

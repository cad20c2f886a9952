import { textField } from '../../fields/kit/field';
import { callField } from '../../fields/kit/locators';
import { readPhoneNumber } from '../../fields/phoneNumber';
import { CALLS_MAX_CONCURRENCY, dryRunField } from '../../fields/kit/requestOptions';
import { type Operation } from '../operation';

const transferToField = textField('required', 'Transfer To', 'transferTo', {
	placeholder: 'e.g. +14155550123',
	description:
		'The phone number to transfer the call to, with a plus sign and the country code. SIP URIs work, too.',
});

export const operation: Operation = {
	value: 'transfer',
	action: 'Transfer call',
	description:
		'Transfer an answered call to another number (via SIP REFER). The agent leaves. This reaches a real person.',
	consequence: 'calls a person',
	starts: 'transfer',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: [callField, transferToField],
	options: [dryRunField],
	prepare(read) {
		const callId = read.text(callField);
		const transferTo = readPhoneNumber(read, transferToField);
		return { request: { kind: 'transfer', callId, transferTo }, isSimplified: true };
	},
};

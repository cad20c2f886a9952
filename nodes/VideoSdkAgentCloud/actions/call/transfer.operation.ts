import { type INodeProperties } from 'n8n-workflow';
import { transferCall } from '../../api/calls';
import { callField } from '../../fields/callLocators';
import { readPhoneNumber } from '../../fields/phoneNumber';
import { CALLS_MAX_CONCURRENCY, optionsField } from '../../fields/requestOptions';
import { type Operation } from '../operation';

const transferToField: INodeProperties = {
	displayName: 'Transfer To',
	name: 'transferTo',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. +14155550123',
	description: 'The phone number to hand over to, with a plus sign and the country code, or a SIP URI',
};

export const operation: Operation = {
	value: 'transfer',
	name: 'Transfer',
	action: 'Transfer call (calls a person)',
	description:
		'Hand an answered call over to another number; the agent leaves it. The provider must allow SIP REFER. This reaches a real person.',
	starts: 'transfer',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: [callField, transferToField, optionsField([], CALLS_MAX_CONCURRENCY)],
	prepare(read) {
		const callId = read.required(callField);
		const transferTo = readPhoneNumber(read, transferToField);
		return async (send) => await transferCall(send, callId, transferTo);
	},
};

import { type INodeProperties } from 'n8n-workflow';
import { type CallBody, makeCall } from '../../api/calls';
import { fromField, gatewayField, optionalFromField, routingRuleField } from '../../fields/callLocators';
import { CALL_OPTIONS, readCallOptions } from '../../fields/callOptions';
import { CALL_ROOM_FIELDS, type CallRoom, readCallRoom } from '../../fields/callRoom';
import { metaDataFields } from '../../fields/keyValue';
import { readOptionalPhoneNumber, readPhoneNumber } from '../../fields/phoneNumber';
import { type ItemReader } from '../../fields/reader';
import { readMetaData } from '../../fields/readKeyValue';
import {
	CALLS_MAX_CONCURRENCY,
	LONGEST_TIMEOUT_MS,
	optionsField,
	readOptions,
	readRequestOptions,
} from '../../fields/requestOptions';
import { type Operation } from '../operation';

/** How long VideoSDK lets a phone ring is not documented. Carriers give up sooner than this. */
const RINGING_ALLOWANCE_S = 180;

/** Shows a field for one way to call. */
function shownFor(callVia: 'routingRule' | 'gateway', field: INodeProperties): INodeProperties {
	return { ...field, displayOptions: { show: { callVia: [callVia] } } };
}

const toField: INodeProperties = {
	displayName: 'To',
	name: 'to',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. +14155550123',
	description: 'The phone number to call, with a plus sign and the country code, or a SIP URI',
};

const callViaField: INodeProperties = {
	displayName: 'Call Via',
	name: 'callVia',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Routing Rule',
			value: 'routingRule',
			description: 'Call from one of your phone numbers; the rule decides which agent talks',
		},
		{ name: 'Gateway', value: 'gateway', description: 'Call through an outbound gateway directly' },
	],
	default: 'routingRule',
};

const TARGET_FIELDS: INodeProperties[] = [
	toField,
	callViaField,
	shownFor('routingRule', routingRuleField),
	shownFor('routingRule', fromField),
	shownFor('gateway', gatewayField),
	shownFor('gateway', optionalFromField),
];

const META_DATA_FIELDS = metaDataFields('call');

/**
 * The fields of a call, but for its options: see CALL_OPTIONS.
 *
 * @param own those of the operation
 */
export function makeFields(own: INodeProperties[] = []): INodeProperties[] {
	return [...TARGET_FIELDS, ...own, ...CALL_ROOM_FIELDS, ...META_DATA_FIELDS];
}

/** @returns what is sent of the room. A room is not created yet: without a refusal, the call would be made in a different one. */
function roomIdOf(read: ItemReader, room: CallRoom): string | undefined {
	if (room.choice === 'create') {
		throw read.fail(
			"'Room' cannot be 'Create a Room' yet",
			"Use Room: Create, and its ID as 'Existing Room'.",
		);
	}
	return room.choice === 'existing' ? room.roomId : undefined;
}

/**
 * Reads what `makeFields` has for all operations, and CALL_OPTIONS, as the API names them.
 *
 * @returns the call, and how long to wait for the API's answer, in ms
 * @throws NodeOperationError naming the field and the item
 */
export function readMake(read: ItemReader): { body: CallBody; timeoutMs: number } {
	const sipCallTo = readPhoneNumber(read, toField);
	const isViaGateway = read.choice<'routingRule' | 'gateway'>(callViaField) === 'gateway';
	const route = isViaGateway
		? {
				gatewayId: read.required(gatewayField),
				sipCallFrom: readOptionalPhoneNumber(read, optionalFromField),
			}
		: { routingRuleId: read.required(routingRuleField), sipCallFrom: readPhoneNumber(read, fromField) };
	const options = readCallOptions(readOptions(read), isViaGateway);
	const { timeoutMs } = readRequestOptions(read);
	const ringingMs = options.waitUntilAnswered ? 1000 * (options.ringingTimeout ?? RINGING_ALLOWANCE_S) : 0;
	return {
		body: {
			sipCallTo,
			...route,
			...options,
			destinationRoomId: roomIdOf(read, readCallRoom(read)),
			metadata: readMetaData(read, META_DATA_FIELDS),
		},
		timeoutMs: Math.min(timeoutMs + ringingMs, LONGEST_TIMEOUT_MS),
	};
}

export const operation: Operation = {
	value: 'make',
	name: 'Make',
	action: 'Make call (costs money, calls a person)',
	description: 'Have an agent call somebody. This costs money and reaches a real person.',
	starts: 'call',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: [...makeFields(), optionsField(CALL_OPTIONS, CALLS_MAX_CONCURRENCY)],
	prepare(read) {
		const { body, timeoutMs } = readMake(read);
		return async (send) => await makeCall(send, body, timeoutMs);
	},
};

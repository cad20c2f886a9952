import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { CallBody } from '../../api/calls';
import { makeCall } from '../../api/calls';
import { AGENT_TOOLS_FIELDS, TOOLS_VALID_FOR } from '../../fields/agentTools';
import { readMetadataWithTools } from '../../fields/readAgentTools';
import { fromField, gatewayField, optionalFromField, routingRuleField } from '../../fields/callLocators';
import { CALL_OPTIONS, readCallOptions } from '../../fields/callOptions';
import { metaDataFields } from '../../fields/keyValue';
import { readOptionalPhoneNumber, readPhoneNumber } from '../../fields/phoneNumber';
import { readChoice, readRequired } from '../../fields/read';
import { readMetaData } from '../../fields/readKeyValue';
import {
	CALLS_MAX_CONCURRENCY,
	LONGEST_TIMEOUT_MS,
	optionsField,
	readRequestOptions,
} from '../../fields/requestOptions';
import type { Operation } from '../operation';

/** How long VideoSDK lets a phone ring is not documented. Carriers give up sooner than this. */
const RINGING_ALLOWANCE_S = 180;

/** Shows a field for one way to call. */
function shownFor(callVia: 'routingRule' | 'gateway', field: INodeProperties): INodeProperties {
	return { ...field, displayOptions: { show: { callVia: [callVia] } } };
}

const TARGET_FIELDS: INodeProperties[] = [
	{
		displayName: 'To',
		name: 'to',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. +14155550123',
		description: 'The phone number to call, with a plus sign and the country code, or a SIP URI',
	},
	{
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
	},
	shownFor('routingRule', routingRuleField),
	shownFor('routingRule', fromField),
	shownFor('gateway', gatewayField),
	shownFor('gateway', optionalFromField),
];

/**
 * The fields of a call, but for its options: see CALL_OPTIONS.
 *
 * @param own those of the operation
 */
export function makeFields(own: INodeProperties[] = []): INodeProperties[] {
	return [...TARGET_FIELDS, ...own, ...AGENT_TOOLS_FIELDS, ...metaDataFields('call')];
}

/**
 * Reads what `makeFields` has for all operations, and CALL_OPTIONS, as the API names them.
 *
 * @returns the call, its metadata with the agent's tools in it, and how long to wait for the API's answer, in ms
 * @throws NodeOperationError naming the field and the item
 */
export function readMake(
	context: IExecuteFunctions,
	itemIndex: number,
): { body: CallBody; metadata: () => Promise<IDataObject | undefined>; timeoutMs: number } {
	const sipCallTo = readPhoneNumber(context, 'to', 'To', itemIndex);
	const callVia = readChoice(context, 'callVia', 'Call Via', ['routingRule', 'gateway'], itemIndex);
	const isViaGateway = callVia === 'gateway';
	const route = isViaGateway
		? {
				gatewayId: readRequired(context, 'gatewayId', 'Gateway', itemIndex),
				sipCallFrom: readOptionalPhoneNumber(context, 'from', 'From', itemIndex),
			}
		: {
				routingRuleId: readRequired(context, 'routingRuleId', 'Routing Rule', itemIndex),
				sipCallFrom: readPhoneNumber(context, 'from', 'From', itemIndex),
			};
	const { recordAudio, ...options } = readCallOptions(context, itemIndex);
	const { timeoutMs } = readRequestOptions(context, itemIndex);
	const ringingMs = options.waitUntilAnswered ? 1000 * (options.ringingTimeout ?? RINGING_ALLOWANCE_S) : 0;
	return {
		body: {
			sipCallTo,
			...route,
			...options,
			recordAudio: isViaGateway ? recordAudio : undefined,
		},
		metadata: readMetadataWithTools(context, readMetaData(context, itemIndex), itemIndex),
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
	fields: [...makeFields(), optionsField([...CALL_OPTIONS, TOOLS_VALID_FOR], CALLS_MAX_CONCURRENCY)],
	prepare(context, itemIndex) {
		const { body, metadata, timeoutMs } = readMake(context, itemIndex);
		return async (send) => await makeCall(send, { ...body, metadata: await metadata() }, timeoutMs);
	},
};

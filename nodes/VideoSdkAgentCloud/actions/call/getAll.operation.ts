import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { CALL_STATUSES, CALLS, hasCallStatus } from '../../api/calls';
import { listRecords } from '../../api/pagination';
import { gatewayField, routingRuleField } from '../../fields/callLocators';
import { readDateMs } from '../../fields/dates';
import { filtersField, readFilters } from '../../fields/filters';
import { inputError } from '../../fields/inputError';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { asText, readList } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { readSimplify, simplifyField } from '../../fields/simplify';
import { statusOptions } from '../../fields/statuses';
import type { ItemRun, Operation } from '../operation';

const TYPES = [
	{ name: 'Inbound', value: 'inbound' },
	{ name: 'Outbound', value: 'outbound' },
];

const FILTERS: INodeProperties[] = [
	{
		displayName: 'End Date',
		name: 'endDate',
		type: 'dateTime',
		default: '',
		description: 'Only calls that started on this day or before. The day counts whole.',
	},
	{ ...gatewayField, required: false, description: 'Only calls through this gateway' },
	{
		displayName: 'Room ID',
		name: 'roomId',
		type: 'string',
		default: '',
		placeholder: 'e.g. abcd-efgh-ijkl',
		description: 'Only calls in this room',
	},
	{
		...routingRuleField,
		name: 'ruleId',
		required: false,
		description: 'Only calls of this routing rule',
	},
	{
		displayName: 'Search',
		name: 'search',
		type: 'string',
		default: '',
		placeholder: 'e.g. +14155550123',
		description: 'Only calls whose number or room contains this text',
	},
	{
		displayName: 'Start Date',
		name: 'startDate',
		type: 'dateTime',
		default: '',
		description: 'Only calls that started at this time or after',
	},
	{
		displayName: 'Status',
		name: 'status',
		type: 'multiOptions',
		options: statusOptions(CALL_STATUSES),
		default: [],
		description:
			'Only calls with one of these statuses. The API has no such filter, so n8n reads the list and keeps those that match.',
	},
	{
		displayName: 'Type',
		name: 'type',
		type: 'options',
		options: TYPES,
		default: 'outbound',
		description: 'Only calls in this direction',
	},
];

const SIMPLIFIED = [
	'callId',
	'type',
	'status',
	'to',
	'from',
	'start',
	'end',
	'roomId',
	'sessionId',
	'metadata',
];

function readType(context: IExecuteFunctions, value: unknown, itemIndex: number): string | undefined {
	const type = asText(context, value, 'Type', itemIndex);
	if (type === undefined || TYPES.some((option) => option.value === type)) return type;
	throw inputError(
		context,
		`'Type' is '${type}', but a call is inbound or outbound`,
		'Choose from the list.',
		itemIndex,
	);
}

/** The API includes the whole day of `endDate`, in a time zone of its own, so later calls are removed here. */
function isAfter(call: IDataObject, endMs: number | undefined): boolean {
	return endMs !== undefined && new Date(String(call.start)).getTime() > endMs;
}

function prepare(context: IExecuteFunctions, itemIndex: number): ItemRun {
	const limit = readLimit(context, itemIndex);
	const simplify = readSimplify(context, SIMPLIFIED, itemIndex);
	const filters = readFilters(context, FILTERS, itemIndex);
	const text = (name: string, displayName: string) => asText(context, filters[name], displayName, itemIndex);
	const statuses = readList(filters.status);
	const startDate = readDateMs(context, filters.startDate, 'Start Date', 'exact', itemIndex);
	const endDate = readDateMs(context, filters.endDate, 'End Date', 'endOfDay', itemIndex);
	if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
		throw inputError(
			context,
			"'Start Date' is after 'End Date'",
			'Swap the two, or remove one of them.',
			itemIndex,
		);
	}
	const qs: IDataObject = {
		roomId: text('roomId', 'Room ID'),
		gatewayId: text('gatewayId', 'Gateway'),
		ruleId: text('ruleId', 'Routing Rule'),
		type: readType(context, filters.type, itemIndex),
		search: text('search', 'Search'),
		startDate,
		endDate,
	};
	const isWanted = (call: IDataObject) =>
		(statuses.length === 0 || hasCallStatus(call, statuses)) && !isAfter(call, endDate);
	return async (send) => (await listRecords(send, { ...CALLS, qs }, limit, isWanted)).map(simplify);
}

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many calls',
	description: 'Retrieve a list of calls',
	fields: [...LIST_FIELDS, filtersField(FILTERS), simplifyField, optionsField()],
	prepare,
};

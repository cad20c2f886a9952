import { type IDataObject, type INodeProperties } from 'n8n-workflow';
import { type CallOutcome } from '../../api/callRecord';
import { CALLS } from '../../api/calls';
import { listRecords } from '../../api/pagination';
import { gatewayField, routingRuleField } from '../../fields/callLocators';
import { readDateMs } from '../../fields/dates';
import { filtersField, readChoices, readFilters } from '../../fields/filters';
import { type ItemReader } from '../../fields/reader';
import { optionsField } from '../../fields/requestOptions';
import { readLimit, RETURN_ALL_FIELDS } from '../../fields/returnAll';
import { roomIdField } from '../../fields/roomId';
import { readSimplifyCall, simplifyField } from '../../fields/simplify';
import { type ItemRun, type Operation } from '../operation';

const endDateFilter: INodeProperties = {
	displayName: 'End Date',
	name: 'endDate',
	type: 'dateTime',
	default: '',
	description: 'Only return calls that started on or before this day. The whole day is included.',
};

const gatewayFilter = {
	...gatewayField,
	required: false,
	description: 'Only return calls made through this gateway',
};

const outcomeFilter: INodeProperties = {
	displayName: 'Outcome',
	name: 'outcome',
	type: 'multiOptions',
	options: [
		{ name: 'Answered', value: 'answered' },
		{ name: 'Failed', value: 'failed' },
		{ name: 'No Answer', value: 'noAnswer' },
		{ name: 'Rejected', value: 'rejected' },
		{ name: 'Running', value: 'running' },
		{ name: 'Transferred', value: 'transferred' },
	] satisfies Array<{ name: string; value: CallOutcome }>,
	default: [],
	description:
		"Only return calls that ended like this, or are still running. VideoSDK can't filter by it, so n8n reads the whole list.",
};

const roomFilter = { ...roomIdField, required: false, description: 'Only return calls in this room' };

const ruleFilter = {
	...routingRuleField,
	name: 'ruleId',
	required: false,
	description: 'Only return calls that used this routing rule',
};

const searchFilter: INodeProperties = {
	displayName: 'Search',
	name: 'search',
	type: 'string',
	default: '',
	placeholder: 'e.g. +14155550123',
	description: 'Only return calls whose number or room contains this text',
};

const startDateFilter: INodeProperties = {
	displayName: 'Start Date',
	name: 'startDate',
	type: 'dateTime',
	default: '',
	description: 'Only return calls that started at or after this time',
};

const typeFilter: INodeProperties = {
	displayName: 'Direction',
	name: 'type',
	type: 'options',
	options: [
		{ name: 'Inbound', value: 'inbound' },
		{ name: 'Outbound', value: 'outbound' },
	],
	default: 'outbound',
	description: 'Only return calls in this direction',
};

const FILTERS = filtersField([
	typeFilter,
	endDateFilter,
	gatewayFilter,
	outcomeFilter,
	roomFilter,
	ruleFilter,
	searchFilter,
	startDateFilter,
]);

/** The API includes the whole day of `endDate`, in a time zone of its own, so later calls are removed here. */
function isAfter(call: IDataObject, endMs: number | undefined): boolean {
	return endMs !== undefined && new Date(String(call.start)).getTime() > endMs;
}

function prepare(read: ItemReader): ItemRun {
	const limit = readLimit(read);
	const simplify = readSimplifyCall(read);
	const filters = readFilters(read, FILTERS);
	const outcomes = readChoices(filters, outcomeFilter);
	const startDate = readDateMs(filters, startDateFilter, 'exact');
	const endDate = readDateMs(filters, endDateFilter, 'endOfDay');
	if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
		throw read.fail("'Start Date' is after 'End Date'", 'Swap them, or remove one of them.');
	}
	const qs: IDataObject = {
		roomId: filters.optional(roomFilter),
		gatewayId: filters.optional(gatewayFilter),
		ruleId: filters.optional(ruleFilter),
		// Left empty by hand, it is no filter.
		type: filters.optional(typeFilter) && filters.choice(typeFilter),
		search: filters.optional(searchFilter),
		startDate,
		endDate,
	};
	const isWanted = (call: IDataObject) =>
		(outcomes.length === 0 || outcomes.includes(String(call.outcome))) && !isAfter(call, endDate);
	return async (send) => (await listRecords(send, { ...CALLS, qs }, limit, isWanted)).map(simplify);
}

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many calls',
	description: 'Retrieve a list of calls',
	fields: [...RETURN_ALL_FIELDS, FILTERS, simplifyField, optionsField()],
	prepare,
};

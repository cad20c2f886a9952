import { type IDataObject } from 'n8n-workflow';
import { choiceField, choicesField, dateField, optional, optionsOf, textField } from '../../fields/field';
import { type CallOutcome } from '../../api/callRecord';
import { CALLS } from '../../api/calls';
import { gatewayField, routingRuleField } from '../../fields/callLocators';
import { filtersField, readDateMs } from '../../fields/filters';
import { roomIdField } from '../../fields/room';
import { readSimplifyCall, simplifyField } from '../../fields/simplify';
import { getMany } from '../getMany';

const endDateFilter = dateField('refused', 'End Date', 'endDate', {
	description: 'Only return calls that started on or before this day. The whole day is included.',
});

const gatewayFilter = optional('refused', gatewayField, 'Only return calls made through this gateway');

const OUTCOMES: CallOutcome[] = ['answered', 'failed', 'noAnswer', 'rejected', 'running', 'transferred'];

const outcomeFilter = choicesField('refused', 'Outcome', 'outcome', {
	options: optionsOf(OUTCOMES),
	description:
		"Only return calls with these outcomes. VideoSDK can't filter by outcome, so n8n searches the list.",
});

const roomFilter = optional('refused', roomIdField, 'Only return calls in this room');

const ruleFilter = optional(
	'refused',
	{ ...routingRuleField, name: 'ruleId' },
	'Only return calls that used this routing rule',
);

const searchFilter = textField('refused', 'Search', 'search', {
	placeholder: 'e.g. +14155550123',
	description: 'Only return calls in which VideoSDK finds this text, such as a number',
});

const startDateFilter = dateField('refused', 'Start Date', 'startDate', {
	description: 'Only return calls that started at or after this time',
});

const typeFilter = choiceField('refused', 'Direction', 'type', {
	options: optionsOf(['inbound', 'outbound']),
	default: 'outbound',
	description: 'Only return calls in this direction',
});

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

export const operation = getMany({
	action: 'Get many calls',
	description: 'Retrieve a list of calls',
	fields: [FILTERS, simplifyField],
	read(read) {
		const show = readSimplifyCall(read);
		const filters = read.collection(FILTERS);
		const outcomes = filters.choices(outcomeFilter);
		const startDate = readDateMs(filters, startDateFilter, 'exact');
		const endDate = readDateMs(filters, endDateFilter, 'endOfDay');
		if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
			throw read.fail("'Start Date' is after 'End Date'", 'Swap them, or remove one of them.');
		}
		const qs: IDataObject = {
			roomId: filters.text(roomFilter),
			gatewayId: filters.text(gatewayFilter),
			ruleId: filters.text(ruleFilter),
			// Left empty by hand, it is no filter.
			type: filters.text(typeFilter) && filters.choice(typeFilter),
			search: filters.text(searchFilter),
			startDate,
			endDate,
		};
		const isWanted = (call: IDataObject) =>
			(outcomes.length === 0 || outcomes.includes(String(call.outcome))) && !isAfter(call, endDate);
		return { list: { ...CALLS, qs }, isWanted, show };
	},
});

import { type IDataObject } from 'n8n-workflow';
import { choiceField, choicesField, dateField, optional, optionsOf, textField } from '../../fields/kit/field';
import { CALL_OUTCOMES } from '../../api/callOutcome';
import { simplifyCall } from '../../api/callRecord';
import { CALLS, endCall } from '../../api/calls';
import { callField, routingRuleField } from '../../fields/kit/locators';
import { filtersField, readDateMs } from '../../fields/kit/filters';
import { asCalled } from '../../api/parsePhoneNumber';
import { roomIdField } from '../../fields/room';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { getMany, onRecord, type RecordOperations } from '../recordOperations';

const FILTERS = {
	type: choiceField('refused', 'Direction', 'type', {
		options: optionsOf(['inbound', 'outbound']),
		default: 'outbound',
		description: 'Only return calls in this direction',
	}),
	endDate: dateField('refused', 'End Date', 'endDate', {
		description: 'Only return calls that started on or before this day. The whole day is included.',
	}),
	outcome: choicesField('refused', 'Outcome', 'outcome', {
		options: optionsOf(CALL_OUTCOMES),
		description:
			"Only return calls with these outcomes. VideoSDK can't filter by outcome, so n8n searches the list.",
	}),
	roomId: optional('refused', roomIdField, 'Only return calls in this room'),
	ruleId: optional(
		'refused',
		{ ...routingRuleField, name: 'ruleId' },
		'Only return calls that used this routing rule',
	),
	search: textField('refused', 'Search', 'search', {
		placeholder: 'e.g. +14155550123',
		description: 'Only return calls in which VideoSDK finds this text, such as a number',
	}),
	startDate: dateField('refused', 'Start Date', 'startDate', {
		description: 'Only return calls that started at or after this time',
	}),
};

const filtersOfCalls = filtersField(Object.values(FILTERS));

export const operations: RecordOperations = [
	getMany({
		action: 'Get many calls',
		description: 'Retrieve a list of calls',
		fields: [filtersOfCalls, simplifyField],
		read(read) {
			const show = readSimplify(read, simplifyCall);
			const filters = read.collection(filtersOfCalls);
			const outcomes = filters.choices(FILTERS.outcome);
			const search = filters.text(FILTERS.search);
			const startDate = readDateMs(filters, FILTERS.startDate, 'exact');
			const endDate = readDateMs(filters, FILTERS.endDate, 'endOfDay');
			if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
				throw read.fail("'Start Date' is after 'End Date'", 'Swap them, or remove one of them.');
			}
			const qs: IDataObject = {
				roomId: filters.text(FILTERS.roomId),
				ruleId: filters.text(FILTERS.ruleId),
				// A filter that was left empty by hand doesn't filter.
				type: filters.text(FILTERS.type) && filters.choice(FILTERS.type),
				// The API knows a number only as the call was made with it. Not found, its person would count as not called.
				search: search && asCalled(search),
				startDate,
				endDate,
			};
			const isWanted = (call: IDataObject) =>
				(outcomes.length === 0 || outcomes.includes(String(call.outcome))) &&
				// The API includes the whole day of `endDate` in an unnamed time zone (docs.videosdk.live, sip/calls/fetch-all-calls), so later
				// calls are removed here.
				!(Date.parse(String(call.start)) > (endDate ?? Infinity));
			return { list: { ...CALLS, qs }, isWanted, show };
		},
	}),
	onRecord(callField, async (send, id) => simplifyCall(await endCall(send, id)), {
		value: 'hangUp',
		action: 'Hang up call',
		description: "End a call. If it's already over, nothing happens.",
		ends: true,
	}),
];

import type { IDataObject, INodeListSearchItems } from 'n8n-workflow';
import { clientOf } from '../api/client';
import { listRecords } from '../api/pagination';
import {
	fetchNumbersOfRule,
	isInbound,
	isSameNumber,
	numbersOf,
	OUTBOUND_GATEWAYS,
	PHONE_NUMBERS,
	ROUTING_RULES,
} from '../api/telephony';
import { entryOf, type ListSearch, matches, searchOf, selectedIn } from './searchResults';

/** @returns the entry of what has phone numbers, of which the line has room for one */
function entryWithNumbers({ id, name, ...row }: IDataObject): INodeListSearchItems | undefined {
	const [first, ...others] = numbersOf(row);
	return entryOf(id, name, others.length > 0 ? `${first} +${others.length}` : first);
}

const numberEntry = ({ id, name }: IDataObject) => entryOf(id, name, id);

const searchAllNumbers = searchOf(PHONE_NUMBERS, numberEntry);

/** The outbound gateways. */
export const searchGateways = searchOf(OUTBOUND_GATEWAYS, entryWithNumbers);

/** The outbound routing rules. The API's path in the plural may not know the filter. */
export const searchRoutingRules = searchOf(ROUTING_RULES, (rule) =>
	isInbound(rule) ? undefined : entryWithNumbers(rule),
);

/** The phone numbers of the selected routing rule; all of the project if none is selected, or it names none. */
export const searchPhoneNumbers: ListSearch = async function (filter = '', paginationToken) {
	const routingRuleId = selectedIn(this, 'callVia') === 'gateway' ? '' : selectedIn(this, 'routingRuleId');
	const send = clientOf(this);
	const ofRule = routingRuleId === '' ? undefined : await fetchNumbersOfRule(send, routingRuleId);
	if (ofRule === undefined) return await searchAllNumbers.call(this, filter, paginationToken);
	// For their names. The rule's numbers are enough.
	const all = await listRecords(send, PHONE_NUMBERS, Infinity).catch((): IDataObject[] => []);
	const rows = ofRule.map(
		(number) => all.find(({ id }) => isSameNumber(String(id), number)) ?? { id: number },
	);
	const results = rows.flatMap((row) => numberEntry(row) ?? []);
	return { results: results.filter(({ name }) => matches(filter, name)) };
};

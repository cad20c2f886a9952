import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';
import type { ListRequest } from '../api/pagination';
import { OUTBOUND_GATEWAYS, PHONE_NUMBERS, ROUTING_RULES } from '../api/telephony';
import { searchRecords } from './searchResults';

type ListSearch = (
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
) => Promise<INodeListSearchResult>;

/** An entry whose name is followed by what tells it from others. @returns undefined for a row without an ID */
function entryOf({ id, name }: IDataObject, ...details: unknown[]): INodeListSearchItems | undefined {
	if (typeof id !== 'string' || id === '') return undefined;
	const shown = details.flat().filter(Boolean).join(', ');
	if (!name) return { name: shown || id, value: id };
	return { name: shown ? `${String(name)} (${shown})` : String(name), value: id };
}

function searchOf(
	list: ListRequest,
	toEntry: (row: IDataObject) => INodeListSearchItems | undefined,
): ListSearch {
	return async function (filter, paginationToken) {
		return await searchRecords(this, list, toEntry, filter, paginationToken);
	};
}

/** The outbound gateways, with their numbers. */
export const searchGateways = searchOf(OUTBOUND_GATEWAYS, (gateway) => entryOf(gateway, gateway.numbers));

/** The phone numbers of the account. */
export const searchPhoneNumbers = searchOf(PHONE_NUMBERS, (number) => entryOf(number, number.id));

/** The outbound routing rules, with the numbers that they call from. */
export const searchRoutingRules = searchOf(ROUTING_RULES, (rule) =>
	// The path in the plural may not know the filter.
	rule.type === 'inbound' ? undefined : entryOf(rule, rule.numbers),
);

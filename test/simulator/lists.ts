/** How the API cuts lists into pages, and filters them. */
import type { FastifyRequest } from 'fastify';
import type { Call } from './request';

type ListRequest = FastifyRequest<Call>;
type Query = Record<string, string>;

const DAY_MS = 86_400_000;

/** A list as sessions and deployments of the older generation are answered: no `lastPage`. */
export function olderPage(request: ListRequest, all: object[]): object {
	const { data, currentPage, perPage } = cut(request, all, 10);
	return { data, pageInfo: { totalItems: all.length, currentPage, perPage, total: all.length } };
}

/** A list as everything else is answered; `key` is the name of the array. */
export function page(request: ListRequest, all: object[], { key = 'data', perPage: otherwise = 10 } = {}) {
	const { data, currentPage, perPage } = cut(request, all, otherwise);
	const lastPage = Math.max(1, Math.ceil(all.length / perPage));
	return { pageInfo: { currentPage, perPage, lastPage, total: all.length }, [key]: data };
}

function cut(request: ListRequest, all: object[], otherwise: number) {
	const currentPage = Number(request.query.page ?? 1);
	const perPage = Number(request.query.perPage ?? otherwise);
	const data = all.slice((currentPage - 1) * perPage, currentPage * perPage);
	return { data, currentPage, perPage };
}

/** The values of a map, the latest first, as lists show them. */
export const latestFirst = <T>(map: Map<string, T>): T[] => [...map.values()].reverse();

/** True if a record has every value that the query asks for by one of the record's names. */
export const matches = (record: Record<string, string | undefined>, query: Query): boolean =>
	Object.entries(record).every(([name, value]) => query[name] === undefined || query[name] === value);

/** True if one of the texts holds what is searched for. */
export function hasText(search: string | undefined, texts: Array<string | undefined>): boolean {
	const wanted = search?.toLowerCase() ?? '';
	return texts.some((text) => text?.toLowerCase().includes(wanted));
}

/** True if a time lies within `startDate` and `endDate`, which are epoch milliseconds; the end's day counts whole. */
export function between(time: string, { startDate, endDate }: Query): boolean {
	const atMs = Date.parse(time);
	if (startDate !== undefined && atMs < Number(startDate)) return false;
	if (endDate === undefined) return true;
	return atMs < (Math.floor(Number(endDate) / DAY_MS) + 1) * DAY_MS;
}

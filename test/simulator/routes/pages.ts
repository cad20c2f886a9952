import type { FastifyRequest } from 'fastify';
import type { Call } from '../request';

type ListRequest = FastifyRequest<Call>;

/** A list as sessions and deployments of the older generation are answered: no `lastPage`. */
export function olderPage(request: ListRequest, all: object[]): object {
	const { data, page, perPage } = cut(request, all, 10);
	return { data, pageInfo: { totalItems: all.length, currentPage: page, perPage, total: all.length } };
}

/** How a list of the newer generation differs from the others. */
export interface ListShape {
	/** The name of the array in the answer, default `data`. */
	key?: string;
	perPage?: number;
}

/** A list as everything else is answered. */
export function page(request: ListRequest, all: object[], shape: ListShape = {}): object {
	const { data, page: currentPage, perPage } = cut(request, all, shape.perPage ?? 10);
	const lastPage = Math.max(1, Math.ceil(all.length / perPage));
	return { pageInfo: { currentPage, perPage, lastPage, total: all.length }, [shape.key ?? 'data']: data };
}

function cut(request: ListRequest, all: object[], otherwise: number) {
	const page = Number(request.query.page ?? 1);
	const perPage = Number(request.query.perPage ?? otherwise);
	const data = all.slice((page - 1) * perPage, page * perPage);
	request.note = `page ${page}: ${data.length} of ${all.length}`;
	return { data, page, perPage };
}

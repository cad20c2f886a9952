import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';
import { clientOf } from '../api/client';
import { DEPLOYMENTS } from '../api/deployments';
import { listPages } from '../api/pagination';
import { matches, PAGES_PER_SEARCH, ROWS_PER_SEARCH } from './searchResults';

/** The deployments, one entry for each, with their tags. */
export async function searchDeployments(
	this: ILoadOptionsFunctions,
	filter = '',
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const deployments = new Map<string, { name: string; tags: Set<string> }>();
	const firstPage = Number(paginationToken) || 1;
	let nextToken: string | undefined;
	// The tags of a deployment are rows of their own.
	for await (const { rows, nextPage } of listPages(clientOf(this), DEPLOYMENTS, firstPage, ROWS_PER_SEARCH)) {
		for (const { id, name, tag } of rows) {
			if (typeof id !== 'string' || id === '') continue;
			const deployment = deployments.get(id) ?? { name: String(name || id), tags: new Set<string>() };
			if (typeof tag === 'string' && tag !== '') deployment.tags.add(tag);
			deployments.set(id, deployment);
		}
		nextToken = nextPage?.toString();
		if (nextPage === undefined || nextPage - firstPage >= PAGES_PER_SEARCH) break;
	}
	const results = [...deployments]
		.map(([id, { name, tags }]) => ({
			name: tags.size === 0 ? name : `${name} (${tags.size === 1 ? 'tag' : 'tags'}: ${[...tags].join(', ')})`,
			value: id,
		}))
		.filter(({ name, value }) => matches(filter, name, value))
		.sort((a, b) => a.name.localeCompare(b.name));
	return { results, paginationToken: nextToken };
}

/** All deployments, for a field in which several are chosen. */
export async function getDeployments(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const options = new Map<string, INodePropertyOptions>();
	for await (const { rows } of listPages(clientOf(this), DEPLOYMENTS)) {
		for (const { id, name } of rows) {
			if (typeof id === 'string' && id !== '') options.set(id, { name: String(name || id), value: id });
		}
	}
	return [...options.values()].sort((a, b) => a.name.localeCompare(b.name));
}

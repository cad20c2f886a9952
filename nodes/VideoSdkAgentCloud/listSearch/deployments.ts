import type { ILoadOptionsFunctions, INodeListSearchItems, INodeListSearchResult } from 'n8n-workflow';
import { listPages } from '../transport/pagination';
import { pathOf, sendFrom } from '../transport/request';

/** Pages of the API that are read for one page of the dropdown: the tags of a deployment are rows of their own. */
const PAGES_PER_LOOK = 10;

/**
 * Lists the deployments for the dropdown: one entry for each, with its tags, so that the user knows what to put into Tag.
 *
 * @param filter what the user typed; matches names, ids and tags, without regard to case
 * @param paginationToken the API's page to go on with
 */
export async function searchDeployments(
	this: ILoadOptionsFunctions,
	filter = '',
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const deployments = new Map<string, { name: string; tags: Set<string> }>();
	const firstPage = Number(paginationToken) || 1;
	let nextToken: string | undefined;
	for await (const { rows, nextPage } of listPages(
		sendFrom(this),
		{ method: 'GET', path: pathOf('ai', 'v1', 'ai-deployments') },
		firstPage,
	)) {
		for (const { id, name, tag } of rows) {
			if (typeof id !== 'string' || id === '') continue;
			const deployment = deployments.get(id) ?? { name: String(name || id), tags: new Set<string>() };
			if (typeof tag === 'string' && tag !== '') deployment.tags.add(tag);
			deployments.set(id, deployment);
		}
		nextToken = nextPage?.toString();
		if (nextPage === undefined || nextPage - firstPage >= PAGES_PER_LOOK) break;
	}
	const wanted = filter.trim().toLowerCase();
	const results: INodeListSearchItems[] = [...deployments]
		.map(([id, { name, tags }]) => ({
			name: tags.size === 0 ? name : `${name} (${tags.size === 1 ? 'tag' : 'tags'}: ${[...tags].join(', ')})`,
			value: id,
		}))
		.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(wanted))
		.sort((a, b) => a.name.localeCompare(b.name));
	return { results, paginationToken: nextToken };
}

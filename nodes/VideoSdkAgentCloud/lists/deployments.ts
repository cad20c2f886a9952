import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';
import { clientOf } from '../api/client';
import { DEPLOYMENTS } from '../api/deployments';
import { listRecords } from '../api/pagination';
import { matches } from './searchResults';

/** @returns all deployments by name, each with its tags, which are rows of their own in the API's list */
async function fetchDeployments(context: ILoadOptionsFunctions) {
	const deployments = new Map<string, { id: string; name: string; tags: string[] }>();
	for (const { id, name, tag } of await listRecords(clientOf(context), DEPLOYMENTS, Infinity)) {
		if (typeof id !== 'string' || id === '') continue;
		const deployment = deployments.get(id) ?? { id, name: String(name || id), tags: [] };
		if (tag) deployment.tags.push(String(tag));
		deployments.set(id, deployment);
	}
	return [...deployments.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The deployments, with their tags. */
export async function searchDeployments(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const results = (await fetchDeployments(this)).map(({ id, name, tags }) => ({
		name: tags.length === 0 ? name : `${name} (${tags.join(', ')})`,
		value: id,
	}));
	return { results: results.filter(({ name, value }) => matches(filter, name, value)) };
}

/** All deployments, for a field in which several are chosen. */
export async function getDeployments(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return (await fetchDeployments(this)).map(({ id, name }) => ({ name, value: id }));
}

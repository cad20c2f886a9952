import { type ILoadOptionsFunctions, type INodeListSearchResult, NodeOperationError } from 'n8n-workflow';
import { DEPLOYMENTS } from '../api/deployments';
import { entryOf, searchOf, selectedIn } from './searchResults';

/** The tags of the selected deployment. */
export async function searchTags(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const deploymentId = selectedIn(this, 'deploymentId');
	if (deploymentId === '' || deploymentId.startsWith('=')) {
		throw new NodeOperationError(
			this.getNode(),
			deploymentId === ''
				? "Select a 'Deployment' first"
				: "'Deployment' is an expression, so its tags can't be listed. Choose 'By Name' and enter the tag",
		);
	}
	const search = searchOf(
		DEPLOYMENTS,
		({ id, tag }) => (id === deploymentId ? entryOf(tag) : undefined),
		(a, b) => String(a.tag).localeCompare(String(b.tag), 'en', { numeric: true }),
	);
	return await search.call(this, filter, paginationToken);
}

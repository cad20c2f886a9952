import { type ILoadOptionsFunctions, type INodeListSearchResult, NodeOperationError } from 'n8n-workflow';
import { DEPLOYMENTS } from '../api/deployments';
import { searchRecords } from './searchResults';

/** The tags of the chosen deployment. */
export async function searchTags(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const deploymentId = String(
		this.getCurrentNodeParameter('deploymentId', { extractValue: true }) ?? '',
	).trim();
	if (deploymentId === '') {
		throw new NodeOperationError(this.getNode(), "Select a 'Deployment' first", {
			description: "The list shows the deployment's tags.",
		});
	}
	// An expression has no value while the workflow is edited.
	if (deploymentId.startsWith('=')) {
		throw new NodeOperationError(
			this.getNode(),
			"'Deployment' is an expression, so its tags can't be listed. Choose 'By Name' and enter the tag",
		);
	}
	return await searchRecords(
		this,
		DEPLOYMENTS,
		({ id, tag }) =>
			id === deploymentId && typeof tag === 'string' && tag !== '' ? { name: tag, value: tag } : undefined,
		filter,
		paginationToken,
		(a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }),
	);
}

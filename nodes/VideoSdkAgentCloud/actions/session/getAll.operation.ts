import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readList, readLocator } from '../../fields/ids';
import { inputError } from '../../fields/inputError';
import { listProperties, listRecords, readLimit } from '../../fields/list';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { hasStatus, STATUS_OPTIONS } from '../../fields/status';
import { pathOf } from '../../transport/request';
import type { Call } from '../operation';
import { showFor } from '../operation';

const show = showFor('session', ['getAll']);

const filterOptions = [
	{
		displayName: 'Deployment ID',
		name: 'deploymentId',
		type: 'string' as const,
		default: '',
		placeholder: 'e.g. ddv_1a2b3c',
		description: 'Keep only sessions of this deployment. The IDs are in the output of Deployment: Get Many.',
	},
	{
		displayName: 'Status',
		name: 'status',
		type: 'multiOptions' as const,
		options: STATUS_OPTIONS,
		default: [],
		description: 'Keep only sessions that have one of these statuses',
	},
	{
		displayName: 'Tag',
		name: 'tag',
		type: 'string' as const,
		default: '',
		placeholder: 'e.g. v1',
		description: 'Keep only sessions of this version of the deployment',
	},
];

export const description = [
	...listProperties(show),
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection' as const,
		placeholder: 'Add Filter',
		default: {},
		description:
			'The API has no filters of its own, so n8n reads the list and keeps what fits: a filter does not make a long list faster',
		displayOptions: show,
		options: filterOptions,
	},
	requestOptionsProperty(show),
];

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	const limit = readLimit(context, itemIndex);
	const filters = context.getNodeParameter('filters', itemIndex, {}) as IDataObject;
	const statuses = readList(filters.status);
	const deploymentId = readLocator(filters.deploymentId);
	const tag = String(filters.tag ?? '').trim();
	const values: Record<string, string> = { status: statuses.join(), deploymentId, tag };
	// An expression without a value must not be taken for "all": what follows may end every session that comes out. A filter that is
	// left empty by hand, or by the model that uses the node as a tool, is none.
	const entered = (context.getNode().parameters.filters ?? {}) as IDataObject;
	const missing = filterOptions.find(
		({ name }) => values[name] === '' && /^=(?!.*\$fromAI)/s.test(String(entered[name] ?? '')),
	);
	if (missing !== undefined) {
		throw inputError(
			context,
			`"${missing.displayName}" under "Filters" has no value`,
			'Check that the incoming item has the value that its expression asks for, or remove the filter.',
			itemIndex,
		);
	}
	const isWanted = (session: IDataObject) =>
		(statuses.length === 0 || hasStatus(session, statuses)) &&
		(deploymentId === '' || session.deploymentId === deploymentId) &&
		(tag === '' || session.tag === tag);
	return async (send) =>
		await listRecords(
			send,
			{
				method: 'GET',
				path: pathOf('ai', 'v1', 'ai-deployment-sessions'),
			},
			limit,
			isWanted,
		);
}

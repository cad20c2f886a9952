import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { listRecords } from '../../api/pagination';
import { hasStatus, SESSION_STATUSES, SESSIONS } from '../../api/sessions';
import { filtersField, readFilters } from '../../fields/filters';
import { LIST_FIELDS, readLimit } from '../../fields/list';
import { deploymentField } from '../../fields/locators';
import { asText, readList } from '../../fields/read';
import { optionsField } from '../../fields/requestOptions';
import { readSimplify, simplifyField } from '../../fields/simplify';
import { statusOptions } from '../../fields/statuses';
import type { ItemRun, Operation } from '../operation';

const FILTERS: INodeProperties[] = [
	{ ...deploymentField, required: false, description: 'Only sessions of this deployment' },
	{
		displayName: 'Status',
		name: 'status',
		type: 'multiOptions',
		options: statusOptions(SESSION_STATUSES),
		default: [],
		description: 'Only sessions with one of these statuses',
	},
	{
		displayName: 'Tag',
		name: 'tag',
		type: 'string',
		default: '',
		placeholder: 'e.g. v1',
		description: 'Only sessions of this version of the deployment',
	},
];

/** Without the webhook: that of a session in Start and Wait is a resume URL, whose token must stay secret. */
const SIMPLIFIED = [
	'sessionId',
	'status',
	'deploymentId',
	'tag',
	'start',
	'end',
	'duration',
	'createdAt',
	'updatedAt',
	'metadata',
];

function prepare(context: IExecuteFunctions, itemIndex: number): ItemRun {
	const limit = readLimit(context, itemIndex);
	const simplify = readSimplify(context, SIMPLIFIED, itemIndex);
	const filters = readFilters(context, FILTERS, itemIndex);
	const statuses = readList(filters.status);
	const deploymentId = asText(context, filters.deploymentId, 'Deployment', itemIndex);
	const tag = asText(context, filters.tag, 'Tag', itemIndex);
	const isWanted = (session: IDataObject) =>
		(statuses.length === 0 || hasStatus(session, statuses)) &&
		(deploymentId === undefined || session.deploymentId === deploymentId) &&
		(tag === undefined || session.tag === tag);
	return async (send) => (await listRecords(send, SESSIONS, limit, isWanted)).map(simplify);
}

export const operation: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many sessions',
	description: 'Retrieve a list of sessions',
	fields: [
		...LIST_FIELDS,
		filtersField(
			FILTERS,
			'The API cannot filter sessions, so n8n reads the list and keeps those that match: a filter does not make a long list faster',
		),
		simplifyField,
		optionsField(),
	],
	prepare,
};

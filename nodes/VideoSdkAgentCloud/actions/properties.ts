import type { INodeProperties } from 'n8n-workflow';
import type { Operation, Resource } from './operation';

/** The list of a resource's operations. */
function operationField({ value, defaultOperation, operations }: Resource): INodeProperties {
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [value] } },
		options: operations.map((operation) => ({
			name: operation.name,
			value: operation.value,
			description: operation.description,
			action: operation.action,
			...(operation.isTool === false && { displayOptions: { hide: { '@tool': [true] } } }),
		})),
		default: defaultOperation,
	};
}

/** What whoever gives a tool to an AI agent should know: what the operation's action says in brackets, which the model reads, too. */
function toolNotices({ action, isTool }: Operation): INodeProperties[] {
	const [, consequences] = /\((.+)\)$/.exec(action) ?? [];
	if (consequences === undefined || isTool === false) return [];
	return [
		{
			displayName: `Each use by the agent has consequences (${consequences}). To approve each use first, add a human review step (n8n 2.x) between the agent and this tool.`,
			name: 'toolNotice',
			type: 'notice',
			default: '',
			displayOptions: { show: { '@tool': [true] } },
		},
	];
}

/** An operation's fields, shown for it only. */
function fieldsOf({ value: resource }: Resource, operation: Operation): INodeProperties[] {
	return [...toolNotices(operation), ...operation.fields].map((field) => ({
		...field,
		displayOptions: {
			...field.displayOptions,
			show: { resource: [resource], operation: [operation.value], ...field.displayOptions?.show },
		},
	}));
}

/** All parameters of the node. */
export function nodeProperties(resources: Resource[]): INodeProperties[] {
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'options',
			noDataExpression: true,
			options: resources.map(({ name, value }) => ({ name, value })),
			default: 'session',
		},
		...resources.map(operationField),
		...resources.flatMap((resource) =>
			resource.operations.flatMap((operation) => fieldsOf(resource, operation)),
		),
	];
}

/** An expression that shows what a node does by the names in its lists, such as "Start and Wait: Session". */
export function subtitle(resources: Resource[]): string {
	const names = Object.fromEntries(
		resources.flatMap((resource) =>
			resource.operations.map((operation) => [
				`${resource.value}:${operation.value}`,
				`${operation.name}: ${resource.name}`,
			]),
		),
	);
	return `={{ (${JSON.stringify(names)})[$parameter["resource"] + ":" + $parameter["operation"]] }}`;
}

import type { INodeProperties } from 'n8n-workflow';
import { choiceField, noticeField, textField, titleOf, withoutPolicy } from '../fields/kit/field';
import { maxConcurrencyField, optionsField } from '../fields/kit/requestOptions';
import type { Operation } from './operation';

/**
 * Makes what operations act on.
 *
 * @param value as workflows hold it
 * @param operations the one of a new node first; the editor shows them in alphabetical order of their names
 */
export const resource = (value: string, ...operations: [Operation, ...Operation[]]) => ({
	value,
	name: titleOf(value),
	defaultOperation: operations[0].value,
	operations: operations
		.map((operation) => ({ ...operation, name: operation.name ?? titleOf(operation.value) }))
		.sort((a, b) => (a.name < b.name ? -1 : 1)),
});

type Resource = ReturnType<typeof resource>;

/** Of an option in a list: an AI agent cannot use it. */
const NOT_AS_TOOL = { displayOptions: { hide: { '@tool': [true] } } };

/** The list of a resource's operations. */
function operationField({ value, defaultOperation, operations }: Resource): INodeProperties {
	return choiceField('default', 'Operation', 'operation', {
		noDataExpression: true,
		displayOptions: { show: { resource: [value] } },
		options: operations.map((operation) => ({
			name: operation.name,
			value: operation.value,
			description: operation.description,
			action: operation.action,
			...(operation.isTool === false && NOT_AS_TOOL),
		})),
		default: defaultOperation,
	});
}

/** What an operation shows as a tool of an AI agent only: a warning, and what the model reads about it. */
function toolFields({ description, consequence, isQuestion, isTool }: Operation): INodeProperties[] {
	if (isTool === false) return [];
	const advice = isQuestion
		? ''
		: ' To approve each use first, add a human review step between the agent and this tool.';
	const warning = `Each time the AI agent uses this tool, it ${consequence}.${advice}`;
	const notice = noticeField('default', warning, 'toolNotice', {});
	// n8n's own field of this name has a default that neither depends on the operation nor says what it costs.
	const toolDescription = textField('default', 'Tool Description', 'toolDescription', {
		typeOptions: { rows: 2 },
		default: description,
		description: isQuestion
			? 'What the AI model reads about this tool, except in a human review'
			: 'What the AI model reads about this tool. You can also say when to use it.',
	});
	return (consequence === undefined ? [toolDescription] : [notice, toolDescription]).map((field) => ({
		...field,
		displayOptions: { show: { '@tool': [true] } },
	}));
}

/** @returns an operation's parameters, Options last */
export function parametersOf(operation: Operation): INodeProperties[] {
	const { fields, options = [], maxInFlight, maxConcurrency, isQuestion } = operation;
	if (options === null) return fields;
	const ofRequests = isQuestion ? [] : [maxConcurrencyField(maxConcurrency ?? maxInFlight, maxInFlight)];
	return [...fields, optionsField([...ofRequests, ...options])];
}

/** An operation's parameters, shown for it only. */
function fieldsOf({ value: resource }: Resource, operation: Operation): INodeProperties[] {
	return [...toolFields(operation), ...parametersOf(operation)].map((field) => ({
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
		choiceField('default', 'Resource', 'resource', {
			noDataExpression: true,
			options: resources.map(({ name, value, operations }) => ({
				name,
				value,
				...(operations.every(({ isTool }) => isTool === false) && NOT_AS_TOOL),
			})),
			default: 'session',
		}),
		...resources.map(operationField),
		...resources.flatMap((resource) =>
			resource.operations.flatMap((operation) => fieldsOf(resource, operation)),
		),
	].map(withoutPolicy);
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

import type { INodeProperties } from 'n8n-workflow';
import { choiceField, noticeField, textField, titleOf, withoutPolicy } from '../fields/kit/field';
import { maxConcurrencyField, optionsField } from '../fields/kit/requestOptions';
import type { Operation } from './operation';

/**
 * Makes a resource of the node.
 *
 * @param value is stored in workflows
 * @param operations the first one is the default of a new node. The editor shows them in alphabetical order of their names
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

/** Hides an option of a list where the node is a tool of an AI agent. */
const NOT_AS_TOOL = { displayOptions: { hide: { '@tool': [true] } } };

/** Makes the field in which one of a resource's operations is chosen. */
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

/** Makes the fields that an operation has only as a tool of an AI agent: a warning, and the description that the model reads. */
function toolFields({ description, consequence, isQuestion, isTool }: Operation): INodeProperties[] {
	if (isTool === false) return [];
	const advice = isQuestion
		? ''
		: ' To approve each use first, add a human review step between the agent and this tool.';
	const warning = `Each time the AI agent uses this tool, it ${consequence}.${advice}`;
	const notice = noticeField('default', warning, 'toolNotice', {});
	// This replaces n8n's own field of the same name (convertNodeToAiTool), whose default doesn't say what an operation costs.
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

/** @returns an operation's parameters, with Options as the last one */
export function parametersOf(operation: Operation): INodeProperties[] {
	const { fields, options = [], maxInFlight, maxConcurrency, isQuestion } = operation;
	if (options === null) return fields;
	const ofRequests = isQuestion ? [] : [maxConcurrencyField(maxConcurrency ?? maxInFlight, maxInFlight)];
	return [...fields, optionsField([...ofRequests, ...options])];
}

/** Makes the parameters of an operation, which are shown for it only. */
function fieldsOf({ value: resource }: Resource, operation: Operation): INodeProperties[] {
	return [...toolFields(operation), ...parametersOf(operation)].map((field) => ({
		...field,
		displayOptions: {
			...field.displayOptions,
			show: { resource: [resource], operation: [operation.value], ...field.displayOptions?.show },
		},
	}));
}

/** Makes all parameters of the node. */
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

/** Makes an expression that names the chosen operation and resource, such as "Start and Wait: Session". */
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

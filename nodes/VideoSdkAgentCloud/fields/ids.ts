import type {
	IDisplayOptions,
	IExecuteFunctions,
	INodeParameterResourceLocator,
	INodeProperties,
} from 'n8n-workflow';
import { inputError } from './inputError';

/** A deployment, picked from the list or given by its ID. */
export function deploymentProperty(displayOptions: IDisplayOptions): INodeProperties {
	return {
		displayName: 'Deployment',
		name: 'deploymentId',
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		required: true,
		description: 'The deployment of the agent, as found in the VideoSDK dashboard under Agent Cloud',
		displayOptions,
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a deployment...',
				typeOptions: { searchListMethod: 'searchDeployments', searchable: true },
			},
			{ displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. ddv_1a2b3c' },
		],
	};
}

/** The version of a deployment, as plain text: the list of deployments shows which tags there are. */
export function tagProperty(displayOptions: IDisplayOptions, isRequired: boolean): INodeProperties {
	return {
		displayName: 'Tag',
		name: 'tag',
		type: 'string',
		default: '',
		required: isRequired,
		placeholder: 'e.g. v1',
		description: isRequired
			? 'The version of the deployment. The list of deployments shows the tags that there are.'
			: 'The version of the deployment to run. The list of deployments shows the tags that there are. Leave empty to let VideoSDK choose.',
		displayOptions,
	};
}

/** A session, by its ID. */
export function sessionProperty(displayOptions: IDisplayOptions): INodeProperties {
	return {
		displayName: 'Session ID',
		name: 'sessionId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. 6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b',
		description: 'The ID of the session, as Start puts it out in <code>sessionId</code>',
		hint: 'From an earlier Start step: {{ $json.sessionId }}',
		displayOptions,
	};
}

/**
 * Reads a text field that may not be blank.
 *
 * @param displayName as the user reads it
 * @throws NodeOperationError if nothing is left after trimming
 */
export function readRequired(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string {
	const raw = context.getNodeParameter(name, itemIndex, '', { extractValue: true }) as unknown;
	const text = raw === null || raw === undefined || typeof raw === 'object' ? '' : String(raw).trim();
	if (text === '') {
		throw inputError(
			context,
			`"${displayName}" is empty`,
			`Fill in "${displayName}". If it holds an expression, check that the incoming item has that value.`,
			itemIndex,
		);
	}
	return text;
}

/** Reads the locator of a deployment, which may also hold a plain ID when it was set by an expression. */
export function readDeploymentId(context: IExecuteFunctions, itemIndex: number): string {
	return readRequired(context, 'deploymentId', 'Deployment', itemIndex);
}

/**
 * @returns a text field, trimmed; undefined if it is blank, so that it is not sent
 * @throws NodeOperationError if an expression gave an object
 */
export function readOptional(
	context: IExecuteFunctions,
	name: string,
	displayName: string,
	itemIndex: number,
): string | undefined {
	const raw = context.getNodeParameter(name, itemIndex, '') as unknown;
	if (raw === null || raw === undefined) return undefined;
	if (typeof raw === 'object') {
		throw inputError(
			context,
			`"${displayName}" is not a text`,
			'Let its expression yield one value, not an object or a list.',
			itemIndex,
		);
	}
	return String(raw).trim() || undefined;
}

/** @returns what a locator, or a plain text in its place, holds; empty if nothing */
export function readLocator(value: unknown): string {
	const inner =
		typeof value === 'object' && value !== null ? (value as INodeParameterResourceLocator).value : value;
	return inner === null || inner === undefined ? '' : String(inner).trim();
}

/** Reads a list, which an expression may also give as one text with commas. */
export function readList(value: unknown): string[] {
	const list = Array.isArray(value) ? value : String(value ?? '').split(',');
	return list.map((entry) => String(entry).trim()).filter(Boolean);
}

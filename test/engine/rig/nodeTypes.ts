import type { PackageDirectoryLoader } from 'n8n-core';
import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	INodeType,
	INodeTypeDescription,
	INodeTypes,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

/** How the stand-in nodes of the tests are called in a workflow. */
export const STAND_INS = {
	/** Puts out the items that the run was given. */
	input: 'test.input',
	/** Passes everything on. */
	pass: 'test.pass',
	/** Makes the request of its parameters with the package's credential, as n8n's HTTP Request node would. */
	request: 'test.request',
} as const;

/** As n8n's nodes have it that wait for a request. */
const LIMIT_WAIT_TIME: INodeProperties = {
	displayName: 'Limit Wait Time',
	name: 'limitWaitTime',
	type: 'boolean',
	default: false,
};

const describe = (name: string, more: Partial<INodeTypeDescription> = {}): INodeTypeDescription => ({
	displayName: name,
	name,
	group: ['transform'],
	version: 1,
	description: 'Stands in for a node of n8n',
	defaults: { name },
	inputs: [NodeConnectionTypes.Main],
	outputs: [NodeConnectionTypes.Main],
	properties: [],
	...more,
});

const requestNode: INodeType = {
	description: describe(STAND_INS.request, {
		credentials: [{ name: 'videoSdkAgentCloudApi', required: true }],
		properties: [
			{ displayName: 'Options', name: 'options', type: 'json', default: {} },
			{ displayName: 'Legacy', name: 'legacy', type: 'boolean', default: false },
		],
	}),
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const options = this.getNodeParameter('options', 0) as unknown;
		const { requestWithAuthentication, httpRequestWithAuthentication } = this.helpers;
		const isLegacy = this.getNodeParameter('legacy', 0);
		const request = isLegacy ? requestWithAuthentication : httpRequestWithAuthentication;
		const answer: unknown = await request.call(this, 'videoSdkAgentCloudApi', options as never);
		return [[{ json: { answer: JSON.stringify(answer) } }]];
	},
};

const pass: INodeType = {
	description: describe(STAND_INS.pass),
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [this.getInputData()];
	},
};

/** The name of a node type within its package. n8n adds "Tool" for a node that an AI agent uses, "HitlTool" for its human review. */
const nameOf = (type: string): string => (type.split('.').pop() ?? '').replace(/(?:Hitl)?Tool$/, '');

/** The package's node types as loaded by n8n's loader, the stand-ins, and what was thrown by any of them. */
export class TestNodeTypes implements INodeTypes {
	/** The errors themselves: n8n keeps only a copy of them in a run. */
	readonly thrown: unknown[] = [];
	/** Called when a node of the package begins, for each try. */
	onExecute: () => void = () => undefined;
	/** The items that the input node puts out. */
	items: INodeExecutionData[] = [];

	constructor(private readonly loader: PackageDirectoryLoader) {}

	getByName(name: string): INodeType {
		return this.getByNameAndVersion(name);
	}

	getByNameAndVersion(name: string): INodeType {
		switch (name) {
			case STAND_INS.input:
				return {
					description: describe(name, { group: ['trigger'], inputs: [], properties: [LIMIT_WAIT_TIME] }),
					execute: async () => [this.items],
				};
			case STAND_INS.pass:
				return pass;
			case STAND_INS.request:
				return this.observed(requestNode);
			default:
				return this.observed(this.loader.getNode(nameOf(name)).type as INodeType);
		}
	}

	getKnownTypes(): Record<string, never> {
		return {};
	}

	/** The same node, whose `execute` leaves a trace of what it throws. */
	private observed(type: INodeType): INodeType {
		const { thrown, onExecute } = this;
		const observed = Object.create(type) as INodeType;
		observed.execute = async function (this: IExecuteFunctions) {
			onExecute();
			try {
				return (await type.execute?.call(this)) ?? null;
			} catch (error) {
				thrown.push(error);
				throw error;
			}
		};
		return observed;
	}
}

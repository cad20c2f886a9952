import type { PackageDirectoryLoader } from 'n8n-core';
import { getAdditionalKeys } from 'n8n-core';
import type {
	ICredentialDataDecryptedObject,
	ICredentials,
	ICredentialsExpressionResolveValues,
	ICredentialType,
	IExecuteData,
	IHttpRequestOptions,
	INode,
	INodeParameters,
	INodeProperties,
	INodeTypes,
	IRequestOptionsSimplified,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { ICredentialsHelper, NodeHelpers, Workflow } from 'n8n-workflow';

/** Where n8n resolves a credential's expressions if there are no items, such as in a webhook. */
const MOCK_NODE: INode = {
	id: 'mock',
	name: '',
	type: '',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

/** Does what n8n's own CredentialsHelper does, with credentials that are held in memory instead of a database. */
export class MemoryCredentialsHelper extends ICredentialsHelper {
	/** How often a credential was read: in n8n each time costs a query and a decryption. */
	reads = 0;

	constructor(
		private readonly loader: PackageDirectoryLoader,
		/** By id. */
		private readonly stored: Map<string, ICredentialDataDecryptedObject>,
	) {
		super();
	}

	getParentTypes(): string[] {
		return [];
	}

	isCredentialUsableByNode(): boolean {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		typeName: string,
		requestOptions: IHttpRequestOptions | IRequestOptionsSimplified,
	): Promise<IHttpRequestOptions> {
		const { authenticate } = this.typeOf(typeName);
		if (typeof authenticate !== 'function') throw new Error(`${typeName} does not sign requests by itself`);
		return await authenticate(credentials, requestOptions as IHttpRequestOptions);
	}

	/** None of the package's credentials has a field that expires, which is all that n8n would renew here. */
	async preAuthentication(): Promise<undefined> {
		return undefined;
	}

	async runPreAuthentication(): Promise<undefined> {
		return undefined;
	}

	async getCredentials(): Promise<ICredentials> {
		throw new Error('Encrypted credentials are not read in these tests');
	}

	async getDecrypted(
		additionalData: IWorkflowExecuteAdditionalData,
		{ id }: { id: string | null },
		typeName: string,
		mode: WorkflowExecuteMode,
		executeData?: IExecuteData,
		raw?: boolean,
		item?: ICredentialsExpressionResolveValues,
	): Promise<ICredentialDataDecryptedObject> {
		this.reads += 1;
		const stored = this.stored.get(id ?? '');
		if (stored === undefined) throw new Error(`Credential with ID "${id}" does not exist`);
		if (raw) return stored;
		const data = this.withDefaults(typeName, stored) as INodeParameters;
		const keys = getAdditionalKeys(additionalData, mode, null, { isCredential: true });
		const resolved = item
			? item.workflow.expression.getParameterValue(
					data,
					item.runExecutionData,
					item.runIndex,
					item.itemIndex,
					item.node.name,
					item.connectionInputData,
					mode,
					keys,
					executeData,
					false,
					data,
				)
			: this.emptyWorkflow().expression.getComplexParameterValue(
					MOCK_NODE,
					data,
					mode,
					keys,
					undefined,
					undefined,
					data,
				);
		return resolved as ICredentialDataDecryptedObject;
	}

	/** Fills in the defaults of fields that the stored credential lacks, as n8n does for each use. */
	withDefaults(typeName: string, data: ICredentialDataDecryptedObject): ICredentialDataDecryptedObject {
		const properties = this.getCredentialsProperties(typeName);
		return (NodeHelpers.getNodeParameters(properties, data as INodeParameters, true, true, null, null) ??
			{}) as ICredentialDataDecryptedObject;
	}

	async updateCredentials(): Promise<void> {
		throw new Error('A credential must not be changed by a node');
	}

	async updateCredentialsOauthTokenData(): Promise<void> {
		throw new Error('A credential must not be changed by a node');
	}

	getCredentialsProperties(typeName: string): INodeProperties[] {
		return this.typeOf(typeName).properties;
	}

	private emptyWorkflow(): Workflow {
		const type = { description: { properties: [] } } as unknown as ReturnType<INodeTypes['getByName']>;
		return new Workflow({
			nodes: [MOCK_NODE],
			connections: {},
			active: false,
			nodeTypes: {
				getByName: () => type,
				getByNameAndVersion: () => type as ReturnType<INodeTypes['getByNameAndVersion']>,
				getKnownTypes: () => ({}),
			},
		});
	}

	private typeOf(typeName: string): ICredentialType {
		return this.loader.getCredential(typeName).type;
	}
}

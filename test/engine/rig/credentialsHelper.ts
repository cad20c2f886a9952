import type { PackageDirectoryLoader } from 'n8n-core';
import { getAdditionalKeys } from 'n8n-core';
import type {
	ICredentialDataDecryptedObject,
	ICredentialsExpressionResolveValues,
	IExecuteData,
	IHttpRequestOptions,
	INodeParameters,
	IRequestOptionsSimplified,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { NodeHelpers, Workflow } from 'n8n-workflow';
import type { TestNodeTypes } from './nodeTypes';

/** Does what n8n's own CredentialsHelper does, with credentials that are held in memory instead of a database. */
export class MemoryCredentialsHelper {
	/** How often a credential was read: in n8n each time costs a query and a decryption. */
	reads = 0;
	/** Called before that, and throws if n8n cannot read it. `raw`: as it is stored. */
	onRead: (raw?: boolean) => void = () => undefined;

	constructor(
		private readonly loader: PackageDirectoryLoader,
		private readonly nodeTypes: TestNodeTypes,
		/** By id. */
		private readonly stored: Map<string, ICredentialDataDecryptedObject>,
	) {}

	getParentTypes = () => [];
	isCredentialUsableByNode = () => true;
	/** None of the package's credentials has a field that expires, which is all that n8n would renew here. */
	preAuthentication = async () => undefined;
	getCredentialsProperties = (typeName: string) => this.typeOf(typeName).properties;

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		typeName: string,
		requestOptions: IHttpRequestOptions | IRequestOptionsSimplified,
	): Promise<IHttpRequestOptions> {
		const { authenticate } = this.typeOf(typeName);
		if (typeof authenticate !== 'function') throw new Error(`${typeName} does not sign requests by itself`);
		return await authenticate(credentials, requestOptions as IHttpRequestOptions);
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
		this.onRead(raw);
		this.reads += 1;
		const stored = this.stored.get(id ?? '');
		if (stored === undefined) throw new Error(`Credential with ID "${id}" does not exist`);
		if (raw) return stored;
		const { properties } = this.typeOf(typeName);
		const values = stored as INodeParameters;
		const data = NodeHelpers.getNodeParameters(properties, values, true, true, null, null) ?? {};
		// There are no items in a webhook, for example.
		const { workflow, runExecutionData, runIndex, itemIndex, node, connectionInputData } = item ?? {
			workflow: new Workflow({ nodes: [], connections: {}, active: false, nodeTypes: this.nodeTypes }),
			runExecutionData: null,
			runIndex: 0,
			itemIndex: 0,
			node: { name: '' },
			connectionInputData: [],
		};
		return workflow.expression.getParameterValue(
			data,
			runExecutionData,
			runIndex,
			itemIndex,
			node.name,
			connectionInputData,
			mode,
			getAdditionalKeys(additionalData, mode, null, { isCredential: true }),
			executeData,
			false,
			data,
		) as ICredentialDataDecryptedObject;
	}

	private typeOf(typeName: string) {
		return this.loader.getCredential(typeName).type;
	}
}

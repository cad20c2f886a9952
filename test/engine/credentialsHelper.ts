import type { PackageDirectoryLoader } from 'n8n-core';
import type {
	ICredentialDataDecryptedObject,
	ICredentials,
	ICredentialType,
	IHttpRequestOptions,
	INodeParameters,
	INodeProperties,
	IRequestOptionsSimplified,
} from 'n8n-workflow';
import { ICredentialsHelper, NodeHelpers } from 'n8n-workflow';

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
		_additionalData: unknown,
		{ id }: { id: string | null },
		typeName: string,
		_mode?: unknown,
		_executeData?: unknown,
		raw?: boolean,
	): Promise<ICredentialDataDecryptedObject> {
		this.reads += 1;
		const data = this.stored.get(id ?? '');
		if (data === undefined) throw new Error(`Credential with ID "${id}" does not exist`);
		return raw ? data : this.withDefaults(typeName, data);
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

	private typeOf(typeName: string): ICredentialType {
		return this.loader.getCredential(typeName).type;
	}
}

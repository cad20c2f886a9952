import {
	type ICredentialsDecrypted,
	type IDataObject,
	type IExecuteFunctions,
	type IHookFunctions,
	type ILoadOptionsFunctions,
	type IWebhookFunctions,
	type IWorkflowExecuteAdditionalData,
	UserError,
} from 'n8n-workflow';
import { trimKey } from '../../../../credentials/apiTarget';
import { BoundedMap, PerNode } from '../../n8n/boundedStores';

export const CREDENTIAL_TYPE = 'videoSdkAgentCloudApi';

/** How long a credential counts as read, because reading it costs n8n a database query and a decryption. Changes count after that. */
const MAX_AGE_MS = 60_000;

/** An expression that reads nothing but n8n's external secrets, variables, and environment, which are the same for all items. */
const OF_ALL_ITEMS = /^=[^$]*(\$(secrets|vars|env)\b[^$]*)+$/;

/** @returns a credential's secret, with which access to tools is signed; empty if it has none */
export const secretOf = ({ secretKey }: IDataObject = {}): string => trimKey(secretKey);

/** Reads a credential, at most a short while ago. Throws what n8n throws if it can't be read. */
export type ReadCredential = () => Promise<ICredentialsDecrypted>;

/** The n8n contexts from which the API is called. */
export type RequestContext = IExecuteFunctions | ILoadOptionsFunctions | IWebhookFunctions | IHookFunctions;

/** @returns the ID of the node's credential, which needs no query; empty if the node has none */
export function credentialId(context: RequestContext): string {
	return context.getNode().credentials?.[CREDENTIAL_TYPE]?.id ?? '';
}

/** Caches what was read of a credential for a minute. A failure isn't cached, because the user may be fixing it right now. */
export class CredentialCache<T> {
	private reading?: Promise<T>;
	/** When it was read, by a clock that no one can set. If n8n's clock were set back, a former credential could count for as long. */
	private readAtMs = 0;

	/**
	 * @param read reads the credential
	 * @param maxAgeMs how long ago it may have been read
	 * @throws what `read` throws
	 */
	async get(read: () => Promise<T>, maxAgeMs = MAX_AGE_MS): Promise<T> {
		if (this.reading === undefined || performance.now() >= this.readAtMs + maxAgeMs) {
			const current = read();
			this.reading = current;
			this.readAtMs = performance.now();
			current.catch(() => {
				if (this.reading === current) this.reading = undefined;
			});
		}
		return await this.reading;
	}
}

/** Caches for a minute what was read of the credentials of nodes with webhooks. */
export class CredentialsCache<T> {
	/** One entry for each node, whose credential may hold an expression such as `{{ $vars.key }}`, and for its present credential only. */
	private readonly caches = new PerNode(() => new BoundedMap<string, CredentialCache<T>>(1));

	/** @param read reads the node's credential */
	constructor(private readonly read: (context: RequestContext) => Promise<T>) {}

	/**
	 * @param maxAgeMs how long ago it may have been read. Default: a minute
	 * @throws what `read` throws
	 */
	async get(context: RequestContext, maxAgeMs?: number): Promise<T> {
		const ofNode = this.caches.of(context);
		const id = credentialId(context);
		const cache = ofNode.get(id) ?? new CredentialCache<T>();
		ofNode.set(id, cache);
		return await cache.get(async () => await this.read(context), maxAgeMs);
	}
}

/**
 * Makes the reader of the credential for one input item. A field of it may hold an expression such as `{{ $json.key }}`, with which each
 * item belongs to another project.
 *
 * @param itemIndex the input item, counted from 0; none where there are no items
 * @param maxAgeMs how long ago it may have been read. Default: a minute
 * @returns a function that reads the credential when it's first called, and throws what n8n throws if there is none
 */
export function credentialOf(context: RequestContext, itemIndex?: number, maxAgeMs?: number): ReadCredential {
	const cache = new CredentialCache<ICredentialsDecrypted>();
	return async () =>
		await cache.get(async () => {
			const data = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
			const { id, name = '' } = context.getNode().credentials?.[CREDENTIAL_TYPE] ?? {};
			return { id: id ?? '', name, type: CREDENTIAL_TYPE, data };
		}, maxAgeMs);
}

/**
 * Reads the node's credential as it's stored, with expressions in place of their values. Fields that were never filled in are missing.
 *
 * It relies on `additionalData` of n8n-core's NodeExecutionContext, which n8n-workflow's types don't have, and on the parameter `raw` of
 * n8n's CredentialsHelper.getDecrypted.
 *
 * @throws what n8n throws if it cannot be read
 */
async function readStored(context: IExecuteFunctions): Promise<IDataObject> {
	const { additionalData } = context as unknown as { additionalData: IWorkflowExecuteAdditionalData };
	const details = context.getNode().credentials?.[CREDENTIAL_TYPE];
	if (details === undefined) throw new UserError('The node has no credential');
	const [mode, data] = [context.getMode(), context.getExecuteData()];
	return await additionalData.credentialsHelper.getDecrypted(
		additionalData,
		details,
		CREDENTIAL_TYPE,
		mode,
		data,
		true,
	);
}

/** @returns whether a field of the node's credential holds an expression. @throws what n8n throws if it cannot be read */
export async function holdsExpression(context: IExecuteFunctions, field: string): Promise<boolean> {
	const { [field]: value } = await readStored(context);
	return String(value ?? '').startsWith('=');
}

/**
 * Checks whether all items have the same credential, because it has no expressions other than such as `{{ $secrets.vault.key }}`. If n8n
 * doesn't tell, the result is false, and each item's credential is read.
 */
async function isAsStored(
	context: IExecuteFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<boolean> {
	const stored = await readStored(context).catch(() => undefined);
	if (stored === undefined) return false;
	const defaults = new Map(
		context.getCredentialsProperties(CREDENTIAL_TYPE).map((field) => [field.name, field.default]),
	);
	return Object.entries(data).every(
		([name, value]) =>
			value === (stored[name] ?? defaults.get(name)) || OF_ALL_ITEMS.test(String(stored[name])),
	);
}

/**
 * Makes the readers of the credential for all input items. A credential without expressions is read once for all of them, because reading
 * it takes n8n about as long as sending a request.
 *
 * @param itemCount the number of items
 * @returns a function that returns, for an item counted from 0, what `credentialOf` returns
 */
export function credentialsOfItems(
	context: IExecuteFunctions,
	itemCount: number,
): (itemIndex: number) => ReadCredential {
	const ofItems = Array.from({ length: itemCount }, (_, itemIndex) => credentialOf(context, itemIndex));
	const ofItem = (itemIndex: number) => ofItems[itemIndex] ?? credentialOf(context, itemIndex);
	if (itemCount < 2) return ofItem;
	/** The credential of all items; undefined if they may have different ones. */
	const common = new CredentialCache<ICredentialsDecrypted | undefined>();
	const readCommon = async (): Promise<ICredentialsDecrypted | undefined> => {
		const first = await ofItem(0)();
		return (await isAsStored(context, first)) ? first : undefined;
	};
	// If the first item's credential can't be read, each item gets its own error.
	const findCommon = async () => await common.get(readCommon).catch(() => undefined);
	return (itemIndex) => async () => (await findCommon()) ?? (await ofItem(itemIndex)());
}

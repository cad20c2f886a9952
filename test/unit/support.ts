import fc from 'fast-check';
import type {
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	INode,
	IWebhookFunctions,
} from 'n8n-workflow';

/** Every run of the tests generates the same cases; FC_SEED asks for others, as the nightly run does. */
export const SEED = Number(process.env.FC_SEED ?? 20_260_115);

/** All of so many cases, conversations or executions if ALL_CASES is set, as in CI; else a quarter, so that a run takes a minute. */
export const shareOf = (count: number) => (process.env.ALL_CASES ? count : Math.ceil(count / 4));

/** Checks a property on so many generated cases. */
export const checkTimes =
	(numRuns: number) =>
	<Cases extends [unknown, ...unknown[]]>(
		arbitraries: { [Index in keyof Cases]: fc.Arbitrary<Cases[Index]> },
		predicate: (...given: Cases) => boolean | void,
	): void =>
		fc.assert(fc.property<Cases>(...arbitraries, predicate), { seed: SEED, numRuns: shareOf(numRuns) });

export const check = checkTimes(300);

export const checkAsync = async <T>(property: fc.IAsyncProperty<T>, numRuns = 100): Promise<void> =>
	await fc.assert(property, { seed: SEED, numRuns: shareOf(numRuns) });

/** Any UTF-16 text, lone surrogates included. */
export function utf16(maxLength = 40) {
	const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
	return fc.string({ unit, maxLength });
}

export const unicode = (minLength = 0, maxLength = 40) => fc.string({ unit: 'binary', minLength, maxLength });

export const NODE: INode = {
	id: 'node-1',
	name: 'VideoSDK Agent Cloud',
	type: 'videoSdkAgentCloud',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
	credentials: { videoSdkAgentCloudApi: { id: 'credential-1', name: 'VideoSDK' } },
};

/** The part of n8n's context that reads the fields of an item. */
export function fieldsContext(parameters: Record<string, unknown>, item: IDataObject = {}) {
	const context = {
		getNode: () => ({ ...NODE, parameters }),
		getInputData: () => Array.from({ length: 10 }, () => ({ json: item })),
		getNodeParameter: (name: string, _itemIndex: number, fallback?: unknown) =>
			name in parameters ? parameters[name] : fallback,
		getTimezone: () => 'Etc/UTC',
	};
	return context as unknown as IExecuteFunctions;
}

/** The part of n8n's context that makes requests. */
export function requestContext(
	answer: (options: IHttpRequestOptions) => Promise<unknown>,
	credentialId = 'credential-1',
): IWebhookFunctions {
	const credentials = { videoSdkAgentCloudApi: { id: credentialId, name: 'VideoSDK' } };
	const context = {
		getNode: () => ({ ...NODE, credentials }),
		helpers: {
			httpRequestWithAuthentication: async (_credentialType: string, options: IHttpRequestOptions) =>
				await answer(options),
		},
	};
	return context as unknown as IWebhookFunctions;
}

/** An answer as n8n's request helper gives it when asked for the full response. */
export function jsonAnswer(body: unknown, statusCode = 200): object {
	return { statusCode, headers: {}, body: JSON.stringify(body) };
}

/** Lets everything run that is ready to run. */
export async function settle(): Promise<void> {
	for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a call throws; fails if it throws nothing. */
export function thrownBy(call: () => unknown): Error {
	try {
		call();
	} catch (error) {
		return error as Error;
	}
	throw new Error('Nothing was thrown');
}

import type {
	Icon,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import { readBaseUrl, readKey, resolveTarget } from './apiTarget';

const NO_API =
	"Check 'Base URL'. It's usually https://api.videosdk.live. The server at this address doesn't seem to be the VideoSDK API.";

/** The credential of a VideoSDK project. It signs a fresh token for each request. */
export class VideoSdkAgentCloudApi implements ICredentialType {
	name = 'videoSdkAgentCloudApi';

	displayName = 'VideoSDK Agent Cloud API';

	icon: Icon = { light: 'file:../icons/videosdk.svg', dark: 'file:../icons/videosdk.dark.svg' };

	documentationUrl =
		'https://github.com/videosdk-community/n8n-nodes-videosdk-agent-cloud/blob/main/docs/first-call.md#the-credential';

	properties: INodeProperties[] = [
		{
			displayName:
				'Copy both keys from <a href="https://app.videosdk.live/api-keys" target="_blank">app.videosdk.live/api-keys</a>. The other fields can stay as they are.',
			name: 'keysNotice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description: 'The API key of your VideoSDK project',
		},
		{
			displayName: 'Secret Key',
			name: 'secretKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description:
				'The secret that belongs to the API key. n8n signs each request with it and never sends it.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.videosdk.live',
			description: 'The address of the API. Leave it as it is unless VideoSDK gave you a different one.',
			// If the credential's test can't reach the host, n8n shows only the code (CredentialsTester), so the hint explains it.
			hint: "If the test shows only a code such as ENOTFOUND, n8n can't reach this address",
		},
		{
			displayName: 'Webhook Public Key',
			name: 'webhookPublicKey',
			type: 'string',
			typeOptions: { rows: 2 },
			default: '',
			placeholder: 'e.g. -----BEGIN RSA PUBLIC KEY-----',
			description:
				'Leave empty (recommended) to have n8n fetch the key from VideoSDK. To verify events with a different key, enter it in PEM format.',
		},
		{
			displayName: 'Only Call These Numbers',
			name: 'onlyCall',
			type: 'string',
			typeOptions: { rows: 2 },
			default: '',
			placeholder: 'e.g. +14155550123, +442071838750',
			description:
				'The only numbers that nodes with this credential may call or transfer to, separated by commas or one per line. Leave empty to allow all. Use it to try workflows without reaching strangers, even where an AI agent chooses the number.',
		},
	];

	/**
	 * Signs a request of the nodes, a list search, the credential's test, or the HTTP Request node.
	 *
	 * Redirects are off, because n8n repeats the Authorization header on a redirect to another host (test/e2e/secrets).
	 * until: n8n drops it there.
	 *
	 * @throws UserError if a key is blank, the Base URL is no http(s) URL, or the request goes to another host
	 */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		const apiKey = readKey(credentials.apiKey, 'API Key');
		const secretKey = readKey(credentials.secretKey, 'Secret Key');
		const target = resolveTarget(requestOptions, readBaseUrl(credentials.baseUrl));
		// The signer is loaded with the first request, and not with n8n, because it's the largest part of the package.
		const { signToken } = await import('./signToken');
		const signed: IHttpRequestOptions & Record<string, unknown> = {
			...requestOptions,
			headers: { ...requestOptions.headers, Authorization: signToken(apiKey, secretKey) },
			disableFollowRedirect: true,
			// These are the same for the former request options, which n8n's HTTP Request node still uses.
			// until: it uses IHttpRequestOptions.
			followRedirect: false,
			followAllRedirects: false,
			maxRedirects: 0,
		};
		if ('uri' in signed) signed.uri = target;
		else signed.url = target;
		delete signed.baseURL;
		return signed;
	};

	test: ICredentialTestRequest = {
		request: { url: '/ai/v1/ai-deployments', qs: { page: 1, perPage: 1 } },
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message:
						"VideoSDK didn't accept this API key and secret. Copy both again from https://app.videosdk.live/api-keys. If that doesn't help, check the clock on the machine that runs n8n.",
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 403,
					message:
						"VideoSDK doesn't let this key list Agent Cloud's deployments. Check the plan of its project.",
				},
			},
			{ type: 'responseCode', properties: { value: 404, message: NO_API } },
			{
				// Anything may answer 200, such as a login page, but only the API answers with a list, which is empty in a new project. n8n only
				// compares one value of the response with another (CredentialsTester), so a list is recognized by its `push`.
				type: 'responseSuccessBody',
				properties: {
					key: 'data.push',
					value: undefined,
					message: NO_API,
				},
			},
			// n8n's type allows only rules of one kind. until: it allows several.
		] as ICredentialTestRequest['rules'],
	};
}

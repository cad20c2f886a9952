import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { forgetNodes } from '../../../nodes/VideoSdkAgentCloud/api/perNode';
import {
	readVerificationSettings,
	verificationSettings,
} from '../../../nodes/VideoSdkAgentCloud/webhook/verificationSettings';
import { NODE, rsaKeyPair } from '../support';

const pair = rsaKeyPair();
let nowMs: number;
let reads: number;
let credential: () => Promise<IDataObject>;

function contextOf(credentialId: string, workflowId = 'w1'): IWebhookFunctions {
	const context = {
		getNode: () => ({
			...NODE,
			credentials: { videoSdkAgentCloudApi: { id: credentialId, name: 'VideoSDK' } },
		}),
		getWorkflow: () => ({ id: workflowId }),
		getCredentials: async () => {
			reads++;
			return await credential();
		},
	};
	return context as unknown as IWebhookFunctions;
}

const read = async (credentialId = 'a') => await verificationSettings(contextOf(credentialId));

beforeEach(() => {
	forgetNodes();
	nowMs = Date.UTC(2026, 0, 15);
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
	reads = 0;
	credential = async () => ({ baseUrl: 'https://api.videosdk.live', webhookPublicKey: '' });
});

afterEach(() => {
	jest.restoreAllMocks();
});

describe('verificationSettings', () => {
	it('reads a credential once a minute, also when many deliveries come at once', async () => {
		await Promise.all(Array.from({ length: 50 }, async () => await read()));
		nowMs += 59_999;
		await read();
		expect(reads).toBe(1);
		nowMs += 1;
		await read();
		expect(reads).toBe(2);
	});

	it('takes up a change of the credential after a minute', async () => {
		expect((await read()).pinnedKey).toBeUndefined();
		credential = async () => ({ baseUrl: 'https://other.example.com', webhookPublicKey: pair.publishedPem });
		expect((await read()).baseUrl).toBe('https://api.videosdk.live/');
		nowMs += 60_000;
		expect((await read()).baseUrl).toBe('https://other.example.com/');
		expect((await read()).pinnedKey?.equals(pair.publicKey)).toBe(true);
	});

	it.each([
		[
			'n8n cannot read it',
			async (): Promise<IDataObject> => {
				throw new Error('The database is gone');
			},
			'The database is gone',
		],
		['the pinned key is unreadable', async () => ({ webhookPublicKey: 'garbage' }), "'Webhook Public Key'"],
		['the Base URL is wrong', async () => ({ baseUrl: 'nowhere' }), "'Base URL'"],
	])('does not keep a failure: %s', async (_name, failing, message) => {
		credential = failing;
		await expect(read()).rejects.toThrow(message);
		credential = async () => ({});
		expect(await read()).toEqual({ baseUrl: 'https://api.videosdk.live/' });
		expect(reads).toBe(2);
	});

	it('tells workflows apart, for the credential may hold an expression', async () => {
		await verificationSettings(contextOf('a', 'w1'));
		credential = async () => ({ baseUrl: 'https://other.example.com' });
		expect((await verificationSettings(contextOf('a', 'w2'))).baseUrl).toBe('https://other.example.com/');
		expect((await verificationSettings(contextOf('a', 'w1'))).baseUrl).toBe('https://api.videosdk.live/');
		expect(reads).toBe(2);
	});

	it('reads another credential that was selected since', async () => {
		await read('a');
		credential = async () => ({ baseUrl: 'https://other.example.com' });
		expect((await read('b')).baseUrl).toBe('https://other.example.com/');
	});
});

describe('readVerificationSettings', () => {
	it.each([undefined, null, '', ' \n\t'])('uses the published key if the field is %j', (webhookPublicKey) => {
		expect(readVerificationSettings({ webhookPublicKey })).toEqual({ baseUrl: 'https://api.videosdk.live/' });
	});

	it('refuses a private key in words that do not repeat it', () => {
		const pem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
		expect(() => readVerificationSettings({ webhookPublicKey: pem })).toThrow(
			/^Clear 'Webhook Public Key' in the VideoSDK Agent Cloud credential [^-]+$/,
		);
	});
});

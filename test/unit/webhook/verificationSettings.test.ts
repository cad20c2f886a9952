import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { forgetNodes } from '../../../nodes/VideoSdkAgentCloud/api/perNode';
import {
	readSettings,
	readVerificationSettings,
	verificationSettings,
} from '../../../nodes/VideoSdkAgentCloud/webhook/verificationSettings';
import {
	contextKey,
	verifyContext,
	withSignedContext,
} from '../../../nodes/VideoSdkAgentCloud/webhook/context';
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
		credential = async () => ({ baseUrl: 'https://other.example.com', webhookPublicKey: pair.publishedPem });
		nowMs += 59_999;
		expect(await read()).toEqual({ baseUrl: 'https://api.videosdk.live/' });
		expect(reads).toBe(1);
		nowMs += 1;
		const { baseUrl, pinnedKey } = await read();
		expect([baseUrl, pinnedKey?.equals(pair.publicKey), reads]).toEqual([
			...['https://other.example.com/', true, 2],
		]);
	});

	it.each<[what: string, failing: () => Promise<IDataObject>, message: string]>([
		['n8n cannot read it', async () => await Promise.reject(new Error('The database is gone')), 'database'],
		['the pinned key is unreadable', async () => ({ webhookPublicKey: 'garbage' }), "'Webhook Public Key'"],
		['the Base URL is wrong', async () => ({ baseUrl: 'nowhere' }), "'Base URL'"],
	])('does not keep a failure: %s', async (_name, failing, message) => {
		credential = failing;
		await expect(read()).rejects.toThrow(message);
		expect(await readSettings(contextOf('a'))).toEqual({
			unreadableBecause: expect.stringContaining(message) as string,
		});
		credential = async () => ({});
		expect(await read()).toEqual({ baseUrl: 'https://api.videosdk.live/' });
		expect(reads).toBe(3);
	});

	it('tells workflows apart, for the credential may hold an expression, and credentials', async () => {
		const hostOf = async (...of: Parameters<typeof contextOf>) =>
			(await verificationSettings(contextOf(...of))).baseUrl;
		expect(await hostOf('a', 'w1')).toBe('https://api.videosdk.live/');
		credential = async () => ({ baseUrl: 'https://other.example.com' });
		expect(await hostOf('a', 'w2')).toBe('https://other.example.com/');
		expect(await hostOf('a', 'w1')).toBe('https://api.videosdk.live/');
		expect(reads).toBe(2);
		expect(await hostOf('b', 'w1')).toBe('https://other.example.com/');
	});
});

describe('readVerificationSettings', () => {
	it.each([undefined, null, '', ' \n\t'])('uses the published key if the field is %j', (webhookPublicKey) => {
		expect(readVerificationSettings({ webhookPublicKey })).toEqual({ baseUrl: 'https://api.videosdk.live/' });
	});

	it('has the key with which contexts are signed if the secret is not blank', async () => {
		for (const secretKey of ['', ' ', null]) {
			expect(readVerificationSettings({ secretKey })).not.toHaveProperty('contextKey');
		}
		const data = { secretKey: ' secret\n' };
		const target = { webhook: { endPoint: 'https://n8n.example.com/x', events: [] }, context: { a: 1 } };
		const signed = await withSignedContext(target, async () => ({ data }) as never);
		const text = new URL(String(signed?.endPoint)).searchParams.get('context');
		const { contextKey: key } = readVerificationSettings(data);
		expect(key && verifyContext(text, key)).toEqual({ a: 1 });
		expect(key?.equals(contextKey('secret'))).toBe(true);
	});

	it('refuses a private key in words that do not repeat it', () => {
		const pem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
		expect(() => readVerificationSettings({ webhookPublicKey: pem })).toThrow(
			/^Clear 'Webhook Public Key' in the VideoSDK Agent Cloud credential [^-]+$/,
		);
	});
});

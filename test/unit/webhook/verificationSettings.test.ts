import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { forgetNodes } from '../../../nodes/VideoSdkAgentCloud/n8n/boundedStores';
import {
	readSettings,
	readVerificationSettings,
} from '../../../nodes/VideoSdkAgentCloud/webhook/verificationSettings';
import { rsaKeyPair } from '../../simulator/keyPair';
import { NODE } from '../support';

const pair = rsaKeyPair();
const KEYS = { apiKey: 'key', secretKey: ' secret\n\u200b' };
const PUBLISHED = { baseUrl: 'https://api.videosdk.live/', pinnedKey: undefined };
let credential: () => Promise<IDataObject>;
const getCredentials = jest.fn(async () => await credential());
const getWorkflow = () => ({ id: 'w1' });
const context = { getNode: () => NODE, getWorkflow, getCredentials } as unknown as IWebhookFunctions;

beforeEach(() => {
	forgetNodes();
	getCredentials.mockClear();
});

it('A credential is read once for many deliveries that come at once', async () => {
	credential = async () => KEYS;
	await Promise.all(Array.from({ length: 50 }, async () => await readSettings(context)));
	expect(getCredentials).toHaveBeenCalledTimes(1);
});

const entered = (more: object) => async () => ({ ...KEYS, ...more });
it.each<[what: string, failing: () => Promise<IDataObject>, message: string]>([
	['n8n cannot read it', async () => await Promise.reject(new Error('The database is gone')), 'database'],
	[
		'it has an expression that needs an item',
		async () => await Promise.reject(new Error("Node '' hasn't been executed")),
		'has an expression that needs an item',
	],
	['the pinned key is unreadable', entered({ webhookPublicKey: 'garbage' }), "'Webhook Public Key'"],
	['the Base URL is wrong', entered({ baseUrl: 'nowhere' }), "'Base URL'"],
])('A failure is not kept: %s', async (_name, failing, message) => {
	credential = failing;
	const unreadableBecause = expect.stringContaining(message) as string;
	expect(await readSettings(context)).toEqual({ unreadableBecause });
	credential = async () => KEYS;
	expect(await readSettings(context)).toEqual(PUBLISHED);
	expect(getCredentials).toHaveBeenCalledTimes(2);
});

it('A blank field is none: the published key counts, which takes the keys', () => {
	for (const blank of [undefined, null, '', ' \n\t', '\u200b']) {
		expect(readVerificationSettings({ ...KEYS, webhookPublicKey: blank })).toEqual(PUBLISHED);
		expect(() => readVerificationSettings({ ...KEYS, secretKey: blank })).toThrow("'Secret Key'");
		const pinned = readVerificationSettings({ webhookPublicKey: pair.publishedPem, secretKey: blank });
		expect(pinned.pinnedKey).toBeDefined();
	}
});

it('A private key is refused in words that do not repeat it', () => {
	const pem = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
	expect(() => readVerificationSettings({ webhookPublicKey: pem })).toThrow(
		/^Clear 'Webhook Public Key' in the VideoSDK Agent Cloud credential [^-]+$/,
	);
});

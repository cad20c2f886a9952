/**
 * The trigger's own work for a delivery, without n8n: parse, verify, match, skip duplicates. Run by n8n's own Node.js with
 * --expose-gc, on the built files: `node ownShare.ts <package folder> times <repetitions> <events>` or
 * `node ownShare.ts <package folder> memory <events>`
 */
import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Answer {
	workflowData?: unknown[][];
}
interface Trigger {
	webhook: { call(context: object): Promise<Answer> };
}
interface Signed {
	rawBody: Buffer;
	signature: string;
}

const [folder = '', mode = '', ...counts] = process.argv.slice(2);
const file = join(folder, 'dist/nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node.js');
const { VideoSdkAgentCloudTrigger } = createRequire(file)(file) as {
	VideoSdkAgentCloudTrigger: new () => Trigger;
};
const trigger = new VideoSdkAgentCloudTrigger();
/** Signing a hundred thousand events with a key of the usual length would take minutes. */
const KEY_BITS = mode === 'memory' ? 1_024 : 2_048;
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS });
const pem = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();

/** An event of a session of its own. */
function signedEvent(bytes: number): Signed {
	const data = { sessionId: `session-${randomUUID()}`, note: '' };
	const event = { webhookType: 'ai-deployment-session-started', data };
	data.note = randomBytes(bytes)
		.toString('base64')
		.slice(0, Math.max(0, bytes - JSON.stringify(event).length));
	const rawBody = Buffer.from(JSON.stringify(event));
	return { rawBody, signature: sign('RSA-SHA256', rawBody, privateKey).toString('base64') };
}

const PARAMETERS: Record<string, unknown> = {
	verifySignature: true,
	events: ['ai-deployment-session-started', 'ai-deployment-session-failed'],
	options: {},
};
const NODE = { id: 'node', credentials: { videoSdkAgentCloudApi: { id: 'credential' } } };

/** What n8n gives the webhook function. The published key is fetched once, from here. */
function contextFor({ rawBody, signature }: Signed, onClose: (listener: () => void) => void): object {
	return {
		getRequestObject: () => ({ rawBody }),
		getHeaderData: () => ({ 'videosdk-signature': signature }),
		getQueryData: () => ({}),
		getNodeWebhookUrl: () => 'https://n8n.example.com/webhook/id/webhook',
		getResponseObject: () => ({
			statusCode: 200,
			writableFinished: true,
			once: (_event: string, listener: () => void) => onClose(listener),
		}),
		getNodeParameter: (name: string) => PARAMETERS[name],
		getNode: () => NODE,
		getWorkflow: () => ({ id: 'workflow' }),
		getMode: () => 'webhook',
		getCredentials: async () => ({ baseUrl: 'https://api.videosdk.live', webhookPublicKey: '' }),
		helpers: {
			httpRequestWithAuthentication: async () => ({
				statusCode: 200,
				headers: {},
				body: JSON.stringify({ publicKey: pem }),
			}),
		},
	};
}

/** @returns the time that the webhook function took, in ms */
async function deliver(event: Signed): Promise<number> {
	let close = (): void => {};
	const context = contextFor(event, (listener) => (close = listener));
	const startedAt = performance.now();
	const answer = await trigger.webhook.call(context);
	const ms = performance.now() - startedAt;
	if (answer.workflowData?.[0]?.length !== 1) throw new Error('A genuine event was not taken in.');
	close();
	return ms;
}

async function timesOf(bytes: number, count: number): Promise<number[]> {
	const signed = Array.from({ length: count }, () => signedEvent(bytes));
	const times: number[] = [];
	for (const event of signed) times.push(await deliver(event));
	return times;
}

async function measureTimes(repetitions: number, events: number): Promise<object> {
	// Warms up, and fetches the key.
	await timesOf(4_096, 500);
	const small: number[][] = [];
	const large: number[][] = [];
	for (let repetition = 0; repetition < repetitions; repetition++) {
		small.push(await timesOf(4_096, events));
		large.push(await timesOf(262_144, events / 4));
	}
	return { small, large };
}

/** The heap after collection, at the beginning and at each tenth of the way. */
async function measureMemory(events: number): Promise<object> {
	const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => {});
	const heapMb: number[] = [];
	for (let done = 0; done <= events; done++) {
		await deliver(signedEvent(400));
		if (done % (events / 10) !== 0) continue;
		collect();
		heapMb.push(process.memoryUsage().heapUsed / 1e6);
	}
	return { heapMb };
}

async function main(): Promise<void> {
	const [first = 0, second = 0] = counts.map(Number);
	const result = mode === 'memory' ? await measureMemory(first) : await measureTimes(first, second);
	process.stdout.write(`${JSON.stringify(result)}\n`);
}

void main();

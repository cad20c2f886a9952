/** In a real n8n: where the key comes from that events are checked by, and how long it counts. */
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { waitFor } from '../n8n/processes';
import type { KeyFaultMode, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { n8nOptions, VERSIONS } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PATIENT, setUp } from './setup';

/** What the package promises for all that is sent later, and some time for the way. */
const MINUTE_MS = 60_000;
const SLACK_MS = 8_000;
const PATIENCE_MS = 120_000;
/** No more, so that n8n stores all their runs before the sender gives up, on a busy machine too. */
const COLD_START_DELIVERIES = 20;
const PAUSE_BETWEEN_TRIES_MS = 2_000;

let setup: Setup;
const simulators: Simulator[] = [];

/** A VideoSDK of its own, with its own key: nothing of it is known to n8n yet. */
async function newSimulator(keyMode: KeyFaultMode = 'ok'): Promise<Simulator> {
	const simulator = await startSimulator({ lifecycle: false, ...PATIENT });
	simulator.rotateKey();
	simulator.keyFault(keyMode);
	simulators.push(simulator);
	return simulator;
}

const credentialData = (simulator: Simulator, webhookPublicKey: string) => ({
	name: 'VideoSDK',
	type: CREDENTIAL_TYPE,
	data: {
		apiKey: simulator.apiKey,
		secretKey: simulator.secret,
		baseUrl: simulator.url,
		webhookPublicKey,
	},
});

/** A published workflow with the trigger and a credential of its own. */
class Receiver {
	private constructor(
		readonly url: string,
		readonly workflowId: string,
		private readonly credentialId: string,
	) {}

	/** Makes the workflow, without publishing it. */
	static async create(simulator: Simulator, webhookPublicKey = ''): Promise<Receiver> {
		const { rest, url } = setup.n8n;
		const { id } = await rest.createCredential(credentialData(simulator, webhookPublicKey));
		const webhookId = randomUUID();
		const node = ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', {}, { typeVersion: 1, webhookId });
		node.credentials = { [CREDENTIAL_TYPE]: { id, name: 'VideoSDK' } };
		const workflow = await rest.createWorkflow(chain('Keys', [node, n8nNode('After', 'noOp')]));
		return new Receiver(`${url}/webhook/${webhookId}/webhook`, workflow.id, id);
	}

	static async publish(simulator: Simulator, webhookPublicKey = ''): Promise<Receiver> {
		const receiver = await Receiver.create(simulator, webhookPublicKey);
		await setup.n8n.rest.activate(receiver.workflowId);
		// Answered without a look at the key: no signature at all.
		await setup.n8n.rest.waitForWebhook(receiver.url);
		return receiver;
	}

	/** Publishes it in vain. @returns what n8n says: 1.x at once, 2.x a moment later in the status that the editor shows */
	async whyNotPublished(): Promise<string> {
		const { rest } = setup.n8n;
		try {
			await rest.activate(this.workflowId);
		} catch (error) {
			return String(error);
		}
		return await waitFor(
			'the publication to fail',
			async () => {
				const status = JSON.stringify(
					await rest.call('GET', `/workflows/${this.workflowId}/publication-status`),
				);
				return /fail|error/i.test(status) ? status : undefined;
			},
			PATIENCE_MS,
		);
	}

	async changeCredential(simulator: Simulator, webhookPublicKey = ''): Promise<void> {
		await setup.n8n.rest.updateCredential(this.credentialId, credentialData(simulator, webhookPublicKey));
	}

	/** Delivers a new event. @returns the status */
	async deliver(simulator: Simulator, signer: (body: string) => string = simulator.sign): Promise<number> {
		const body = newEvent();
		const { status } = await simulator.deliver(this.url, body, { signature: signer(body) });
		return status ?? 0;
	}

	/** Delivers new events until one gets the status, as all must that are sent after a minute. @returns how long it took */
	async untilAnswered(wanted: number, simulator: Simulator): Promise<number> {
		const from = Date.now();
		await waitFor(
			`an answer ${wanted}`,
			async () => {
				const sentAfterMs = Date.now() - from;
				if ((await this.deliver(simulator)) === wanted) return true;
				expect(sentAfterMs).toBeLessThan(MINUTE_MS + SLACK_MS);
				return undefined;
			},
			PATIENCE_MS,
			PAUSE_BETWEEN_TRIES_MS,
		);
		return Date.now() - from;
	}
}

const newEvent = () =>
	JSON.stringify({
		webhookType: 'ai-deployment-session-started',
		data: { sessionId: `session-${randomUUID()}` },
	});

function ownKey(format: 'pkcs1' | 'spki') {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	return {
		pem: publicKey.export({ type: format, format: 'pem' }).toString(),
		sign: (body: string) => createSign('RSA-SHA256').update(body).sign(privateKey, 'base64'),
	};
}

/** A key server that gave its key once and fails since. */
interface FailingKeyServer {
	mode: KeyFaultMode;
	simulator: Simulator;
	receiver: Receiver;
	forge: (body: string) => string;
}

async function failsAfterTheFirstFetch(mode: KeyFaultMode): Promise<FailingKeyServer> {
	const simulator = await newSimulator();
	const receiver = await Receiver.publish(simulator);
	expect(await receiver.deliver(simulator)).toBe(200);
	simulator.keyFault(mode);
	return { mode, simulator, receiver, forge: ownKey('spki').sign };
}

/** Forges deliveries until one makes n8n ask the failing key server. @returns how often it was asked */
async function askedInVain({ mode, simulator, receiver, forge }: FailingKeyServer): Promise<number> {
	// In the first minute n8n asks nobody, whatever comes.
	expect(await receiver.deliver(simulator, forge)).toBe(401);
	expect(simulator.keyRequests).toBe(1);
	await waitFor(
		`the key server (${mode}) to be asked again`,
		async () => {
			expect(await receiver.deliver(simulator, forge)).toBe(401);
			return simulator.keyRequests > 1 ? true : undefined;
		},
		PATIENCE_MS,
		PAUSE_BETWEEN_TRIES_MS,
	);
	expect(await receiver.deliver(simulator)).toBe(200);
	return simulator.keyRequests - 1;
}

describe.each(VERSIONS)('n8n %s', (version) => {
	const keyFaults: KeyFaultMode[] = version === '2.41.1' ? ['down', 'garbage', 'hang'] : ['down'];

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version) });
	});

	afterAll(async () => {
		await setup.stop();
		await Promise.all(simulators.splice(0).map(async (simulator) => await simulator.close()));
	});

	test.each(keyFaults)(
		'the first fetch fails (%s): 503 in JSON, recovered without a restart',
		async (mode) => {
			const simulator = await newSimulator(mode);
			const receiver = await Receiver.publish(simulator);
			const body = newEvent();
			const refused = await simulator.deliver(receiver.url, body);
			expect(refused.status).toBe(503);
			expect(JSON.parse(refused.responseText ?? '')).toEqual({
				message: 'The signature cannot be verified now, try again later',
			});
			simulator.keyFault('ok');
			const from = Date.now();
			// The same event, as a sender does that tries again.
			await waitFor(
				'the redelivery to be taken',
				async () => ((await simulator.deliver(receiver.url, body)).status === 200 ? true : undefined),
				MINUTE_MS,
			);
			const tookMs = Date.now() - from;
			// n8n 1.x answers before the run exists.
			const runs = await waitFor(
				'the run',
				async () => {
					const found = await setup.n8n.rest.listExecutions({ workflowId: receiver.workflowId });
					return found.length > 0 ? found : undefined;
				},
				MINUTE_MS,
			);
			expect(runs).toHaveLength(1);
			figure(
				`n8n ${version}: key server ${mode} at first, then well: taken after`,
				`${tookMs} ms`,
				'some seconds',
			);
		},
	);

	test('many deliveries at once on a cold start: one fetch', async () => {
		const simulator = await newSimulator();
		const receiver = await Receiver.publish(simulator);
		const statuses = await Promise.all(
			Array.from({ length: COLD_START_DELIVERIES }, async () => await receiver.deliver(simulator)),
		);
		expect(statuses.filter((status) => status !== 200)).toEqual([]);
		expect(simulator.keyRequests).toBe(1);
		figure(
			`n8n ${version}: key fetches for ${COLD_START_DELIVERIES} deliveries at once on a cold start`,
			simulator.keyRequests,
			'1',
		);
	});

	test.each(['pkcs1', 'spki'] as const)(
		'a pinned key (%s) is obeyed, the published one refused',
		async (format) => {
			const simulator = await newSimulator();
			const pinned = ownKey(format);
			const receiver = await Receiver.publish(simulator, `\n  ${pinned.pem}\n`);
			expect(await receiver.deliver(simulator, pinned.sign)).toBe(200);
			expect(await receiver.deliver(simulator)).toBe(401);
			expect(simulator.keyRequests).toBe(0);
		},
	);

	test('an unreadable pinned key is refused when the workflow is published, in words', async () => {
		const simulator = await newSimulator();
		const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const pems = [
			'not a key',
			'-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
			privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
		];
		// At the same time: n8n 2.x tries for some seconds before it gives up.
		await Promise.all(
			pems.map(async (pem) => {
				const receiver = await Receiver.create(simulator, pem);
				expect(await receiver.whyNotPublished()).toMatch(
					/Webhook Public Key.{0,5} in the VideoSDK Agent Cloud credential is not an RSA public key/,
				);
				expect(await receiver.deliver(simulator)).not.toBe(200);
			}),
		);
	});

	// One test, since each of these takes a minute.
	test('a new key, and a changed credential, count within a minute, the old ones no longer; while the key server fails, the last good key serves', async () => {
		const rotating = await newSimulator();
		const rotated = await Receiver.publish(rotating);
		const [before, after] = [await newSimulator(), await newSimulator()];
		const moved = await Receiver.publish(before);
		const pinned = await Receiver.publish(before);
		const pin = ownKey('spki');
		for (const receiver of [moved, pinned]) expect(await receiver.deliver(before)).toBe(200);
		// Last of all: the minutes in which they are not asked again begin now.
		const failing = await Promise.all(keyFaults.map(failsAfterTheFirstFetch));
		expect(await rotated.deliver(rotating)).toBe(200);

		const oldBody = newEvent();
		const oldSignature = rotating.sign(oldBody);
		/** Looks at once: after another minute the old signature would make n8n fetch the key again. */
		const untilRotated = async () => {
			const tookMs = await rotated.untilAnswered(200, rotating);
			const old = await rotating.deliver(rotated.url, oldBody, { signature: oldSignature });
			expect(old.status).toBe(401);
			// One at first, one for the new key.
			expect(rotating.keyRequests).toBe(2);
			return tookMs;
		};
		rotating.rotateKey();
		await moved.changeCredential(after);
		await pinned.changeCredential(before, pin.pem);
		const from = Date.now();
		const [rotationMs, movedMs, pinnedMs, fetchesInVain] = await Promise.all([
			untilRotated(),
			moved.untilAnswered(200, after),
			pinned.untilAnswered(401, before),
			Promise.all(failing.map(askedInVain)),
		]);
		expect(await moved.deliver(before)).toBe(401);
		expect(await pinned.deliver(before, pin.sign)).toBe(200);
		for (const [index, { mode }] of failing.entries()) {
			expect([mode, fetchesInVain[index]]).toEqual([mode, 1]);
			figure(
				`n8n ${version}: key server ${mode} after a minute, fetches in vain before the next genuine event was taken`,
				fetchesInVain[index] ?? 0,
				'1',
			);
		}
		figure(`n8n ${version}: a new key was taken up after`, `${rotationMs} ms`, 'a minute at most');
		figure(
			`n8n ${version}: a changed credential counted after`,
			`${movedMs} ms (Base URL), ${pinnedMs} ms (pinned key)`,
			'a minute at most',
		);
		figure(`n8n ${version}: key fetches in ${Date.now() - from} ms of rotation`, rotating.keyRequests, '2');
	});
});

import { eventBody, strangersKey } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, passTime, useRig } from './rig';

const MINUTE = 60_000;

const rig = useRig();

let number = 0;

/** Delivers an event that never came before. @returns the status that the sender sees */
async function deliver(trigger: PublishedTrigger, signature?: string): Promise<number | undefined> {
	number += 1;
	const { status } = await rig.simulator.deliver(trigger.url, eventBody('started', `session-${number}`), {
		signature,
	});
	return status;
}

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	await trigger.settled();
	expect(trigger.runs).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

describe('When no key is to be had', () => {
	it.each(['down', 'garbage'] as const)(
		'a delivery is answered 503, and the next ones are verified when it can be had again: %s',
		async (mode) => {
			const trigger = await rig.engine.publish();
			rig.simulator.keyFault(mode);
			expect(await deliver(trigger)).toBe(503);
			await expectRuns(trigger, 0);
			rig.simulator.keyFault('ok');
			passTime(1100);
			expect(await deliver(trigger)).toBe(200);
			expect(await deliver(trigger, 'AAAA')).toBe(401);
			await expectRuns(trigger, 1);
		},
	);

	it('the answer is a short sentence in JSON', async () => {
		const trigger = await rig.engine.publish();
		rig.simulator.keyFault('down');
		const { responseText } = await rig.simulator.deliver(trigger.url, eventBody('started'));
		expect(JSON.parse(responseText ?? '')).toEqual({ message: expect.stringMatching(/Try again later/) });
	});
});

describe('The published key', () => {
	it('is fetched anew when a signature does not fit, and the new key counts from then on', async () => {
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(200);
		const before = rig.simulator.sign(JSON.stringify(eventBody('started', 'session-old')));
		rig.simulator.rotateKey();
		passTime(MINUTE + 1000);
		expect(await deliver(trigger)).toBe(200);
		expect(rig.simulator.keyRequests).toBe(2);
		const old = await rig.simulator.deliver(trigger.url, eventBody('started', 'session-old'), {
			signature: before,
		});
		expect(old.status).toBe(401);
		await expectRuns(trigger, 2);
	});

	it('is that of the Base URL in the credential', async () => {
		const other = await rig.addSimulator();
		other.rotateKey();
		rig.engine.setCredentials(rig.credentials({ baseUrl: other.url }));
		const trigger = await rig.engine.publish({ events: EVENT_NAMES });
		expect(await deliver(trigger)).toBe(401);
		expect((await other.deliver(trigger.url, eventBody('stopped'))).status).toBe(200);
		expect(rig.simulator.keyRequests).toBe(0);
	});
});

describe('A pinned key', () => {
	const pin = (webhookPublicKey: string): void =>
		rig.engine.setCredentials(rig.credentials({ webhookPublicKey }));

	it('counts in place of the published one', async () => {
		pin(rig.simulator.publicKeyPem);
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(200);
		expect(await deliver(trigger, 'AAAA')).toBe(401);
		await expectRuns(trigger, 1);
		expect(rig.simulator.keyRequests).toBe(0);
	});

	it('that is another one turns all deliveries away, and no other is fetched', async () => {
		pin(strangersKey().publicPem);
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(401);
		passTime(2 * MINUTE);
		expect(await deliver(trigger)).toBe(401);
		await expectRuns(trigger, 0);
		expect(rig.simulator.keyRequests).toBe(0);
	});

	it.each<[string, string]>([
		['no key', 'my key'],
		['a private key', strangersKey().privatePem],
	])('that cannot be used is refused in words on publishing: %s', async (_what, pem) => {
		pin(pem);
		const error: unknown = await rig.engine.publish().catch((reason: unknown) => reason);
		expect(error).toMatchObject({
			name: 'NodeOperationError',
			message: expect.stringMatching(/Clear 'Webhook Public Key'.*doesn't contain an RSA public key/),
		});
	});
});

it('A Base URL that is none is refused in words on publishing', async () => {
	rig.engine.setCredentials(rig.credentials({ baseUrl: 'example' }));
	await expect(rig.engine.publish()).rejects.toMatchObject({
		message: expect.stringContaining("'Base URL'"),
	});
});

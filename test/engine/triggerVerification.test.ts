/** Which key counts, and what n8n's log says of what is turned away: the sender alone sees the answer. */
import { eventBody, strangersKey } from './delivery';
import type { PublishedTrigger } from './publishedTrigger';
import { EVENT_NAMES, expectNoSecrets, passTime, useRig } from './rig';

const MINUTE = 60_000;

const rig = useRig();

let number = 0;

/** Delivers an event that never came before. @returns the status that the sender sees */
async function deliver(trigger: PublishedTrigger, signature?: string | null): Promise<number | undefined> {
	number += 1;
	const body = eventBody('started', `session-${number}`);
	return (await rig.simulator.deliver(trigger.url, body, { signature })).status;
}

const textsOf = ({ log }: PublishedTrigger, level: string) =>
	log.filter((entry) => entry.level === level).map(({ text }) => text);

/** The only warning, and nothing worse. */
function warningOf(trigger: PublishedTrigger): string {
	expect(textsOf(trigger, 'error')).toEqual([]);
	const warnings = textsOf(trigger, 'warn');
	expect(warnings).toHaveLength(1);
	return warnings[0] ?? '';
}

const pin = (webhookPublicKey: string): void =>
	rig.engine.setCredentials(rig.credentials({ webhookPublicKey }));

async function expectRuns(trigger: PublishedTrigger, count: number): Promise<void> {
	await trigger.settled();
	expect(trigger.runs).toHaveLength(count);
	expect(trigger.thrown).toEqual([]);
}

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
	it('counts in place of the published one', async () => {
		pin(rig.simulator.publicKeyPem);
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(200);
		expect(await deliver(trigger, 'AAAA')).toBe(401);
		await expectRuns(trigger, 1);
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

describe('A delivery that is answered 401 is logged as a warning with its reason and a next step:', () => {
	it('not signed', async () => {
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger, null)).toBe(401);
		expect(warningOf(trigger)).toMatch(/401/);
		expect(warningOf(trigger)).toMatch(/signature|signed/i);
	});

	it('wrongly signed', async () => {
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger, 'AAAA')).toBe(401);
		expect(warningOf(trigger)).toMatch(/401/);
		expect(warningOf(trigger)).toMatch(/signature/i);
		// Where the key comes from that the signature does not fit.
		expect(warningOf(trigger)).toMatch(/['"](Base URL|Webhook Public Key)['"]/);
	});

	it('signed by another key than the pinned one, and no other key is fetched', async () => {
		pin(strangersKey().publicPem);
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(401);
		expect(warningOf(trigger)).toMatch(/['"]Webhook Public Key['"]/);
		expect(rig.simulator.keyRequests).toBe(0);
	});
});

describe('A delivery that is answered 503 is logged as a warning with the reason:', () => {
	it.each<[string, RegExp, () => void | Promise<void>]>([
		['the API is down', /503.*Service unavailable/s, () => rig.simulator.keyFault('down')],
		['its answer holds no key', /status 200|not a.* key|no.* key/i, () => rig.simulator.keyFault('garbage')],
		[
			'the host cannot be reached',
			/127\.0\.0\.1:\d+.*(can't reach|ECONNREFUSED)|(can't reach|ECONNREFUSED).*127\.0\.0\.1:\d+/s,
			async () => {
				const gone = await rig.addSimulator();
				await gone.close();
				rig.engine.setCredentials(rig.credentials({ baseUrl: gone.url }));
			},
		],
		[
			'the credential is incomplete',
			/['"]Secret Key['"]/,
			() => rig.engine.setCredentials(rig.credentials({ secretKey: '' })),
		],
	])('%s', async (_why, reason, spoil) => {
		await spoil();
		const trigger = await rig.engine.publish();
		expect(await deliver(trigger)).toBe(503);
		expect(warningOf(trigger)).toMatch(/503/);
		expect(warningOf(trigger)).toMatch(reason);
	});

	it('the pinned key has become unreadable', async () => {
		const trigger = await rig.engine.publish();
		pin('my key');
		expect(await deliver(trigger)).toBe(503);
		expect(warningOf(trigger)).toMatch(/['"]Webhook Public Key['"]/);
	});

	it('the API was asked a moment ago, and is not asked again', async () => {
		const trigger = await rig.engine.publish();
		rig.simulator.keyFault('down');
		jest.spyOn(Date, 'now').mockReturnValue(Date.now());
		expect([await deliver(trigger), await deliver(trigger)]).toEqual([503, 503]);
		expect(rig.simulator.keyRequests).toBe(1);
		expect(textsOf(trigger, 'debug').at(-1)).toMatch(/Service unavailable/);
	});
});

describe('However much is sent', () => {
	it('there is one warning a minute, and the rest is logged at debug', async () => {
		const trigger = await rig.engine.publish();
		for (let count = 0; count < 10; count++) await deliver(trigger, null);
		expect(textsOf(trigger, 'warn')).toHaveLength(1);
		expect(textsOf(trigger, 'debug')).toHaveLength(9);
		rig.simulator.keyFault('down');
		expect(await deliver(trigger)).toBe(503);
		expect(textsOf(trigger, 'warn')).toHaveLength(1);
		passTime(MINUTE + 1000);
		await deliver(trigger, null);
		expect(textsOf(trigger, 'warn')).toHaveLength(2);
	});

	it('each trigger has a warning of its own', async () => {
		const [one, two] = [await rig.engine.publish(), await rig.engine.publish()];
		for (const trigger of [one, two, one, two]) await deliver(trigger, null);
		for (const trigger of [one, two]) expect(textsOf(trigger, 'warn')).toHaveLength(1);
	});

	it('neither secrets nor what a stranger sent are in the log', async () => {
		const trigger = await rig.engine.publish();
		const body = { ...eventBody('started', 'session-by-a-stranger'), text: 'buy now' };
		for (const mode of ['ok', 'down', 'garbage'] as const) {
			rig.simulator.keyFault(mode);
			for (const signature of [null, 'by-a-stranger']) {
				// The key that was fetched first goes on serving.
				expect((await rig.simulator.deliver(trigger.url, body, { signature })).status).toBe(401);
			}
			passTime(2 * MINUTE);
		}
		expect(textsOf(trigger, 'warn')).toHaveLength(3);
		expectNoSecrets(rig, trigger.log);
		const rejected = trigger.log.map(({ text }) => text).join();
		expect(rejected).not.toContain('stranger');
		expect(rejected).not.toContain('buy now');
	});
});

describe('What starts no workflow though it is genuine is logged at debug:', () => {
	it('an event that was not chosen', async () => {
		const trigger = await rig.engine.publish();
		for (const event of ['stopped', 'starting']) {
			expect((await rig.simulator.deliver(trigger.url, eventBody(event))).status).toBe(200);
		}
		expect(trigger.log.map(({ level }) => level)).toEqual(['debug', 'debug']);
		expect(trigger.log[0]?.text).toContain('stopped');
		expect(trigger.log[1]?.text).toContain('starting');
	});

	it('an event of another deployment', async () => {
		const trigger = await rig.engine.publish({ options: { deploymentIds: 'ddv_support' } });
		const body = { ...eventBody('started'), data: { sessionId: 'session-1', deploymentId: 'ddv_sales' } };
		expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
		expect(trigger.log.map(({ level }) => level)).toEqual(['debug']);
	});

	it('a duplicate', async () => {
		const trigger = await rig.engine.publish();
		for (let count = 0; count < 2; count++) await rig.simulator.deliver(trigger.url, eventBody('started'));
		expect(await trigger.received()).toHaveLength(1);
		expect(trigger.log.map(({ level }) => level)).toEqual(['debug']);
		expect(trigger.log[0]?.text).toMatch(/started.*6f1c|6f1c.*started/s);
	});
});

it('An event that starts the workflow is not logged', async () => {
	const trigger = await rig.engine.publish();
	expect(await deliver(trigger)).toBe(200);
	expect(await trigger.received()).toHaveLength(1);
	expect(trigger.log).toEqual([]);
});

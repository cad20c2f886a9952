/** A time limit holds for the whole of an answer, also if it drips: a byte now and then keeps no one waiting. */
import { byRule, made } from './callRig';
import { eventBody } from './delivery';
import { passTime, useRig } from './rig';
import { StoredTrigger } from './triggerHooks';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const drip = (path: RegExp, body?: object) => rig.simulator.addFault({ kind: 'drip', match: { path }, body });
const deliver = async (url: string, id: string) =>
	(await rig.simulator.deliver(url, eventBody('started', `session-${id}`))).status;

it('Events are answered in time while no key can be had, and by the last good key', async () => {
	const trigger = await rig.engine.publish();
	drip(/rsa-public-key/);
	expect(await deliver(trigger.url, '1')).toBe(503);
	passTime(10_000);
	expect(await deliver(trigger.url, '2')).toBe(200);
	passTime(61 * 60_000);
	drip(/rsa-public-key/);
	expect(await deliver(trigger.url, '3')).toBe(200);
});

it('A trigger is unpublished while the check at a start of n8n is under way', async () => {
	const trigger = new StoredTrigger(rig.engine, { events: ['call-hangup'] });
	await trigger.publish();
	drip(/sip\/webhooks/);
	await trigger.restart();
	await new Promise((resolve) => setTimeout(resolve, 500));
	const startedAtMs = Date.now();
	await trigger.unpublish();
	expect(Date.now() - startedAtMs).toBeLessThan(30_000);
});

it('No call goes out after Calling Hours because a look at the rule took long', async () => {
	drip(/routing-rule/);
	jest.setSystemTime(Date.parse('2026-12-01T17:59:30Z'));
	const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', to: '18:00', timeZone: 'UTC' };
	await rig.engine.run({ parameters: byRule({ options: { callingHours: { hours } } }) });
	for (const { receivedAtMs } of made(rig))
		expect(receivedAtMs).toBeLessThan(Date.parse('2026-12-01T18:00Z'));
});

it('One start that takes long leaves no other call without a hang-up at Max Wait', async () => {
	drip(/sip\/call$/, { message: 'x'.repeat(800) });
	const startedAtMs = Date.now();
	const parameters = byRule({ operation: 'makeAndWait', maxWait: 1, maxWaitUnit: 'minutes' });
	const settings = { items: rows(2), onError: 'continueRegularOutput' as const };
	const waiting = await rig.engine.startAndWait(60_000, parameters, settings);
	await waiting.jsonWithin();
	const end = rig.requests.find(({ path }) => path.endsWith('/end'));
	expect((end?.receivedAtMs ?? Infinity) - startedAtMs).toBeLessThan(120_000);
});

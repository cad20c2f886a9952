/** A time limit holds for the whole of an answer, also if it drips: a byte now and then keeps no one waiting. Of a trigger: see triggerOptions. */
import { byRule, made } from './callRig';
import { useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const drip = (path: RegExp, body?: object) => rig.simulator.addFault({ kind: 'drip', match: { path }, body });

it('No call goes out after Calling Hours because a look at the rule took long', async () => {
	drip(/routing-rule/);
	jest.setSystemTime(Date.parse('2026-12-01T17:59:30Z'));
	const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '09:00', to: '18:00', timeZone: 'UTC' };
	await rig.run(byRule({ options: { callingHours: { hours } } }));
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

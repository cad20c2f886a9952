/** An item that was not called, or may not have been, says so: a workflow goes on by `outcome` and `to`. */
import type { Fault } from '../../simulator';
import { ADA, GRACE, numbersCalled, callEach, TO } from '../rig/callRig';
import { failureOf, jsonOf, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });
const call = callEach(rig);
const called = () => numbersCalled(rig);

/** On either output: see model. */
it('An item that fails says whether someone may have been called, and who', async () => {
	rig.simulator.addFault({ kind: 'status', status: 500 });
	rig.simulator.addFault({ kind: 'status', status: 400, body: { message: 'Number is not allowed' } });
	const numbers = ['0151 23', '', '+1 (555) 000-3001', GRACE, TO];
	expect(jsonOf(await call(numbers, {}, { onError: 'continueRegularOutput' }))).toEqual([
		{
			outcome: 'notCalled',
			to: '0151 23',
			reasonCode: 'refused',
			error: "'To' isn't a phone number: 0151 23",
		},
		{ outcome: 'notCalled', reasonCode: 'refused', error: "'To' is empty" },
		{ outcome: 'inDoubt', to: ADA, error: expect.stringContaining(`the call to ${ADA} may have been made`) },
		{
			outcome: 'notCalled',
			to: GRACE,
			reasonCode: 'failed',
			error: expect.stringContaining('Number is not allowed'),
		},
		expect.objectContaining({ outcome: 'running', to: TO }),
	]);
});

const refusal: Fault = { kind: 'status', status: 401 };
it.each<[string, unknown[], Fault[], boolean]>([
	['a number that is none', [ADA, '12'], [], true],
	['a refusal', [ADA], [refusal], true],
	['a refusal after a call', [ADA, GRACE], [{ kind: 'delay' }, refusal], false],
	['a call in doubt', [ADA], [{ kind: 'status', status: 500 }], false],
])('A failure that stops the node says if no one was called: %s', async (_what, numbers, faults, isNoOne) => {
	for (const fault of faults) rig.simulator.addFault(fault);
	const { message, description } = failureOf(await call(numbers));
	expect(message).toContain(`[item ${numbers.length - 1}]`);
	expect(/No one was called in this run of the node\.$/.test(description)).toBe(isNoOne);
});

it('A node that stops names the numbers of all calls in doubt', async () => {
	rig.simulator.addFault({
		kind: 'status',
		status: 500,
		until: () => called().length === 2,
		match: { times: 2 },
	});
	const { message, description } = failureOf(await call([ADA, GRACE], { maxConcurrency: 2 }));
	expect(message).toContain(`the call to ${ADA} may have been made`);
	expect(description).toContain(`The call for item 1 (${GRACE}) may have been made.`);
});

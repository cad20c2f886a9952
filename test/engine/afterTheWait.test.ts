/** What the nodes after a wait get: from the resumed execution, and at n8n's own deadline, which passes the node's input on. */
import { startParameters, useRig } from './rig';
import { type WaitingRun } from './waitingRun';

const rig = useRig();
const MAX_WAIT_MS = 600_000;
const SOON_MS = 1_000;

/** Starts two sessions, of which the first is rejected. */
async function start(maxWaitMs: number): Promise<WaitingRun> {
	rig.simulator.addFault({ kind: 'status', status: 403, match: { path: /start$/ } });
	const parameters = startParameters({ operation: 'startAndWait', options: { maxConcurrency: 1 } });
	const items = [{ row: 0 }, { row: 1 }];
	return await rig.engine.startAndWait(maxWaitMs, parameters, { items, onError: 'continueErrorOutput' });
}
const rejected = expect.objectContaining({ row: 0, error: expect.stringContaining("doesn't allow") });
const rows = ({ resumed }: WaitingRun) => ({
	success: resumed?.routed.success.map(({ json }) => json),
	failure: resumed?.routed.failure.map(({ json }) => json),
});

it('An end found by polling goes to the success output, a rejected start to the error output', async () => {
	const waiting = await start(MAX_WAIT_MS);
	for (const session of rig.simulator.sessions.values()) session.status = 'stopped';
	await waiting.resumedWithin();
	expect(rows(waiting)).toEqual({
		success: [expect.objectContaining({ status: 'stopped', event: 'stopped' })],
		failure: [rejected],
	});
	expect(waiting.resumed?.run.status).toBe('success');
});

it("n8n's own deadline gives the same, with the sessions as they were and timedOut", async () => {
	const waiting = await start(SOON_MS);
	await waiting.reachDeadline();
	expect(rows(waiting)).toEqual({
		success: [expect.objectContaining({ status: 'queued', timedOut: true })],
		failure: [rejected],
	});
	// The request of the package itself comes too late, and is the last one.
	while (waiting.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(waiting.resumptions).toBe(1);
});

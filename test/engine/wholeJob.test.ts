import { EVENT_NAMES, jsonOf, Rig, startParameters } from './rig';

const rig = new Rig();
afterEach(async () => await rig.close());

const lifecycle = { startingMs: 20, startedMs: 40, stoppingMs: 60, stoppedMs: 80 };

/** Starts a session in one workflow and gives the events that another one received of it. */
async function eventsOfASession(events: string[] = EVENT_NAMES) {
	await rig.start({ lifecycle }, {});
	const trigger = await rig.engine.publish({ events });
	const parameters = startParameters({ webhookUrl: trigger.url, webhookEvents: EVENT_NAMES });
	const [session] = jsonOf(await rig.engine.run({ parameters }));
	const deadlineMs = Date.now() + 20_000;
	while (rig.simulator.deliveries.length < 4 && Date.now() < deadlineMs) {
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	return { sessionId: session?.sessionId, received: await trigger.received(), trigger };
}

describe('A session that one workflow starts', () => {
	it('starts another workflow by its events', async () => {
		const { sessionId, received } = await eventsOfASession();
		// The executions are side by side: any may end first.
		expect(received.map(({ event, webhookType, sessionId: id }) => [event, webhookType, id]).sort()).toEqual(
			['started', 'starting', 'stopped', 'stopping'].map((event) => [
				event,
				`ai-deployment-session-${event}`,
				sessionId,
			]),
		);
		expect(new Set(rig.simulator.deliveries.map(({ status }) => status))).toEqual(new Set([200]));
	});

	it('starts it by the events that it waits for only', async () => {
		const { received } = await eventsOfASession(['ai-deployment-session-stopped']);
		expect(received.map(({ event }) => event)).toEqual(['stopped']);
	});
});

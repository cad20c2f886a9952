/** n8n's "Retry On Fail" runs the whole node again: what was started, or may have been, must not be started once more. See model, too. */
import type { INodeParameters } from 'n8n-workflow';
import { failureOf, jsonOf, startParameters, useRig } from './rig';

const rig = useRig();

const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
const path = /start$|dispatch$/;
/** Finds the requests of one item. */
const metaData = (item: number) => ({ entries: [{ key: 'item', value: `item-${item}` }] });
const parametersOf = (options: object = {}): INodeParameters =>
	startParameters({
		metaData: { entries: [{ key: 'item', value: '=item-{{ $json.item }}' }] },
		options,
	});
const items = [0, 1, 2].map((item) => ({ item }));
/** The items whose starts reached the API, in the order in which they came. */
const sent = () =>
	rig.requests.map(({ body }) => (body as { metaData: { item: string } }).metaData.item).sort();

describe('Retry On Fail', () => {
	it('tries again what was rejected, and that alone', async () => {
		// One at a time: the second item is rejected.
		rig.simulator.addFault({ kind: 'delay', match: { path } });
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		const result = await rig.engine.run({
			items,
			parameters: parametersOf({ maxConcurrency: 1 }),
			node: retryOnFail,
		});
		expect(jsonOf(result)).toHaveLength(3);
		expect(new Set(jsonOf(result).map(({ sessionId }) => sessionId)).size).toBe(3);
		expect(sent()).toEqual(['item-0', 'item-1', 'item-1', 'item-2']);
		expect(rig.simulator.sessions.size).toBe(3);
	});

	it("that n8n goes on with although the node waits starts nothing with the wait's items", async () => {
		// n8n takes an empty 'error' for a failure, too.
		const ada = { message: 'ok', data: { sessionId: 'ada', status: 'queued', error: '' } };
		rig.simulator.addFault({ kind: 'noData', body: ada, match: { method: 'POST', body: /item-0/ } });
		rig.simulator.addFault({
			kind: 'status',
			status: 400,
			match: { method: 'POST', body: /item-1/, times: 1 },
		});
		const { metaData } = parametersOf();
		const { result } = await rig.engine.startAndWait(2_000, { metaData } as INodeParameters, {
			items: items.slice(0, 2),
			onError: 'continueRegularOutput',
			node: retryOnFail,
		});
		expect(result.run.status).toBe('waiting');
		expect(sent()).toEqual(['item-0', 'item-1']);
	});

	it('dispatches no agent again', async () => {
		rig.simulator.addFault({ kind: 'reset', match: { path } });
		const result = await rig.engine.run({
			parameters: { resource: 'agent', operation: 'dispatch', agentId: 'agent_support', meetingId: 'room' },
			node: retryOnFail,
		});
		expect(failureOf(result).description).toContain('check the room');
		expect(rig.requests).toHaveLength(1);
	});

	it('asks again for what costs nothing', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400 });
		const result = await rig.engine.run({
			parameters: { resource: 'session', operation: 'getAll' },
			node: retryOnFail,
		});
		expect(result.error).toBeUndefined();
		expect(rig.requests).toHaveLength(2);
	});

	it('tells runs of the same node apart', async () => {
		for (let run = 1; run <= 2; run++) {
			await rig.engine.run({
				parameters: startParameters({ metaData: metaData(run) }),
				node: { ...retryOnFail, id: 'node' },
			});
		}
		expect(rig.simulator.sessions.size).toBe(2);
	});
});

describe('When one of many starts fails', () => {
	it('the others that may have begun are named, too', async () => {
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		rig.simulator.addFault({ kind: 'reset', match: { path } });
		const result = await rig.engine.run({ items, parameters: parametersOf() });
		const { message, description } = failureOf(result);
		expect(message).toContain('status 400');
		expect(description).toMatch(/One session was started before this: [\w-]+\./);
		expect(description).toMatch(/The session for item [12] may have been started. Before you start again/);
	});

	it('the agents that were dispatched are named by their rooms', async () => {
		rig.simulator.addFault({ kind: 'delay', match: { path } });
		rig.simulator.addFault({ kind: 'status', status: 400, match: { path } });
		const result = await rig.engine.run({
			items,
			parameters: {
				resource: 'agent',
				operation: 'dispatch',
				agentId: 'agent_support',
				meetingId: 'room',
				options: { maxConcurrency: 1 },
			},
		});
		expect(failureOf(result).description).toContain('One agent was dispatched before this: room.');
	});

	it('one that waits for its turn after "too many requests" is not sent any more', async () => {
		const headers = { 'retry-after': '30' };
		rig.simulator.addFault({ kind: 'status', status: 429, headers, match: { path } });
		rig.simulator.addFault({ kind: 'status', status: 400, delayMs: 100, match: { path } });
		const result = await rig.engine.run({ items: items.slice(0, 2), parameters: parametersOf() });
		expect(result.error).toBeDefined();
		expect(rig.requests).toHaveLength(2);
		expect(rig.simulator.sessions.size).toBe(0);
	});
});

describe('The words of the API', () => {
	it.each(['connect ETIMEDOUT 10.0.0.3:8080', 'read ECONNRESET', 'preexisting session'])(
		'do not make n8n put its own title in the place of ours: %s',
		async (text) => {
			rig.simulator.addFault({ kind: 'status', status: 502, body: { message: text } });
			const { message, description } = failureOf(await rig.engine.run({ parameters: startParameters() }));
			expect(message).toContain('(status 502); the session may have been started');
			expect(message).toContain('[item 0]');
			expect(description).toContain(text);
		},
	);
});

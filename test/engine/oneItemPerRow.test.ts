import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import type { RunResult } from './engine';
import { byId, failureOf, jsonOf, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig();

const DEPLOYMENT_IDS = Array.from({ length: 12 }, (_, i) => `ddv_campaign_${String(i + 1).padStart(2, '0')}`);
const items = (ids: string[]): IDataObject[] => ids.map((id) => ({ id }));

/** Starts a session of each item's deployment. */
async function startEach(
	ids: string[],
	more: IDataObject = {},
	onError?: 'continueRegularOutput' | 'continueErrorOutput',
): Promise<RunResult> {
	const parameters = startParameters({ deploymentId: byId('={{ $json.id }}'), ...more });
	return await rig.engine.run({ items: items(ids), parameters, onError });
}

const deploymentsOf = (output: INodeExecutionData[] | undefined) =>
	output?.map(({ json }) => json.deploymentId ?? 'error');
const pairsOf = (output: INodeExecutionData[] | undefined) => output?.map(({ pairedItem }) => pairedItem);
const startedDeployments = () =>
	rig.requests.map(({ body }) => (body as { deploymentId: string }).deploymentId);

describe('The output', () => {
	it.each([3, 50])('is in order when the answers are not, with %i in flight', async (maxConcurrency) => {
		for (const index of DEPLOYMENT_IDS.keys()) {
			rig.simulator.addFault({ kind: 'delay', delayMs: index % 3 === 0 ? 80 : 5 * (12 - index) });
		}
		const { output } = await startEach(DEPLOYMENT_IDS, { options: { maxConcurrency } });
		expect(deploymentsOf(output[0])).toEqual(DEPLOYMENT_IDS);
		expect(pairsOf(output[0])).toEqual(DEPLOYMENT_IDS.map((_, item) => ({ item })));
	});

	it('is paired with the right item of a list for each', async () => {
		await startEach(['ddv_sales', 'ddv_support', 'ddv_support']);
		const parameters: INodeParameters = {
			resource: 'session',
			operation: 'getAll',
			filters: { deploymentId: '={{ $json.id }}' },
		};
		const { output } = await rig.engine.run({
			items: items(['ddv_support', 'none', 'ddv_sales']),
			parameters,
		});
		expect(deploymentsOf(output[0])).toEqual(['ddv_support', 'ddv_support', 'ddv_sales']);
		expect(pairsOf(output[0])).toEqual([{ item: 0 }, { item: 0 }, { item: 2 }]);
	});

	it('does not hold what came in', async () => {
		const [session] = jsonOf(await startEach(['ddv_sales']));
		expect(session).not.toHaveProperty('id');
	});
});

describe('Max Concurrency', () => {
	/** Answers nothing until so many requests have come, and then leaves time for more. @returns how many came before an answer */
	function holdAnswers(count: number): () => number {
		let came = 0;
		rig.simulator.addFault({
			kind: 'delay',
			until: () => rig.requests.length >= count,
			delayMs: 300,
			body: () => void (came ||= rig.requests.length),
			match: { times: count },
		});
		return () => came;
	}

	it('is the number of requests that wait for an answer at a time', async () => {
		const came = holdAnswers(3);
		await startEach(DEPLOYMENT_IDS.slice(0, 6), { options: { maxConcurrency: 3 } });
		expect(came()).toBe(3);
	});

	it('is 100 unless told otherwise', async () => {
		const came = holdAnswers(100);
		await startEach(Array.from({ length: 105 }, (_, index) => DEPLOYMENT_IDS[index % 12] ?? ''));
		expect(came()).toBe(100);
	});
});

describe('With "continue on error"', () => {
	it('an item that failed has only its error, and the others are untouched', async () => {
		const ids = ['ddv_sales', 'missing', 'ddv_support'];
		const { output, error } = await startEach(ids, {}, 'continueRegularOutput');
		expect(error).toBeUndefined();
		expect(output).toHaveLength(1);
		expect(deploymentsOf(output[0])).toEqual(['ddv_sales', 'error', 'ddv_support']);
		expect(output[0]?.[1]?.json).toEqual({
			error: expect.stringMatching(/Deployment not found/),
		});
		expect(pairsOf(output[0])).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});

	it('an item with a bad field has only its error, and the others are sent', async () => {
		const { output } = await startEach(['ddv_sales', ' ', 'ddv_support'], {}, 'continueRegularOutput');
		expect(deploymentsOf(output[0])).toEqual(['ddv_sales', 'error', 'ddv_support']);
		expect(output[0]?.[1]?.json).toEqual({ error: "'Deployment' is empty" });
		expect(startedDeployments().sort()).toEqual(['ddv_sales', 'ddv_support']);
	});

	it('an expression that fails belongs to its item, too', async () => {
		const { output } = await startEach(
			['ddv_sales', 'ddv_support'],
			{ tag: '={{ $json.id === "ddv_sales" ? "latest" : $json.id.noSuchThing.deeper }}' },
			'continueRegularOutput',
		);
		expect(deploymentsOf(output[0])?.[0]).toBe('ddv_sales');
		expect(output[0]).toHaveLength(2);
	});

	it('an error output takes the items that failed, and the other the rest', async () => {
		const ids = ['ddv_sales', 'missing', '', 'ddv_support'];
		const { output, routed, error } = await startEach(ids, {}, 'continueErrorOutput');
		expect(error).toBeUndefined();
		expect(output).toHaveLength(2);
		expect(deploymentsOf(routed.success)).toEqual(['ddv_sales', 'ddv_support']);
		expect(routed.failure.map(({ json }) => json.error)).toEqual([
			expect.stringMatching(/Deployment not found/),
			"'Deployment' is empty",
		]);
		// n8n adds what came in, so that the user can see which item it was.
		expect(routed.failure.map(({ json }) => json.id)).toEqual(['missing', '']);
	});
});

describe('Without "continue on error"', () => {
	it('no request is made if any item has a bad field', async () => {
		const { message } = failureOf(await startEach(['ddv_sales', 'ddv_support', '']));
		expect(message).toBe("'Deployment' is empty [item 2]");
		expect(rig.requests).toHaveLength(0);
	});

	it('keeps the advice and the status of the failure beside the sessions that were started', async () => {
		const { error } = await startEach(['ddv_sales', 'missing'], { options: { maxConcurrency: 1 } });
		expect(error).toMatchObject({ httpCode: '404', context: { itemIndex: 1 } });
		expect((error as { description: string }).description).toMatch(/One session was started.*Check each ID/s);
	});

	it('names no sessions that were only looked at', async () => {
		const id = await rig.existingSession();
		const parameters: INodeParameters = {
			resource: 'session',
			operation: 'get',
			sessionId: '={{ $json.id }}',
			options: { maxConcurrency: 1 },
		};
		const { description } = failureOf(await rig.engine.run({ items: items([id, 'x']), parameters }));
		expect(description).not.toContain(id);
		expect(rig.requests.map(({ path }) => path)).toEqual([`${SESSIONS}/${id}`, `${SESSIONS}/x`]);
	});
});

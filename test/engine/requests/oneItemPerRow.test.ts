/** Each row has its own outcome, settings, and credential, in order. What combinations of rows do: see model. */
import {
	type IDataObject,
	type INodeExecutionData,
	type INodeParameters,
	WorkflowExpression,
} from 'n8n-workflow';
import { byRule, CALL, fromSip } from '../rig/callRig';
import { byId, parametersOf, passTime, startParameters, useRig } from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig({ callBehaviour: false });

const list = parametersOf('session', 'getAll', { filters: { deploymentId: '={{ $json.id }}' } });
/** Starts a session of each item's deployment. */
async function startEach(ids: string[], more: IDataObject = {}, onError?: 'continueErrorOutput') {
	const parameters = startParameters({ deploymentId: byId('={{ $json.id }}'), ...more });
	return await rig.run(parameters, { items: ids.map((id) => ({ id })), onError });
}
const deploymentsOf = (output: INodeExecutionData[] | undefined) =>
	output?.map(({ json }) => json.deploymentId ?? 'error');
const pairsOf = (output: INodeExecutionData[] | undefined) =>
	output?.map(({ pairedItem }) => (pairedItem as { item: number }).item);

it('The output is paired with the right item of a list for each', async () => {
	await startEach(['ddv_sales', 'ddv_support', 'ddv_support']);
	const items = ['ddv_support', 'none', 'ddv_sales'].map((id) => ({ id }));
	const { output } = await rig.run(list, { items });
	expect(deploymentsOf(output[0])).toEqual(['ddv_support', 'ddv_support', 'ddv_sales']);
	expect(pairsOf(output[0])).toEqual([0, 0, 2]);
});

it('The error of an expression belongs to its item, too', async () => {
	const tag = '={{ $json.id === "ddv_sales" ? "latest" : $("Nowhere").item }}';
	const { routed } = await startEach(['ddv_sales', 'ddv_support'], { tag }, 'continueErrorOutput');
	expect([deploymentsOf(routed.success), routed.failure.length]).toEqual([['ddv_sales'], 1]);
});

const download = parametersOf('recording', 'download', { url: '={{ $json.url }}' });
const unanswered = () => rig.requests.filter(({ status }) => status === undefined).length;
it.each<[string, number, INodeParameters]>([
	['3 if so chosen', 3, startParameters({ options: { maxConcurrency: 3 } })],
	['100 for sessions', 100, startParameters()],
	['5 for calls', 5, fromSip()],
	['5 for calls that are waited for', 5, fromSip({ operation: 'makeAndWait', options: { ownRoom: false } })],
	['12 for calls if so chosen', 12, fromSip({ options: { maxConcurrency: 12 } })],
	['4 for files, whatever was chosen', 4, { ...download, options: { maxConcurrency: 100 } }],
])('Max Concurrency is %s', async (_what, count, parameters) => {
	let most = 0;
	// Nothing is answered until so many have come, and there was time for more. Nothing is sent after a failure.
	rig.simulator.addFault({
		kind: 'status',
		status: 404,
		delayMs: 300,
		until: () => rig.requests.length >= count,
		body: () => void (most = Math.max(most, unanswered())),
		match: { times: Infinity },
	});
	const items = Array.from({ length: 105 }, () => ({ url: `${rig.simulator.url}/files/x` }));
	expect((await rig.run(parameters, { items })).error).toBeDefined();
	expect([most, rig.requests.length]).toEqual([count, count]);
});

it('Simplify and Hang Up When Max Wait Ends count for their own item', async () => {
	const parameters = byRule({
		operation: 'makeAndWait',
		metaData: { entries: [{ key: 'ends', value: '={{ $json.ends }}' }] },
		options: { hangUpAtTimeout: '={{ $json.ends }}', simplify: '={{ $json.ends }}', maxConcurrency: 1 },
	});
	const items = [{ ends: false }, { ends: true }, { ends: false }];
	const start = async () => await rig.engine.startAndWait(12_000, parameters, { items });
	const output = await (await start()).jsonWithin();
	expect(output?.map((json) => [json.timedOut, json.hungUpAtTimeout, 'timelog' in json])).toEqual([
		[true, undefined, true],
		[true, true, false],
		[true, undefined, true],
	]);
	expect(rig.requests.filter(({ path }) => path === `${CALL}/end`)).toHaveLength(1);
	// At n8n's own deadline, too.
	const { routed } = await (await start()).reachDeadline();
	const shown = routed.success.map(({ json }) => [json.timedOut, 'timelog' in json]);
	expect(shown).toEqual([true, false, true].map((isWhole) => [true, isWhole]));
});

it('n8n does other work while many items are read', async () => {
	let turn = 0;
	let next = setImmediate(function count() {
		turn++;
		next = setImmediate(count);
	});
	const { getParameterValue } = WorkflowExpression.prototype;
	const readInTurns = new Set<number>();
	const spy = jest.spyOn(WorkflowExpression.prototype, 'getParameterValue').mockImplementation(function (
		this: WorkflowExpression,
		...values
	) {
		if (values[0] === '={{ $json.phone }}') readInTurns.add(turn);
		passTime(1);
		return getParameterValue.apply(this, values);
	});
	const items = rows(100).map(({ index }) => ({ phone: `+1555000${3_000 + index}` }));
	await rig.run(byRule({ to: '={{ $json.phone }}' }), { items });
	clearImmediate(next);
	spy.mockRestore();
	expect(readInTurns.size).toBeGreaterThanOrEqual(5);
});

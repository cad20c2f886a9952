import http from 'node:http';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { eventBody } from './delivery';
import { useRig } from './rig';
import { rows } from './waitingRun';

const rig = useRig({ callBehaviour: false });
const MAX_WAIT_MS = 20_000;
const sessions = () => [...rig.simulator.sessions.values()];

/** One after another, so that the sessions come in the order of the items. */
const startAndWait = async (
	count: number,
	settings: object = {},
	{ options = {}, ...more }: INodeParameters = {},
) =>
	await rig.engine.startAndWait(
		MAX_WAIT_MS,
		{ options: { maxConcurrency: 1, ...(options as INodeParameters) }, ...more },
		{ items: rows(count), node: settings },
	);

/** Ends a session and delivers its event. @returns what the sender got */
async function deliverEnd(index: number): Promise<number | undefined> {
	const session = sessions()[index];
	if (session === undefined) throw new Error(`There is no session ${index}`);
	session.status = 'stopped';
	const event = eventBody('stopped', `session-${session.sessionId}`);
	return (await rig.simulator.deliver(String(session.webhook?.endPoint), event)).status;
}

/** As `deliverEnd`, but the sender goes away while n8n still asks VideoSDK. */
async function deliverEndAndLeave(index: number): Promise<void> {
	const session = sessions()[index];
	if (session === undefined) throw new Error(`There is no session ${index}`);
	session.status = 'stopped';
	rig.simulator.latencyMs = 400;
	const body = JSON.stringify(eventBody('stopped', `session-${session.sessionId}`));
	const headers = { 'content-type': 'application/json', 'videosdk-signature': rig.simulator.sign(body) };
	const url = String(session.webhook?.endPoint);
	await new Promise<void>((resolve) => {
		const request = http.request(url, { method: 'POST', headers, agent: false });
		request.on('error', () => resolve());
		request.end(body);
		setTimeout(() => request.destroy(new Error('gone')), 200);
	});
}

it.each([
	['', 0],
	[', and n8n is asked again if it fails then', 1],
])('An end is not lost if its sender has gone away meanwhile%s', async (_what, failures) => {
	const waiting = await startAndWait(1, {}, { maxWait: 10, maxWaitUnit: 'minutes' });
	waiting.failures = failures;
	await deliverEndAndLeave(0);
	const [json] = (await waiting.jsonWithin()) ?? [];
	expect(json).toMatchObject({ status: 'stopped', outcome: 'completed', event: 'stopped' });
	expect(json).not.toHaveProperty('timedOut');
});

it.each(['a }} b', '{{ $json }}', 'a "b" \\ \'c\'', 'Ünïcode ✆', 'constructor', 'toString', 'a\u2028b'])(
	'A node of any name is resumed: %s',
	async (name) => {
		const waiting = await startAndWait(1, { name });
		expect(await deliverEnd(0)).toBe(200);
		await waiting.resumedWithin();
		expect(waiting.resumed?.routed.success).toMatchObject([{ json: { event: 'stopped' } }]);
	},
);

it('What is stored wrong is answered 503 and resumes nothing', async () => {
	const waiting = await startAndWait(1);
	const [context] = Object.values(waiting.result.run.data.executionData?.contextData ?? {});
	const stored = { ...context };
	(context as IDataObject).agentCloudWait = '{"kind":';
	expect(await deliverEnd(0)).toBe(503);
	expect(waiting.output).toBeUndefined();
	Object.assign(context as IDataObject, stored);
	expect(await deliverEnd(0)).toBe(200);
});

it('Waiting keeps nothing in the static data of the workflow', async () => {
	const waiting = await startAndWait(2);
	const staticData = () => rig.engine.staticData.get(waiting.workflow.id);
	expect(staticData()).toEqual({});
	await deliverEnd(0);
	await deliverEnd(1);
	expect(staticData()).toEqual({});
	await waiting.resumedWithin();
	expect(waiting.output).toHaveLength(2);
});

it('A resume that n8n accepted and did not carry out can be asked for again after a minute', async () => {
	const waiting = await startAndWait(1);
	expect(await deliverEnd(0)).toBe(200);
	expect(waiting.resumptions).toBe(1);
	await waiting.resumedWithin();
	waiting.loseResumption();
	expect(await deliverEnd(0)).toBe(200);
	expect(waiting.resumptions).toBe(1);
	await new Promise((resolve) => setTimeout(resolve, 60_000));
	expect(await deliverEnd(0)).toBe(200);
	expect(waiting.resumptions).toBe(2);
});

it('An end that n8n could not act on is told again', async () => {
	const waiting = await rig.engine.startAndWait(600_000);
	waiting.failures = 1;
	expect(await deliverEnd(0)).toBe(500);
	expect(await waiting.jsonWithin()).toMatchObject([{ status: 'stopped' }]);
	expect(waiting.resumptions).toBe(1);
});

it('Each item has its own Max Wait and is ended by its own option', async () => {
	const options = { endAtTimeout: '={{ $json.index !== 1 }}' };
	const maxWait = '={{ $json.index === 2 ? 2 : 0.5 }}';
	const waiting = await startAndWait(3, {}, { options, maxWait, maxWaitUnit: 'minutes' });
	expect(await waiting.jsonWithin()).toMatchObject([
		{ timedOut: true, endedAtTimeout: true },
		{ timedOut: true, outcome: 'running' },
		{ timedOut: true, endedAtTimeout: true },
	]);
	const ends = rig.requests.filter(({ path }) => path.endsWith('/end')).map(({ body }) => body);
	expect(ends).toMatchObject([0, 2].map((index) => ({ sessionId: sessions()[index]?.sessionId })));
});

it('A session that VideoSDK does not know any more comes out at Max Wait, as last known', async () => {
	const waiting = await startAndWait(1, { onError: 'continueErrorOutput' }, { maxWait: 1 });
	rig.simulator.sessions.clear();
	const [json] = (await waiting.jsonWithin()) ?? [];
	expect(json).toMatchObject({ timedOut: true, outcome: 'running' });
	expect(json).not.toHaveProperty('error');
});

describe('Another process', () => {
	it('that receives an event asks the API, and resumes by that event if the others have ended unnoticed', async () => {
		const waiting = await startAndWait(3);
		waiting.receiver = await rig.addEngine();
		for (const session of sessions().slice(1)) session.status = 'failed';
		expect(await deliverEnd(0)).toBe(200);
		const events = (await waiting.resumedWithin())?.map(({ json }) => json.event);
		expect(events).toEqual(['stopped', 'failed', 'failed']);
	});

	it.each([
		['reads the records from the API', undefined],
		['gives at least the statuses if the API fails', 500],
	])('that receives our request %s', async (_what, status) => {
		const waiting = await startAndWait(3, {}, { maxWait: 5 });
		waiting.receiver = await rig.addEngine();
		for (const session of sessions()) session.status = 'stopped';
		waiting.beforeReceiving = () => {
			if (status === undefined) return;
			rig.simulator.addFault({ match: { path: /sessions/, times: Infinity }, kind: 'status', status });
		};
		const output = await waiting.jsonWithin();
		expect(output).toEqual(
			sessions().map(({ sessionId }) =>
				expect.objectContaining({ sessionId, status: 'stopped', event: 'stopped' }),
			),
		);
		for (const json of output ?? []) expect(json).not.toHaveProperty('timedOut');
	});
});

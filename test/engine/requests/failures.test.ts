/** What users read when VideoSDK fails. How often what is sent again: see test/unit/api/retry, eachOperation, and hangUpAndEnd. */
import type { INodeParameters } from 'n8n-workflow';
import { freePorts } from '../../n8n/processes';
import type { Fault, Simulator } from '../../simulator';
import { byRule } from '../rig/callRig';
import {
	byId,
	expectNoSecrets,
	failureOf,
	later,
	onEachRun,
	SESSIONS,
	startParameters,
	useRig,
} from '../rig/rig';
import { rows } from '../rig/waitingRun';

const rig = useRig();

/** No jitter: the pauses before further tries are the shortest, 250 and 500 ms. */
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));

const get: INodeParameters = { resource: 'session', operation: 'get', sessionId: 's1' };

async function failWith(parameters: INodeParameters, fault?: Fault) {
	if (fault) rig.simulator.addFault(fault);
	const result = await rig.run(parameters);
	expectNoSecrets(rig, result.error, result.thrown, result.run);
	return { ...failureOf(result), error: result.error };
}

it.each([400, 402, 429, 503])(
	"The API's own message is shown, with status %i and a next step",
	async (status) => {
		const body = { message: `What the API says about ${status}` };
		// The support asks for the ID.
		const headers = { 'retry-after': '0', 'x-request-id': 'req-4711' };
		const fault: Fault = { kind: 'status', status, body, headers, match: { times: 10 } };
		const { message, description, error } = await failWith(startParameters(), fault);
		expect(message).toContain(body.message);
		expect(message).toContain(`status ${status}`);
		expect(message).toContain('[item 0]');
		expect(description).toMatch(/^.+req-4711/);
		expect(description.includes('Max Concurrency')).toBe(status === 429);
		expect(error).toMatchObject({ name: 'NodeApiError', httpCode: String(status) });
		expect(rig.requests.filter(({ method }) => method === 'POST')).toHaveLength(status === 429 ? 6 : 1);
	},
);

it.each([
	['a wrong secret', 'Your first call', byRule()],
	['a national number', 'How to', byRule({ to: '0151 23456789' })],
	['no such routing rule', 'Troubleshooting', byRule({ routingRuleId: byId('rule_none') })],
	['no such deployment', 'Troubleshooting', startParameters({ deploymentId: byId('none') })],
])('What goes wrong most often in a first call leads to a page: %s', async (what, page, parameters) => {
	if (what === 'a wrong secret') rig.use({ secretKey: 'another-secret' });
	expect((await failWith(parameters)).description).toContain(`'${page}' in the docs`);
});

it('After too many requests half as many are sent at a time, and one more after each round that goes well', async () => {
	const inFlight: number[] = [];
	const body = () => void inFlight.push(rig.requests.filter(({ status }) => status === undefined).length);
	rig.simulator.addFault({
		kind: 'status',
		status: 429,
		headers: { 'retry-after': '0' },
		match: { times: 1 },
	});
	rig.simulator.addFault({ kind: 'delay', delayMs: 300, body, match: { times: Infinity } });
	const parameters = startParameters({ options: { maxConcurrency: 8 } });
	expect(await rig.json(parameters, { items: rows(40) })).toHaveLength(40);
	// The first eight went well, too.
	expect([inFlight[8], Math.max(...inFlight.slice(26))]).toEqual([5, 8]);
});

it('A host that cannot be reached is named, and is tried again, also for a start, since nothing was sent', async () => {
	const [port] = await freePorts(1);
	rig.use({ baseUrl: `http://127.0.0.1:${port}` });
	for (const parameters of [startParameters(), get]) {
		const { message, description } = await failWith(parameters);
		expect(message).toContain(`can't reach 127.0.0.1:${port}`);
		expect(message).not.toMatch(/may have been started/);
		expect(description).toMatch(/'Base URL'.*Nothing was sent.*ECONNREFUSED/s);
	}
	let late: Promise<Simulator> | undefined;
	// During the pause after the first try, which was refused.
	setTimeout(() => (late = rig.addSimulator({ port, lifecycle: false })), 100);
	expect(await rig.json(startParameters())).toHaveLength(1);
	expect((await late)?.requests).toHaveLength(1);
});

it('A host that speaks no https leads to Base URL', async () => {
	rig.use({ baseUrl: rig.simulator.url.replace('http:', 'https:') });
	for (const parameters of [startParameters(), get])
		expect((await failWith(parameters)).description).toMatch(/'Base URL'.*EPROTO/s);
});

it.each([302, 307])('A redirect to another host is not followed: %i', async (status) => {
	const other = await rig.addSimulator();
	for (const parameters of [startParameters(), get]) {
		const location = `${other.url}${SESSIONS}/start`;
		const { message, description } = await failWith(parameters, { kind: 'redirect', status, location });
		expect(message).toMatch(/redirect/);
		expect(message).toContain(`status ${status}`);
		expect(description).toContain("'Base URL'");
	}
	expect(other.requests).toEqual([]);
	expect(rig.requests.filter(({ path }) => path !== SESSIONS)).toHaveLength(2);
});

it('A request that starts nothing ends with its execution', async () => {
	const startMs = Date.now();
	let endMs = 0;
	onEachRun((run) => void setTimeout(() => run.cancel(), 500));
	rig.use({ baseUrl: await rig.serve((_, response) => response.once('close', () => (endMs = Date.now()))) });
	await rig.run(get);
	while (endMs === 0) await later(20);
	expect(endMs - startMs).toBeLessThan(1_000);
});

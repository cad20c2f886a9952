import type { INodeParameters } from 'n8n-workflow';
import { freePorts } from '../n8n/processes';
import type { Fault, Simulator } from '../simulator';
import { byRule } from './callRig';
import type { RunResult } from './engine';
import { byId, expectNoSecrets, failureOf, jsonOf, SESSIONS, startParameters, useRig } from './rig';

const rig = useRig();

/** No jitter: the pauses before further tries are the shortest, 250 and 500 ms. */
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));

const get: INodeParameters = { resource: 'session', operation: 'get', sessionId: 's1' };

async function runWith(parameters: INodeParameters, ...faults: Fault[]): Promise<RunResult> {
	for (const fault of faults) rig.simulator.addFault(fault);
	return await rig.engine.run({ parameters });
}

/** An answer that the simulator gives to Get, as if there was such a session. */
const found: Fault = { kind: 'noData', body: { sessionId: 's1', status: 'running' } };

const times = () => rig.requests.map(({ receivedAtMs }) => receivedAtMs);
const gaps = () =>
	times()
		.slice(1)
		.map((atMs, index) => atMs - (times()[index] ?? 0));

describe("The API's own message is shown, with the status and a next step:", () => {
	// The support asks for the ID.
	const headers = { 'retry-after': '0', 'x-request-id': 'req-4711' };

	it.each([400, 401, 402, 403, 404, 409, 422, 429, 500, 503])('%i', async (status) => {
		const body = { message: `What the API says about ${status}` };
		const result = await runWith(startParameters(), {
			kind: 'status',
			status,
			body,
			headers,
			match: { times: 10 },
		});
		const { message, description } = failureOf(result);
		expect(message).toContain(body.message);
		expect(message).toContain(`status ${status}`);
		expect(message).toContain('[item 0]');
		expect(description).toMatch(/^.+req-4711/);
		expect(result.error).toMatchObject({ name: 'NodeApiError', httpCode: String(status) });
		expectNoSecrets(rig, result.error, result.thrown, result.run);
	});
});

describe('What goes wrong most often in a first call leads to a page:', () => {
	it.each([
		['a wrong secret', 'Your first call', byRule()],
		['a national number', 'How to', byRule({ to: '0151 23456789' })],
		['no such routing rule', 'Troubleshooting', byRule({ routingRuleId: byId('rule_none') })],
		['no such deployment', 'Troubleshooting', startParameters({ deploymentId: byId('none') })],
	])('%s', async (what, page, parameters) => {
		if (what === 'a wrong secret') rig.use({ secretKey: 'another-secret' });
		const { description } = failureOf(await rig.engine.run({ parameters }));
		expect(description).toContain(`'${page}' in the docs`);
	});
});

describe('An answer that cannot be used is reported with its status and an excerpt:', () => {
	const answers: Array<[string, Fault, RegExp]> = [
		['not JSON', { kind: 'notJson', body: '<html>Welcome to the hotel</html>' }, /Welcome to the hotel/],
		['a JSON text', { kind: 'notJson', body: '"just text"' }, /just text/],
		['a JSON list', { kind: 'noData', body: [{ sessionId: 's1' }] }, /sessionId/],
		['null', { kind: 'notJson', body: 'null' }, /null/],
		['no data', { kind: 'noData', body: { message: 'ok, but nothing here' } }, /ok, but nothing here/],
		['empty data', { kind: 'noData', body: { data: {} } }, /data/],
		['data of another kind', { kind: 'noData', body: { data: 'text' } }, /text/],
	];

	it.each(answers)('%s, to a start', async (_what, fault, excerpt) => {
		const result = await runWith(startParameters(), fault);
		const { message, description } = failureOf(result);
		expect(message).toMatch(/status 200/);
		expect(message).toMatch(excerpt);
		expect(message).toMatch(/may have been started/);
		expect(message).toContain('[item 0]');
		expect(description).toMatch(/Get Many/);
		expect(rig.requests).toHaveLength(1);
		expectNoSecrets(rig, result.error, result.thrown, result.run);
	});
});

describe('A GET is sent again', () => {
	it.each<[string, Fault]>([
		['when the connection is lost', { kind: 'reset' }],
		['when the answer breaks off', { kind: 'truncate' }],
		['after a time-out', { kind: 'hang' }],
		['after status 500', { kind: 'status', status: 500 }],
		['after status 503', { kind: 'notJson', status: 503 }],
	])('%s', async (_when, fault) => {
		// The second answer has to come in time.
		const parameters = { ...get, options: { timeout: fault.kind === 'hang' ? 1_000 : 30_000 } };
		expect(jsonOf(await runWith(parameters, fault, found))).toMatchObject([found.body]);
		expect(rig.requests).toHaveLength(2);
	});

	it('twice at most', async () => {
		const { message } = failureOf(await runWith(get, { kind: 'status', status: 500, match: { times: 9 } }));
		expect(message).toMatch(/status 500/);
		expect(rig.requests).toHaveLength(3);
	});
});

describe('Too many requests', () => {
	const tooMany = (retryAfter?: string): Fault => ({
		kind: 'status',
		status: 429,
		headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
	});

	it.each([
		['a start', startParameters()],
		['a GET', get],
	])('%s is sent again after the seconds of Retry-After', async (_what, parameters) => {
		rig.simulator.addFault(tooMany('1'));
		if (parameters === get) rig.simulator.addFault(found);
		jsonOf(await rig.engine.run({ parameters }));
		expect(gaps()).toHaveLength(1);
		expect(gaps()[0]).toBeGreaterThanOrEqual(995);
		expect(gaps()[0]).toBeLessThan(6_000);
		expect(rig.simulator.sessions.size).toBe(parameters === get ? 0 : 1);
	});

	it('is given up in the end, with the advice to lower the concurrency', async () => {
		const fault = { ...tooMany('0'), match: { times: 99 } };
		const { message, description } = failureOf(await runWith(startParameters(), fault));
		expect(message).toMatch(/status 429/);
		expect(message).not.toMatch(/may have been started/);
		expect(description).toContain('Max Concurrency');
		expect(rig.requests.length).toBeGreaterThan(2);
		expect(rig.requests.length).toBeLessThan(10);
		expect(rig.simulator.sessions.size).toBe(0);
	});

	it('fewer are sent at a time from then on', async () => {
		const AT_ONCE = 8;
		const unanswered = () => rig.requests.filter(({ status }) => status === undefined).length;
		let most = 0;
		const until = () => {
			// Neither those sent before the answer nor the one that is sent again.
			if (rig.requests.length > AT_ONCE + 1) most = Math.max(most, unanswered());
			return true;
		};
		rig.simulator.addFault({ ...tooMany('0'), match: { times: 1 } });
		rig.simulator.addFault({ kind: 'delay', until, delayMs: 50, match: { times: 20 } });
		const items = Array.from({ length: 2 * AT_ONCE }, () => ({}));
		const parameters = startParameters({ options: { maxConcurrency: AT_ONCE } });
		expect(jsonOf(await rig.engine.run({ items, parameters }))).toHaveLength(items.length);
		expect(most).toBeGreaterThan(0);
		expect(most).toBeLessThan(AT_ONCE);
	});
});

describe('A host that cannot be reached', () => {
	it.each([
		['a start', startParameters()],
		['a GET', get],
	])('is named after some tries: %s', async (_what, parameters) => {
		const [port] = await freePorts(1);
		rig.use({ baseUrl: `http://127.0.0.1:${port}` });
		const result = await rig.engine.run({ parameters });
		const { message, description } = failureOf(result);
		expect(message).toContain(`can't reach 127.0.0.1:${port}`);
		expect(message).not.toMatch(/may have been started/);
		expect(description).toMatch(/'Base URL'.*Nothing was sent.*ECONNREFUSED/s);
		expectNoSecrets(rig, result.error, result.thrown, result.run);
	});

	it('is tried again, also for a start, since nothing was sent', async () => {
		const [port] = await freePorts(1);
		rig.use({ baseUrl: `http://127.0.0.1:${port}` });
		let late: Promise<Simulator> | undefined;
		// During the pause after the first try, which was refused.
		setTimeout(() => (late = rig.addSimulator({ port, lifecycle: false })), 100);
		expect(jsonOf(await rig.engine.run({ parameters: startParameters() }))).toHaveLength(1);
		expect((await late)?.requests).toHaveLength(1);
	});
});

describe('A redirect to another host', () => {
	it.each([302, 307])('is not followed: %i', async (status) => {
		const other = await rig.addSimulator();
		for (const parameters of [startParameters(), get]) {
			const location = `${other.url}${SESSIONS}/start`;
			const result = await runWith(parameters, { kind: 'redirect', status, location });
			const { message, description } = failureOf(result);
			expect(message).toMatch(/redirect/);
			expect(message).toContain(`status ${status}`);
			expect(description).toContain("'Base URL'");
			expectNoSecrets(rig, result.error, result.thrown, result.run);
		}
		expect(other.requests).toHaveLength(0);
		expect(rig.requests).toHaveLength(2);
	});
});

/** In a real n8n: a start is never doubled, and a started session is never lost from sight. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, waitFor } from '../n8n/processes';
import type { Execution, WorkflowNode } from '../n8n/rest';
import { outputOf } from '../n8n/rest';
import type { Fault, RecordedRequest, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { n8nOptions, VERSIONS } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, setUp } from './setup';

const START_PATH = /sessions\/start$/;
const NODE = 'Call';
const RUN_TIMEOUT_MS = 120_000;
/** More than any operation may send. */
const ALWAYS = 1_000;
const ITEM_COUNT = 100;

/** The operations that send a POST, each with what it needs. */
const POSTS: Record<string, { path: RegExp; parameters: object }> = {
	start: {
		path: START_PATH,
		parameters: { operation: 'start', deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' } },
	},
	startAndWait: {
		path: START_PATH,
		parameters: { operation: 'startAndWait', deploymentId: { __rl: true, mode: 'id', value: 'ddv_support' } },
	},
	end: { path: /sessions\/end$/, parameters: { operation: 'end', sessionId: 'none' } },
	dispatch: {
		path: /agent\/dispatch$/,
		parameters: { resource: 'agent', operation: 'dispatch', agentId: 'agent', meetingId: 'room' },
	},
};

/** After each of these a POST may have been carried out, or will not be. */
const FAULTS_AFTER_WHICH_NOTHING_IS_SENT_AGAIN: Record<string, Omit<Fault, 'match'>> = {
	'time-out': { kind: 'hang' },
	reset: { kind: 'reset' },
	'answer cut off': { kind: 'truncate', body: { message: 'x'.repeat(100) } },
	'answer not JSON': { kind: 'notJson' },
	'answer empty': { kind: 'empty' },
	'answer without data': { kind: 'noData' },
	'400': { kind: 'status', status: 400 },
	'401': { kind: 'status', status: 401 },
	'500': { kind: 'status', status: 500 },
	'502 not JSON': { kind: 'notJson', status: 502 },
	'503 with Retry-After': { kind: 'status', status: 503, headers: { 'retry-after': '0' } },
};

/** A busy machine may take longer for the answers that there are. */
const optionsFor = (fault: string) => (fault === 'time-out' ? { timeout: 700 } : {});

let setup: Setup;

/** Runs one of our operations behind a Manual Trigger, and yields the run. */
async function runNode(
	parameters: object,
	extra: object = {},
	before: WorkflowNode[] = [],
): Promise<Execution> {
	const { rest } = setup.n8n;
	const workflow = await rest.createWorkflow(
		chain('Starts', [
			n8nNode('Manual', 'manualTrigger'),
			...before,
			ourNode(setup, NODE, 'videoSdkAgentCloud', parameters, extra),
		]),
	);
	return await rest.runWorkflow(workflow.id, RUN_TIMEOUT_MS);
}

const errorOf = ({ data }: Execution) => ({
	message: data.resultData.error?.message ?? '',
	description: String(data.resultData.error?.description ?? ''),
});

/** What a busy machine may add to a pause. */
const STALL_MS = 10_000;

/** The pause before the second try of a request, at the least. */
const FIRST_BACKOFF_MS = 250;

const requestsTo = (path: RegExp, simulator = setup.simulator): RecordedRequest[] =>
	simulator.requests.filter((request) => path.test(request.path));

const gaps = (requests: RecordedRequest[]) =>
	requests.slice(1).map(({ receivedAtMs }, index) => receivedAtMs - (requests[index]?.receivedAtMs ?? 0));

/** A further credential; yields what a node names it by. */
async function credentialFor(data: object): Promise<{ credentials: object }> {
	const { apiKey, secret, url } = setup.simulator;
	const { id } = await setup.n8n.rest.createCredential({
		name: 'Other',
		type: CREDENTIAL_TYPE,
		data: { apiKey, secretKey: secret, baseUrl: url, webhookPublicKey: '', ...data },
	});
	return { credentials: { [CREDENTIAL_TYPE]: { id, name: 'Other' } } };
}

/** The nodes that make many items, each with the id of a deployment: an unknown one is answered 404. */
function items(isBad: (index: number) => boolean, otherDeployment = 'ddv_unknown'): WorkflowNode[] {
	const list = Array.from({ length: ITEM_COUNT }, (_, index) => ({
		deployment: isBad(index) ? otherDeployment : 'ddv_support',
		tag: `item-${index}`,
	}));
	return [
		n8nNode('List', 'set', { mode: 'raw', jsonOutput: JSON.stringify({ list }), options: {} }, 3.4),
		n8nNode('Items', 'splitOut', { fieldToSplitOut: 'list', options: {} }),
	];
}

const MANY_STARTS = {
	operation: 'start',
	deploymentId: { __rl: true, mode: 'id', value: '={{ $json.deployment }}' },
	tag: '={{ $json.tag }}',
};

beforeEach(() => {
	setup?.simulator.clearFaults();
	setup?.simulator.requests.splice(0);
	setup?.simulator.sessions.clear();
});

describe.each(VERSIONS)('n8n %s', (version) => {
	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, latencyMs: 20 } });
	});

	afterAll(async () => {
		await setup.stop();
	});

	test('a POST that may have been carried out is sent once', async () => {
		let faultsTried = 0;
		const sentTwice: string[] = [];
		for (const [operation, { path, parameters }] of Object.entries(POSTS)) {
			for (const [name, fault] of Object.entries(FAULTS_AFTER_WHICH_NOTHING_IS_SENT_AGAIN)) {
				setup.simulator.clearFaults();
				setup.simulator.requests.splice(0);
				setup.simulator.addFault({ ...fault, match: { path, times: ALWAYS } });
				const execution = await runNode({ ...parameters, options: optionsFor(name) });
				const count = requestsTo(path).length;
				faultsTried += 1;
				// An end does no harm twice.
				if (operation === 'end' ? count > 3 : count !== 1)
					sentTwice.push(`${operation}, ${name}: ${count} requests`);
				expect({ operation, name, status: execution.status }).toEqual({ operation, name, status: 'error' });
				expect(errorOf(execution).message).not.toBe('');
			}
		}
		expect(sentTwice).toEqual([]);
		figure(`n8n ${version}: faults tried on POSTs`, faultsTried);
		figure(`n8n ${version}: POSTs sent more than once after such a fault`, sentTwice.length, '0');
	});

	test('the failure of a start tells whether the session may run', async () => {
		for (const [name, mayRun] of [
			['time-out', true],
			['reset', true],
			['answer cut off', true],
			['answer not JSON', true],
			['500', true],
			['401', false],
			['400', false],
		] as const) {
			setup.simulator.clearFaults();
			const fault = FAULTS_AFTER_WHICH_NOTHING_IS_SENT_AGAIN[name] as Fault;
			setup.simulator.addFault({ ...fault, match: { path: START_PATH, times: ALWAYS } });
			const { message } = errorOf(await runNode({ ...POSTS.start?.parameters, options: optionsFor(name) }));
			const wanted = expect.stringContaining('the session may have been started');
			expect([name, message]).toEqual([name, mayRun ? wanted : expect.not.stringContaining('may have been')]);
		}
	});

	test('a credential that is not accepted: one request', async () => {
		const execution = await runNode(
			{ ...POSTS.start?.parameters },
			await credentialFor({ secretKey: 'not-the-secret' }),
		);
		expect(requestsTo(START_PATH)).toHaveLength(1);
		expect(errorOf(execution).message).toContain("didn't accept the API key and secret (status 401)");
	});

	test('a credential by row: each session is started in the project of its item', async () => {
		const other = await startSimulator({ lifecycle: false, secret: 'the-secret-of-another-project' });
		try {
			// As many teams have it: a rule with an exception, which the first items do not meet.
			const byRow = (common: string, exception: string) =>
				`={{ $json.deployment === 'ddv_sales' ? '${exception}' : '${common}' }}`;
			const credential = await credentialFor({
				baseUrl: byRow(setup.simulator.url, other.url),
				secretKey: byRow(setup.simulator.secret, other.secret),
			});
			const isSales = (index: number) => index % 10 === 9;
			const execution = await runNode(MANY_STARTS, credential, items(isSales, 'ddv_sales'));
			expect(errorOf(execution).message).toBe('');
			const tagsOf = (simulator: Simulator) =>
				requestsTo(START_PATH, simulator).map(({ body }) => (body as { tag: string }).tag);
			const tags = Array.from({ length: ITEM_COUNT }, (_, index) => `item-${index}`);
			expect(tagsOf(other).sort()).toEqual(tags.filter((_, index) => isSales(index)).sort());
			expect(tagsOf(setup.simulator).sort()).toEqual(tags.filter((_, index) => !isSales(index)).sort());
		} finally {
			await other.close();
		}
	});

	test('429 with Retry-After in seconds and as a date, and without it', async () => {
		const rateLimited = (retryAfter?: string): Fault => ({
			kind: 'status',
			status: 429,
			match: { path: START_PATH },
			headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
		});
		setup.simulator.addFault(rateLimited('2'));
		expect((await runNode({ ...POSTS.start?.parameters })).status).toBe('success');
		const [secondsGap = 0] = gaps(requestsTo(START_PATH));
		expect(secondsGap).toBeGreaterThanOrEqual(1_950);
		expect(secondsGap).toBeLessThan(2_000 + STALL_MS);

		setup.simulator.requests.splice(0);
		const date = new Date(Date.now() + 5_000).toUTCString();
		setup.simulator.addFault(rateLimited(date));
		expect((await runNode({ ...POSTS.start?.parameters })).status).toBe('success');
		const second = requestsTo(START_PATH)[1]?.receivedAtMs ?? 0;
		expect(second).toBeGreaterThanOrEqual(Date.parse(date) - 50);
		expect(second).toBeLessThan(Date.parse(date) + STALL_MS);

		setup.simulator.requests.splice(0);
		for (let count = 0; count < 3; count++) setup.simulator.addFault(rateLimited());
		expect((await runNode({ ...POSTS.start?.parameters })).status).toBe('success');
		const backoffs = gaps(requestsTo(START_PATH));
		expect(backoffs).toHaveLength(3);
		for (const [index, backoff] of backoffs.entries()) {
			// Half to the whole of 0.5, 1 and 2 s.
			expect(backoff).toBeGreaterThanOrEqual(250 * 2 ** index - 20);
			expect(backoff).toBeLessThan(500 * 2 ** index + STALL_MS);
		}
		expect(setup.simulator.sessions.size).toBe(3);
		figure(
			`n8n ${version}: waits after 429`,
			`${secondsGap} ms (Retry-After: 2), backoff ${backoffs.join(', ')} ms`,
		);
	});

	test('retries are bounded: 6 requests after 429, 3 for a GET after anything else', async () => {
		setup.simulator.addFault({
			kind: 'status',
			status: 429,
			headers: { 'retry-after': '0' },
			match: { times: ALWAYS },
		});
		await runNode({ ...POSTS.start?.parameters });
		expect(setup.simulator.requests).toHaveLength(6);
		const counts: Record<string, number> = {};
		const faults: Record<string, Omit<Fault, 'match'>> = {
			...FAULTS_AFTER_WHICH_NOTHING_IS_SENT_AGAIN,
			'429': { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
		};
		for (const [name, fault] of Object.entries(faults)) {
			setup.simulator.clearFaults();
			setup.simulator.requests.splice(0);
			setup.simulator.addFault({ ...fault, match: { times: ALWAYS } });
			await runNode({ operation: 'get', sessionId: 'some', options: optionsFor(name) });
			counts[name] = setup.simulator.requests.length;
		}
		expect(counts).toEqual({
			'time-out': 3,
			reset: 3,
			'answer cut off': 3,
			'answer not JSON': 1,
			'answer empty': 1,
			'answer without data': 1,
			'400': 1,
			'401': 1,
			'429': 6,
			'500': 3,
			'502 not JSON': 3,
			'503 with Retry-After': 3,
		});
	});

	test('many items, stop on error: every started session is named, none is begun after the failure', async () => {
		const posts = () => requestsTo(START_PATH);
		const hasFailed = () => posts().some(({ status }) => status === 404);
		// The first ones are in flight when the failure comes, and so long that others could begin.
		setup.simulator.addFault({
			kind: 'delay',
			until: hasFailed,
			delayMs: 1_000,
			match: { path: START_PATH, times: 10 },
		});
		const execution = await runNode(
			// Two places are left for the others.
			{ ...MANY_STARTS, options: { maxConcurrency: 12 } },
			{},
			items((index) => index === 37),
		);
		expect(execution.status).toBe('error');
		const { message, description } = errorOf(execution);
		expect(message).toContain('[item 37]');
		const started = [...setup.simulator.sessions.keys()];
		expect(started.length).toBeGreaterThanOrEqual(37);
		expect(started.filter((id) => !description.includes(id))).toEqual([]);
		expect(description).toContain(`${started.length} sessions were started before`);
		// By far not all: those are on their way that were begun before the answer to the failed one (20 ms).
		const failedAt = posts().findIndex(({ status }) => status === 404);
		const later = posts().length - failedAt - 1;
		expect(later).toBeLessThan(5);
		// Those in flight are awaited.
		const othersAnsweredAtMs = (posts()[failedAt]?.receivedAtMs ?? Infinity) + 1_000;
		expect(Date.parse(execution.stoppedAt ?? '')).toBeGreaterThanOrEqual(othersAnsweredAtMs - 50);
		figure(`n8n ${version}: sessions started before item 37 of 100 failed, all named`, started.length);
		figure(`n8n ${version}: starts that came after the one that failed`, later, 'below 5, of 62 left');
	});

	test('an execution that is stopped: the log names what was started, and what may have been', async () => {
		const { rest } = setup.n8n;
		setup.simulator.addFault({ kind: 'delay', match: { path: START_PATH, times: 3 } });
		setup.simulator.addFault({ kind: 'hang', match: { path: START_PATH } });
		const node = ourNode(setup, NODE, 'videoSdkAgentCloud', {
			...MANY_STARTS,
			options: { maxConcurrency: 1 },
		});
		const { id } = await rest.createWorkflow(
			chain('Stopped', [n8nNode('Manual', 'manualTrigger'), ...items(() => false), node]),
		);
		const executionId = await rest.startWorkflow(id);
		await waitFor(
			'the fourth start',
			async () => (requestsTo(START_PATH).length === 4 ? true : undefined),
			60_000,
			50,
		);
		const [first, second, third] = [...setup.simulator.sessions.keys()];
		await rest.call('POST', `/executions/${executionId}/stop`, {});
		const line = await waitFor(
			'the line in the log',
			async () => /The execution was stopped\. .*/.exec(setup.n8n.logs)?.[0],
			60_000,
			100,
		);
		expect(line).toContain(`3 sessions were started before this: ${first}, ${second}, ${third}.`);
		expect(line).toContain('The session for item 3 may also have been started');
		await sleep(1_000);
		expect(requestsTo(START_PATH)).toHaveLength(4);
	});

	test.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'])(
		'Retry On Fail, %s: nothing is started again that was started, or may have been',
		async (onError) => {
			// n8n tries the node again if the first item failed, and then runs it for all items.
			setup.simulator.addFault({ kind: 'reset', match: { path: START_PATH } });
			const retry = { onError, retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
			await runNode(
				{ ...MANY_STARTS, options: { maxConcurrency: 1 } },
				retry,
				items((index) => index === 5),
			);
			const sent = requestsTo(START_PATH).map(({ body }) => String((body as { tag: string }).tag));
			const sentAgain = sent.filter((tag, index) => tag !== 'item-5' && sent.indexOf(tag) !== index);
			expect(sentAgain).toEqual([]);
			expect(sent).toHaveLength(onError === 'stopWorkflow' ? 1 : ITEM_COUNT + 2);
			figure(`n8n ${version}: started again by Retry On Fail, ${onError}`, sentAgain.length, '0');
		},
	);

	test.each(['continueRegularOutput', 'continueErrorOutput'])(
		'many items, %s: every item has its own outcome',
		async (onError) => {
			const isBad = (index: number) => index % 7 === 3;
			const execution = await runNode(MANY_STARTS, { onError }, items(isBad));
			expect(execution.status).toBe('success');
			const byError = onError === 'continueErrorOutput';
			const good = outputOf(execution, NODE, 0);
			const bad = byError ? outputOf(execution, NODE, 1) : good.filter(({ error }) => error !== undefined);
			const badCount = Array.from({ length: ITEM_COUNT }, (_, index) => isBad(index)).filter(Boolean).length;
			expect(bad).toHaveLength(badCount);
			for (const { error } of bad)
				expect(String(error)).toContain("VideoSDK couldn't find anything with this ID");
			const ids = good.filter(({ error }) => error === undefined).map(({ sessionId }) => sessionId);
			expect(new Set(ids)).toEqual(new Set(setup.simulator.sessions.keys()));
			expect(ids).toHaveLength(ITEM_COUNT - badCount);
			// In the order of the input: each session runs the tag of its item.
			const tags = good.filter(({ error }) => error === undefined).map(({ tag }) => tag);
			const wanted = Array.from({ length: ITEM_COUNT }, (_, index) => index).filter((index) => !isBad(index));
			expect(tags).toEqual(wanted.map((index) => `item-${index}`));
			figure(
				`n8n ${version}: items of 100 with an outcome of their own, ${onError}`,
				ids.length + bad.length,
			);
		},
	);

	test('a redirect is not followed: nothing arrives at the other host', async () => {
		const foreign = await startSimulator();
		try {
			for (const status of [301, 302, 303, 307, 308]) {
				for (const parameters of [POSTS.start?.parameters, { operation: 'get', sessionId: 'some' }]) {
					setup.simulator.requests.splice(0);
					setup.simulator.addFault({
						kind: 'redirect',
						status,
						location: `${foreign.url}/ai/v1/elsewhere`,
					});
					const execution = await runNode({ ...parameters });
					expect(setup.simulator.requests).toHaveLength(1);
					expect(errorOf(execution).message).toContain(`redirect, which is not followed (status ${status})`);
				}
			}
			expect(foreign.requests).toEqual([]);
			figure(
				`n8n ${version}: requests that reached another host by a redirect`,
				foreign.requests.length,
				'0',
			);
		} finally {
			await foreign.close();
		}
	});

	test('a host that cannot be reached: told in words; a start is sent when it can be', async () => {
		const [port = 0] = await freePorts(1);
		const credential = await credentialFor({ baseUrl: `http://127.0.0.1:${port}` });
		const { message, description } = errorOf(await runNode({ ...POSTS.start?.parameters }, credential));
		expect(message).toContain(`n8n can't reach 127.0.0.1:${port}`);
		expect(description).toContain('Nothing was sent');
		expect(setup.simulator.requests).toEqual([]);

		// Until one comes between the first try, which is refused, and the last one, about a second later.
		let delayMs = 300;
		for (let attempt = 0; attempt < 15; attempt++) {
			const run = runNode({ ...POSTS.start?.parameters, options: {} }, credential);
			await sleep(delayMs);
			const late = await startSimulator({ port, lifecycle: false });
			try {
				const { status, data } = await run;
				const wasRefusedFirst = (data.resultData.runData[NODE]?.[0]?.executionTime ?? 0) >= FIRST_BACKOFF_MS;
				if (status !== 'success' || !wasRefusedFirst) {
					// Too late, or too early.
					delayMs = status === 'success' ? delayMs + 300 : Math.max(0, delayMs - 200);
					continue;
				}
				expect(late.requests).toHaveLength(1);
				expect(late.sessions.size).toBe(1);
				return;
			} finally {
				await late.close();
			}
		}
		throw new Error('No start was refused at first and then sent');
	});
});

describe('n8n 2.41.1, long waits', () => {
	test('a Retry-After of an hour is cut to a minute', async () => {
		setup = await setUp({ n8n: n8nOptions('2.41.1'), simulator: { lifecycle: false } });
		try {
			setup.simulator.addFault({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
			const execution = await runNode({ ...POSTS.start?.parameters });
			expect(execution.status).toBe('success');
			const [gap = 0] = gaps(requestsTo(START_PATH));
			expect(gap).toBeGreaterThanOrEqual(59_900);
			expect(gap).toBeLessThan(60_000 + STALL_MS);
			figure('n8n 2.41.1: wait after 429 with a Retry-After of an hour', `${gap} ms`, 'about 60,000 ms');
		} finally {
			await setup.stop();
		}
	});
});

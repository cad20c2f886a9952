import { randomUUID } from 'node:crypto';
import { waitFor } from '../n8n/processes';
import type { Execution } from '../n8n/rest';
import { isStored, outputOf } from '../n8n/rest';
import type { DeliverOptions, Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { withoutStoringRuns } from './database';
import { during, eventBody, n8nOptions, LATEST_VERSION } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, CREDENTIAL_TYPE, n8nNode, ourNode, PATIENT, setUp } from './setup';

const TRIGGER = 'When a session changes';
const AFTER = 'Handle it';
const EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;
/** In this time a run that should not be would have begun. */
const SETTLING_MS = 700;

/** What a sender sees for a moment while n8n starts. */
const START_PAGE = '200 "n8n is starting up"';

/** A published workflow that begins with our trigger. */
interface TriggerWorkflow {
	id: string;
	/** After `/webhook/`. */
	path: string;
	url: string;
}

describe.each(LATEST_VERSION)('The trigger in n8n %s', (version) => {
	let setup: Setup;
	/** Its key is never to be had. */
	let keyless: Simulator;
	let trigger: TriggerWorkflow;
	let workflowNumber = 0;
	const storesBeforeAnswering = version === '2.41.1';

	async function createTrigger(parameters: object, credentialId = setup.credentialId) {
		const webhookId = `trigger-${++workflowNumber}`;
		const { id } = await setup.n8n.rest.createWorkflow(
			chain(webhookId, [
				ourNode({ ...setup, credentialId }, TRIGGER, 'videoSdkAgentCloudTrigger', parameters, { webhookId }),
				n8nNode(
					AFTER,
					'set',
					{
						mode: 'raw',
						jsonOutput: '={{ { "told": $json.event + " of " + $json.sessionId } }}',
						options: {},
					},
					3.4,
				),
			]),
		);
		const path = `${webhookId}/webhook`;
		return { id, path, url: `${setup.n8n.url}/webhook/${path}` };
	}

	async function publish(parameters: object, credentialId?: string): Promise<TriggerWorkflow> {
		const created = await createTrigger(parameters, credentialId);
		await setup.n8n.rest.activate(created.id);
		await setup.n8n.rest.waitForWebhook(created.path);
		return created;
	}

	const allEvents = EVENTS.map((event) => `ai-deployment-session-${event}`);

	const deliver = async (body: object | string, options: DeliverOptions = {}, to = trigger) =>
		await setup.simulator.deliver(to.url, body, options);

	/**
	 * Waits until a workflow's runs are over, and yields those of one session, or all.
	 *
	 * @param least how many of these there must be: n8n 1.x answers before it stores a run
	 */
	async function runsOf(
		{ id: workflowId }: TriggerWorkflow,
		sessionId = '',
		least = 0,
	): Promise<Execution[]> {
		await during(SETTLING_MS);
		return await waitFor(
			`the end of ${least} runs`,
			async () => {
				const all = await setup.n8n.rest.executions({ workflowId });
				if (!all.every((run) => isStored(run))) return undefined;
				const runs = all.filter((run) =>
					[TRIGGER, AFTER].some((node) => JSON.stringify(outputOf(run, node)).includes(sessionId)),
				);
				return runs.length >= least ? runs : undefined;
			},
			60_000,
			200,
		);
	}

	/** What the node after the trigger handled of a session, which has at least so many runs. */
	async function handled(sessionId: string, workflow = trigger, least = 1): Promise<unknown[]> {
		const runs = await runsOf(workflow, sessionId, least);
		expect(runs.map(({ status }) => status)).toEqual(runs.map(() => 'success'));
		return runs.flatMap((run) => outputOf(run, AFTER).map(({ told }) => told));
	}

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false, ...PATIENT } });
		keyless = await startSimulator({ lifecycle: false, ...PATIENT });
		trigger = await publish({ events: allEvents });
	});

	afterAll(async () => {
		await setup?.stop();
		await keyless?.close();
	});

	describe('answers a delivery', () => {
		const sessionId = () => `s-${randomUUID()}`;
		const signed = {};

		it('that is signed and chosen with 200, and runs once', async () => {
			const id = sessionId();
			const sentAtMs = Date.now();
			const { status, responseText } = await deliver(eventBody(id, 'started', undefined, { any: 'thing' }));
			const answeredAtMs = Date.now();
			expect(status).toBe(200);
			expect(responseText).not.toContain('firstEntryJson');
			const [run, ...others] = await runsOf(trigger, id, 1);
			expect(others).toEqual([]);
			const [item] = run ? outputOf(run, TRIGGER) : [];
			expect(item).toEqual({
				event: 'started',
				webhookType: 'ai-deployment-session-started',
				sessionId: id,
				data: { sessionId: `session-${id}`, any: 'thing' },
				eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
				receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
			});
			const receivedAtMs = Date.parse(String(item?.receivedAt));
			expect(receivedAtMs).toBeGreaterThanOrEqual(sentAtMs);
			expect(receivedAtMs).toBeLessThanOrEqual(answeredAtMs);
		});

		const withoutRun: Array<[string, number, (id: string) => [object | string, DeliverOptions]]> = [
			['that is not signed', 401, (id) => [eventBody(id, 'started'), { signature: null }]],
			['that is signed with nothing', 401, (id) => [eventBody(id, 'started'), { signature: '' }]],
			[
				'that is signed for another body',
				401,
				(id) => [
					eventBody(id, 'started'),
					{ signature: setup.simulator.sign(JSON.stringify(eventBody(id, 'failed'))) },
				],
			],
			['that names no type', 400, (id) => [{ data: { sessionId: id } }, signed]],
			['that is a signed list', 400, (id) => [[{ webhookType: 'agent-session-started', id }], signed]],
			[
				'of another family of events',
				200,
				(id) => [{ webhookType: 'recording-started', data: { id } }, signed],
			],
		];

		it.each(withoutRun)('%s with %i, and does not run', async (_, wanted, delivery) => {
			const id = sessionId();
			const before = (await runsOf(trigger)).length;
			const [body, options] = delivery(id);
			const { status, responseText = '' } = await deliver(body, options);
			expect(status).toBe(wanted);
			expect(responseText.length).toBeLessThan(200);
			expect(JSON.parse(responseText)).toEqual({ message: expect.any(String) });
			expect(await runsOf(trigger)).toHaveLength(before);
		});

		it('that is malformed JSON with 4xx, and does not run', async () => {
			const before = (await runsOf(trigger)).length;
			const { status } = await deliver('{"webhookType":');
			expect(status).toBeGreaterThanOrEqual(400);
			expect(status).toBeLessThan(500);
			expect(await runsOf(trigger)).toHaveLength(before);
		});

		it('by another method than POST with 4xx, and does not run', async () => {
			const before = (await runsOf(trigger)).length;
			for (const method of ['GET', 'PUT', 'DELETE']) {
				const { status } = await fetch(trigger.url, { method });
				expect(status).toBeGreaterThanOrEqual(400);
				expect(status).toBeLessThan(500);
			}
			expect(await runsOf(trigger)).toHaveLength(before);
		});

		it('that cannot be judged with 503, and takes it once the key is to be had', async () => {
			keyless.keyFault('down');
			const { id: credentialId } = await setup.n8n.rest.createCredential({
				name: 'No key',
				type: CREDENTIAL_TYPE,
				data: { apiKey: keyless.apiKey, secretKey: keyless.secret, baseUrl: keyless.url },
			});
			const workflow = await createTrigger({ events: allEvents }, credentialId);
			await setup.n8n.rest.activate(workflow.id);
			await waitFor(
				'the webhook',
				async () => {
					const { status } = await keyless.deliver(workflow.url, {}, { signature: null });
					return status === 401 ? true : undefined;
				},
				30_000,
				100,
			);
			const id = sessionId();
			const event = eventBody(id, 'started');
			const { status, responseText = '' } = await keyless.deliver(workflow.url, event);
			expect(status).toBe(503);
			expect(JSON.parse(responseText)).toEqual({ message: expect.stringContaining('try again') });
			expect(await runsOf(workflow)).toHaveLength(0);
			keyless.keyFault('ok');
			await waitFor(
				'the event to be taken',
				async () => ((await keyless.deliver(workflow.url, event)).status === 200 ? true : undefined),
				30_000,
				200,
			);
			expect(await handled(id, workflow)).toEqual([`started of ${id}`]);
		});
	});

	describe('runs once for an event', () => {
		it('that is delivered twice one after another', async () => {
			const event = eventBody('one-after-another', 'started');
			expect((await deliver(event)).status).toBe(200);
			expect((await deliver(event)).status).toBe(200);
			await during(SETTLING_MS);
			expect((await deliver(event)).status).toBe(200);
			expect(await handled('one-after-another')).toEqual(['started of one-after-another']);
			expect(await runsOf(trigger, 'one-after-another')).toHaveLength(1);
		});

		it('that is delivered ten times at the same instant', async () => {
			const before = (await runsOf(trigger)).length;
			const event = eventBody('at-once', 'started');
			const deliveries = await Promise.all(Array.from({ length: 10 }, async () => await deliver(event)));
			expect(deliveries.map(({ status }) => status)).toEqual(Array(10).fill(200));
			expect(await handled('at-once')).toEqual(['started of at-once']);
			const runs = (await runsOf(trigger)).length - before;
			figure(`Runs after ten deliveries of one event at once (n8n ${version})`, runs, '1');
			expect(runs).toBe(1);
		});

		it('whose first delivery could not be stored', async () => {
			const event = eventBody('not-stored', 'failed');
			const refused = await withoutStoringRuns(setup.n8n, async () => {
				const first = await deliver(event);
				const together = await Promise.all([deliver(event), deliver(event), deliver(event)]);
				// n8n 1.x tries to store a run after its answer, but before it answers what is asked later.
				await setup.n8n.rest.listExecutions();
				return [first, ...together].map(({ status }) => status);
			});
			figure(
				`Answers while n8n cannot store a run (n8n ${version})`,
				refused.join(', '),
				storesBeforeAnswering ? 'never 200' : '200: n8n 1.x answers before it stores the run',
			);
			expect(await runsOf(trigger, 'not-stored')).toEqual([]);
			if (!storesBeforeAnswering) {
				// The sender was told that all is well, and nothing in the package can change that.
				expect(new Set(refused)).toEqual(new Set([200]));
				return;
			}
			for (const status of refused) expect(status).toBeGreaterThanOrEqual(500);
			expect((await deliver(event)).status).toBe(200);
			expect((await deliver(event)).status).toBe(200);
			expect(await handled('not-stored')).toEqual(['failed of not-stored']);
		});
	});

	describe('runs for', () => {
		it('each delivery, if duplicates are not to be skipped', async () => {
			const everything = await publish({ events: allEvents, options: { skipDuplicates: false } });
			const event = eventBody('not-skipped', 'started');
			await Promise.all([deliver(event, {}, everything), deliver(event, {}, everything)]);
			expect((await deliver(event, {}, everything)).status).toBe(200);
			expect(await handled('not-skipped', everything, 3)).toHaveLength(3);
		});

		it('each test in the editor', async () => {
			const { id, path } = await createTrigger({ events: allEvents });
			for (let attempt = 1; attempt <= 2; attempt++) {
				const workflow = await setup.n8n.rest.getWorkflow(id);
				const answer = await setup.n8n.rest.call('POST', `/workflows/${id}/run`, {
					workflowData: workflow,
					triggerToStartFrom: { name: TRIGGER },
				});
				expect(answer).toEqual({ waitingForWebhook: true });
				const { status } = await setup.simulator.deliver(
					`${setup.n8n.url}/webhook-test/${path}`,
					eventBody('test-run', 'started'),
				);
				expect(status).toBe(200);
				const told = await handled('test-run', { id, path, url: '' }, attempt);
				expect(told).toEqual(Array(attempt).fill('started of test-run'));
			}
		});
	});

	describe('after a restart of n8n', () => {
		it('an event that came before is not handled again', async () => {
			const event = eventBody('restarted', 'started');
			expect((await deliver(event)).status).toBe(200);
			expect(await handled('restarted')).toEqual(['started of restarted']);
			await setup.n8n.restart();
			await setup.n8n.rest.waitForWebhook(trigger.path);
			const before = (await runsOf(trigger)).length;
			for (let repetition = 0; repetition < 3; repetition++) {
				expect((await deliver(event)).status).toBe(200);
			}
			expect(await handled('restarted')).toEqual(['started of restarted']);
			const runs = (await runsOf(trigger)).length - before;
			figure(`Runs without items after a restart, for 3 more deliveries (n8n ${version})`, runs, '1 or less');
			expect(runs).toBeLessThanOrEqual(1);
			// A new event of the same session is handled.
			expect((await deliver(eventBody('restarted', 'stopped'))).status).toBe(200);
			expect(await handled('restarted', trigger, 2)).toEqual([
				'started of restarted',
				'stopped of restarted',
			]);
		});

		it('an event is taken from a sender that tries until it is answered 200', async () => {
			const event = eventBody('persistent', 'started');
			const restarted = setup.n8n.restart();
			await waitFor(
				'n8n to be gone',
				async () => ((await deliver({}, { signature: null })).error === undefined ? undefined : true),
				60_000,
				20,
			);
			const seen: Array<{ outcome: string; times: number; firstMs: number; lastMs: number }> = [];
			const beganAtMs = Date.now();
			for (;;) {
				const { status, responseText } = await deliver(event);
				// n8n's own page, to whatever is asked: nobody has looked at the event.
				const isStartPage = status === 200 && responseText?.includes('starting up') === true;
				const outcome = isStartPage ? START_PAGE : String(status ?? 'no connection');
				const atMs = Date.now() - beganAtMs;
				const last = seen.at(-1);
				if (last?.outcome === outcome) {
					last.times += 1;
					last.lastMs = atMs;
				} else seen.push({ outcome, times: 1, firstMs: atMs, lastMs: atMs });
				if (status === 200 && !isStartPage) break;
				expect(atMs).toBeLessThan(300_000);
				await during(50);
			}
			await restarted;
			// By the delivery that was answered 200, before the event is delivered once more.
			expect(await handled('persistent')).toEqual(['started of persistent']);
			figure(
				`What a sender sees while n8n restarts (n8n ${version})`,
				seen
					.map(({ outcome, times, firstMs, lastMs }) => `${times} x ${outcome} (${firstMs}-${lastMs} ms)`)
					.join(', '),
				'no 200 before the event is taken, but for the page "n8n is starting up"',
			);
			const startPages = seen.filter(({ outcome }) => outcome === START_PAGE);
			figure(
				`Of these n8n's own page "n8n is starting up", which is a 200, too (n8n ${version})`,
				startPages.reduce((sum, { times }) => sum + times, 0),
			);
			expect((await deliver(event)).status).toBe(200);
			expect(await handled('persistent')).toEqual(['started of persistent']);
		});
	});
});

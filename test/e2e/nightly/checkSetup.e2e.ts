/** Account: Check Setup in a real n8n: what it finds out about the webhooks there, and that it starts no workflow. */
import { randomUUID } from 'node:crypto';
import { outputOf } from '../../n8n/rest';
import { LATEST_VERSION, n8nOptions, publish, publishTrigger, runByHand } from '../deliveries';
import { chain, n8nNode, ourNode, setUp, type Setup } from '../setup';

type Finding = { check: string; ok: boolean; message: string; fix: string };

const EVENTS = ['ai-deployment-session-started', 'call-hangup'];

describe.each(LATEST_VERSION)('n8n %s', (version) => {
	let setup: Setup;
	/** As n8n itself writes its address. */
	let n8nUrl: string;
	const workflowIds: string[] = [];

	/** Publishes our trigger. @returns its URL as n8n itself writes it */
	async function publishOurs(parameters: object = {}) {
		const webhookId = randomUUID();
		const { workflowId, url } = await publishTrigger(setup, {
			webhookId,
			parameters: { events: EVENTS, ...parameters },
		});
		workflowIds.push(workflowId);
		return { id: workflowId, url: url.replace('127.0.0.1', 'localhost') };
	}

	/** Publishes a workflow of n8n's own Webhook node, which any request starts. @returns its URL */
	async function publishForeign(httpMethod: string): Promise<string> {
		const path = `${randomUUID()}/webhook`;
		const webhook = { ...n8nNode('Webhook', 'webhook', { httpMethod, path }, 2), webhookId: randomUUID() };
		workflowIds.push(await publish(setup.n8n, chain('Published', [webhook])));
		return `${n8nUrl}/webhook/${path}`;
	}

	async function check(fields: object): Promise<Record<string, Finding>> {
		const parameters = { resource: 'account', operation: 'checkSetup', ...fields };
		const execution = await runByHand(setup.n8n, ourNode(setup, 'Check', 'videoSdkAgentCloud', parameters));
		expect(execution.data.resultData.error).toBeUndefined();
		const findings = outputOf(execution, 'Check') as unknown as Finding[];
		return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
	}

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(version), simulator: { lifecycle: false } });
		n8nUrl = setup.n8n.url.replace('127.0.0.1', 'localhost');
	});
	afterAll(async () => await setup?.stop());

	it('finds nothing wrong, however the Production URL is written', async () => {
		const { url } = await publishOurs();
		for (const webhookUrl of [url, `${url}/`, `${url}?context=x`, url.replace('localhost', '127.0.0.1')]) {
			const findings = await check({
				deploymentId: 'ddv_support',
				tag: 'v1',
				webhookUrl,
				routingRuleId: 'rule_out_01',
				from: '+15550102001',
				gatewayId: 'gw_out_01',
			});
			expect(Object.values(findings).filter(({ ok }) => !ok)).toEqual([]);
			expect(Object.keys(findings)).toHaveLength(12);
			expect(findings.webhookPublished?.message).toBe('The trigger is published');
		}
	});

	it('finds a registration that is gone, and what is not published', async () => {
		const ours = await publishOurs();
		setup.simulator.callWebhooks.clear();
		const findings = await check({ webhookUrl: ours.url });
		expect(findings.webhookRegistered).toMatchObject({
			ok: false,
			message: expect.stringContaining("doesn't send call events"),
		});
		await setup.n8n.rest.deactivate(ours.id);
		for (const webhookUrl of [ours.url, `${n8nUrl}/webhook/${randomUUID()}/webhook/`]) {
			expect((await check({ webhookUrl })).webhookPublished).toMatchObject({
				ok: false,
				message: expect.stringContaining('No trigger is published'),
			});
		}
	});

	it('says what can be done where nothing is selected', async () => {
		const findings = await check({});
		expect(Object.keys(findings)).toEqual([
			...['credential', 'clock', 'publicKey', 'webhookPublic', 'routingRule', 'number'],
		]);
		expect(Object.values(findings).filter(({ ok }) => !ok)).toEqual([]);
		expect(findings.webhookPublic?.message).toContain(n8nUrl);
	});

	it("starts no one's workflow", async () => {
		for (const httpMethod of ['POST', 'GET']) {
			const url = await publishForeign(httpMethod);
			for (const webhookUrl of [url, `${url}/`]) {
				const { webhookPublished } = await check({ webhookUrl });
				expect(webhookPublished?.ok).toBe(httpMethod === 'POST');
				expect(webhookPublished?.message).not.toBe('The trigger is published');
			}
		}
		for (const workflowId of workflowIds) {
			expect(await setup.n8n.rest.listExecutions({ workflowId })).toEqual([]);
		}
		expect(setup.simulator.sessions.size).toBe(0);
		expect(setup.simulator.deliveries).toEqual([]);
		// n8n registers and removes the triggers.
		const changes = setup.simulator.requests.filter(({ method }) => method !== 'GET');
		expect(changes.filter(({ path }) => !path.startsWith('/v2/sip/webhooks'))).toEqual([]);
	});
});

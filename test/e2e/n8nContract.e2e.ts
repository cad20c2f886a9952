/** What waiting takes from n8n: docs/dev/architecture.md has the list. A new n8n that changes one of them is told here by name. */
import { join } from 'node:path';
import { waitFor } from '../n8n/processes';
import { OLDEST_N8N_VERSION, testedVersions } from '../n8n/installN8n';
import type { WorkflowNode } from '../n8n/rest';
import { isStored, outputOf } from '../n8n/rest';
import { isWaiting, publish, untilPublished } from './deliveries';
import { chain, CREDENTIAL_TYPE, jsonNode, n8nNode, ourCredential, to, webhookNode } from './nodes';
import { setUpAll } from './setup';

/** Its end would be the end of an expression. */
const NAME = 'Probe }} of n8n';
const HOUR_MS = 3_600_000;

describe.each(testedVersions())('n8n %s', (version) => {
	const setup = setUpAll({
		n8n: { version, env: { N8N_CUSTOM_EXTENSIONS: join(__dirname, 'probe') } },
		simulator: { lifecycle: false },
	});
	let count = 0;
	let timed: { id: string };

	beforeAll(async () => {
		// n8n looks for deadlines once a minute, while the other tests run.
		timed = await park(1_000);
	});

	/** Runs Webhook, Probe, and one node behind each output, until the probe waits, or has waited: n8n may look for deadlines at once. */
	async function park(waitMs = HOUR_MS, settings: object = {}) {
		const path = `contract-${++count}`;
		const credentials = ourCredential(setup.credentialId);
		const probe = { ...n8nNode(NAME, 'CUSTOM.probe', { waitMs }), credentials, ...settings };
		// Its output tells the URL, which is known within the execution only.
		const urlNode = jsonNode('URL', '={{ { url: $execution.resumeUrl } }}');
		const { nodes, connections } = chain(path, [webhookNode(path), urlNode, probe as WorkflowNode]);
		const outputs = 'onError' in settings ? ['Success', 'Failure'] : ['Success'];
		const id = await publish(setup.n8n, {
			name: path,
			nodes: [...nodes, ...outputs.map((name) => n8nNode(name, 'noOp'))],
			connections: { ...connections, [NAME]: { main: outputs.map((name) => to(name)) } },
		});
		const { rest } = setup.n8n;
		const isPublished = async () => (await rest.triggerByWebhook(path)).status === 200;
		await waitFor('the workflow to be published', isPublished);
		const execution = await waitFor('the probe to wait', async () => {
			const [latest] = await rest.listExecutions({ workflowId: id });
			const found = latest && (await rest.getExecution(String(latest.id)).catch(() => undefined));
			return found && (isWaiting(found) || isStored(found)) && found;
		});
		// As waiting/resuming/resumeUrl.ts makes it.
		const url = new URL(String(outputOf(execution, 'URL')[0]?.url));
		url.pathname += '/probe';
		return { id: String(execution.id), url: url.href };
	}

	const post = async (url: string, body: object) => await setup.n8n.rest.triggerByWebhook(url, body);
	const ask = async (url: string, action: string, more: object = {}) =>
		((await (await post(url, { action, ...more })).json()) as { answer: unknown }).answer;
	const resume = async (url: string, items: object[] = [{}]) => await post(url, { action: 'resume', items });

	it('hands a webhook the stored execution: the context of the node, whatever its name, and the replaced input', async () => {
		const { url } = await park();
		expect(await ask(url, 'stored')).toEqual({
			text: 'in the context',
			node: NAME,
			items: [{ replaced: true }],
		});
		await resume(url);
	});

	it('aborts a request by the signal that the context gives', async () => {
		const { url } = await park();
		setup.simulator.addFault({ kind: 'drip', match: { path: /deployments$/ } });
		const slow = `${setup.simulator.url}/ai/v1/ai-deployments`;
		expect(await ask(url, 'abort', { url: slow })).toBeLessThan(2_000);
		await resume(url);
	});

	it('answers 200 with the header that the webhook has set, and its items become the output', async () => {
		const { id, url } = await park();
		const response = await resume(url, [{ first: 1 }, { second: 2 }]);
		expect([response.status, response.headers.get('x-probe')]).toEqual([200, 'ours']);
		expect(outputOf(await setup.n8n.rest.untilEnded(id, 'Success'), 'Success')).toEqual([
			{ first: 1 },
			{ second: 2 },
		]);
	});

	it('moves an item of an error alone to the error output, with the fields of the input', async () => {
		const { id, url } = await park(HOUR_MS, { onError: 'continueErrorOutput' });
		await resume(url, [{ error: 'gone' }, { error: 'told', sessionId: 's' }]);
		const execution = await setup.n8n.rest.untilEnded(id);
		expect(outputOf(execution, 'Success')).toEqual([{ error: 'told', sessionId: 's' }]);
		expect(outputOf(execution, 'Failure')).toEqual([{ error: 'gone', url: expect.any(String) }]);
	});

	it('rejects with a code and a message of its own what comes too late, to no execution, or to another path', async () => {
		const { id, url } = await park();
		const told = async (to: string) => {
			const response = await resume(to);
			const { code, message } = (await response.json()) as { code: unknown; message: unknown };
			expect([code, response.headers.get('x-probe')]).toEqual([expect.anything(), null]);
			return String(message);
		};
		expect(await told(url.replace('/probe', '/other'))).toMatch(/does not contain a waiting webhook/);
		await resume(url);
		await setup.n8n.rest.untilEnded(id, 'Success');
		expect(await told(url)).toMatch(/has finished/);
		expect(await told(url.replace(`/${id}`, '/987654'))).toMatch(/does not exist/);
	});

	it("finds the webhook's path before its token with more behind, and after it, as n8n's Webhook Suffix stands", async () => {
		const { url } = await park();
		const withMore = new URL(url);
		withMore.searchParams.append('end', 'probe');
		for (const form of [withMore.href, `${url.replace('/probe', '')}/probe`])
			expect(await ask(form, 'stored')).toMatchObject({ node: NAME });
		await resume(url);
	});

	it('resumes with an empty item if the webhook throws, so ours never does', async () => {
		const { id, url } = await park();
		expect((await post(url, { action: 'throw' })).status).toBe(500);
		const execution = await setup.n8n.rest.untilEnded(id);
		expect(isWaiting(execution)).toBe(false);
	});

	it('lets the context of a waiting execution read the credential as it is now', async () => {
		const { url } = await park();
		const read = async () => (await ask(url, 'credential')) as { apiKey: string };
		const { apiKey } = await read();
		expect(apiKey).toBe(setup.simulator.apiKey);
		await setup.n8n.rest.call('PATCH', `/credentials/${setup.credentialId}`, {
			name: 'VideoSDK',
			type: CREDENTIAL_TYPE,
			data: { apiKey: 'changed', secretKey: setup.simulator.secret, baseUrl: setup.simulator.url },
		});
		expect((await read()).apiKey).toBe('changed');
		await resume(url);
	});

	it('passes the replaced input through at its deadline, and does not run the node again', async () => {
		const execution = await setup.n8n.rest.untilEnded(timed.id, 'Success', 150_000);
		expect(outputOf(execution, NAME)).toEqual([{ replaced: true }]);
		expect(outputOf(execution, 'Success')).toEqual([{ replaced: true }]);
	});

	/** Publishes and runs Webhook and Probe. @returns the workflow's ID */
	async function begin(does: string, settings: object = {}): Promise<string> {
		const credentials = ourCredential(setup.credentialId);
		const probe = { ...n8nNode(NAME, 'CUSTOM.probe', { does }), credentials, ...settings };
		const path = `contract-${++count}`;
		const workflowId = await publish(setup.n8n, chain(path, [webhookNode(path), probe as WorkflowNode]));
		await untilPublished(setup.n8n.url, path);
		await setup.n8n.rest.triggerByWebhook(path);
		return workflowId;
	}
	const executionOf = async (workflowId: string, ...status: string[]) =>
		await waitFor(`an execution to be ${status.join(' or ')}`, async () => {
			return (await setup.n8n.rest.listExecutions({ workflowId, status }))[0];
		});

	it('runs a node with Retry On Fail up to five times, with the same data', async () => {
		const workflowId = await begin('fails', { retryOnFail: true, maxTries: 9, waitBetweenTries: 1 });
		const { id } = await executionOf(workflowId, 'error');
		const { data } = await setup.n8n.rest.untilEnded(String(id));
		expect(data.resultData.error?.message).toContain('failed in try 5');
	});

	// At the end, since it kills n8n.
	it.each(['fails', 'hangs'])(
		'tells in a Retry which execution is retried: one whose node %s',
		async (does) => {
			const { n8n } = setup;
			const workflowId = await begin(does);
			if (does === 'hangs') {
				await executionOf(workflowId, 'running');
				await n8n.kill();
				await n8n.restart();
			}
			const { id } = await executionOf(workflowId, 'error', 'crashed');
			const retry = await n8n.rest.call<{ id: string }>('POST', `/executions/${id}/retry`, {});
			// n8n 2.14 doesn't tell: docs/waiting.md has the case.
			const told = version === OLDEST_N8N_VERSION ? {} : { retryOf: String(id) };
			expect(outputOf(await n8n.rest.untilEnded(retry.id), NAME)).toEqual([told]);
		},
	);
});

import { randomUUID } from 'node:crypto';
import { PlainError } from '../n8n/processes';
import { Client, FIRST_PAGE, type Plan } from './client';
import { Evidence } from './evidence';
import { Trials } from './trials';

/** The lists, and how they are asked for. */
const LISTS: Array<[step: string, path: string, filters?: Record<string, string>]> = [
	['sessions', '/ai/v1/ai-deployment-sessions'],
	['agents', '/ai/v1/cloud/deployments'],
	['gateways', '/v2/sip/outbound-gateways'],
	['numbers', '/v2/sip/phone-numbers'],
	['rules', '/v2/sip/routing-rule', { type: 'outbound' }],
	['webhooks', '/v2/sip/webhooks'],
	['calls', '/v2/sip/call'],
	['rooms', '/v2/rooms'],
	['recordings', '/v2/recordings'],
	['transcriptions', '/ai/v1/post-transcriptions'],
];

/**
 * Asks the API everything that the plan allows. Whatever it starts is ended again, also when it fails or is stopped.
 *
 * @throws PlainError if there can be no report: in words for whoever runs it
 */
export async function verify(plan: Plan): Promise<Evidence> {
	const evidence = new Evidence();
	const client = new Client(plan, evidence);
	const trials = new Trials(client, `verify-${randomUUID()}`);
	try {
		await readAccess(client);
		if (plan.start) checkDeployment(client, plan.start.deploymentId);
		if (plan.webhook) await checkTunnel(client);
		await readLists(client);
		if (plan.webhook) await trials.tryWebhook();
		if (plan.start) await trials.trySession();
		if (plan.call) await trials.tryCall();
	} finally {
		await trials.endAll();
	}
	evidence.events.push(...client.received());
	return evidence;
}

/** The requests without which the others have no sense. */
async function readAccess(client: Client): Promise<void> {
	const { evidence, plan } = client;
	plan.write('Reading ...');
	await client.send('key', 'GET /v2/public/rsa-public-key');
	await client.send('deployments', 'GET /ai/v1/ai-deployments', { query: FIRST_PAGE });
	if (evidence.status('deployments') === '401') {
		throw new PlainError(
			"VideoSDK didn't accept the keys (401). Check VIDEOSDK_API_KEY and VIDEOSDK_SECRET, and the clock of this machine.",
		);
	}
	if (evidence.succeeded('deployments') && evidence.rows('deployments').length === 0) {
		plan.write('The project has no deployments: what needs an agent is not tried.');
	}
}

function checkDeployment({ evidence }: Client, deploymentId: string): void {
	const rows = evidence.rows('deployments');
	if (!evidence.succeeded('deployments') || rows.length >= Number(FIRST_PAGE.perPage)) return;
	if (rows.some(({ id }) => id === deploymentId)) return;
	throw new PlainError(
		`The project has no deployment of the ID given with --start (it has ${rows.length} in all). Nothing was started.`,
	);
}

async function checkTunnel({ plan }: Client): Promise<void> {
	const { url, receiver } = plan.webhook!;
	const before = receiver.seen();
	const signal = AbortSignal.any([plan.signal, AbortSignal.timeout(15_000)]);
	const answer = await fetch(`${url}/check`, { method: 'POST', body: '{}', signal })
		.then(({ status }) => String(status))
		.catch(() => 'nothing');
	if (receiver.seen() > before) return;
	throw new PlainError(
		`The address given with --webhook does not lead here: it answered ${answer}. Start the tunnel first, to the port that was named above. Nothing was started.`,
	);
}

async function readLists(client: Client): Promise<void> {
	for (const [step, path, filters] of LISTS) {
		await client.send(step, `GET ${path}`, { query: { ...FIRST_PAGE, ...filters } });
	}
}

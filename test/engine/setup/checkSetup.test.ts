/** Account: Check Setup on setups that are right, broken in one way, or only look broken. It starts nothing. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { checkAsync } from '../../unit/support';
import { CREDENTIAL } from '../rig/engine';
import { N8nStandIn } from '../rig/n8nStandIn';
import { byId, expectNoSecrets, jsonOf, parametersOf, passTime, useRig } from '../rig/rig';
import { StoredTrigger } from '../rig/triggerHooks';

const rig = useRig();
let n8n: N8nStandIn;

beforeEach(async () => {
	n8n = await new N8nStandIn().listen();
});
afterEach(async () => await n8n.close());

const SESSION_EVENTS = ['ai-deployment-session-started', 'ai-deployment-session-failed'];
const CALL_EVENTS = ['call-answered', 'call-hangup'];
const CHECKS = ['credential', 'clock', 'publicKey'];
const WEBHOOK_CHECKS = ['webhookPublic', 'webhookProduction', 'webhookPublished', 'webhookRegistered'];
const RULE = { routingRuleId: byId('rule_out_01'), from: '+15550102001' };
const DEPLOYMENT = { deploymentId: 'ddv_support', tag: 'v1' };

/** Publishes a trigger through n8n: its hooks run, and it receives what is sent to its Production URL. */
async function publishTrigger(events: string[] = SESSION_EVENTS, credential?: string) {
	const verifySignature = credential === undefined;
	const trigger = new StoredTrigger(rig.engine, { events, verifySignature });
	trigger.webhookBaseUrl = `${n8n.origin}/webhook`;
	const credentials = { [CREDENTIAL]: { id: credential ?? rig.engine.credentialId, name: 'Trigger' } };
	trigger.node = { ...trigger.node, credentials };
	// n8n tells of a credential that it cannot read when it publishes, unless it has just started.
	await trigger.publish(credential === undefined ? 'activate' : 'init');
	const served = await rig.engine.publish({ verifySignature });
	Object.assign(served.node, { credentials });
	n8n.publishTrigger(`${trigger.node.webhookId}/webhook`, served.url);
	rig.simulator.requests.length = 0;
	return trigger;
}

/** The field of a trigger that is published. */
const published = async (...trigger: Parameters<typeof publishTrigger>) => ({
	webhookUrl: (await publishTrigger(...trigger)).url,
});

/** Another process of n8n runs Check Setup, such as a worker. */
const moveToWorker = async () =>
	(rig.engine = await rig.addEngine({ credentialId: rig.engine.credentialId }));

/** An API that answers everything with a public key, an empty list, and the headers that are given. */
async function serveApi(headers: Record<string, string>, status = 200): Promise<string> {
	const body = JSON.stringify({ publicKey: rig.simulator.publicKeyPem, data: [], pageInfo: { total: 0 } });
	return await rig.serve((_request, response) => void response.writeHead(status, headers).end(body));
}

/** The API answers a list with these rows. */
const answer = (path: RegExp, ...rows: object[]) =>
	rig.simulator.addFault({
		kind: 'noData',
		body: { data: rows, pageInfo: { total: rows.length } },
		match: { path, times: 10 },
	});
function answerRule(more: object, fields: IDataObject = {}): IDataObject {
	const rule = { id: RULE.routingRuleId.value, type: 'outbound', agentId: 'a', numbers: [RULE.from] };
	answer(/routing-rule/, { ...rule, ...more });
	return fields;
}
const inThePast = (ms: number) => ({ Date: new Date(Date.now() - ms).toUTCString() });
/** Something is wrong with the credential. @returns the fields to check all the same */
function broken(more: IDataObject, fields: IDataObject = {}): IDataObject {
	rig.use(more as never);
	return fields;
}

async function check(fields: IDataObject = {}): Promise<Record<string, IDataObject>> {
	const parameters = { resource: 'account', operation: 'checkSetup', ...fields } as INodeParameters;
	const result = await rig.run(parameters);
	expectNoSecrets(rig, result.run);
	expect(rig.simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
	expect(rig.simulator.sessions.size).toBe(0);
	expect(n8n.foreignExecutions).toBe(0);
	const findings = jsonOf(result);
	for (const { ok, message, fix } of findings) {
		expect(message).not.toBe('');
		expect(fix === 'Nothing to do').toBe(ok);
	}
	return Object.fromEntries(findings.map((finding) => [String(finding.check), finding]));
}

/** A setup: how it is made, with the fields to check if any, and what is wrong with it, by checks. */
type Setup = [() => unknown, Record<string, RegExp>?];
/** By what they are. */
type Setups = Record<string, Setup>;

/** Publishes a trigger, and then does something. @returns the fields to check, with those given */
const then =
	(events: string[], change: (url: string) => unknown, fields: IDataObject = {}) =>
	async (): Promise<IDataObject> => {
		const webhook = await published(events);
		await change(webhook.webhookUrl);
		return { ...fields, ...webhook };
	};
/** Changes what VideoSDK has registered. */
const registered = (more: object) => () => {
	for (const webhook of rig.simulator.callWebhooks.values()) Object.assign(webhook, more);
};
const forget = () => rig.simulator.callWebhooks.clear();
const refuseTelephony = (path = /sip/) =>
	rig.simulator.addFault({ kind: 'status', status: 403, match: { path, times: 9 } });
const unpublishKey = () => rig.simulator.keyFault('garbage');

const CREDENTIALS: Setups = {
	'a wrong secret': [
		() => broken({ secretKey: 'wrong' }, DEPLOYMENT),
		{ 'credential deployment tag': /didn't accept/ },
	],
	'a host that is not there': [
		() => broken({ baseUrl: 'http://127.0.0.1:9' }),
		{ 'credential clock publicKey routingRule': /can't reach/ },
	],
	'a clock that is too fast by a second': [
		async () => broken({ baseUrl: await serveApi(inThePast(61_500)) }, { tag: '' }),
		{ clock: /6[12] seconds fast/, 'routingRule number': /./ },
	],
	'a clock that is fast, but not too fast': [
		async () => broken({ baseUrl: await serveApi(inThePast(58_000)) }),
		{ 'routingRule number': /./ },
	],
	'a clock so slow that VideoSDK rejects the token': [
		async () => broken({ baseUrl: await serveApi(inThePast(-400_000), 401) }),
		{ 'credential publicKey routingRule': /didn't accept/, clock: /7 minutes slow/ },
	],
	'a key that VideoSDK does not publish any more': [
		() => {
			const { publicKeyPem: webhookPublicKey } = rig.simulator;
			rig.simulator.rotateKey();
			return broken({ webhookPublicKey });
		},
		{ publicKey: /isn't the key that VideoSDK publishes/ },
	],
	'an unreadable key': [() => broken({ webhookPublicKey: 'no key' }), { publicKey: /isn't a usable key/ }],
	'a key of its own while VideoSDK publishes none': [
		() => {
			unpublishKey();
			return broken({ webhookPublicKey: rig.simulator.publicKeyPem });
		},
	],
	'neither a key of its own nor a published one': [unpublishKey, { publicKey: /usable public key/ }],
};

/** Of which each may be combined with each of the others. */
const DEPLOYMENTS: Setups = {
	'no deployment': [() => undefined],
	'a deployment and its tag': [() => DEPLOYMENT],
	'a deployment that is not there': [
		() => ({ deploymentId: 'ddv_none', tag: 'v1' }),
		{ deployment: /'ddv_none'/, tag: /has no tag/ },
	],
	'a tag that is not there': [() => ({ ...DEPLOYMENT, tag: 'v0' }), { tag: /no tag 'v0'/ }],
	'a tag alone': [() => ({ tag: 'v1' }), { tag: /no deployment is selected/ }],
};
const NO_URL = { webhookProduction: /'Webhook URL' must be a URL/ };
const NOT_CHECKED = { 'webhookPublished webhookRegistered': /wasn't checked/ };
const WEBHOOKS: Setups = {
	'no webhook': [() => undefined],
	'a published trigger for sessions': [async () => await published()],
	'a Production URL with a slash at its end and a query': [
		async () => ({ webhookUrl: `${(await publishTrigger()).url}/?a=b` }),
	],
	'a Test URL': [
		async () => ({ webhookUrl: (await publishTrigger()).url.replace('/webhook/', '/webhook-test/') }),
		{ webhookProduction: /Test URL/, ...NOT_CHECKED },
	],
	'a resume URL': [
		() => ({ webhookUrl: `${n8n.origin}/webhook-waiting/7/webhook` }),
		{ webhookProduction: /isn't the URL of/, ...NOT_CHECKED },
	],
	"someone's workflow": [
		() => {
			n8n.publishForeign('orders');
			return { webhookUrl: `${n8n.origin}/webhook/orders` };
		},
		{ webhookProduction: /isn't the URL of/, ...NOT_CHECKED },
	],
	'a trigger with a different credential': [
		async () => await published(SESSION_EVENTS, randomUUID()),
		{ webhookPublished: /uses a different credential/ },
	],
	'an old address of n8n': [
		async () => ({ webhookUrl: (await publishTrigger()).url.replace(n8n.origin, 'http://127.0.0.1:9') }),
		{ webhookPublished: /doesn't respond .*ECONNREFUSED/ },
	],
	'no URL': [() => ({ webhookUrl: 'no URL' }), NO_URL],
};
const CALLS: Setups = {
	'no call': [() => undefined],
	'a rule and its number': [() => RULE],
	'a number that is written differently': [() => ({ ...RULE, from: '+1 (555) 010-2001' })],
	'a missing rule': [() => ({ routingRuleId: 'rule_none' }), { routingRule: /no routing rule 'rule_none'/ }],
	'a rule for incoming calls': [() => ({ routingRuleId: 'rule_in_01' }), { routingRule: /incoming/ }],
	'a number that calls refuse': [() => ({ ...RULE, from: '5550102001' }), { number: /isn't a phone number/ }],
	"a different rule's number": [() => ({ ...RULE, from: '+15550102002' }), { number: /doesn't belong/ }],
	"someone else's number": [() => ({ from: '+15559999999' }), { number: /no phone number/ }],
};

const OTHERS: Setups = {
	'a trigger that was unpublished': [
		async () => {
			const trigger = await publishTrigger();
			await trigger.unpublish();
			n8n.unpublish(`${trigger.node.webhookId}/webhook`);
			return { webhookUrl: trigger.url };
		},
		{ webhookPublished: /No trigger is published.*publish it again/ },
	],
	'nothing given, where there is no rule to call by': [
		() => answer(/routing-rule/, { id: 'a', type: 'inbound', agentId: 'a' }, { id: 'b', type: 'outbound' }),
		{ routingRule: /No outbound routing rule has an agent/, number: /No outbound routing rule has/ },
	],
	'nothing given, where no rule has a number': [
		() => answerRule({ numbers: [] }),
		{ number: /No outbound routing rule has a phone number/ },
	],
	'nothing given, where n8n has no public URL': [
		() => broken({ baseUrl: 'https://api.invalid' }),
		{
			'credential clock publicKey routingRule': /can't reach/,
			webhookPublic: /http:\/\/localhost:5678 from the internet/,
		},
	],
	'a deployment without a version': [
		() => {
			answer(/ai-deployments/, { id: 'ddv_new', name: 'New', status: 'available' });
			return { deploymentId: 'ddv_new' };
		},
		{ deployment: /has no tag/ },
	],
	"someone's workflow that takes GET only": [
		() => {
			n8n.publishForeign('x/webhook', ['GET']);
			return { webhookUrl: `${n8n.origin}/webhook/x/webhook/` };
		},
		{ webhookPublished: /No trigger is published/ },
	],
	'a login page in front of n8n': [
		then(SESSION_EVENTS, () => {
			n8n.proxy = (outgoing) => {
				outgoing.writeHead(302, { Location: 'https://login.example.com/' }).end();
				return true;
			};
		}),
		{ webhookPublished: /doesn't respond .*302/ },
	],
	'a trigger for calls only where a session is to send its events': [
		async () => ({ ...DEPLOYMENT, ...(await published(CALL_EVENTS)) }),
		{ webhookPublished: /not for agent session events/ },
	],
	'a trigger for both': [
		async () => ({ ...DEPLOYMENT, ...(await published([...SESSION_EVENTS, ...CALL_EVENTS])) }),
	],
	'a trigger that a different n8n process has published': [
		then([...SESSION_EVENTS, ...CALL_EVENTS], moveToWorker, RULE),
	],
	'a private address for the public API': [
		async () => broken({ baseUrl: 'https://api.invalid' }, await published()),
		{ 'credential clock publicKey': /can't reach/, webhookPublic: /from the internet/ },
	],
	'a rule with no agent': [() => answerRule({ agentId: undefined }, RULE), { routingRule: /has no agent/ }],
	'a rule, and a trigger for calls': [async () => ({ ...RULE, ...(await published(CALL_EVENTS)) })],
	'a deleted registration': [then(CALL_EVENTS, forget), { webhookRegistered: /doesn't send call events/ }],
	'a registration for other events': [
		then(CALL_EVENTS, registered({ events: ['call-hangup'] })),
		{ webhookRegistered: /doesn't send call-answered/ },
	],
	'a registration for more events': [
		then(CALL_EVENTS, registered({ events: [...CALL_EVENTS, 'call-missed'] })),
		{ webhookRegistered: /doesn't send exactly the selected call events/ },
	],
	'a URL that VideoSDK does not know, where calls are to start a trigger of a different process': [
		then(CALL_EVENTS, async () => (forget(), await moveToWorker()), RULE),
		{ webhookRegistered: /doesn't send call events/ },
	],
	'a plan without telephony, where sessions send their events to a trigger of a different process': [
		then(SESSION_EVENTS, async () => (await moveToWorker(), refuseTelephony()), DEPLOYMENT),
	],
	'a list of numbers that cannot be fetched': [
		() => (refuseTelephony(/phone-numbers/), answerRule({ numbers: undefined })),
		{ number: /doesn't allow/ },
	],
	'a plan without telephony, where calls are to be made': [
		() => (refuseTelephony(), RULE),
		{ 'routingRule number': /doesn't allow/ },
	],
};

/** Checks what several setups give together, and that only what is wrong is told, in words that fit. */
async function expectRight(...setups: Setup[]): Promise<void> {
	const fields: IDataObject = {};
	for (const [make] of setups) Object.assign(fields, await make());
	const wrong = setups.flatMap(([, says = {}]) =>
		Object.entries(says).flatMap(([checks, pattern]) =>
			checks.split(' ').map((name) => [name, expect.stringMatching(pattern) as unknown]),
		),
	);
	const findings = Object.entries(await check(fields)).filter(([, { ok }]) => !ok);
	expect(
		Object.fromEntries(findings.map(([name, { message, fix }]) => [name, `${message}. ${fix}`])),
	).toEqual(Object.fromEntries(wrong));
}

it.each(Object.entries({ ...CREDENTIALS, ...DEPLOYMENTS, ...WEBHOOKS, ...CALLS, ...OTHERS }))(
	'Check Setup is right about %s',
	async (_what, setup) => await expectRight(setup),
);

it('Check Setup is right about a deployment, a webhook, and a call together', async () => {
	const parts = fc.tuple(
		...[DEPLOYMENTS, WEBHOOKS, CALLS].map((setups) => fc.constantFrom(...Object.values(setups))),
	);
	await checkAsync(
		fc.asyncProperty(parts, async (setups) => await expectRight(...setups)),
		30,
	);
});

it('Check Setup checks what is given, in the order of the fields', async () => {
	expect(Object.keys(await check())).toEqual([
		...CHECKS,
		'webhookPublic',
		'routingRule',
		'number',
		'timeZone',
	]);
	expect(Object.keys(await check({ tag: 'v1' }))).toEqual([...CHECKS, 'tag', 'timeZone']);
	const { url: webhookUrl } = await publishTrigger();
	const fields = { deploymentId: 'ddv_support', tag: 'v1', webhookUrl, ...RULE };
	const names = [
		...CHECKS,
		'deployment',
		'tag',
		...WEBHOOK_CHECKS,
		'routingRule',
		'number',
		'agent',
		'timeZone',
	];
	expect(Object.keys(await check(fields))).toEqual(names);
});

it('Check Setup names Base URL if it has a path by mistake', async () => {
	broken({ baseUrl: `${rig.simulator.url}/v1` });
	const { credential } = await check();
	expect(credential).toMatchObject({ ok: false });
	expect(`${credential?.message} ${credential?.fix}`).toContain("'Base URL'");
});

it('Check Setup says what it could not find out about a trigger', async () => {
	const callsOnly = await publishTrigger(CALL_EVENTS);
	await moveToWorker();
	const { webhookPublished, webhookRegistered } = await check({ webhookUrl: callsOnly.url });
	expect(webhookPublished?.message).toContain("can't check more");
	expect(webhookRegistered?.message).toMatch(/sends call-answered, call-hangup .*can't check more/);
});

it('Check Setup checks the Webhook Public Key of each item', async () => {
	broken({ webhookPublicKey: '={{ $json.key }}' });
	const parameters = { resource: 'account', operation: 'checkSetup' };
	const items = [{ key: rig.simulator.publicKeyPem }, { key: 'no key' }];
	const findings = await rig.json(parameters, { items });
	const ofKeys = findings.filter(({ check: name }) => name === 'publicKey');
	expect(ofKeys.map(({ ok }) => ok)).toEqual([true, false]);
});

it('A clock is not wrong because another list takes long', async () => {
	const match = { path: /ai-deployments/, times: 2 };
	rig.simulator.addFault({ kind: 'status', status: 429, headers: { 'retry-after': '60' }, match });
	expect((await check({ deploymentId: 'ddv_support' })).clock).toMatchObject({ ok: true });
});

it("Check Setup shows the workflow's time zone with its time, and that it is n8n's default", async () => {
	const { timeZone } = await check();
	expect(timeZone?.message).toMatch(
		/^The workflow's time zone is America\/New_York, where it's \w+day[, ]+\d\d:\d\d\. That's n8n's default\./,
	);
});

describe("The rule's agent", () => {
	const DAY_MS = 86_400_000;
	const TOOL = 'https://n8n.example.com/webhook/a/mcp';
	const agentOf = async (routingRuleId: string) => {
		const all = jsonOf(
			await rig.run(parametersOf('account', 'checkSetup', { routingRuleId: byId(routingRuleId) })),
		);
		return all.find(({ check: name }) => name === 'agent');
	};
	const set = async (routingRuleId: string, more: IDataObject) =>
		await rig.json(parametersOf('routingRule', 'setAgent', { routingRuleId: byId(routingRuleId), ...more }));

	it('is named, and so is the end of its token two weeks before', async () => {
		expect(await agentOf('rule_out_03')).toMatchObject({
			ok: true,
			message: "The rule's agent is 'Cloud agent 03' (agent_03)",
		});
		const [agent] = await rig.json(parametersOf('agent', 'deploy', { options: { tokenValidFor: 20 } }));
		await set('rule_out_03', { agentId: byId(String(agent?.agentId)) });
		const tokenExpiresAt = new Date(Date.now() + 20 * DAY_MS).toISOString().replace(/T.*/, 'T00:00:00.000Z');
		expect(await agentOf('rule_out_03')).toMatchObject({
			ok: true,
			tokenExpiresAt,
			message: expect.stringMatching(
				/^The rule's agent is 'n8n agent' \(\w+\)\. It takes 8 conversations at once$/,
			) as string,
		});
		// As an older package has tagged it.
		const version = rig.simulator.cloud.versions.at(-1)!;
		const { versionTag } = version;
		version.versionTag = versionTag?.replace(/-4-(?=\w+$)/, '-');
		expect(version.versionTag).not.toBe(versionTag);
		expect(await agentOf('rule_out_03')).toMatchObject({
			ok: true,
			message: expect.stringMatching(/conversations it takes at once isn't known/) as string,
		});
		passTime(7 * DAY_MS);
		expect(await agentOf('rule_out_03')).toMatchObject({
			ok: false,
			tokenExpiresAt,
			message: expect.stringMatching(/The token of the rule's agent 'n8n agent' .* ends on \d{4}/) as string,
		});
	});

	it('has access to its tools, the end of which is told two days before', async () => {
		await set('rule_in_01', { agentTools: { tools: [{ tool: TOOL }] }, options: { toolsValidFor: 72 } });
		expect(await agentOf('rule_in_01')).toMatchObject({ ok: true });
		passTime(DAY_MS + 60_000);
		expect(await agentOf('rule_in_01')).toMatchObject({
			ok: false,
			message: expect.stringMatching(/access of the rule's agent .* to its tools ends on/) as string,
		});
		passTime(2 * DAY_MS);
		expect(await agentOf('rule_in_01')).toMatchObject({
			message: expect.stringMatching(/ended on/) as string,
		});
	});
});

import { randomBytes } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { readKey } from '../../../../credentials/apiTarget';
import { failureOf, type Send } from '../../api/http/client';
import {
	agentsNamed,
	type CloudAgent,
	createAgent,
	createSecret,
	createVersion,
	deleteOwnSecret,
	latestVersion,
	OWN_SECRETS,
	useSecret,
	type VersionBody,
} from '../../api/cloud';
import { type ReadCredential } from '../../api/http/credential';
import { isInDoubt } from '../../api/http/failure';
import { tokenEndOf, versionTag } from '../../api/versionTag';
import { choiceField, choicesField, numberField, textField } from '../../fields/kit/field';
import { envOption, readEnvOption } from '../../fields/kit/keyValue';
import { ItemReader } from '../../fields/kit/reader';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { readWebhookUrl, webhookUrlField } from '../../fields/triggers/webhook';
import { SESSION_EVENT_OPTIONS, EVENT_PREFIX } from '../../webhook/event';
import { type Operation } from '../operation';
import { buildAgent } from './build';

const DAY_S = 86_400;
const MAX_REPLICAS = 50;

const agentNameField = textField('required', 'Name', 'agentName', {
	default: 'n8n agent',
	description:
		'The name of the agent. If n8n has deployed an agent with this name before, it gets a new version.',
});

const replicasField = (
	name: string,
	displayName: string,
	minValue: number,
	preset: number,
	description: string,
) =>
	numberField('default', displayName, name, {
		typeOptions: { minValue, maxValue: MAX_REPLICAS, numberPrecision: 0 },
		default: preset,
		description,
	});
const minReplicasField = replicasField(
	'minReplicas',
	'Min Replicas',
	0,
	0,
	'How many copies of the agent always run. With 0, none runs while no one calls, and the first answer takes longer.',
);
const maxReplicasField = replicasField(
	'maxReplicas',
	'Max Replicas',
	1,
	2,
	'How many copies may run at once',
);

const profileField = choiceField('default', 'Compute Profile', 'profile', {
	options: [
		{ name: 'CPU Large', value: 'cpu-large' },
		{ name: 'CPU Medium', value: 'cpu-medium' },
		{ name: 'CPU Small', value: 'cpu-small' },
	],
	default: 'cpu-small',
	description: 'How much computing power a copy has. Larger ones cost more.',
});

const regionField = textField('default', 'Region', 'region', {
	placeholder: 'e.g. us002',
	description: 'Where the agent runs, as VideoSDK names it. Leave empty to let VideoSDK choose.',
});

const tokenValidForField = numberField('default', 'Token Valid For', 'tokenValidFor', {
	typeOptions: { minValue: 1, maxValue: 3_650, numberPrecision: 0 },
	default: 365,
	hint: 'In days',
	description:
		'How long the agent can join conversations. Deploy it again before that: Account: Check Setup warns you two weeks ahead.',
});

const webhookUrlOption = {
	...webhookUrlField,
	description:
		"The published trigger for the events of the agent's sessions. It must use the same credential.",
};

/**
 * The prefix of session events in a version's webhook (@videosdk.live/server-sdk, index.d.ts). The start of a session takes the same
 * events with another prefix, EVENT_PREFIX.
 */
const OWN_PREFIX = 'agent-session-';
const webhookEventsOption = choicesField('default', 'Webhook Events', 'webhookEvents', {
	options: SESSION_EVENT_OPTIONS,
	default: ['started', 'stopped', 'failed'].map((name) => EVENT_PREFIX + name),
	description: "The session events to send to the trigger in 'Webhook URL'",
});

const TOKEN_VARIABLE = 'VIDEOSDK_AUTH_TOKEN';
const ID_VARIABLE = 'N8N_AGENT_ID';

function readVariables(read: ItemReader): Record<string, string> {
	const variables = readEnvOption(readOptions(read));
	const own = [TOKEN_VARIABLE, ID_VARIABLE].find((name) => name in variables);
	if (own === undefined) return variables;
	throw read.fail(`'${envOption.displayName}' contains '${own}', which n8n sets itself`, 'Remove the entry.');
}

function readReplicas(read: ItemReader): Pick<VersionBody, 'maxReplica' | 'minReplica'> {
	const options = readOptions(read);
	const minReplica = options.count(minReplicasField);
	const maxReplica = options.count(maxReplicasField);
	if (minReplica <= maxReplica) return { minReplica, maxReplica };
	throw read.fail(
		`'${minReplicasField.displayName}' is larger than '${maxReplicasField.displayName}'`,
		`Raise '${maxReplicasField.displayName}', or lower the other one.`,
	);
}

function readWebhook(read: ItemReader): VersionBody['webhook'] {
	const options = readOptions(read);
	const endPoint = readWebhookUrl(options, webhookUrlOption);
	const events = options.has(webhookEventsOption)
		? options.choices({ ...webhookEventsOption, blank: 'required' })
		: (webhookEventsOption.default as string[]);
	if (endPoint === undefined) return undefined;
	return { endPoint, events: events.map((event) => event.replace(EVENT_PREFIX, OWN_PREFIX)) };
}

/** @returns the agent's name. @throws NodeOperationError if an earlier item has the same one */
function readName(read: ItemReader): string {
	const name = read.text(agentNameField);
	for (let index = 0; index < read.itemIndex; index++) {
		if (new ItemReader(read.context, index).text(agentNameField) !== name) continue;
		throw read.fail(
			`'${agentNameField.displayName}' is the same in items ${index} and ${read.itemIndex}: ${name}`,
			"Give each agent a name of its own, or turn on 'Execute Once' in the node's settings.",
		);
	}
	return name;
}

/** @returns the agent with this name, if there is one. @throws NodeOperationError if n8n didn't deploy it, or several have the name */
async function findAgent(read: ItemReader, send: Send, name: string): Promise<CloudAgent | undefined> {
	const [agent, another] = await agentsNamed(send, name);
	if (agent === undefined) return undefined;
	const advice = `Enter a different '${agentNameField.displayName}', or delete what you don't need in the VideoSDK dashboard. Nothing was sent.`;
	if (another) throw read.fail(`There is more than one agent named '${name}'`, advice);
	const version = await latestVersion(send, agent.id);
	if (version === undefined || tokenEndOf(version.versionTag) !== undefined) return agent;
	throw read.fail(`The agent '${name}' wasn't deployed by n8n, so it isn't replaced`, advice);
}

/** Signs a token for the agent, which gets no key pair, because it could sign access to tools with that. */
async function signToken(credential: ReadCredential, expiresAtS: number): Promise<string> {
	const { data } = await credential();
	const { signAgentToken } = await import('../../../../credentials/signToken');
	return signAgentToken(readKey(data?.apiKey, 'API Key'), readKey(data?.secretKey, 'Secret Key'), expiresAtS);
}

/** Deletes a new secret, which holds a token for a year, unless a version may have been made that needs it. Never throws. */
async function takeBack(
	send: Send,
	secretId: string,
	{ id, envSecret }: CloudAgent,
	error: Error,
): Promise<void> {
	const failure = failureOf(error);
	if (failure === undefined || isInDoubt(failure)) return;
	try {
		if (envSecret) await useSecret(send, id, envSecret);
		await deleteOwnSecret(send, secretId);
	} catch {
		// The user gets the error because of which there is no version.
	}
}

/** @returns a name as VideoSDK allows it for secrets: in `a-z0-9_-` (videosdk_cli, secret_set_manager) */
const slug = (name: string): string =>
	name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '')
		.slice(0, 40) || 'agent';

/** Sends the first request of a deployment with all variables hidden, because a dry run outputs its first request only. */
async function sendFirstRequest(
	send: Send,
	name: string,
	found: CloudAgent | undefined,
	variables: Record<string, string>,
): Promise<void> {
	const names = [...Object.keys(variables), TOKEN_VARIABLE, ID_VARIABLE];
	const hidden = Object.fromEntries(names.map((variable) => [variable, '***']));
	if (found) await createSecret(send, `${OWN_SECRETS}${slug(name)}`, hidden);
	else await createAgent(send, name, hidden);
}

/**
 * Makes a version of the agent with a new secret, and then deletes the former secret.
 *
 * @param keys the environment variables
 * @param expiresAtS when the agent's token expires, in seconds since 1970
 * @returns the version's ID
 */
async function makeVersion(
	send: Send,
	agent: CloudAgent,
	{
		name,
		image,
		keys,
		expiresAtS,
	}: { name: string; image: string; keys: Record<string, string>; expiresAtS: number },
	body: Omit<VersionBody, 'agentId' | 'deploymentId' | 'envSecret' | 'versionTag'>,
): Promise<string> {
	const { id: deploymentId, agentId, envSecret } = agent;
	const unique = randomBytes(4).toString('hex');
	const secretId = await createSecret(send, `${OWN_SECRETS}${slug(name)}-${unique}`, keys);
	const version = {
		...body,
		agentId,
		deploymentId,
		versionTag: versionTag(expiresAtS * 1_000, unique),
		envSecret: secretId,
	};
	const versionId = await useSecret(send, deploymentId, secretId)
		.then(async () => await createVersion(send, image, version))
		.catch(async (error: Error) => {
			await takeBack(send, secretId, agent, error);
			throw error;
		});
	// The agent already runs, so a secret that's left over is no reason to fail.
	if (envSecret) await deleteOwnSecret(send, envSecret).catch(() => undefined);
	return versionId;
}

export const operation: Operation = {
	value: 'deploy',
	action: 'Deploy agent',
	description: "Run this package's own voice agent on VideoSDK's cloud. This costs money.",
	isTool: false,
	starts: 'deploy',
	fields: [agentNameField],
	options: [
		dryRunField,
		envOption,
		maxReplicasField,
		minReplicasField,
		profileField,
		regionField,
		tokenValidForField,
		webhookEventsOption,
		webhookUrlOption,
	],
	prepare(read) {
		const options = readOptions(read);
		const variables = readVariables(read);
		const region = options.text(regionField);
		const body = {
			...readReplicas(read),
			profile: options.choice(profileField),
			region,
			webhook: readWebhook(read),
		};
		const validForS = options.count(tokenValidForField) * DAY_S;
		const name = readName(read);
		return {
			show: (record) => record,
			arrange: async (find, tools) => {
				const found = await findAgent(read, find, name);
				return {
					post: async (send): Promise<IDataObject> => {
						if (tools.isDryRun) await sendFirstRequest(send, name, found, variables);
						const agent = found ?? (await createAgent(send, name));
						const { id: deploymentId, agentId } = agent;
						const { data } = await tools.credential();
						const secrets = [...Object.values(variables), String(data?.secretKey), String(data?.apiKey)];
						const { image, buildSeconds } = await buildAgent(
							read,
							send,
							tools,
							{ deploymentId, region },
							secrets,
						);
						const expiresAtS = Math.floor(Date.now() / 1_000) + validForS;
						const token = await signToken(tools.credential, expiresAtS);
						const keys = { ...variables, [TOKEN_VARIABLE]: token, [ID_VARIABLE]: agentId };
						const versionId = await makeVersion(send, agent, { name, image, keys, expiresAtS }, body);
						const tokenExpiresAt = new Date(expiresAtS * 1_000).toISOString();
						return { agentId, deploymentId, versionId, image, buildSeconds, tokenExpiresAt };
					},
				};
			},
		};
	},
};

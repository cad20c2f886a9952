import { type VersionBody } from '../../api/cloud';
import { CONVERSATIONS_PER_COPY } from '../../api/versionTag';
import { choiceField, choicesField, numberField, textField } from '../../fields/kit/field';
import { envOption, readEnvOption } from '../../fields/kit/keyValue';
import { ItemReader } from '../../fields/kit/reader';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { readWebhookUrl, webhookUrlField } from '../../fields/triggers/webhook';
import { SESSION_EVENT_OPTIONS, EVENT_PREFIX } from '../../webhook/event';
import { type Deployment, type Operation } from '../operation';
import { OWN_VARIABLES } from './deployAgent';

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
	`How many copies may run at once. Each takes ${CONVERSATIONS_PER_COPY} conversations. Whoever picks up beyond that hears silence.`,
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
	hint: "In days. The example 'Renew the agent' deploys it again in time.",
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

function readVariables(read: ItemReader): Record<string, string> {
	const variables = readEnvOption(readOptions(read));
	const own = OWN_VARIABLES.find((name) => name in variables);
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

/** Reads what is to be deployed. */
function readFields(read: ItemReader): Deployment {
	const options = readOptions(read);
	const region = options.text(regionField);
	return {
		name: read.text(agentNameField),
		variables: readVariables(read),
		region,
		validForS: options.count(tokenValidForField) * DAY_S,
		body: {
			...readReplicas(read),
			profile: options.choice(profileField),
			region,
			webhook: readWebhook(read),
		},
	};
}

/** @returns everything that the fields of an item say, as text */
const fieldsAsText = (read: ItemReader) =>
	JSON.stringify([readFields(read), readOptions(read).flag(dryRunField)]);

/** @throws NodeOperationError if an earlier item has the same name, and differs in another field */
function refuseOtherFields(read: ItemReader, name: string): void {
	for (let index = 0; index < read.itemIndex; index++) {
		const earlier = new ItemReader(read.context, index);
		if (earlier.text(agentNameField) !== name) continue;
		// Then it's the same as all before it, or one of these was refused.
		if (fieldsAsText(earlier) === fieldsAsText(read)) return;
		throw read.fail(
			`'${agentNameField.displayName}' is the same in items ${index} and ${read.itemIndex}: ${name}. Other fields differ`,
			'Give each agent a name of its own, or all items the same fields: the agent is then deployed once.',
		);
	}
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
		const deployment = readFields(read);
		refuseOtherFields(read, deployment.name);
		return { request: { kind: 'deploy', deployment } };
	},
};

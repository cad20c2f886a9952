import { AGENT_DEPLOYMENTS } from '../../api/agents';
import {
	type AgentVersion,
	type CloudAgent,
	deleteUnusedSecrets,
	isMarked,
	latestVersion,
	versionsOf,
} from '../../api/cloud';
import { type Send } from '../../api/http/client';
import { listRecords } from '../../api/http/pagination';
import { switchField } from '../../fields/kit/field';
import { agentField } from '../../fields/kit/locators';
import { type ItemReader } from '../../fields/kit/reader';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { type Operation } from '../operation';
import { isRefusal, takeDown } from './versions';

const ownAgentField = {
	...agentField,
	description: 'The agent to stop. It must be one that Agent: Deploy has made.',
};

const forceField = switchField('default', 'Also During Conversations', 'force', {
	description:
		'Whether to stop it even while it talks. The people in its conversations then hear nothing more of it.',
});

/** @returns the agent's deployments, each with its versions. @throws NodeOperationError if there are none, or n8n didn't deploy one */
async function findOwn(
	read: ItemReader,
	send: Send,
	agentId: string,
): Promise<Array<{ agent: CloudAgent; versions: AgentVersion[] }>> {
	const list = { ...AGENT_DEPLOYMENTS, qs: { agentId } };
	const rows = await listRecords(send, list, Infinity, (row) => row.agentId === agentId);
	if (rows.length === 0) {
		throw read.fail(`VideoSDK has no agent '${agentId}'`, `Select one in '${agentField.displayName}'.`);
	}
	const found: Array<{ agent: CloudAgent; versions: AgentVersion[] }> = [];
	for (const agent of rows as unknown as CloudAgent[]) {
		if (!(await isMarked(send, agent, await latestVersion(send, agent.id)))) {
			throw read.fail(
				`The agent '${agent.name}' wasn't deployed by n8n, so it isn't taken down`,
				'Take it down in the VideoSDK dashboard. Nothing was changed.',
			);
		}
		found.push({ agent, versions: await versionsOf(send, agent) });
	}
	return found;
}

export const operation: Operation = {
	value: 'takeDown',
	action: 'Take down agent',
	description:
		'Stop an agent that n8n has deployed: it takes no more conversations, and stops costing money.',
	isTool: false,
	fields: [ownAgentField],
	options: [dryRunField, forceField],
	prepare(read) {
		const agentId = read.text(ownAgentField);
		const force = readOptions(read).flag(forceField);
		return async (send, { isDryRun }) => {
			const own = await findOwn(read, send, agentId);
			const active = own.flatMap(({ versions }) => versions.filter(({ isActive }) => isActive));
			const ids = active.map(({ id }) => id);
			const { down, stillActive, errors } = await takeDown(send, ids, force);
			const error = errors.find((one) => force || !isRefusal(one));
			if (error !== undefined) throw error;
			for (const { agent, versions } of isDryRun ? [] : own) {
				// The agent is down, so a secret that's left over is no reason to fail.
				await deleteUnusedSecrets(send, agent, versions, stillActive).catch(() => undefined);
			}
			const [refusal] = errors;
			return {
				agentId,
				versions: down,
				stillActive,
				...(ids.length === 0 && { alreadyOver: true }),
				...(refusal && {
					next: `What is still active probably talks. Run Agent: Take Down again once its conversations are over, or turn on '${forceField.displayName}'. ${refusal.message}`,
				}),
			};
		};
	},
};

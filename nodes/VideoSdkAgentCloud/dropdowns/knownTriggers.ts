import { type ILoadOptionsFunctions, NodeOperationError } from 'n8n-workflow';
import { CREDENTIAL_TYPE, credentialId } from '../api/http/credential';
import { asList } from '../fields/kit/values';
import { withTimeout } from '../agentTools/timeout';
import { isUnreachableFrom } from '../security/publicAddress';
import { eventName, TRIGGER_EVENT_OPTIONS } from '../webhook/event';
import { type KnownNode, knownTools, type KnownTrigger, knownTriggers } from '../webhook/knownNodes';
import { type ListSearch, matches } from './searchResults';

const NOT_LISTED_TEXT = "Not listed? Publish its workflow, or use 'By URL'";

/** The parts of an entry that depend on the kind of node. */
interface Shown {
	name: string;
	value: string;
	/** The reasons why VideoSDK, or an agent, may not reach the node, in short words. */
	remarks: Array<string | false>;
}

/**
 * Makes a search for nodes of this n8n instance that use the node's credential. This process may not know all of them, so the last entry
 * says what to do. Its value isn't a URL, so a node in which it's selected fails before it starts anything.
 *
 * @param what what the entries are, such as "triggers"
 * @param nodes finds the nodes that use a credential
 * @param show makes the entry of a node. `isUnreached` says whether VideoSDK can't reach it
 */
const searchKnown = <T extends KnownNode>(
	what: string,
	nodes: (credential: string) => T[],
	show: (node: T, isUnreached: boolean, context: ILoadOptionsFunctions, all: T[]) => Shown,
): ListSearch =>
	async function (filter = '') {
		const credential = credentialId(this);
		if (credential === '') {
			throw new NodeOperationError(this.getNode(), 'Select a credential first', {
				description: `The list shows the ${what} that use the same credential.`,
			});
		}
		const { baseUrl } = await this.getCredentials(CREDENTIAL_TYPE);
		const results = nodes(credential).flatMap((node, _index, all) => {
			const { name, value, remarks } = show(node, isUnreachableFrom(node.url, baseUrl), this, all);
			if (!matches(filter, name, node.workflowName, node.nodeName, node.url)) return [];
			const remark = remarks.filter(Boolean).join('; ');
			const url = `${this.getInstanceBaseUrl()}workflow/${node.workflowId}`;
			return [{ name: remark === '' ? name : `${name} (${remark})`, value, url }];
		});
		return { results: [...results, { name: NOT_LISTED_TEXT, value: 'not-listed' }] };
	};

/** @returns the labels, without their family, of the events that are chosen in this node, but not in the trigger */
function missingEvents({ events }: KnownTrigger, chosen: string[]): string {
	const ofTrigger = new Set(events.map(eventName));
	return chosen
		.filter((event) => !event.startsWith('=') && !ofTrigger.has(eventName(event)))
		.map((event) => TRIGGER_EVENT_OPTIONS.find(({ value }) => value === event)?.name ?? event)
		.map((name) => name.replace(/^.*: /, ''))
		.join(', ');
}

/** Searches the triggers of this n8n instance that use the node's credential, and compares their events with those of this node. */
export const searchTriggers = searchKnown('triggers', knownTriggers, (trigger, isUnreached, context, all) => {
	const { workflowName, nodeName, url, isPublishedHere } = trigger;
	const missing = missingEvents(trigger, asList(context.getCurrentNodeParameter('webhookEvents')));
	const isAlone = all.every((other) => other === trigger || other.workflowName !== workflowName);
	return {
		name: isAlone ? workflowName : `${workflowName}: ${nodeName}`,
		value: url,
		remarks: [
			!isPublishedHere && 'may be unpublished',
			isUnreached && "VideoSDK can't reach it",
			missing !== '' && `not set to start on ${missing}`,
		],
	};
});

/** Searches the tool triggers of this n8n instance that use the same credential. */
export const searchTools = searchKnown(
	'tools',
	knownTools,
	({ toolName, workflowName, isPublished, url, timeoutS }, isUnreached) => ({
		name: `${toolName}: ${workflowName}`,
		value: withTimeout(url, timeoutS),
		remarks: [!isPublished && 'not published', isUnreached && "agents can't reach it"],
	}),
);

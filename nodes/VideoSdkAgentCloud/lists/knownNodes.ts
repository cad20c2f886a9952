import { type ILoadOptionsFunctions, NodeOperationError } from 'n8n-workflow';
import { CREDENTIAL_TYPE, credentialId } from '../api/credential';
import { isUnreachableFrom } from '../webhook/address';
import { type KnownNode } from '../webhook/knownNodes';
import { type ListSearch, matches } from './searchResults';

const NOT_LISTED_TEXT = "Not listed? Publish its workflow, or use 'By URL'";

/** An entry of the list, as far as it depends on the kind of node. */
interface Shown {
	name: string;
	value: string;
	/** What may keep VideoSDK or an agent from it, in short words. */
	remarks: Array<string | false>;
}

function lineOf({ name, remarks }: Shown): string {
	const remark = remarks.filter(Boolean).join('; ');
	return remark === '' ? name : `${name} (${remark})`;
}

/**
 * Makes a search for nodes of this n8n instance that use the node's credential. A process may not know all of them, so the last entry
 * says what to do. Its value is no URL: a node in which it is selected fails before it starts anything.
 *
 * @param what such as "triggers"
 * @param nodes finds those that use a credential
 * @param show makes the entry of a node, which VideoSDK may not be able to reach
 * @param notListed the value of the last entry
 */
export const searchKnown = <T extends KnownNode>(
	what: string,
	nodes: (credential: string) => T[],
	show: (node: T, isUnreached: boolean, context: ILoadOptionsFunctions, all: T[]) => Shown,
	notListed: string,
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
			const shown = show(node, isUnreachableFrom(node.url, baseUrl), this, all);
			if (!matches(filter, shown.name, node.workflowName, node.nodeName, node.url)) return [];
			const url = `${this.getInstanceBaseUrl()}workflow/${node.workflowId}`;
			return [{ name: lineOf(shown), value: shown.value, url }];
		});
		return { results: [...results, { name: NOT_LISTED_TEXT, value: notListed }] };
	};

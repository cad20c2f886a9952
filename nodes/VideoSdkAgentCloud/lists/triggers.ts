import {
	type ILoadOptionsFunctions,
	type INodeListSearchItems,
	type INodeListSearchResult,
	NodeOperationError,
} from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, credentialId } from '../api/credential';
import { TRIGGER_EVENT_OPTIONS } from '../fields/events';
import { asList } from '../fields/reader';
import { NOT_LISTED } from '../fields/webhook';
import { type KnownTrigger, knownTriggers } from '../trigger/knownTriggers';
import { isUnreachable } from '../webhook/address';
import { CALL_SUMMARY, eventName } from '../webhook/event';
import { matches } from './searchResults';

/** The editor shows about this many characters of an entry, and nothing else of it (no `description`). */
const MAX_ENTRY_LENGTH = 50;
/** Of a name that a remark follows. */
const MAX_NAME_LENGTH = 26;
const NOT_LISTED_TEXT = "Not listed? Publish its workflow, or use 'By URL'";

/** @returns the events that the user has chosen in this node and not in the trigger, in short words */
function missingEvents({ events }: KnownTrigger, chosen: string[]): string[] {
	const ofTrigger = new Set(events.map(eventName));
	return chosen
		.filter((event) => !ofTrigger.has(eventName(event)))
		.map((event) => {
			const name = TRIGGER_EVENT_OPTIONS.find(({ value }) => value === event)?.name ?? event;
			// Only one family can be chosen in a node, and there is no room for its name.
			return event === CALL_SUMMARY ? name : name.replace(/^.*: /, '');
		});
}

/** @returns what may keep requests of VideoSDK from the trigger, in short words */
function remarksOn(trigger: KnownTrigger, chosen: string[], isLocalApi: boolean): string {
	const missing = missingEvents(trigger, chosen);
	const remarks = [
		!trigger.isPublished && 'not published',
		!trigger.isOwn && 'may be unpublished',
		!isLocalApi && isUnreachable(trigger.url) && "VideoSDK can't reach it",
		missing.length > 0 && `missing: ${missing.join(', ')}`,
	];
	return remarks.filter(Boolean).join('; ');
}

/** @returns the name of the trigger's workflow, followed by what tells it from other triggers of a workflow with this name */
function nameOf(trigger: KnownTrigger, all: KnownTrigger[]): string {
	const { workflowId, workflowName, nodeName } = trigger;
	const namesakes = all.filter((other) => other !== trigger && other.workflowName === workflowName);
	if (namesakes.length === 0) return workflowName;
	const isUnique = namesakes.every((other) => other.nodeName !== nodeName);
	return `${workflowName}: ${isUnique ? nodeName : workflowId}`;
}

/** @returns how many characters two texts have in common at their beginning */
function commonLength(a: string, b: string): number {
	let length = 0;
	while (length < a.length && a[length] === b[length]) length++;
	return length;
}

/**
 * Shortens a name so that it can be told from others: what they all begin with goes first.
 *
 * @param others the names that it may be confused with
 */
function shorten(name: string, others: string[], maxLength: number): string {
	if (name.length <= maxLength) return name;
	const beginning = `${name.slice(0, maxLength - 1).trimEnd()}…`;
	const common = Math.max(0, ...others.filter((other) => other !== name).map((o) => commonLength(name, o)));
	if (common < maxLength - 1) return beginning;
	// Back to the beginning of the word in which they begin to differ.
	const wordStart = name.lastIndexOf(' ', common - 1) + 1;
	const difference = name.slice(common - wordStart > maxLength / 2 ? common : wordStart);
	const end = difference.length < maxLength ? difference : `${difference.slice(0, maxLength - 2)}…`;
	return `${name.slice(0, maxLength - 1 - end.length).trimEnd()}…${end}`;
}

/**
 * Makes a search for triggers of this n8n instance that use the node's credential. A process may not know all of them, so the last
 * entry says what to do. It is no URL: a node in which it is selected fails before it starts anything.
 *
 * @param chosenEvents the events that the trigger should have for the field at hand
 */
function triggerSearch(chosenEvents: (context: ILoadOptionsFunctions) => string[]) {
	return async function (this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
		const credential = credentialId(this);
		if (credential === '') {
			throw new NodeOperationError(this.getNode(), 'Select a credential first', {
				description: 'The list shows the triggers that use the same credential.',
			});
		}
		const { baseUrl } = await this.getCredentials(CREDENTIAL_TYPE);
		const isLocalApi = isUnreachable(readBaseUrl(baseUrl).href);
		const chosen = chosenEvents(this);
		const triggers = knownTriggers(credential);
		const names = triggers.map((trigger) => nameOf(trigger, triggers));
		const results = triggers.flatMap((trigger, index): INodeListSearchItems[] => {
			const { workflowId, workflowName, nodeName, url } = trigger;
			if (!matches(filter, workflowName, nodeName, url)) return [];
			const name = names[index] as string;
			const remarks = remarksOn(trigger, chosen, isLocalApi);
			return [
				{
					name:
						remarks === ''
							? shorten(name, names, MAX_ENTRY_LENGTH)
							: `${shorten(name, names, MAX_NAME_LENGTH)} (${remarks})`,
					value: url,
					url: `${this.getInstanceBaseUrl()}workflow/${workflowId}`,
				},
			];
		});
		return { results: [...results, { name: NOT_LISTED_TEXT, value: NOT_LISTED }] };
	};
}

/** Triggers for the events of a session or room, which are chosen in the same node. */
export const searchTriggers = triggerSearch((context) =>
	asList(context.getCurrentNodeParameter('webhookEvents')).filter((event) => !event.startsWith('=')),
);

/** Triggers for the summary of a call. */
export const searchSummaryTriggers = triggerSearch(() => [CALL_SUMMARY]);

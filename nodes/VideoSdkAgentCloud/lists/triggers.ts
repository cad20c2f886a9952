import {
	type ILoadOptionsFunctions,
	type INodeListSearchItems,
	type INodeListSearchResult,
	NodeOperationError,
} from 'n8n-workflow';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { CREDENTIAL_TYPE, credentialId } from '../api/credential';
import { EVENT_OPTIONS, ROOM_EVENT_OPTIONS } from '../fields/events';
import { asList } from '../fields/reader';
import { NOT_LISTED } from '../fields/webhook';
import { type KnownTrigger, knownTriggers } from '../trigger/knownTriggers';
import { isUnreachable } from '../webhook/address';
import { eventName } from '../webhook/event';
import { matches } from './searchResults';

/** The list shows about 50 characters of an entry. */
const NOT_LISTED_TEXT = "Not listed? Publish it again, or use 'By URL'";
/** Of a workflow's name, if a remark follows. */
const MAX_NAME_LENGTH = 26;

/** @returns the events that the user has chosen in this node and not in the trigger, in short words */
function missingEvents({ events }: KnownTrigger, chosen: string[]): string[] {
	const ofTrigger = new Set(events.map(eventName));
	return chosen
		.filter((event) => !ofTrigger.has(eventName(event)))
		.map((event) => {
			const session = EVENT_OPTIONS.find(({ value }) => value === event)?.name.replace('Session ', '');
			return session ?? ROOM_EVENT_OPTIONS.find(({ value }) => value === event)?.name ?? event;
		});
}

/** @returns what stands in the way of events, in short words */
function remarksOn(trigger: KnownTrigger, chosen: string[], isLocalApi: boolean): string {
	const missing = missingEvents(trigger, chosen);
	const remarks = [
		!trigger.isPublished && 'not published',
		!isLocalApi && isUnreachable(trigger.url) && 'VideoSDK cannot reach it',
		missing.length > 0 && `lacks ${missing.join(', ')}`,
	];
	return remarks.filter(Boolean).join('; ');
}

/** @returns the name of the trigger's workflow, and its own where the workflow has several */
function nameOf(trigger: KnownTrigger, all: KnownTrigger[]): string {
	const { workflowId, workflowName, nodeName } = trigger;
	const isOnly = all.filter((other) => other.workflowId === workflowId).length === 1;
	return isOnly ? workflowName : `${workflowName}: ${nodeName}`;
}

function shorten(name: string): string {
	return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1).trim()}…` : name;
}

/**
 * The triggers of this n8n instance that use the same credential. A process may not know all of them, which the last entry tells: it
 * is no URL, so that a node in which it is selected fails before it starts anything.
 */
export async function searchTriggers(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const credential = credentialId(this);
	if (credential === '') {
		throw new NodeOperationError(this.getNode(), 'Select a credential first', {
			description: 'The list shows the triggers that use the same credential.',
		});
	}
	const { baseUrl } = await this.getCredentials(CREDENTIAL_TYPE);
	const isLocalApi = isUnreachable(readBaseUrl(baseUrl).href);
	const chosen = asList(this.getCurrentNodeParameter('webhookEvents')).filter(
		(event) => !event.startsWith('='),
	);
	const triggers = knownTriggers(credential);
	const results = triggers
		.filter(({ workflowName, nodeName, url }) => matches(filter, workflowName, nodeName, url))
		.map((trigger): INodeListSearchItems => {
			const name = nameOf(trigger, triggers);
			const remarks = remarksOn(trigger, chosen, isLocalApi);
			return {
				name: remarks === '' ? name : `${shorten(name)} (${remarks})`,
				value: trigger.url,
				url: `${this.getInstanceBaseUrl()}workflow/${trigger.workflowId}`,
			};
		});
	return { results: [...results, { name: NOT_LISTED_TEXT, value: NOT_LISTED }] };
}

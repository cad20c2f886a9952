import { type ILoadOptionsFunctions } from 'n8n-workflow';
import { TRIGGER_EVENT_OPTIONS } from '../fields/events';
import { asList } from '../fields/reader';
import { NOT_LISTED } from '../fields/webhook';
import { CALL_SUMMARY, eventName } from '../webhook/event';
import { type KnownTrigger, knownTriggers } from '../webhook/knownNodes';
import { listKnown } from './knownNodes';
import { type ListSearch } from './searchResults';

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

/**
 * Makes a search for triggers of this n8n instance that use the node's credential.
 *
 * @param chosenEvents the events that the trigger should have for the field at hand
 */
function triggerSearch(chosenEvents: (context: ILoadOptionsFunctions) => string[]): ListSearch {
	return async function (filter = '') {
		const chosen = chosenEvents(this);
		return await listKnown(
			this,
			filter,
			'triggers',
			knownTriggers,
			(trigger, isUnreached, all) => {
				const { workflowName, nodeName, url, isPublished, isOwn } = trigger;
				const missing = missingEvents(trigger, chosen).join(', ');
				const isAlone = all.every((other) => other === trigger || other.workflowName !== workflowName);
				return {
					name: isAlone ? workflowName : `${workflowName}: ${nodeName}`,
					value: url,
					remarks: [
						!isPublished && 'not published',
						!isOwn && 'may be unpublished',
						isUnreached && "VideoSDK can't reach it",
						missing !== '' && `missing: ${missing}`,
					],
				};
			},
			NOT_LISTED,
		);
	};
}

/** Triggers for the events of a session or room, which are chosen in the same node. */
export const searchTriggers = triggerSearch((context) =>
	asList(context.getCurrentNodeParameter('webhookEvents')).filter((event) => !event.startsWith('=')),
);

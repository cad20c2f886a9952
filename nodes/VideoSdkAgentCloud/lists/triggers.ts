import { TRIGGER_EVENT_OPTIONS } from '../fields/events';
import { asList } from '../fields/values';
import { NOT_LISTED } from '../fields/webhook';
import { eventName } from '../webhook/event';
import { type KnownTrigger, knownTriggers } from '../webhook/knownNodes';
import { searchKnown } from './knownNodes';

/** @returns the events that the user has chosen in this node and not in the trigger, in short words, without their family */
function missingEvents({ events }: KnownTrigger, chosen: string[]): string {
	const ofTrigger = new Set(events.map(eventName));
	return chosen
		.filter((event) => !event.startsWith('=') && !ofTrigger.has(eventName(event)))
		.map((event) => TRIGGER_EVENT_OPTIONS.find(({ value }) => value === event)?.name ?? event)
		.map((name) => name.replace(/^.*: /, ''))
		.join(', ');
}

/** The triggers of this n8n instance that use the node's credential, for the events of a session or room that are chosen beside. */
export const searchTriggers = searchKnown(
	'triggers',
	knownTriggers,
	(trigger, isUnreached, context, all) => {
		const { workflowName, nodeName, url, isOwn } = trigger;
		const missing = missingEvents(trigger, asList(context.getCurrentNodeParameter('webhookEvents')));
		const isAlone = all.every((other) => other === trigger || other.workflowName !== workflowName);
		return {
			name: isAlone ? workflowName : `${workflowName}: ${nodeName}`,
			value: url,
			remarks: [
				!isOwn && 'may be unpublished',
				isUnreached && "VideoSDK can't reach it",
				missing !== '' && `missing: ${missing}`,
			],
		};
	},
	NOT_LISTED,
);

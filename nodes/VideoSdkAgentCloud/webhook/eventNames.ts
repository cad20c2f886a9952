/** What can happen to a session, in the order in which it happens. `failed` may come at any time. */
export const SESSION_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

/** The prefix of an event's name in the start call; events may be delivered with the other one, which newer docs use. */
export const EVENT_PREFIX = 'ai-deployment-session-';
const SESSION_NAME = new RegExp(`^(?:${EVENT_PREFIX}|agent-session-)(${SESSION_EVENTS.join('|')})$`);

/** The events of a call, as its webhook is registered for them (docs.videosdk.live, telephony webhooks). */
export const CALL_EVENTS = [
	...['call-started', 'call-ringing', 'call-answered', 'call-hangup', 'call-missed'],
	...['call-transferred', 'call-update'],
];

/** The body of this event names no type. */
export const CALL_SUMMARY = 'call-summary';

/** The events of a room, as it is created with them. */
export const ROOM_EVENTS = [
	...['session-started', 'session-ended', 'participant-joined', 'participant-left'],
	...['recording-started', 'recording-stopped', 'recording-failed'],
	...['transcription-started', 'transcription-stopped', 'transcription-failed'],
];

/** Of two names for one event, the one that older docs use. */
const ALIASES = new Map([['call-ended', 'call-hangup']]);
const OTHER_EVENTS = new Set([...CALL_EVENTS, CALL_SUMMARY, ...ROOM_EVENTS]);

/** @returns the short name (`started`) of a session's event in either spelling, or undefined if it is of another family */
export function shortEventName(webhookType: string): SessionEvent | undefined {
	return SESSION_NAME.exec(webhookType)?.[1] as SessionEvent | undefined;
}

/** @returns how the trigger names an event of any family, whatever its spelling; undefined if the trigger does not know it */
export function eventName(webhookType: string): string | undefined {
	const name = ALIASES.get(webhookType) ?? webhookType;
	return OTHER_EVENTS.has(name) ? name : shortEventName(name);
}

/** @returns whether an event is of a call, its summary included */
export function isCallEvent(event: string): boolean {
	return event.startsWith('call-');
}

/** @returns the events among these for which a call webhook is registered, in one spelling and order */
export function callEventsOf(names: string[]): string[] {
	const chosen = new Set(names.map(eventName));
	return CALL_EVENTS.filter((event) => chosen.has(event));
}

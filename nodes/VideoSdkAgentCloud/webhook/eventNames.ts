/** The prefix of the names of session events in a start. Events may be delivered with another prefix (docs/dev/api-truth.md, Events). */
export const EVENT_PREFIX = 'ai-deployment-session-';
/** The name of the event for a call's summary, whose body has no type. */
export const CALL_SUMMARY = 'call-summary';

/** What identifies an event that happens once among those with its name: the ID of its call or session, or its content. */
type Once = 'callId' | 'content' | 'sessionId';

/**
 * An event. VideoSDK gets the name in `value`. An event without `once` may happen again, even with the same bytes, for example when a
 * participant comes back.
 */
type Row = [label: string, value: string, description: string, once?: Once];

const SESSION: Row[] = [
	['Failed', `${EVENT_PREFIX}failed`, 'When the session fails to start or ends unexpectedly', 'sessionId'],
	['Started', `${EVENT_PREFIX}started`, 'When the agent is ready to talk', 'sessionId'],
	['Starting', `${EVENT_PREFIX}starting`, 'When the agent is starting up', 'sessionId'],
	['Stopped', `${EVENT_PREFIX}stopped`, 'When the session has ended', 'sessionId'],
	['Stopping', `${EVENT_PREFIX}stopping`, 'When the session is about to end', 'sessionId'],
];

const CALL: Row[] = [
	['Answered', 'call-answered', 'When someone answers the call', 'callId'],
	[
		'Ended',
		'call-hangup',
		"When a call ends, probably also when it's rejected or fails. To hear of every call that's over, also select Missed and Transferred.",
		'callId',
	],
	['Missed', 'call-missed', "When the call isn't answered", 'callId'],
	['Ringing', 'call-ringing', 'When the phone starts ringing', 'callId'],
	['Started', 'call-started', 'When an incoming or outgoing call starts', 'callId'],
	['Summary', CALL_SUMMARY, 'When the agent sends its notes on the call', 'content'],
	['Transferred', 'call-transferred', 'When the call is transferred'],
	['Updated', 'call-update', 'When anything else about the call changes'],
];

const ROOM: Row[] = [
	['Participant Joined', 'participant-joined', 'When someone joins the room'],
	['Participant Left', 'participant-left', 'When someone leaves the room'],
	['Recording Failed', 'recording-failed', 'When the recording stops unexpectedly'],
	['Recording Started', 'recording-started', 'When the recording starts'],
	['Recording Stopped', 'recording-stopped', 'When the recording has ended'],
	['Session Ended', 'session-ended', 'When the last participant has left the room', 'sessionId'],
	['Session Started', 'session-started', 'When the first participant joins the room', 'sessionId'],
	['Transcription Failed', 'transcription-failed', 'When the transcription stops unexpectedly'],
	['Transcription Started', 'transcription-started', 'When the transcription starts'],
	['Transcription Stopped', 'transcription-stopped', 'When the transcription has ended'],
];

/** Makes options of events. @param family the first part of each label, so that an event has the same label in each field */
const optionsOf = (family: string, rows: Row[]) =>
	rows.map(([label, value, description]) => ({ name: `${family}: ${label}`, value, description }));

export const SESSION_EVENT_OPTIONS = optionsOf('Agent Session', SESSION);
export const ROOM_EVENT_OPTIONS = optionsOf('Room', ROOM);
/** All events of the trigger, as options, by family. */
export const TRIGGER_EVENT_OPTIONS = [
	...SESSION_EVENT_OPTIONS,
	...optionsOf('Call', CALL),
	...ROOM_EVENT_OPTIONS,
];

const valuesOf = (rows: Row[]) => rows.map(([, value]) => value);
export const SESSION_EVENTS = valuesOf(SESSION).map((value) => value.slice(EVENT_PREFIX.length));
/** The events of calls for which a webhook can be registered (docs.videosdk.live, telephony/managing-calls/sip-webhooks). */
export const CALL_EVENTS = valuesOf(CALL).filter((value) => value !== CALL_SUMMARY);
/** The events of a room for which its webhook can be set. */
export const ROOM_EVENTS = valuesOf(ROOM);

const SESSION_NAME = new RegExp(`^(?:${EVENT_PREFIX}|agent-session-)(${SESSION_EVENTS.join('|')})$`);
/** The names that a sample in the docs has for events, with their usual names (docs/dev/api-truth.md, Events). */
const ALIASES = new Map([['call-ended', 'call-hangup']]);
const OTHER_EVENTS = new Set(valuesOf([...CALL, ...ROOM]));

/** @returns the short name (`started`) of a session's event in either spelling; undefined for an event of another family */
export function shortEventName(webhookType: string): string | undefined {
	return SESSION_NAME.exec(webhookType)?.[1];
}

/** @returns the trigger's name for an event of any family, in any spelling; undefined if the trigger doesn't know the event */
export function eventName(webhookType: string): string | undefined {
	const name = ALIASES.get(webhookType) ?? webhookType;
	return OTHER_EVENTS.has(name) ? name : shortEventName(name);
}

const ONCE = new Map([...SESSION, ...CALL, ...ROOM].map(([, value, , once]) => [eventName(value), once]));

/** @returns what identifies an event that happens once among those with its name; undefined if it may happen again */
export function onceBy(webhookType: string): Once | undefined {
	return ONCE.get(eventName(webhookType));
}

/** @returns whether an event is about a call. Its summary is one as well */
export function isCallEvent(event: string): boolean {
	return event.startsWith('call-');
}

/** @returns the events among these for which a call webhook can be registered, always in the same spelling and order */
export function callEventsOf(names: string[]): string[] {
	const chosen = new Set(names.map(eventName));
	return CALL_EVENTS.filter((event) => chosen.has(event));
}

import { CALL_SUMMARY, EVENT_PREFIX } from '../webhook/event';

/** An event, as multiOptions show it. */
interface EventOption {
	name: string;
	value: string;
	description: string;
}

const options = (...rows: Array<[name: string, value: string, description: string]>): EventOption[] =>
	rows.map(([name, value, description]) => ({ name, value, description }));

/** The five events of a session; the values are the names of the start call. */
export const EVENT_OPTIONS = options(
	['Session Failed', `${EVENT_PREFIX}failed`, 'The session broke off, or never began'],
	['Session Started', `${EVENT_PREFIX}started`, 'The agent is in the call'],
	['Session Starting', `${EVENT_PREFIX}starting`, 'The agent is starting up'],
	['Session Stopped', `${EVENT_PREFIX}stopped`, 'The session has ended'],
	['Session Stopping', `${EVENT_PREFIX}stopping`, 'The session is ending'],
);

/** The events of a room; the values are the names with which a room is created. */
export const ROOM_EVENT_OPTIONS = options(
	['Participant Joined', 'participant-joined', 'Somebody joined the room'],
	['Participant Left', 'participant-left', 'Somebody left the room'],
	['Recording Failed', 'recording-failed', 'The recording broke off'],
	['Recording Started', 'recording-started', 'The room is being recorded'],
	['Recording Stopped', 'recording-stopped', 'The recording has ended'],
	['Session Ended', 'session-ended', 'The last participant has left the room'],
	['Session Started', 'session-started', 'The first participant is in the room'],
	['Transcription Failed', 'transcription-failed', 'The transcription broke off'],
	['Transcription Started', 'transcription-started', 'The conversation in the room is being transcribed'],
	['Transcription Stopped', 'transcription-stopped', 'The transcription has ended'],
);

/** The events of a call; the values are the names for which a webhook is registered, and that of its summary. */
const CALL_EVENT_OPTIONS = options(
	['Answered', 'call-answered', 'Somebody answered the call'],
	['Ended', 'call-hangup', 'Somebody hung up'],
	['Missed', 'call-missed', 'Nobody answered the call'],
	['Ringing', 'call-ringing', 'The phone rings'],
	['Started', 'call-started', 'An incoming or outgoing call began'],
	['Summary', CALL_SUMMARY, "The agent's notes on the call"],
	['Transferred', 'call-transferred', 'The call was transferred'],
	['Updated', 'call-update', 'Something else about the call changed'],
);

const ofFamily = (family: string, events: EventOption[]): EventOption[] =>
	events.map((event) => ({ ...event, name: `${family}: ${event.name}` }));

/** All events of the trigger, by family. */
export const TRIGGER_EVENT_OPTIONS = [
	...ofFamily(
		'Agent Session',
		EVENT_OPTIONS.map((event) => ({ ...event, name: event.name.replace('Session ', '') })),
	),
	...ofFamily('Call', CALL_EVENT_OPTIONS),
	...ofFamily('Room', ROOM_EVENT_OPTIONS),
];

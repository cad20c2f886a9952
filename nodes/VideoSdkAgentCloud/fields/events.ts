import { CALL_SUMMARY, EVENT_PREFIX } from '../webhook/eventNames';

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
	['Session Failed', `${EVENT_PREFIX}failed`, 'When the session was interrupted or never began'],
	['Session Started', `${EVENT_PREFIX}started`, 'When the agent is ready to talk'],
	['Session Starting', `${EVENT_PREFIX}starting`, 'When the agent is starting up'],
	['Session Stopped', `${EVENT_PREFIX}stopped`, 'When the session has ended'],
	['Session Stopping', `${EVENT_PREFIX}stopping`, 'When the session is ending'],
);

/** The events of a room; the values are the names with which a room is created. */
export const ROOM_EVENT_OPTIONS = options(
	['Participant Joined', 'participant-joined', 'When someone joins the room'],
	['Participant Left', 'participant-left', 'When someone leaves the room'],
	['Recording Failed', 'recording-failed', 'When the recording was interrupted'],
	['Recording Started', 'recording-started', 'When the recording begins'],
	['Recording Stopped', 'recording-stopped', 'When the recording has ended'],
	['Session Ended', 'session-ended', 'When the last participant has left the room'],
	['Session Started', 'session-started', 'When the first participant is in the room'],
	['Transcription Failed', 'transcription-failed', 'When the transcription was interrupted'],
	['Transcription Started', 'transcription-started', 'When the transcription begins'],
	['Transcription Stopped', 'transcription-stopped', 'When the transcription has ended'],
);

/** The events of a call; the values are the names for which a webhook is registered, and that of its summary. */
const CALL_EVENT_OPTIONS = options(
	['Answered', 'call-answered', 'When someone answers the call'],
	['Ended', 'call-hangup', 'When someone hangs up'],
	['Missed', 'call-missed', 'When no one answers the call'],
	['Ringing', 'call-ringing', 'When the phone rings'],
	['Started', 'call-started', 'When an incoming or outgoing call begins'],
	['Summary', CALL_SUMMARY, 'When the agent sends its notes on the call'],
	['Transferred', 'call-transferred', 'When the call was transferred'],
	['Updated', 'call-update', 'When something else about the call changes'],
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

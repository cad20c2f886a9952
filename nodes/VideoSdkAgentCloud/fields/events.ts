import { CALL_SUMMARY, EVENT_PREFIX } from '../webhook/eventNames';

/** An event, as multiOptions show it. */
export interface EventOption {
	name: string;
	value: string;
	description: string;
}

/** @param family the first part of each name, so that an event has the same name wherever it can be chosen */
const options = (
	family: string,
	...rows: Array<[name: string, value: string, description: string]>
): EventOption[] =>
	rows.map(([name, value, description]) => ({ name: `${family}: ${name}`, value, description }));

/** The five events of a session; the values are the names of the start call. */
export const EVENT_OPTIONS = options(
	'Agent Session',
	['Failed', `${EVENT_PREFIX}failed`, 'When the session fails to start or ends unexpectedly'],
	['Started', `${EVENT_PREFIX}started`, 'When the agent is ready to talk'],
	['Starting', `${EVENT_PREFIX}starting`, 'When the agent is starting up'],
	['Stopped', `${EVENT_PREFIX}stopped`, 'When the session has ended'],
	['Stopping', `${EVENT_PREFIX}stopping`, 'When the session is about to end'],
);

/** The events of a room; the values are the names with which a room is created. */
export const ROOM_EVENT_OPTIONS = options(
	'Room',
	['Participant Joined', 'participant-joined', 'When someone joins the room'],
	['Participant Left', 'participant-left', 'When someone leaves the room'],
	['Recording Failed', 'recording-failed', 'When the recording stops unexpectedly'],
	['Recording Started', 'recording-started', 'When the recording starts'],
	['Recording Stopped', 'recording-stopped', 'When the recording has ended'],
	['Session Ended', 'session-ended', 'When the last participant has left the room'],
	['Session Started', 'session-started', 'When the first participant joins the room'],
	['Transcription Failed', 'transcription-failed', 'When the transcription stops unexpectedly'],
	['Transcription Started', 'transcription-started', 'When the transcription starts'],
	['Transcription Stopped', 'transcription-stopped', 'When the transcription has ended'],
);

/** The events of a call; the values are the names for which a webhook is registered, and that of its summary. */
const CALL_EVENT_OPTIONS = options(
	'Call',
	['Answered', 'call-answered', 'When someone answers the call'],
	[
		'Ended',
		'call-hangup',
		'When a call ends, probably also when it is rejected or fails. To cover more, also select Missed and Transferred.',
	],
	['Missed', 'call-missed', "When the call isn't answered"],
	['Ringing', 'call-ringing', 'When the phone starts ringing'],
	['Started', 'call-started', 'When an incoming or outgoing call starts'],
	['Summary', CALL_SUMMARY, 'When the agent sends its notes on the call'],
	['Transferred', 'call-transferred', 'When the call is transferred'],
	['Updated', 'call-update', 'When anything else about the call changes'],
);

/** All events of the trigger, by family. */
export const TRIGGER_EVENT_OPTIONS = [...EVENT_OPTIONS, ...CALL_EVENT_OPTIONS, ...ROOM_EVENT_OPTIONS];

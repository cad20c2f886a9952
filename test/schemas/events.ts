import { either, map, matching, object, oneOfTexts, orNull, text, withAtLeast, type Schema } from './words';

const STAGES = ['starting', 'started', 'stopping', 'stopped', 'failed'];

/** As a start subscribes to them (docs). */
export const SESSION_EVENTS = STAGES.map((stage) => `ai-deployment-session-${stage}`);

/** Events of calls, as webhooks may name them: first those of docs and SDK, then those that only guide or SDK know. */
export const COMMON_CALL_EVENTS = [
	'call-started',
	'call-ringing',
	'call-answered',
	'call-hangup',
	'call-missed',
	'call-update',
	'call-transferred',
];
export const CALL_EVENTS = [
	...COMMON_CALL_EVENTS,
	'call-transfer-initiated',
	'call-transfer-accepted',
	'call-transferring',
	'call-transfer-ringing',
	'call-transfer-failed',
	'switch-room-initiated',
	'switch-room-completed',
	'switch-room-failed',
];

/** Events of rooms, as a room's webhook may name them, also by patterns such as `recording-*`. */
export const ROOM_EVENTS = [
	'session-started',
	'session-ended',
	'participant-joined',
	'participant-left',
	'recording-started',
	'recording-stopped',
	'recording-failed',
	'participant-recording-started',
	'participant-recording-stopped',
	'participant-recording-failed',
	'participant-track-recording-started',
	'participant-track-recording-stopped',
	'participant-track-recording-failed',
	'merge-recording-completed',
	'merge-recording-failed',
	'transcription-started',
	'transcription-stopped',
	'transcription-failed',
	'transcription-completed',
];

export const sessionEvents = { type: 'array', items: oneOfTexts(...SESSION_EVENTS) };
export const callEvents = { type: 'array', items: oneOfTexts(...CALL_EVENTS), minItems: 1 };
export const roomEvents = {
	type: 'array',
	items: either(oneOfTexts(...ROOM_EVENTS), matching('^[a-z-]*\\*[a-z*-]*$')),
};

const optionalText = orNull(text);
const typed = (pattern: string, data: Schema): Schema => object({ webhookType: matching(pattern), data });

/** The body of a delivery, whatever its family. */
export const EVENT = either(
	// Docs and SDK name the family differently.
	typed('^(ai-deployment|agent)-session-', withAtLeast({ sessionId: text })),
	// `call-ended` is how older docs call a hang-up.
	typed(
		`^(${[...CALL_EVENTS, 'call-ended'].join('|')})$`,
		withAtLeast({ callId: text, 'type?': optionalText }),
	),
	typed(`^(${ROOM_EVENTS.join('|')})$`, withAtLeast({ meetingId: text, sessionId: text })),
	object({ 'call-summary': map, 'customer-data': map, 'room-data': map }),
);

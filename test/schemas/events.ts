import { either, map, matching, object, oneOfTexts, orNull, text, withAtLeast, type Schema } from './words';

const STAGES = ['starting', 'started', 'stopping', 'stopped', 'failed'];

/** As a start subscribes to them (docs). */
export const SESSION_EVENTS = STAGES.map((stage) => `ai-deployment-session-${stage}`);

const named = (prefix: string, names: string) => names.split(' ').map((name) => `${prefix}-${name}`);

/** Events of calls, as webhooks may name them: first those of docs and SDK, then those that only guide or SDK know. */
export const COMMON_CALL_EVENTS = named('call', 'started ringing answered hangup missed update transferred');
const CALL_EVENTS = [
	...COMMON_CALL_EVENTS,
	...named('call', 'transfer-initiated transfer-accepted transferring transfer-ringing transfer-failed'),
	...named('switch-room', 'initiated completed failed'),
];

/** Events of rooms, as a room's webhook may name them, also by patterns such as `recording-*`. */
const ROOM_EVENTS = [
	...named('session', 'started ended'),
	...named('participant', 'joined left'),
	...['recording', 'participant-recording', 'participant-track-recording', 'transcription'].flatMap((kind) =>
		named(kind, 'started stopped failed'),
	),
	...named('merge-recording', 'completed failed'),
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

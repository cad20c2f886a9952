import { randomUUID } from 'node:crypto';
import type { SessionWebhook } from '../types';

/** What may be arranged for a room's recording when it is made. */
export interface AutoStartConfig {
	recording?: { transcription?: { enabled?: boolean; summary?: { enabled?: boolean; prompt?: string } } };
	[name: string]: unknown;
}

/** A room, as the API answers it, too. */
export interface SimulatedRoom {
	id: string;
	/** Three groups of four letters or digits. */
	roomId: string;
	customRoomId?: string;
	geoFence?: string;
	disabled: boolean;
	webhook?: SessionWebhook;
	autoCloseConfig?: object;
	autoStartConfig?: AutoStartConfig;
	multiComposition?: object;
	allowedParticipantIds?: string[];
	createdAt: string;
	updatedAt: string;
}

/** Someone in a room's session, or who was. */
export interface SimulatedParticipant {
	participantId: string;
	name: string;
	timelog: Array<{ start: string; end: string | null }>;
}

/** One live occupancy of a room. */
export interface SimulatedRoomSession {
	id: string;
	roomId: string;
	customRoomId?: string;
	start: string;
	end: string | null;
	status: 'ongoing' | 'ended';
	participants: SimulatedParticipant[];
}

/** True for someone who has not left. */
export function isPresent({ timelog }: SimulatedParticipant): boolean {
	return timelog.at(-1)?.end === null;
}

/** An ID as VideoSDK makes them. */
export function newRoomId(): string {
	return randomUUID().slice(9, 23);
}

import type { Courier } from '../courier';
import type { SimulatedRoom, SimulatedRoomSession } from '../state/room';

/** True if a name in a webhook's `events` stands for an event. */
export function covers(pattern: string, event: string): boolean {
	const expression = pattern
		.split('*')
		.map((part) => part.replace(/[^\w-]/g, '\\$&'))
		.join('.*');
	return new RegExp(`^${expression}$`).test(event);
}

/** The events of rooms, which go to the address given when the room was made. */
export class RoomEvents {
	constructor(
		private readonly courier: Courier,
		private readonly roomOf: (roomId: string) => SimulatedRoom | undefined,
	) {}

	send(session: SimulatedRoomSession, event: string, data: object = {}): void {
		const webhook = this.roomOf(session.roomId)?.webhook;
		if (!webhook?.events.some((pattern) => covers(pattern, event))) return;
		this.sendTo(webhook.endPoint, session, event, data);
	}

	/** To an address that was given for one matter, such as a transcription. */
	sendTo(endPoint: string, session: SimulatedRoomSession, event: string, data: object): void {
		const body = { webhookType: event, data: { meetingId: session.roomId, sessionId: session.id, ...data } };
		void this.courier.send(event, endPoint, body);
	}
}

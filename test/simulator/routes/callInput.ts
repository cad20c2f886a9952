import type { CallInput } from '../state/call';
import type { Rooms } from '../state/rooms';
import type { Telephony } from '../state/telephony';
import { ApiError } from '../validate';

/** The body of a request to make a call, as far as the simulator heeds it. */
export interface CallBody extends Pick<
	CallInput,
	'gatewayId' | 'participant' | 'metadata' | 'recordAudio' | 'ringingTimeout' | 'maxCallDuration'
> {
	sipCallTo: string;
	sipCallFrom?: string;
	routingRuleId?: string;
	destinationRoomId?: string;
	waitUntilAnswered?: boolean;
}

/** What a call begins with; rule, gateway and room must be there. */
export function callInput(body: CallBody, telephony: Telephony, rooms: Rooms): CallInput {
	const { routingRuleId: ruleId, gatewayId, metadata = {}, participant } = body;
	const rule = telephony.routingRules.find(({ id }) => id === ruleId);
	if (ruleId && rule?.type !== 'outbound') throw new ApiError(404, 'Routing rule not found');
	if (gatewayId && !telephony.outboundGateways.some(({ id }) => id === gatewayId)) {
		throw new ApiError(404, 'Gateway not found');
	}
	const roomId = destination(body.destinationRoomId, rooms) ?? rule?.room.id;
	if (roomId && rooms.find(roomId)?.disabled) throw new ApiError(402, 'Room is disabled');
	return {
		type: 'outbound',
		to: body.sipCallTo,
		from: body.sipCallFrom,
		ruleId,
		gatewayId,
		agentId: rule?.agentId,
		...(roomId ? { roomId } : {}),
		metadata,
		participant,
		// With a rule, the rule decides.
		recordAudio: (rule ? rule.recording === true : body.recordAudio) ?? false,
		ringingTimeout: body.ringingTimeout,
		maxCallDuration: body.maxCallDuration,
	};
}

/** The room that a call asks for, which must be there; a custom ID will do, too. */
function destination(id: string | undefined, rooms: Rooms): string | undefined {
	if (id === undefined) return undefined;
	const room = rooms.find(id);
	if (!room) throw new ApiError(404, 'Room not found');
	return room.roomId;
}

import type { FastifyInstance } from 'fastify';
import { isConnected, isOver, type CallInput, type SimulatedCall } from './calls';
import { between, hasText, latestFirst, matches, page } from './lists';
import { ApiError, type Call } from './request';
import type { World } from './world';

/** The body of a request to make a call, as far as the simulator heeds it. */
interface CallBody extends Pick<CallInput, 'metadata' | 'ringingTimeout' | 'maxCallDuration'> {
	sipCallTo: string;
	sipCallFrom: string;
	routingRuleId: string;
	destinationRoomId?: string;
	waitUntilAnswered?: boolean;
}

const PATH = '/v2/sip/call';

/** Calls: make, read, hang up, transfer. */
export function callRoutes(app: FastifyInstance, world: World): void {
	const { calls } = world;
	const shown = shownIn(world);
	const found = (callId: string): SimulatedCall => {
		const call = calls.byId.get(callId);
		if (!call) throw new ApiError(404, 'Call not found');
		return call;
	};
	app.post<Call<CallBody>>(PATH, async (request) => {
		const call = calls.begin(callInput(request.body, world));
		if (request.body.waitUntilAnswered) await calls.rungOut(call);
		return { message: 'Call initiated successfully', data: shown(call) };
	});
	app.get<Call>(PATH, (request) => {
		const { query } = request;
		const wanted = world.listed(latestFirst(calls.byId)).filter((call) => {
			const { callId, roomId, sessionId, ruleId, type, to, from, start } = call;
			return (
				matches({ id: callId, roomId, sessionId, ruleId, type }, query) &&
				(world.listing.ignoresSearch || hasText(query.search, [to, from, roomId])) &&
				between(start, query)
			);
		});
		const rows = wanted.map((call) => listed(call, world));
		return page(request, rows);
	});
	app.get<Call>(`${PATH}/:id`, ({ params }) => ({ data: shown(found(params.id)) }));
	app.post<Call<{ callId: string }>>(`${PATH}/end`, (request) => {
		const call = found(request.body.callId);
		if (isOver(call)) throw new ApiError(409, 'Call has already ended');
		calls.step(call, 'ended');
		// The documented sample says so, too.
		return { message: 'Call initiated successfully', data: shown(call) };
	});
	app.post<Call<{ callId: string; transferTo: string }>>(`${PATH}/transfer`, (request) => {
		const call = found(request.body.callId);
		if (!isConnected(call)) throw new ApiError(409, 'Call is not active');
		calls.transfer(call, request.body.transferTo);
		return { data: shown(call) };
	});
}

/** What a call begins with; rule and room must be there. */
function callInput(body: CallBody, { telephony, rooms }: World): CallInput {
	const { sipCallTo, sipCallFrom, routingRuleId, destinationRoomId, ...rest } = body;
	const rule = telephony.routingRules.find(({ id }) => id === routingRuleId);
	if (rule?.type !== 'outbound') throw new ApiError(404, 'Routing rule not found');
	// A custom ID will do, too.
	const room = destinationRoomId === undefined ? undefined : rooms.find(destinationRoomId);
	if (destinationRoomId !== undefined && !room) throw new ApiError(404, 'Room not found');
	if (room?.disabled) throw new ApiError(402, 'Room is disabled');
	const { metadata = {}, ringingTimeout, maxCallDuration } = rest;
	return {
		type: 'outbound',
		to: sipCallTo,
		from: sipCallFrom,
		ruleId: routingRuleId,
		agentId: rule.agentId,
		metadata,
		ringingTimeout,
		maxCallDuration,
		roomId: room?.roomId,
		// The rule decides, whatever the body has.
		recordAudio: rule.recording,
	};
}

/** A call alone, with the ID under the name of VideoSDK's own client (docs/dev/api-truth.md). */
const shownIn =
	(world: World) =>
	(call: SimulatedCall): object => ({ id: call.callId, ...rest(call, world) });

/** A row of the list: the ID is under `callId` there. */
function listed(call: SimulatedCall, world: World): object {
	const { telephony, listing } = world;
	const rule = telephony.routingRules.find(({ id }) => id === call.ruleId);
	return {
		callId: call.callId,
		...rest(call, world),
		metadata: listing.hasMetadata ? call.metadata : {},
		gatewayName: 'Outbound gateway 01',
		ruleName: rule?.name,
	};
}

/** What the API doesn't show of a call, or under another name. */
const HIDDEN = 'callId agentId recordAudio ringingTimeout maxCallDuration'.split(' ');

function rest(call: SimulatedCall, { calls }: World): object {
	const common = Object.entries(calls.spelled(call)).filter(([name]) => !HIDDEN.includes(name));
	return { ...Object.fromEntries(common), provider: 'twilio', transport: 'tls', region: 'us002' };
}

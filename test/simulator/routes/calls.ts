import type { FastifyInstance } from 'fastify';
import { short } from '../courier';
import type { Call } from '../request';
import { isConnected, isOver, type SimulatedCall } from '../state/call';
import type { Calls } from '../state/calls';
import type { Rooms } from '../state/rooms';
import type { Telephony } from '../state/telephony';
import { ApiError } from '../validate';
import { callInput, type CallBody } from './callInput';
import { between, matches } from './filters';
import { page } from './pages';

const PATH = '/v2/sip/call';

/** Calls: make, read, hang up, transfer. */
export function callRoutes(app: FastifyInstance, calls: Calls, rooms: Rooms, telephony: Telephony): void {
	app.post<Call<CallBody>>(PATH, async (request) => {
		const call = calls.begin(callInput(request.body, telephony, rooms));
		request.note = `call ${short(call.callId)} initiated`;
		if (request.body.waitUntilAnswered) await calls.rungOut(call);
		return { message: 'Call initiated successfully', data: shown(call) };
	});
	app.get<Call>(PATH, (request) => {
		const { query } = request;
		const wanted = [...calls.byId.values()].reverse().filter((call) => fits(call, query));
		return page(
			request,
			wanted.map((call) => listed(call, telephony)),
		);
	});
	app.get<Call>(`${PATH}/:id`, (request) => {
		const call = found(calls, request.params.id);
		request.note = `call ${short(call.callId)} ${call.status}`;
		return { data: shown(call) };
	});
	app.post<Call<{ callId: string }>>(`${PATH}/end`, (request) => {
		const call = found(calls, request.body.callId);
		if (isOver(call)) throw new ApiError(409, 'Call has already ended');
		calls.end(call);
		request.note = `call ${short(call.callId)} ${call.status}`;
		// The documented sample says so, too.
		return { message: 'Call initiated successfully', data: shown(call) };
	});
	app.post<Call<{ callId: string; transferTo: string }>>(`${PATH}/transfer`, (request) => {
		const call = found(calls, request.body.callId);
		if (!isConnected(call)) throw new ApiError(409, 'Call is not active');
		calls.transfer(call, request.body.transferTo);
		request.note = `call ${short(call.callId)} ${call.status}`;
		return { data: shown(call) };
	});
}

function found(calls: Calls, callId: string): SimulatedCall {
	const call = calls.byId.get(callId);
	if (!call) throw new ApiError(404, 'Call not found');
	return call;
}

function fits(call: SimulatedCall, query: Record<string, string>): boolean {
	const { callId, roomId, sessionId, gatewayId, ruleId, type, to, from, start } = call;
	return (
		matches({ id: callId, roomId, sessionId, gatewayId, ruleId, type }, query) &&
		(!query.search || [to, from, roomId].some((text) => text?.includes(query.search ?? ''))) &&
		between(start, query)
	);
}

/** A call alone, in the spelling of VideoSDK's own client (docs/dev/api-truth.md). */
function shown(call: SimulatedCall): object {
	return { id: call.callId, ...rest(call) };
}

/** A row of the list: the ID is under `callId` there. */
function listed(call: SimulatedCall, telephony: Telephony): object {
	const gateway = telephony.outboundGateways.find(({ id }) => id === call.gatewayId);
	const rule = telephony.routingRules.find(({ id }) => id === call.ruleId);
	return { callId: call.callId, ...rest(call), gatewayName: gateway?.name, ruleName: rule?.name };
}

function rest(call: SimulatedCall): object {
	const { type, status, to, from, roomId, sessionId, gatewayId, ruleId, metadata, transfer } = call;
	const { start, end, timelog } = call;
	return {
		...{ to, from, type, status, roomId, sessionId, gatewayId, ruleId, metadata, transfer },
		...{ start, end, timelog, provider: 'twilio', transport: 'tls', region: 'us002' },
	};
}

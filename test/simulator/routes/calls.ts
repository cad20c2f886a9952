import type { FastifyInstance } from 'fastify';
import type { Answers } from '../answers';
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
export function callRoutes(
	app: FastifyInstance,
	calls: Calls,
	rooms: Rooms,
	telephony: Telephony,
	answers: Answers,
): void {
	app.post<Call<CallBody>>(PATH, async (request) => {
		const call = calls.begin(callInput(request.body, telephony, rooms));
		request.note = `call ${short(call.callId)} initiated`;
		if (request.body.waitUntilAnswered) await calls.rungOut(call);
		return { message: 'Call initiated successfully', data: shown(call, answers) };
	});
	app.get<Call>(PATH, (request) => {
		const { query } = request;
		const wanted = [...calls.byId.values()].reverse().filter((call) => fits(call, query));
		return page(
			request,
			wanted.map((call) => listed(call, answers, telephony)),
		);
	});
	app.get<Call>(`${PATH}/:id`, (request) => {
		const call = found(calls, request.params.id);
		request.note = `call ${short(call.callId)} ${call.status}`;
		return { data: shown(call, answers) };
	});
	app.post<Call<{ callId: string }>>(`${PATH}/end`, (request) => {
		const call = found(calls, request.body.callId);
		if (isOver(call)) throw new ApiError(409, 'Call has already ended');
		calls.end(call);
		request.note = `call ${short(call.callId)} ${call.status}`;
		// The documented sample says so, too.
		return { message: 'Call initiated successfully', data: shown(call, answers) };
	});
	app.post<Call<{ callId: string; transferTo: string }>>(`${PATH}/transfer`, (request) => {
		const call = found(calls, request.body.callId);
		if (!isConnected(call)) throw new ApiError(409, 'Call is not active');
		calls.transfer(call, request.body.transferTo);
		request.note = `call ${short(call.callId)} ${call.status}`;
		return { data: shown(call, answers) };
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

function shown(call: SimulatedCall, answers: Answers): object {
	const { callId, to, from } = call;
	return {
		...(answers.calls === 'sdk' ? {} : { callId, sipCallTo: to, sipCallFrom: from }),
		...(answers.calls === 'docs' ? {} : { id: callId, to, from }),
		...rest(call, answers),
	};
}

/** In the list the ID is under `callId`, whoever documents it. */
function listed(call: SimulatedCall, answers: Answers, telephony: Telephony): object {
	const { callId, to, from } = call;
	const gateway = telephony.outboundGateways.find(({ id }) => id === call.gatewayId);
	const rule = telephony.routingRules.find(({ id }) => id === call.ruleId);
	return {
		callId,
		...(answers.calls === 'both' ? { id: callId } : {}),
		...(answers.calls === 'sdk' ? {} : { sipCallTo: to, sipCallFrom: from }),
		...(answers.calls === 'docs' ? {} : { to, from }),
		...rest(call, answers),
		gatewayName: gateway?.name,
		ruleName: rule?.name,
	};
}

function rest(call: SimulatedCall, { callStatus }: Answers): object {
	const { type, roomId, sessionId, gatewayId, ruleId, metadata, transfer, start, end } = call;
	return {
		type,
		status: callStatus(call.status),
		roomId,
		sessionId,
		gatewayId,
		ruleId,
		metadata,
		transfer,
		start,
		end,
		timelog: call.timelog.map(({ status, timestamp }) => ({ status: callStatus(status), timestamp })),
		provider: 'twilio',
		transport: 'tls',
		region: 'us002',
	};
}

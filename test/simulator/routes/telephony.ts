import type { FastifyInstance } from 'fastify';
import type { Answers } from '../answers';
import type { Call } from '../request';
import type { SimulatedGateway, SimulatedRoutingRule, Telephony } from '../state/telephony';
import { ApiError } from '../validate';
import { matches } from './filters';
import { page } from './pages';

/** Gateways, phone numbers and routing rules: what calls can be made with. */
export function telephonyRoutes(app: FastifyInstance, telephony: Telephony, answers: Answers): void {
	gatewayRoutes(app, '/v2/sip/outbound-gateways', telephony.outboundGateways, answers);
	gatewayRoutes(app, '/v2/sip/inbound-gateways', telephony.inboundGateways, answers);
	phoneNumberRoutes(app, telephony, answers);
	ruleRoutes(app, '/v2/sip/routing-rule', 'singular', telephony, answers);
	ruleRoutes(app, '/v2/sip/routing-rules', 'plural', telephony, answers);
	batchRoutes(app, telephony);
}

function gatewayRoutes(
	app: FastifyInstance,
	path: string,
	gateways: SimulatedGateway[],
	answers: Answers,
): void {
	const shown = ({ id, ...rest }: SimulatedGateway): object => ({ [answers.gatewayId]: id, ...rest });
	app.get<Call>(path, (request) => {
		const { query } = request;
		const wanted = gateways.filter(({ id, name }) => matches({ id }, query) && hasText(query.search, [name]));
		return page(request, wanted.map(shown), { bare: answers.bareLists });
	});
	app.get<Call>(`${path}/:id`, (request) => {
		const gateway = gateways.find(({ id }) => id === request.params.id);
		if (!gateway) throw new ApiError(404, 'Gateway not found');
		return shown(gateway);
	});
}

function phoneNumberRoutes(app: FastifyInstance, { phoneNumbers }: Telephony, answers: Answers): void {
	app.get<Call>('/v2/sip/phone-numbers', (request) => {
		const { query } = request;
		const wanted = phoneNumbers.filter(({ phoneNumber: { name, e164 } }) =>
			hasText(query.search, [name, e164]),
		);
		return page(request, wanted, { perPage: 20, bare: answers.bareLists });
	});
	app.get<Call>('/v2/sip/phone-numbers/:id', (request) => {
		const number = phoneNumbers.find(({ phoneNumber }) => phoneNumber.e164 === request.params.id);
		if (!number) throw new ApiError(404, 'Phone number not found');
		return number;
	});
}

function ruleRoutes(
	app: FastifyInstance,
	path: string,
	spelling: Answers['routingRules'],
	{ routingRules }: Telephony,
	answers: Answers,
): void {
	const check = (method: string): void => {
		if (answers.routingRules === 'both' || answers.routingRules === spelling) return;
		throw new ApiError(404, `Cannot ${method} ${path}`);
	};
	app.get<Call>(path, (request) => {
		check(request.method);
		const { query } = request;
		const fits = ({ id, name, type, numbers, room }: SimulatedRoutingRule): boolean =>
			matches({ type }, query) &&
			(query.ruleIds?.split(',').includes(id) ?? true) &&
			(query.roomType?.split(',').includes(room.type) ?? true) &&
			hasText(query.search, [name, ...numbers]);
		return page(request, routingRules.filter(fits), { bare: answers.bareLists });
	});
	app.get<Call>(`${path}/:id`, (request) => {
		check(request.method);
		const rule = routingRules.find(({ id }) => id === request.params.id);
		if (!rule) throw new ApiError(404, 'Routing rule not found');
		return rule;
	});
}

/** Batches of calls can be read, not made. */
function batchRoutes(app: FastifyInstance, { batchCalls }: Telephony): void {
	app.get<Call>('/v2/batch-calls', (request) => {
		const batches = batchCalls.map(({ batchId }) => ({ batchId }));
		return page(request, batches, { key: 'batchCalls' });
	});
	app.get<Call>('/v2/batch-calls/:id/records', (request) => {
		const batch = batchCalls.find(({ batchId }) => batchId === request.params.id);
		if (!batch) throw new ApiError(404, 'Batch not found');
		return page(request, batch.records, { key: 'records' });
	});
}

function hasText(search: string | undefined, texts: string[]): boolean {
	const wanted = search?.toLowerCase() ?? '';
	return texts.some((text) => text.toLowerCase().includes(wanted));
}

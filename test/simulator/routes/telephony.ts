import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { SimulatedGateway, SimulatedRoutingRule, Telephony } from '../state/telephony';
import { matches } from './filters';
import { page } from './pages';

/** Gateways, phone numbers and routing rules: what calls can be made with. */
export function telephonyRoutes(app: FastifyInstance, telephony: Telephony): void {
	gatewayRoutes(app, telephony);
	phoneNumberRoutes(app, telephony);
	ruleRoutes(app, telephony);
}

function gatewayRoutes(app: FastifyInstance, { outboundGateways }: Telephony): void {
	app.get<Call>('/v2/sip/outbound-gateways', (request) => {
		const { query } = request;
		const fits = ({ id, name }: SimulatedGateway) => matches({ id }, query) && hasText(query.search, [name]);
		return page(request, outboundGateways.filter(fits));
	});
}

function phoneNumberRoutes(app: FastifyInstance, { phoneNumbers }: Telephony): void {
	app.get<Call>('/v2/sip/phone-numbers', (request) => {
		const { query } = request;
		const wanted = phoneNumbers.filter(({ phoneNumber: { name, e164 } }) =>
			hasText(query.search, [name, e164]),
		);
		return page(request, wanted, { perPage: 20 });
	});
}

function ruleRoutes(app: FastifyInstance, { routingRules }: Telephony): void {
	app.get<Call>('/v2/sip/routing-rule', (request) => {
		const { query } = request;
		const fits = ({ id, name, type, numbers, room }: SimulatedRoutingRule): boolean =>
			matches({ type }, query) &&
			(query.ruleIds?.split(',').includes(id) ?? true) &&
			(query.roomType?.split(',').includes(room.type) ?? true) &&
			hasText(query.search, [name, ...numbers]);
		return page(request, routingRules.filter(fits));
	});
}

function hasText(search: string | undefined, texts: string[]): boolean {
	const wanted = search?.toLowerCase() ?? '';
	return texts.some((text) => text.toLowerCase().includes(wanted));
}

/** Gateways, phone numbers and routing rules: what calls can be made with. */
import type { FastifyInstance } from 'fastify';
import { hasText, matches, page } from './lists';
import type { Call } from './request';

/** Is in every gateway and phone number that the API answers, and must be found nowhere else. */
export const SIP_PASSWORD = 'sip-trunk-password-to-be-dropped';

/** What the account has for making and taking calls. */
export type Telephony = ReturnType<typeof defaultTelephony>;

const two = (index: number): string => String(index + 1).padStart(2, '0');
const times = <T>(length: number, make: (index: number) => T): T[] =>
	Array.from({ length }, (_, index) => make(index));

function gateway(direction: 'in' | 'out', index: number) {
	const createdAt = new Date(2026, 0, 1, 0, index).toISOString();
	return {
		id: `gw_${direction}_${two(index)}`,
		name: `${direction === 'out' ? 'Outbound' : 'Inbound'} gateway ${two(index)}`,
		numbers: [`+155501010${two(index)}`],
		auth: { username: 'sip-user', password: SIP_PASSWORD },
		createdAt,
		updatedAt: createdAt,
	};
}

function phoneNumber(index: number) {
	const number = two(index);
	return {
		phoneNumber: { phoneNumberId: `pn_${number}`, e164: `+155501020${number}`, name: `Line ${number}` },
		inbound: gateway('in', 0),
		outbound: gateway('out', 0),
	};
}

function rule(type: 'inbound' | 'outbound', index: number) {
	return {
		id: `rule_${type === 'outbound' ? 'out' : 'in'}_${two(index)}`,
		name: `${type === 'outbound' ? 'Outbound' : 'Inbound'} rule ${two(index)}`,
		type,
		numbers: [phoneNumber(index).phoneNumber.e164],
		room: { type: 'dynamic', prefix: 'random' },
		/** Answers. */
		agentId: `agent_${two(index)}`,
		recording: false,
	};
}

/** Enough of each for several pages of ten; 23 numbers for two of twenty. */
export const defaultTelephony = () => ({
	outboundGateways: times(12, (index) => gateway('out', index)),
	phoneNumbers: times(23, phoneNumber),
	routingRules: [...times(12, (index) => rule('outbound', index)), rule('inbound', 0)],
});

export function telephonyRoutes(app: FastifyInstance, telephony: Telephony): void {
	app.get<Call>('/v2/sip/outbound-gateways', (request) => {
		const { query } = request;
		const wanted = telephony.outboundGateways.filter(
			({ id, name }) => matches({ id }, query) && hasText(query.search, [name]),
		);
		return page(request, wanted);
	});
	app.get<Call>('/v2/sip/phone-numbers', (request) => {
		const wanted = telephony.phoneNumbers.filter(({ phoneNumber: { name, e164 } }) =>
			hasText(request.query.search, [name, e164]),
		);
		return page(request, wanted, { perPage: 20 });
	});
	app.get<Call>('/v2/sip/routing-rule', (request) => {
		const { query } = request;
		const wanted = telephony.routingRules.filter(
			({ id, name, type, numbers }) =>
				matches({ type }, query) &&
				(query.ruleIds?.split(',').includes(id) ?? true) &&
				hasText(query.search, [name, ...numbers]),
		);
		return page(request, wanted);
	});
}

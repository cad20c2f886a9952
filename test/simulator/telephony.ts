/** Phone numbers and routing rules: what calls can be made with. */
import type { FastifyInstance } from 'fastify';
import { hasText, matches, page } from './lists';
import { ApiError, type Call } from './request';

/** Is in every phone number that the API answers, with its gateways, and must be found nowhere else. */
export const SIP_PASSWORD = 'sip-trunk-password-to-be-dropped';

/** What the account has for making and taking calls. */
export type Telephony = ReturnType<typeof defaultTelephony>;

const two = (index: number): string => String(index + 1).padStart(2, '0');
const times = <T>(length: number, make: (index: number) => T): T[] =>
	Array.from({ length }, (_, index) => make(index));

function gateway(direction: 'in' | 'out') {
	const createdAt = new Date(2026, 0, 1).toISOString();
	return {
		id: `gw_${direction}_01`,
		name: `${direction === 'out' ? 'Outbound' : 'Inbound'} gateway 01`,
		numbers: ['+15550101001'],
		auth: { username: 'sip-user', password: SIP_PASSWORD },
		createdAt,
		updatedAt: createdAt,
	};
}

function phoneNumber(index: number) {
	const number = two(index);
	return {
		phoneNumber: { phoneNumberId: `pn_${number}`, e164: `+155501020${number}`, name: `Line ${number}` },
		inbound: gateway('in'),
		outbound: gateway('out'),
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
		agentMetadata: {} as Record<string, unknown>,
		recording: false,
		dtmf: true,
		noiseCancellation: true,
		hidePhoneNumber: false,
	};
}

/** Enough of each for several pages of ten; 23 numbers for two of twenty. */
export const defaultTelephony = () => ({
	phoneNumbers: times(23, phoneNumber),
	routingRules: [...times(12, (index) => rule('outbound', index)), rule('inbound', 0)],
});

/** @returns the rule by which a number of the account answers; undefined if it has none */
export const inboundRule = ({ routingRules }: Telephony, called: string) =>
	routingRules.find(({ type, numbers }) => type === 'inbound' && numbers.includes(called));

/** What the API sets back in gateways, and maybe in rules, if a change omits it (`index.d.ts` of the official SDK). */
const RESET = { recording: false, dtmf: false, noiseCancellation: false, hidePhoneNumber: false };

export function telephonyRoutes(app: FastifyInstance, telephony: Telephony): void {
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
	const found = (ruleId: string) => {
		const one = telephony.routingRules.find(({ id }) => id === ruleId);
		if (!one) throw new ApiError(404, 'Routing rule not found');
		return one;
	};
	app.get<Call>('/v2/sip/routing-rule/:id', ({ params }) => found(params.id));
	app.patch<Call>('/v2/sip/routing-rule/:id', ({ params, body }) =>
		Object.assign(found(params.id), RESET, body),
	);
}

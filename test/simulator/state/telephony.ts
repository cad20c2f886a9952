/** Is in every gateway and phone number that the API answers, and must be found nowhere else. */
export const SIP_PASSWORD = 'sip-trunk-password-to-be-dropped';

/** A connection to a provider of phone lines. */
export interface SimulatedGateway {
	id: string;
	name: string;
	numbers: string[];
	auth: { username: string; password: string };
	[name: string]: unknown;
}

/** What becomes of calls of some numbers. */
export interface SimulatedRoutingRule {
	id: string;
	name: string;
	type: 'inbound' | 'outbound';
	numbers: string[];
	room: { type: 'static' | 'dynamic'; id?: string; prefix?: string };
	/** The agent that answers. */
	agentId?: string;
	[name: string]: unknown;
}

/** A number of the account. */
export interface SimulatedPhoneNumber {
	phoneNumber: { phoneNumberId: string; e164: string; name: string; [name: string]: unknown };
	inbound: SimulatedGateway | null;
	outbound: SimulatedGateway | null;
}

/** What the account has for making and taking calls. */
export interface Telephony {
	outboundGateways: SimulatedGateway[];
	routingRules: SimulatedRoutingRule[];
	phoneNumbers: SimulatedPhoneNumber[];
}

const two = (index: number): string => String(index + 1).padStart(2, '0');
const times = <T>(length: number, make: (index: number) => T): T[] =>
	Array.from({ length }, (_, index) => make(index));

function gateway(direction: 'in' | 'out', index: number): SimulatedGateway {
	const createdAt = new Date(2026, 0, 1, 0, index).toISOString();
	return {
		id: `gw_${direction}_${two(index)}`,
		name: `${direction === 'out' ? 'Outbound' : 'Inbound'} gateway ${two(index)}`,
		numbers: [`+155501010${two(index)}`],
		...(direction === 'out' ? { address: 'sip.provider.example:5061', transport: 'tls' } : {}),
		mediaEncryption: 'disable',
		record: false,
		auth: { username: 'sip-user', password: SIP_PASSWORD },
		createdAt,
		updatedAt: createdAt,
	};
}

/** Enough of each for several pages of ten; 23 numbers for two of twenty. */
export function defaultTelephony(): Telephony {
	const outboundGateways = times(12, (index) => gateway('out', index));
	const phoneNumbers = times(23, (index) => ({
		phoneNumber: {
			phoneNumberId: `pn_${two(index)}`,
			e164: `+155501020${two(index)}`,
			name: `Line ${two(index)}`,
			countryCode: 'US',
			provider: 'twilio',
			status: 'active',
		},
		inbound: gateway('in', 0),
		outbound: outboundGateways[0] ?? null,
	}));
	const rule = (type: 'inbound' | 'outbound', index: number): SimulatedRoutingRule => ({
		id: `rule_${type === 'outbound' ? 'out' : 'in'}_${two(index)}`,
		name: `${type === 'outbound' ? 'Outbound' : 'Inbound'} rule ${two(index)}`,
		type,
		numbers: [phoneNumbers[index]?.phoneNumber.e164 ?? ''],
		room: { type: 'dynamic', prefix: 'random' },
		agentId: `agent_${two(index)}`,
	});
	return {
		outboundGateways,
		phoneNumbers,
		routingRules: [...times(12, (index) => rule('outbound', index)), rule('inbound', 0)],
	};
}

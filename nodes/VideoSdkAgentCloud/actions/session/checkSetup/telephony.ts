import { type IDataObject } from 'n8n-workflow';
import { type Send } from '../../../api/client';
import { listRecords } from '../../../api/pagination';
import { ALL_ROUTING_RULES, OUTBOUND_GATEWAYS, PHONE_NUMBERS } from '../../../api/telephony';
import { failed, type Finding, good, problem } from './finding';

/** A list, or why it could not be fetched. */
type Fetched = { rows: IDataObject[] } | { failure: Finding };

/** What a call is to be made with, as far as it is given. */
export interface CallSetup {
	routingRuleId?: string;
	from?: string;
	gatewayId?: string;
}

async function fetchAll(send: Send, list: Parameters<typeof listRecords>[1], what: string): Promise<Fetched> {
	try {
		return { rows: await listRecords(send, list, Infinity) };
	} catch (error) {
		return { failure: failed(error, what) };
	}
}

/** @returns the digits of a phone number; a SIP address, or the ID of a number, in lower case */
const plain = (number: unknown) => {
	const text = String(number ?? '').toLowerCase();
	return /[a-z]/.test(text) ? text : text.replace(/\D/g, '');
};

const numbersOf = (row: IDataObject | undefined): unknown[] =>
	Array.isArray(row?.numbers) ? (row.numbers as unknown[]) : [];

const hasNumber = (row: IDataObject | undefined, names: unknown[]) =>
	numbersOf(row).some((number) => names.some((name) => plain(name) !== '' && plain(name) === plain(number)));

function checkRule(routingRuleId: string, rules: Fetched): Finding {
	if ('failure' in rules) return rules.failure;
	const rule = rules.rows.find(({ id }) => id === routingRuleId);
	if (rule === undefined) {
		return problem(
			`The credential's VideoSDK project has no routing rule '${routingRuleId}'`,
			"Select a rule in 'Routing Rule', or create one in the VideoSDK dashboard.",
		);
	}
	if (String(rule.type).toLowerCase() === 'inbound') {
		return problem(
			'The routing rule is for incoming calls',
			"Select an outbound rule in 'Routing Rule', or create one in the VideoSDK dashboard.",
		);
	}
	if (!rule.agentId) {
		return problem(
			'The routing rule has no agent, so no one would talk on the call',
			'Assign an agent to the rule in the VideoSDK dashboard.',
		);
	}
	return good('The routing rule is for outgoing calls and has an agent');
}

function checkNumber(
	from: string,
	numbers: Fetched,
	rule: IDataObject | undefined,
	gateway: IDataObject | undefined,
): Finding {
	const row = 'rows' in numbers ? numbers.rows.find(({ id }) => plain(id) === plain(from)) : undefined;
	// A rule may name its numbers by ID.
	if (hasNumber(rule, [from, row?.phoneNumberId]))
		return good('The phone number belongs to the routing rule');
	if (rule !== undefined && (row !== undefined || numbersOf(rule).length > 0)) {
		const ofRule = numbersOf(rule).join(', ');
		return problem(
			"The phone number doesn't belong to the routing rule",
			ofRule === ''
				? 'Add the number to the rule in the VideoSDK dashboard.'
				: `Use one of the rule's numbers in 'From' (${ofRule}), or add this one to the rule in the VideoSDK dashboard.`,
		);
	}
	if (hasNumber(gateway, [from])) return good('The phone number belongs to the gateway');
	if (row !== undefined) return good('The phone number exists');
	if ('failure' in numbers) return numbers.failure;
	return problem(
		`The credential's VideoSDK project has no phone number '${from}'`,
		"Select a number in 'From', or add the number in the VideoSDK dashboard.",
	);
}

function checkGateway(gatewayId: string, gateways: Fetched): Finding {
	if ('failure' in gateways) return gateways.failure;
	return gateways.rows.some(({ id }) => id === gatewayId)
		? good('The gateway exists')
		: problem(
				`The credential's VideoSDK project has no outbound gateway '${gatewayId}'`,
				"Select a gateway in 'Gateway'. Gateways for incoming calls can't make calls.",
			);
}

/** Checks what calls are to be made with, and fetches only the lists that this takes. */
export async function checkTelephony(
	send: Send,
	{ routingRuleId, from, gatewayId }: CallSetup,
): Promise<Array<[check: string, finding: Finding]>> {
	const findings: Array<[check: string, finding: Finding]> = [];
	const none: Fetched = { rows: [] };
	const rules =
		routingRuleId === undefined ? none : await fetchAll(send, ALL_ROUTING_RULES, 'the list of routing rules');
	const gateways =
		gatewayId === undefined ? none : await fetchAll(send, OUTBOUND_GATEWAYS, 'the list of gateways');
	const find = (fetched: Fetched, wanted: string | undefined) =>
		'rows' in fetched ? fetched.rows.find(({ id }) => id === wanted) : undefined;
	if (routingRuleId !== undefined) findings.push(['routingRule', checkRule(routingRuleId, rules)]);
	if (from !== undefined) {
		const numbers = await fetchAll(send, PHONE_NUMBERS, 'the list of phone numbers');
		const [rule, gateway] = [find(rules, routingRuleId), find(gateways, gatewayId)];
		findings.push(['number', checkNumber(from, numbers, rule, gateway)]);
	}
	if (gatewayId !== undefined) findings.push(['gateway', checkGateway(gatewayId, gateways)]);
	return findings;
}

import type { IDataObject } from 'n8n-workflow';
import { isRecord } from './answer';
import type { ListRequest } from './pagination';
import { pathOf } from './path';

/**
 * The lists of what calls are made with. Rows of gateways and phone numbers hold the user name and password of the SIP trunk
 * (`auth`), so only what is needed is taken out of them, and no error quotes them.
 */
function listOf(
	name: string,
	toRecord: (row: IDataObject) => { id: unknown } & IDataObject,
	more: Partial<ListRequest> = {},
): ListRequest {
	return {
		path: pathOf('v2', 'sip', name),
		holdsSecrets: true,
		toRecord,
		identityOf: ({ id }) => String(id ?? ''),
		...more,
	};
}

/** Rows: `id`, `name`, `numbers`. */
export const OUTBOUND_GATEWAYS = listOf('outbound-gateways', ({ id, gatewayId, name, numbers }) => ({
	id: id || gatewayId,
	name,
	numbers,
}));

/** Rows: `id` (the number in E.164), `phoneNumberId`, `name`. */
export const PHONE_NUMBERS = listOf('phone-numbers', ({ phoneNumber }) => {
	const { e164, phoneNumberId, name } = isRecord(phoneNumber) ? phoneNumber : {};
	return { id: e164, phoneNumberId, name };
});

/** An older rule names its agent in `dispatch`. */
function agentIdOf({ agentId, dispatch }: IDataObject): IDataObject[string] {
	const { agent } = isRecord(dispatch) ? dispatch : {};
	return agentId || (isRecord(agent) ? agent.id : undefined);
}

/**
 * All routing rules, inbound ones too. Rows: `id`, `name`, `type`, `numbers`, `agentId`. The docs spell the path in the plural, the
 * official SDK in the singular.
 */
export const ALL_ROUTING_RULES = listOf(
	'routing-rule',
	(rule) => ({
		id: rule.id,
		name: rule.name,
		type: rule.type,
		numbers: rule.numbers ?? rule.phoneNumbers,
		agentId: agentIdOf(rule),
	}),
	{ pathInstead: pathOf('v2', 'sip', 'routing-rules') },
);

/** The rules by which calls are made. */
export const ROUTING_RULES: ListRequest = { ...ALL_ROUTING_RULES, qs: { type: 'outbound' } };

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

/** Rows: `id` (the number in E.164), `name`. */
export const PHONE_NUMBERS = listOf('phone-numbers', ({ phoneNumber }) => {
	const { e164, name } = isRecord(phoneNumber) ? phoneNumber : {};
	return { id: e164, name };
});

/** Rows: `id`, `name`, `type`, `numbers`, `agentId`. The docs spell the path in the plural, the official SDK in the singular. */
export const ROUTING_RULES = listOf(
	'routing-rule',
	({ id, name, type, numbers, agentId }) => ({ id, name, type, numbers, agentId }),
	{ qs: { type: 'outbound' }, pathInstead: pathOf('v2', 'sip', 'routing-rules') },
);

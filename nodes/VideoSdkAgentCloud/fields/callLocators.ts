import { type Field } from './field';
import { locator } from './locators';

/** A call. */
export const callField = locator({
	displayName: 'Call',
	name: 'callId',
	blank: 'required',
	description:
		'The call to use. To take it from an earlier node, enter its <code>callId</code>, for example <code>{{ $json.callId }}</code>.',
	searchListMethod: 'searchCalls',
	listPlaceholder: 'Select a call...',
	placeholder: 'e.g. 6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b',
});

/** What decides which agent talks. */
export const routingRuleField = locator({
	displayName: 'Routing Rule',
	name: 'routingRuleId',
	blank: 'required',
	description: 'The outbound routing rule. Its agent makes the call.',
	searchListMethod: 'searchRoutingRules',
	listPlaceholder: 'Select a routing rule...',
	placeholder: 'e.g. rule_1a2b3c',
});

/** The number from which a routing rule calls. */
const from = locator({
	displayName: 'From',
	name: 'from',
	blank: 'required',
	description: "The phone number to call from. It must be one of the routing rule's numbers.",
	searchListMethod: 'searchPhoneNumbers',
	listPlaceholder: 'Select a phone number...',
	// "By Number" is too long for n8n's selector.
	entered: ['Number', 'number'],
	placeholder: 'e.g. +14155550100',
});
// The list shows that rule's numbers.
export const fromField: Field<'required'> = {
	...from,
	typeOptions: { loadOptionsDependsOn: ['routingRuleId.value'] },
};

/** The number from which a gateway calls. */
export const optionalFromField: Field<'refused'> = {
	...fromField,
	blank: 'refused',
	required: false,
	description: "The phone number to call from. Leave empty to use the gateway's number.",
};

/** A connection to a provider of phone lines. */
export const gatewayField = locator({
	displayName: 'Gateway',
	name: 'gatewayId',
	blank: 'required',
	description: 'The outbound gateway to call through',
	searchListMethod: 'searchGateways',
	listPlaceholder: 'Select a gateway...',
	placeholder: 'e.g. gw_1a2b3c',
});

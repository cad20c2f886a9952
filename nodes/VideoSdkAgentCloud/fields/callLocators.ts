import { optional } from './field';
import { locator } from './locators';

/** A call. */
export const callField = locator('required', 'Call', 'callId', {
	description:
		'The call to use. To take it from an earlier node, enter its <code>callId</code>, for example <code>{{ $json.callId }}</code>.',
	placeholder: 'e.g. 6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b',
});

/** What decides which agent talks. */
export const routingRuleField = locator('required', 'Routing Rule', 'routingRuleId', {
	description:
		"The outbound routing rule. Its agent makes the call. None in the list? See 'Your first call' in the docs.",
	placeholder: 'e.g. rule_1a2b3c',
});

/** The number from which a routing rule calls. */
export const fromField = locator('required', 'From', 'from', {
	description: "The phone number to call from. It must be one of the routing rule's numbers.",
	dependsOn: 'routingRuleId',
	list: 'Phone Number',
	// "By Number" is too long for n8n's selector.
	entered: ['Number', 'number'],
	placeholder: 'e.g. +14155550100',
});

/** The number from which a gateway calls. */
export const optionalFromField = optional(
	'refused',
	fromField,
	"The phone number to call from. Leave empty to use the gateway's number.",
);

/** A connection to a provider of phone lines. */
export const gatewayField = locator('required', 'Gateway', 'gatewayId', {
	description: 'The outbound gateway to call through',
	placeholder: 'e.g. gw_1a2b3c',
});

import { type Blank, type Field, locatorField, optional } from './field';

/** What differs between resource locators. */
interface Locator {
	description: string;
	/** What "From List" lists: "Phone Number" is filled by `searchPhoneNumbers` in `dropdowns/`. Default: the field's label */
	list?: string;
	/** The name of the locator on which the list depends. */
	dependsOn?: string;
	/** The second mode, beside "From List": its label, and its name in workflows. Default: By ID */
	entered?: [label: string, mode: string];
	placeholder: string;
	enteredHint?: string;
	builderHint?: string;
}

/** Makes a field in which one record is selected from a list, or entered. */
export function locator<B extends Blank>(
	blank: B,
	displayName: string,
	name: string,
	{ list = displayName, entered: [label, mode] = ['By ID', 'id'], ...texts }: Locator,
): Field<B> {
	const { description, placeholder, enteredHint, builderHint, dependsOn } = texts;
	return locatorField(blank, displayName, name, {
		required: blank === 'required',
		description,
		...(dependsOn !== undefined && { typeOptions: { loadOptionsDependsOn: [`${dependsOn}.value`] } }),
		...(builderHint !== undefined && { builderHint: { propertyHint: builderHint } }),
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: `Select ${/^[AEIOU]/.test(list) ? 'an' : 'a'} ${list.toLowerCase()}...`,
				typeOptions: { searchListMethod: `search${list.replaceAll(' ', '')}s`, searchable: true },
			},
			{ displayName: label, name: mode, type: 'string', placeholder, hint: enteredHint },
		],
	});
}

export const deploymentField = locator('required', 'Deployment', 'deploymentId', {
	description:
		"The agent's deployment. You'll find it in the VideoSDK dashboard, under Agent Cloud. An agent from Agent: Deploy is of another generation, and isn't one of them.",
	placeholder: 'e.g. ddv_1a2b3c',
	builderHint:
		'Leave it empty for the user to select from the list. If the ID is known, use mode "id". Never invent an ID.',
});

export const tagField = locator('required', 'Tag', 'tag', {
	description: 'The version of the deployment',
	dependsOn: 'deploymentId',
	entered: ['By Name', 'name'],
	placeholder: 'e.g. v1',
	builderHint: 'The tag of the chosen deployment, not its ID. Leave it empty unless the user has given one.',
});

/** The tag of a deployment, which VideoSDK chooses if none is entered. */
export const optionalTagField: Field<'default'> = {
	...optional('default', tagField, 'The version of the deployment to run'),
	hint: 'Leave empty to let VideoSDK choose the version',
};

export const sessionField = locator('required', 'Session', 'sessionId', {
	description:
		'The session to use. To use one from an earlier node, enter its <code>sessionId</code>, for example <code>{{ $json.sessionId }}</code>.',
	placeholder: 'e.g. 6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b',
	builderHint:
		'Use mode "id" with an expression for the sessionId of an earlier Session: Start or of the trigger.',
});

/** The agent that Agent: Dispatch sends. Deployments of sessions are another generation of agents, with other IDs. */
export const agentField = locator('required', 'Agent', 'agentId', {
	description:
		"The agent to send to the room. The list shows the agents that are deployed to VideoSDK's cloud.",
	placeholder: 'e.g. ag_1a2b3c',
});

export const callField = locator('required', 'Call', 'callId', {
	description:
		'The call to use. To take it from an earlier node, enter its <code>callId</code>, for example <code>{{ $json.callId }}</code>.',
	placeholder: 'e.g. 6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b',
});

/** The routing rule, which decides which agent talks. */
export const routingRuleField = locator('required', 'Routing Rule', 'routingRuleId', {
	description:
		"The outbound routing rule. Its agent makes the call. None in the list? See 'Your first call' in the docs.",
	placeholder: 'e.g. rule_1a2b3c',
});

export const fromField = locator('required', 'From', 'from', {
	description: "The phone number to call from. It must be one of the routing rule's numbers.",
	dependsOn: 'routingRuleId',
	list: 'Phone Number',
	// "By Number" is too long for n8n's selector.
	entered: ['Number', 'number'],
	placeholder: 'e.g. +14155550100',
});

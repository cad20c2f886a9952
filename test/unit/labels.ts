/** What the nodes and the credential show: the names that docs use for it, in bold. */
import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';
import { VideoSdkAgentCloudApi } from '../../credentials/VideoSdkAgentCloudApi.credentials';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { VideoSdkAgentCloud } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloud.node';
import { VideoSdkAgentCloudTrigger } from '../../nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node';
import { VideoSdkAgentCloudMcpTrigger } from '../../nodes/VideoSdkAgentCloudMcp/VideoSdkAgentCloudMcpTrigger.node';

type Shown = INodeProperties | INodePropertyCollection | INodePropertyOptions;

/** @returns the label of a field, group, or option, and of all in it */
function labelsOf(shown: Shown): string[] {
	const inner: Shown[] = [
		...(('options' in shown && shown.options) || []),
		...(('values' in shown && shown.values) || []),
	];
	return [('displayName' in shown && shown.displayName) || shown.name, ...inner.flatMap(labelsOf)];
}

/** @returns every label that the nodes and the credential show, and operations with and without their resource */
export function shownLabels(): Set<string> {
	const types = [
		new VideoSdkAgentCloud().description,
		new VideoSdkAgentCloudTrigger().description,
		new VideoSdkAgentCloudMcpTrigger().description,
		new VideoSdkAgentCloudApi(),
	];
	const properties = types.flatMap((type) => type.properties);
	return new Set([
		...types.map(({ displayName }) => displayName),
		// n8n names a node so among the tools of an AI agent.
		`${new VideoSdkAgentCloud().description.displayName} Tool`,
		// Events and operations are also called by the part after their kind: Call: Missed, Missed.
		...properties.flatMap(labelsOf).flatMap((label) => [label, label.replace(/^[^:]+: /, '')]),
		...RESOURCES.flatMap(({ name, operations }) =>
			operations.flatMap((operation) => [operation.action, operation.name, `${name}: ${operation.name}`]),
		),
	]);
}

/** What n8n's own nodes, menus, and settings show. */
const OF_N8N =
	'Actions,After Time Interval,AI Agent,All Conditions,Allowed HTTP Request Domains,Always Output Data,At Specified Time,Authentication,Batch Size,' +
	'By ID,Continue,Date and Time,Execute Once,Executions,Expression,Google Sheets: Get Row(s),Google Sheets: Update Row,If,Import,Input Data Field Name,Limit Wait Time,Loop Over Items,Mode,' +
	'Must Match,On Error,Predefined Credential Type,Resume,Retry,Retry On Fail,Save,Send Email,Settings,Stop Workflow,Timeout Workflow,Upload,Wait,Wait For Sub-Workflow Completion';

/** Words that the docs only stress, or begin a list with. */
const STRESSED =
	'Account.,Afterwards,Agent.,Agent Session,Calling,Duplicates,In Docker,More,Operations,Prompt,Remove,Sales,Setup,Start,Support,Update,' +
	'Without Docker';

/** What may be in bold, besides what our nodes show. */
export const KNOWN = new Set(`${OF_N8N},${STRESSED}`.split(','));

/** @returns of each match the group that is there, of two */
export const matchesIn = (text: string, pattern: RegExp): string[] =>
	[...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? '');

const SMALL = /^(?:a|after|and|by|for|from|in|n8n|n8n's|of|on|or|the|to|with|without)$/;

/** @returns whether a text in bold is the name of something that is shown: others are sentences, or stress something */
export const isLabel = (text: string): boolean =>
	text.split(/\s+/).every((word, index) => /^[A-Z(]/.test(word) || (index > 0 && SMALL.test(word)));

import { type INodeTypeDescription } from 'n8n-workflow';

/**
 * Makes the texts that the editor shows beside a trigger's URLs.
 *
 * @param tryOut how the user makes a request come while the trigger listens, after "click Execute step, then"
 */
export function triggerPanel(header: string, tryOut: string): INodeTypeDescription['triggerPanel'] {
	const building = `<b>While building</b>: click <b>Execute step</b>, then ${tryOut}.<br /><br /><b>In production</b>: `;
	const listed = "You'll find its executions under <b>Executions</b>, not here in the editor.";
	return {
		header,
		executionsHelp: {
			inactive: `${building}publish this workflow. ${listed}`,
			active: `${building}this workflow is published. ${listed}`,
		},
		activationHint: 'Publish the workflow to use its Production URL',
	};
}

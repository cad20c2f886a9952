import { TOOL_NOT_LISTED } from '../fields/agentTools';
import { withTimeout } from '../tools/timeout';
import { knownTools } from '../webhook/knownNodes';
import { searchKnown } from './knownNodes';

/** The tool triggers of this n8n instance that use the same credential. */
export const searchTools = searchKnown(
	'tools',
	knownTools,
	({ toolName, workflowName, isPublished, url, timeoutS }, isUnreached) => ({
		name: `${toolName}: ${workflowName}`,
		value: withTimeout(url, timeoutS),
		remarks: [!isPublished && 'not published', isUnreached && "agents can't reach it"],
	}),
	TOOL_NOT_LISTED,
);

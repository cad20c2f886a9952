import { type NodeHint } from 'n8n-workflow';

/** The hint that each node shows in the output panel until it has run. Delete it once someone has made a real call. */
export const HINTS: NodeHint[] = [
	{
		message:
			'No one has made a real call with this package yet. <a href="https://github.com/videosdk-community/n8n-nodes-videosdk-agent-cloud/blob/main/docs/dev/open-points.md" target="_blank">See what isn\'t confirmed</a>.',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
	},
];

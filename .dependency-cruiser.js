/** Which imports are allowed: the layers of docs/dev/architecture.md, from the bottom up. `npm run lint` enforces them. */
const NODES = '^nodes/VideoSdkAgentCloud';
/** The node by which agents ask: beside the layers, on top of the lower ones. */
const TOOL_NODE = '^nodes/VideoSdkAgentCloudMcp/';
const LAYERS = [
	'n8n',
	'security',
	'api',
	'webhook',
	'conversation',
	'agentTools',
	'waiting',
	'trigger',
	'fields',
	'dropdowns',
	'actions',
];
const NODE_FILES = '^nodes/[^/]+/[^/]+\\.node\\.ts$';

const layers = (names) => `${NODES}/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
	forbidden: [
		...LAYERS.slice(0, -1).map((layer, index) => ({
			name: `${layer}-imports-nothing-above`,
			severity: 'error',
			from: { path: layers([layer]) },
			to: { path: layers(LAYERS.slice(index + 1)) },
		})),
		{
			name: 'nothing-imports-a-node',
			severity: 'error',
			from: {},
			to: { path: NODE_FILES },
		},
		{
			name: 'every-file-in-a-layer',
			comment: 'A folder that is missing from the list would escape the order.',
			severity: 'error',
			from: {},
			to: { path: '^nodes/', pathNot: [layers(LAYERS), NODE_FILES, TOOL_NODE] },
		},
		{
			name: 'tool-node-imports-shared-layers-only',
			severity: 'error',
			from: { path: TOOL_NODE },
			to: {
				path: '^nodes/',
				pathNot: [layers(['n8n', 'security', 'api', 'webhook', 'agentTools', 'fields']), TOOL_NODE],
			},
		},
		{
			name: 'layers-import-no-tool-node',
			severity: 'error',
			from: { path: `${NODES}/` },
			to: { path: TOOL_NODE },
		},
		{
			name: 'credentials-import-no-node-code',
			severity: 'error',
			from: { path: '^credentials/' },
			to: { path: '^nodes/' },
		},
		{ name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		tsConfig: { fileName: 'tsconfig.json' },
		// Type-only imports count as well.
		tsPreCompilationDeps: true,
	},
};

/** docs/dev/api-coverage.md: what the operations and the trigger really send, and what VideoSDK's own client can send besides. */
import { readFileSync } from 'node:fs';
import type { INodeParameters } from 'n8n-workflow';
import { RESOURCES } from '../../../nodes/VideoSdkAgentCloud/actions';
import { ENDPOINTS } from '../../schemas/api';
import { matchesIn } from '../../unit/labels';
import { goodFields } from '../rig/goodValues';
import { parametersOf, useRig } from '../rig/rig';
import { StoredTrigger } from '../rig/triggerHooks';

const rig = useRig({ callBehaviour: false });

const [used = '', unused = ''] = readFileSync('docs/dev/api-coverage.md', 'utf8').split('## Not used');
const cellsOf = (table: string) =>
	[...table.matchAll(/^\| (`[^|]+)\|([^|]*)\|/gm)].map(
		([, first = '', second = '']) => [first, second] as const,
	);
const codesIn = (cell: string) => matchesIn(cell, /`([^`]+)`/g);
const USED = new Map(
	cellsOf(used).map(([endpoint, operations]) => [
		codesIn(endpoint)[0] ?? '',
		operations
			.split(',')
			.map((name) => name.trim())
			.filter((name) => name !== ''),
	]),
);
const UNUSED = cellsOf(unused).flatMap(([endpoints]) => codesIn(endpoints));

const OPERATIONS = RESOURCES.flatMap(({ name, value: resource, operations }) =>
	operations.map(({ name: operation, value, fields }) => ({
		name: `${name}: ${operation}`,
		parameters: parametersOf(resource, value, { ...goodFields(fields), waitUntilReady: false }),
	})),
);
/** What an operation sends with other values of its fields. */
const VARIANTS: Record<string, INodeParameters[]> = {
	'Recording: Get Many': ['participant', 'track', 'merged'].map((recordingType) => ({ recordingType })),
	'Transcription: Get': [{ getBy: 'id', transcriptionId: 'x' }],
	'Account: Check Setup': [{ routingRuleId: '' }],
	'Routing Rule: Set Agent': [{ agentId: 'ag_other', agentTools: {} }],
};

/** @returns the endpoint of a request, as `ENDPOINTS` writes it; undefined for what isn't the API, such as an upload */
const endpointOf = ({ method, path }: { method: string; path: string }): string | undefined =>
	Object.keys(ENDPOINTS)
		.sort((one, other) => Number(one.includes(':')) - Number(other.includes(':')))
		.find((endpoint) => new RegExp(`^${endpoint.replace(/:\w+/g, '[^/]+')}$`).test(`${method} ${path}`));

it('has every endpoint that is used, and the operations that use it', async () => {
	const seen = new Map<string, Set<string>>();
	const collect = (name: string) => {
		for (const request of rig.simulator.requests.splice(0)) {
			const endpoint = endpointOf(request);
			if (endpoint) seen.set(endpoint, (seen.get(endpoint) ?? new Set()).add(name));
		}
	};
	for (const { name, parameters } of OPERATIONS)
		for (const variant of [{}, ...(VARIANTS[name] ?? [])]) {
			await rig.run({ ...parameters, ...variant });
			collect(name);
		}
	// Deployed again, it has a secret to delete; a build that fails has a log.
	const deploy = parametersOf('agent', 'deploy', { agentName: 'x' });
	await rig.run(deploy);
	rig.simulator.setBuilds({ failureReason: 'out of memory' });
	await rig.run(deploy);
	collect('Agent: Deploy');
	rig.simulator.setBuilds({ failureReason: undefined });
	await rig.run(deploy);
	rig.simulator.requests.length = 0;
	const { agentId = '' } = [...rig.simulator.cloud.deployments.values()].at(-1) ?? {};
	await rig.run(parametersOf('agent', 'takeDown', { agentId }));
	collect('Agent: Take Down');
	const trigger = new StoredTrigger(rig.engine, { events: ['call-hangup'] });
	await trigger.publish();
	await trigger.unpublish();
	collect('the trigger');
	expect([...USED.keys()].sort()).toEqual([...seen.keys()].sort());
	const pairs = [...USED].flatMap(([endpoint, names]) => names.map((name) => [endpoint, name] as const));
	expect(pairs.filter(([endpoint, name]) => !seen.get(endpoint)?.has(name))).toEqual([]);
	const named = new Set(pairs.map(([, name]) => name));
	const silent = ['Agent Tool: Answer', 'Agent Tool: Create Access', 'Recording: Download'];
	expect(OPERATIONS.map(({ name }) => name).filter((name) => !named.has(name))).toEqual(silent);
});

it("has every endpoint of VideoSDK's own client in one of its tables", () => {
	const client = readFileSync(require.resolve('@videosdk.live/server-sdk'), 'utf8');
	const requests = [...client.matchAll(/(?:http\.(\w+)|this\.(send))\(\s*["`](\/[^"`]+)/g)].map(
		([, method = 'post', , path = '']) => `${method.toUpperCase()} ${path.replace(/\$\{[^}]*\}/g, ':id')}`,
	);
	expect(requests.length).toBeGreaterThan(90);
	const isUnder = (request: string, prefix: string) => {
		const [, path = ''] = request.split(' ');
		return path === prefix || path.startsWith(`${prefix}/`);
	};
	const isNamed = (request: string) =>
		UNUSED.some((one) => (one.startsWith('/') ? isUnder(request, one.replace(/\/…$/, '')) : one === request));
	expect(requests.filter((request) => !USED.has(request) && !isNamed(request))).toEqual([]);
	expect([...USED.keys()].filter(isNamed)).toEqual([]);
});

/** An operation that sends a POST says what it starts: otherwise Retry On Fail sends it again, and nothing names what was started. */
import type { INodeParameters } from 'n8n-workflow';
import { RESOURCES } from '../../nodes/VideoSdkAgentCloud/actions';
import { RULE, TO } from './callRig';
import { useRig } from './rig';

const rig = useRig();

/** They end something: the second request finds that it is over. A new entry needs such a reason. */
const HARMLESS = [
	'call:hangUp',
	'room:deactivate',
	'room:endSession',
	'session:end',
	'transcription:stopRealtime',
];
/** They send no request to VideoSDK. */
const SILENT = ['tool:answer', 'tool:createAccess'];
/** What the operations ask for. */
const PARAMETERS = {
	...RULE,
	agentId: 'agent',
	callId: 'call',
	deploymentId: 'ddv_support',
	description: 'Description',
	meetingId: 'room',
	message: 'Message',
	name: 'Name',
	roomId: 'room',
	sessionId: 'session',
	statuses: ['stopped'],
	tag: 'v1',
	to: TO,
	transcriptionId: 'transcription',
	transferTo: TO,
} as INodeParameters;
const operations = RESOURCES.flatMap(({ value: resource, operations }) =>
	operations.map((operation) => ({ resource, operation: operation.value, starts: operation.starts })),
);

it.each(operations)('$resource: $operation', async ({ resource, operation, starts }) => {
	const url = rig.simulator.addFile({ content: 'x' });
	rig.simulator.addFault({ kind: 'status', status: 500, match: { method: 'POST', times: 99 } });
	await rig.engine.run({
		parameters: { ...PARAMETERS, resource, operation, url, waitUntilReady: false },
		node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
	});
	expect(rig.requests.length === 0).toBe(SILENT.includes(`${resource}:${operation}`));
	const posts = rig.requests.filter(({ method }) => method === 'POST');
	if (HARMLESS.includes(`${resource}:${operation}`)) {
		expect(starts).toBeUndefined();
	} else {
		expect({ posts: posts.length, isDeclared: starts !== undefined }).toEqual(
			posts.length === 0 ? { posts: 0, isDeclared: false } : { posts: 1, isDeclared: true },
		);
	}
});

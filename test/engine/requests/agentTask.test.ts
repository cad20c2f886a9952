/** What the agent is to do reaches VideoSDK with each operation that starts a conversation. */
import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { RESOURCES } from '../../../nodes/VideoSdkAgentCloud/actions';
import { goodFields } from '../rig/goodValues';
import { ZONE, parametersOf, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: false });

const TASK = {
	instructions: 'Ask whether Tuesday at "seven" still stands.\nRepeat the answer.',
	firstMessage: 'Hello, this is an AI.',
	language: 'de-DE',
	endOnSilence: 20,
};
const { instructions, firstMessage, ...settings } = TASK;
const FIELDS: IDataObject = {
	instructions,
	firstMessage: '={{ $json.hello }}',
	options: { agentSettings: { settings } },
};
const ITEM = { hello: firstMessage, none: null };

const STARTING = RESOURCES.flatMap(({ value: resource, operations }) =>
	operations
		.filter(({ starts }) => ['call', 'session', 'dispatch'].includes(String(starts)))
		.map(({ value: operation, fields }) => ({ resource, operation, fields })),
);

it("Each operation that starts a conversation has the fields of the agent's task", () => {
	expect(STARTING.map(({ resource, operation }) => `${resource}:${operation}`)).toEqual([
		'agent:dispatch',
		'call:sendAndWait',
		'call:make',
		'call:makeAndWait',
		'session:start',
		'session:startAndWait',
	]);
});

describe.each(STARTING)('With $resource:$operation', ({ resource, operation, fields }) => {
	const { agentTools, ...good } = goodFields(fields);
	const run = async (more: IDataObject) =>
		await rig.run(parametersOf(resource, operation, { ...good, ...more }), { items: [ITEM] });

	it('it is right below whom the agent talks to', () => {
		const names = fields.map(({ name }: INodeProperties) => name);
		const index = names.indexOf('instructions');
		expect(names[index + 1]).toBe('firstMessage');
		expect(names.slice(0, index)).toEqual(
			{ call: ['to'], session: ['deploymentId', 'tag'], agent: ['agentId', 'roomId'] }[resource],
		);
	});

	it('it is sent as it was given, beside the tools', async () => {
		await run({ ...FIELDS, agentTools });
		const posts = rig.requests.filter(({ method }) => method === 'POST');
		const sent = posts.flatMap(({ body }) => {
			const { env, metadata } = body as { env?: Record<string, string>; metadata?: IDataObject };
			if (env) return [[JSON.parse(String(env.N8N_AGENT)), JSON.parse(String(env.N8N_TOOLS))]];
			return metadata ? [[metadata.n8nAgent, metadata.n8nTools]] : [];
		}) as Array<[IDataObject, IDataObject[]]>;
		const [[task, tools = []] = []] = sent;
		expect([sent.length, task]).toEqual([1, { ...TASK, ...ZONE }]);
		expect(tools.map(({ url }) => url)).toContain('https://n8n.example.com/webhook/a/mcp');
	});

	it('it is refused before any request if an expression gives nothing', async () => {
		for (const name of ['instructions', 'firstMessage']) {
			const { error } = await run({ [name]: '={{ $json.none }}' });
			expect(error?.message).toMatch(/'(Instructions|First Message)' is empty/);
		}
		expect(rig.requests).toEqual([]);
	});
});

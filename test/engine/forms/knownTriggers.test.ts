/** The lists of triggers and of agents' tools show what is published, and only to those with the same credential. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { checkAsync } from '../../unit/support';
import { CREDENTIAL, TRIGGER } from '../rig/engine';
import { PublishedTrigger } from '../rig/publishedTrigger';
import { TOOL_PARAMETERS, TOOL_TRIGGER } from '../rig/publishedTool';
import { EVENT_NAMES, failureOf, jsonOf, parametersOf, startParameters, useRig } from '../rig/rig';
import { StoredTrigger } from '../rig/triggerHooks';

const rig = useRig();
const NOT_LISTED = { name: "Not listed? Publish its workflow, or use 'By URL'", value: 'not-listed' };

async function triggers(webhookEvents: unknown = EVENT_NAMES, filter = '', more: object = {}) {
	// Shown, so that n8n keeps the events.
	const webhookUrl = 'https://n8n.example.com/';
	const parameters = startParameters({ webhookUrl, webhookEvents } as IDataObject);
	return (await rig.engine.listSearch('searchTriggers', filter, undefined, parameters, more)).results;
}
const tools = async () => (await rig.engine.listSearch('searchTools')).results;
const stored = (name: string, events = EVENT_NAMES) => new StoredTrigger(rig.engine, { events }, name);
const credentials = (id: string) => ({ [CREDENTIAL]: { id, name: 'VideoSDK' } });

/** A process of n8n that has just begun, with the same credential. */
async function beginAnew(nodes: StoredTrigger[] = []): Promise<void> {
	const { credentialId } = rig.engine;
	rig.engine = await rig.addEngine({ credentialId });
	for (const node of nodes) node.engine = rig.engine;
}

/** What users change in a trigger, and in a tool. */
const OF_TWO_KINDS = ['agent-session-started', 'participant-joined'];
const EVENTS = [OF_TWO_KINDS, [...EVENT_NAMES, 'call-hangup'], ['session-ended']];
const TOOLS = [
	{ toolName: 'find_order', timeout: 20 },
	{ toolName: 'book', timeout: 60 },
	{ toolName: 'cancel', timeout: 300 },
];

/** A node, and what this process is to know of it. */
class Modelled {
	readonly node: StoredTrigger;
	isPublished = false;
	/** As n8n last told the node; undefined: nothing. */
	known?: { isPublished: boolean; workflowName: string; version: number };

	constructor(
		name: string,
		readonly isTool: boolean,
	) {
		this.node = new StoredTrigger(rig.engine, TOOL_PARAMETERS, name, isTool ? TOOL_TRIGGER : TRIGGER);
		// Two triggers of one workflow, until one is renamed.
		this.node.workflowName = 'Workflow 0';
	}

	async publish(version: number): Promise<void> {
		const { toolName, timeout } = TOOLS[version] as (typeof TOOLS)[number];
		this.node.setParameters(
			this.isTool ? { ...TOOL_PARAMETERS, toolName, options: { timeout } } : { events: EVENTS[version] },
		);
		await this.node.publish(this.isPublished ? 'update' : 'activate');
		this.isPublished = true;
		this.learn(version);
	}

	async unpublish(): Promise<void> {
		await this.node.unpublish();
		this.isPublished = false;
		this.known = this.isTool && this.known ? { ...this.known, isPublished: false } : undefined;
	}

	async restart(version: number): Promise<void> {
		await this.node.restart();
		this.learn(version);
	}

	/** The entry in the list, beside others. */
	entry(others: Modelled[], chosen: string[]): { name: string; value: string } {
		const { workflowName = '', version = 0, isPublished } = this.known ?? {};
		const { url, name } = this.node;
		if (this.isTool) {
			const { toolName, timeout } = TOOLS[version] as (typeof TOOLS)[number];
			const remark = isPublished ? '' : ' (not published)';
			return {
				name: `${toolName}: ${workflowName}${remark}`,
				value: timeout === 20 ? url : `${url}?timeout=${timeout}`,
			};
		}
		const short = (event: string) => event.replace(/^(ai-deployment|agent)-session-/, '');
		const own = EVENTS[version]?.map(short) ?? [];
		const missing = chosen.filter((event) => !own.includes(short(event))).map(labelOf);
		const remark = missing.length > 0 ? ` (not set to start on ${missing.join(', ')})` : '';
		const isAlone = others.filter(({ known }) => known?.workflowName === workflowName).length === 1;
		return { name: `${workflowName}${isAlone ? '' : `: ${name}`}${remark}`, value: url };
	}

	private learn(version: number): void {
		this.known = { isPublished: true, workflowName: this.node.workflowName, version };
	}
}

/** An event's name in the form of the trigger, without its family. */
function labelOf(event: string): string {
	const { properties } = rig.engine.nodeType('videoSdkAgentCloudTrigger').description;
	const { options = [] } = properties.find(({ name }) => name === 'events') as INodeProperties;
	const option = (options as INodePropertyOptions[]).find(({ value }) => value === event);
	return String(option?.name.replace(/^.*: /, ''));
}

/** The nodes that a list is to show, in its order. */
const shown = (nodes: Modelled[], areTools: boolean) =>
	nodes
		.filter(({ known, isTool }) => known && isTool === areTools)
		.sort(
			(a, b) =>
				Number(b.known?.isPublished) - Number(a.known?.isPublished) ||
				String(a.known?.workflowName).localeCompare(String(b.known?.workflowName)) ||
				a.node.name.localeCompare(b.node.name),
		);

const steps = fc.array(
	fc.record({
		who: fc.constantFrom(0, 1, 2, 3, 2, 3),
		what: fc.oneof(
			{ weight: 4, arbitrary: fc.constant('publish') },
			{ weight: 2, arbitrary: fc.constant('unpublish') },
			{ weight: 3, arbitrary: fc.constantFrom('listen', 'rename', 'restart') },
		),
		version: fc.nat(2),
	}),
	{ minLength: 6, maxLength: 15 },
);

it('They show what is published, whatever happens, and a tool that is not is not handed over from them', async () => {
	const run = async (happens: typeof steps extends fc.Arbitrary<infer T> ? T : never, chosen: string[]) => {
		rig.engine.useOtherCredentials(rig.credentials());
		const nodes = [...'BATS'].map((name, index) => new Modelled(name, index > 1));
		for (const { who, what, version } of happens) {
			const one = nodes[who] as Modelled;
			if (what === 'publish') await one.publish(version);
			else if (what === 'unpublish') await one.unpublish();
			else if (what === 'listen') await (await one.node.listen())();
			// n8n tells no node of it.
			else if (what === 'rename') one.node.workflowName = `Workflow ${version}`;
			else {
				const published = nodes.filter(({ isPublished }) => isPublished);
				const versions = published.map(({ known }) => known?.version ?? 0);
				await beginAnew(nodes.map(({ node }) => node));
				for (const each of nodes) each.known = undefined;
				expect(await tools()).toEqual([NOT_LISTED]);
				for (const [index, each] of published.entries()) await each.restart(versions[index] ?? 0);
			}
			for (const areTools of [false, true]) {
				const entries = shown(nodes, areTools).map((each, _index, all) => each.entry(all, chosen));
				expect(areTools ? await tools() : await triggers(chosen)).toMatchObject([...entries, NOT_LISTED]);
			}
		}
		for (const one of shown(nodes, true)) {
			const { known, node } = one;
			const tool = { __rl: true, mode: 'list', value: one.entry([], []).value };
			const parameters = parametersOf('tool', 'createAccess', { agentTools: { tools: [{ tool }] } });
			const result = await rig.run(parameters);
			const { toolName, timeout } = TOOLS[known?.version ?? 0] as (typeof TOOLS)[number];
			const refusal = `'${toolName}' in 'Agent Tools' is no longer published [item 0]`;
			if (!known?.isPublished) expect(failureOf(result).message).toBe(refusal);
			else expect(jsonOf(result)).toMatchObject([{ tools: [{ url: node.url, timeout }] }]);
		}
		for (const { node } of nodes) await node.unpublish();
	};
	const events = fc.subarray([...EVENT_NAMES, 'session-ended', 'participant-joined']);
	await checkAsync(fc.asyncProperty(steps, events, run), 25);
});

it('A tool that was moved to another workflow is handed over as it is published there', async () => {
	const former = new StoredTrigger(rig.engine, TOOL_PARAMETERS, 'Tool', TOOL_TRIGGER);
	await former.publish();
	await former.unpublish();
	// n8n keeps the webhook ID of an imported node.
	const moved = former.copy({ webhookId: former.node.webhookId });
	moved.setParameters({ ...TOOL_PARAMETERS, options: { timeout: 60 } });
	await moved.publish();
	const tool = { __rl: true, mode: 'list', value: former.url };
	const parameters = { resource: 'tool', operation: 'createAccess', agentTools: { tools: [{ tool }] } };
	expect(await rig.json(parameters)).toMatchObject([{ tools: [{ timeout: 60 }] }]);
});

it('Each entry leads to its workflow, and the search finds it by workflow and node', async () => {
	const [support, sales] = [stored('Support'), stored('Sales')];
	for (const one of [support, sales]) await one.publish();
	expect(await triggers()).toMatchObject([
		{ url: `http://localhost:5678/workflow/${sales.workflowId}` },
		{ url: `http://localhost:5678/workflow/${support.workflowId}` },
		NOT_LISTED,
	]);
	expect(await triggers([], 'sALES')).toMatchObject([{ value: sales.url }, NOT_LISTED]);
	expect(await triggers([], 'zzz')).toEqual([NOT_LISTED]);
	// Events from an expression are not known yet.
	expect((await triggers('={{ $json.events }}'))[0]?.name).toBe('Workflow of Sales');
});

it('A trigger takes up new names from the next event, one that is known by events only also its choices, and may be unpublished', async () => {
	const trigger = await rig.engine.publish({ events: EVENT_NAMES });
	const names = async () => (await triggers()).slice(0, -1).map(({ name }) => name);
	const receive = async ({ url }: PublishedTrigger) => {
		const event = { webhookType: 'agent-session-started', data: { sessionId: randomUUID() } };
		expect((await rig.simulator.deliver(url, event)).status).toBe(200);
	};
	trigger.workflow.name = 'New name';
	await receive(trigger);
	expect(await names()).toEqual(['New name']);
	await beginAnew();
	const elsewhere = new PublishedTrigger(rig.engine, trigger.workflow, trigger.node, 'webhook');
	await elsewhere.open(false);
	await receive(elsewhere);
	expect(await names()).toEqual(['New name (may be unpublished)']);
	// Published again by a process that tells no other.
	trigger.node.parameters.events = ['agent-session-started'];
	await receive(elsewhere);
	expect(await names()).toEqual([expect.stringContaining('not set to start on')]);
	await elsewhere.close();
});

it('What uses another credential is not shown, and without a credential nothing is', async () => {
	const trigger = stored('A');
	trigger.node.credentials = credentials(randomUUID());
	// Its credential cannot be read here, which is told at its publishing.
	await trigger.publish().catch(() => undefined);
	expect(await triggers()).toEqual([NOT_LISTED]);
	await expect(triggers([], '', { credentials: {} })).rejects.toThrow(/^Select a credential first$/);
});

it("They tell what VideoSDK can't reach, unless the API is local, too", async () => {
	await stored('A').publish();
	await new StoredTrigger(rig.engine, TOOL_PARAMETERS, 'T', TOOL_TRIGGER).publish();
	expect((await triggers())[0]?.name).toBe('Workflow of A');
	rig.use({ baseUrl: 'https://api.videosdk.live' });
	expect((await triggers())[0]?.name).toBe("Workflow of A (VideoSDK can't reach it)");
	expect((await tools())[0]?.name).toBe("find_order: Workflow of T (agents can't reach it)");
	expect(rig.requests).toEqual([]);
});

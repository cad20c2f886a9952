import { isDeepStrictEqual } from 'node:util';
import { PlainError } from '../../n8n/processes';

import { newAgent, post } from './deliver';
import type { Host } from './host';
import type { Starter } from './workflows';
import { startsWorkflow, TESTED_NODE } from './workflows';

/** What one run that starts sessions took. */
export interface StartsRun {
	/** The time of the node alone, as n8n stores it with the run. */
	nodeMs: number;
	/** From the call of the workflow's webhook to the answer of its last node. */
	wallMs: number;
	/** What the API saw. */
	requests: number;
	simulatorCpuMs: number;
	body: unknown;
}

let lastNumber = 0;

/** Published workflows that start sessions, one for each way to do it. */
export class StartRunner {
	private readonly ids = new Map<Starter, string>();
	private readonly paths = new Map<Starter, string>();
	private readonly lastRuns = new Map<Starter, string>();
	private readonly agent = newAgent(1);

	constructor(private readonly host: Host) {}

	async publish(starter: Starter): Promise<void> {
		const path = `starts-${++lastNumber}`;
		this.paths.set(starter, path);
		this.ids.set(starter, await this.host.publish(startsWorkflow(this.host, path, starter), path));
	}

	/** Starts n8n anew, as if it had done nothing before, and runs each way once. */
	async restart(): Promise<void> {
		await this.host.n8n.restart();
		for (const [starter, path] of this.paths) {
			await this.host.untilPublished(path);
			await this.run(starter, 1);
		}
	}

	/** Runs the workflow once. The run is not read again while it runs, so that nothing disturbs it. */
	async run(starter: Starter, count: number): Promise<StartsRun> {
		const { host } = this;
		const workflowId = this.ids.get(starter) ?? '';
		await host.simulator.take();
		const answer = await post(
			host.webhookUrl(this.paths.get(starter) ?? ''),
			JSON.stringify({ count }),
			{ connection: 'close' },
			this.agent,
		);
		if (answer.status !== 200) throw new PlainError(`n8n answered ${answer.status}: ${answer.text}`);
		const taken = await host.simulator.take();
		const run = await host.latestRun(workflowId, this.lastRuns.get(starter));
		this.lastRuns.set(starter, run.id);
		const nodeRun = run.data.resultData.runData[TESTED_NODE]?.[0];
		const started = nodeRun?.data?.main?.[0]?.length;
		if (run.status !== 'success' || started !== count || taken.starts !== count) {
			throw new PlainError(
				`"${starter}" was to start ${count} sessions: the run ended with ${run.status}, put out ${started} and made ${taken.starts} requests.`,
			);
		}
		return {
			nodeMs: nodeRun?.executionTime ?? NaN,
			wallMs: answer.ms,
			requests: taken.requests,
			simulatorCpuMs: taken.cpuMs,
			body: JSON.parse(taken.firstBody ?? 'null'),
		};
	}

	close(): void {
		this.agent.destroy();
	}
}

/** Runs each way once, which also warms n8n up, and checks that all ask the API for the same. */
export async function publishAndCompare(runner: StartRunner, starters: Starter[]): Promise<void> {
	const bodies: unknown[] = [];
	for (const starter of starters) {
		await runner.publish(starter);
		bodies.push((await runner.run(starter, 1)).body);
	}
	if (!bodies.every((body) => isDeepStrictEqual(body, bodies[0]))) {
		throw new PlainError(`The ways to start a session do not send the same: ${JSON.stringify(bodies)}`);
	}
}

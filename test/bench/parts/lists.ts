import { createCredential } from '../../e2e/setup';
import { PlainError } from '../../n8n/processes';
import { newAgent, post } from '../lib/deliver';
import { startListServer } from '../lib/listServer';
import { peerOf, wallTarget, type PartResult, type Row } from '../lib/results';
import { interleave } from '../lib/rounds';
import { summarize } from '../lib/stats';
import type { ListReader } from '../lib/workflows';
import { listWorkflow, TESTED_NODE } from '../lib/workflows';
import type { BenchContext } from './context';

const PAGES = 50;
/** Of our node; the HTTP Request node asks for the same. */
const ROWS_PER_PAGE = 50;
const API_LATENCY_MS = 50;
const ROUNDS = 9;
/** At least four times as fast as one page after another. */
const LIMIT = 1 / 4;
const CASES = ['with a total', 'without a total'] as const;
const PATHS: Record<ListReader, string> = { ours: 'list-ours', 'HTTP Request node': 'list-http' };
const READERS = Object.keys(PATHS) as ListReader[];

/** Get Many with Return All, beside the HTTP Request node, whose pagination asks for one page after another. */
export async function measureLists(context: BenchContext): Promise<PartResult> {
	const host = await context.host();
	const server = await startListServer(PAGES * ROWS_PER_PAGE, API_LATENCY_MS);
	const agent = newAgent(1);
	try {
		const { url } = server;
		const credential = await createCredential(host.n8n.rest, { ...context.simulator, url });
		const ids = new Map<ListReader, string>();
		for (const reader of READERS) {
			const path = PATHS[reader];
			const workflow = listWorkflow(reader, path, credential, url, ROWS_PER_PAGE);
			ids.set(reader, await host.publish(workflow, path));
		}
		const lastRuns = new Map<ListReader, string>();
		const run = async (reader: ListReader): Promise<number> => {
			server.take();
			const answer = await post(host.webhookUrl(PATHS[reader]), '{}', { connection: 'close' }, agent);
			if (answer.status !== 200) throw new PlainError(`n8n answered ${answer.status}: ${answer.text}`);
			const execution = await host.latestRun(ids.get(reader) ?? '', lastRuns.get(reader));
			lastRuns.set(reader, execution.id);
			const requests = server.take();
			const nodeRun = execution.data.resultData.runData[TESTED_NODE]?.[0];
			const items = nodeRun?.data?.main?.[0]?.length;
			const expected = reader === 'ours' ? PAGES * ROWS_PER_PAGE : PAGES;
			if (execution.status !== 'success' || items === undefined || items < expected) {
				throw new PlainError(
					`"${reader}" put out ${items} items after ${requests} requests, not ${expected}.`,
				);
			}
			context.log(`${reader}: ${nodeRun?.executionTime} ms, ${requests} requests`);
			return nodeRun?.executionTime ?? NaN;
		};
		for (const reader of READERS) await run(reader);
		const names = CASES.flatMap((name) => READERS.map((reader) => `${name}: ${reader}` as const));
		const times = await interleave(names, context.quick ? 2 : ROUNDS, async (name) => {
			server.hasTotal = name.startsWith(CASES[0]);
			return await run(name.endsWith('ours') ? 'ours' : 'HTTP Request node');
		});
		const rows = CASES.map((name): Row => {
			const ours = times[`${name}: ours`];
			const theirs = times[`${name}: HTTP Request node`];
			const peer = peerOf('HTTP Request node 4.2, page after page', ours, theirs);
			return {
				what: `A list of ${PAGES} pages, ${name}, ${API_LATENCY_MS} ms a page: time of the node`,
				unit: 'ms',
				ours: summarize(ours),
				peers: [peer],
				target: wallTarget('at least 4 times as fast as page after page', LIMIT, peer.ratio),
			};
		});
		return { rows, notes: [] };
	} finally {
		agent.destroy();
		server.close();
	}
}

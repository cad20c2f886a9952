import { type NodeApiError } from 'n8n-workflow';
import { STARTS } from '../../api/startWords';
import { dataForAgent } from '../../fields/agentTools';
import { dryRun } from '../dryRun';
import type { Turn } from '../run/turns';
import { doubtAbout, findCarriedOut } from './carriedOut';
import { asAdopted, findEarlier } from './earlier';
import { calleeOf, endBy, type ItemStart, type StartEnd, startedAs } from './itemStart';
import { lastLook, mayStart } from './mayStart';
import { post, type Ready } from './post';
import { isFindable } from './search';
import { arrangeRoom } from './room';
import { sessionWebhook } from './webhook';

/**
 * Starts one thing, once. Nothing else sends a request that starts something. The item has a turn meanwhile, which it leaves if it isn't
 * known what has become of its request.
 *
 * @returns what has become of it. Never throws
 */
export async function startItem(start: ItemStart, turn: Turn): Promise<StartEnd> {
	const earlier = await findEarlier(start);
	if (earlier) return asAdopted(start, noted(start, earlier));

	const refusal = await mayStart(start);
	if (refusal) return noted(start, refusal);

	// Before the room, so that a credential that can't sign leaves no room behind.
	const agent = await signTools(start);
	if (agent.name !== 'ready') return noted(start, agent);

	const room = await arrangeRoom(start);
	if (room.name !== 'ready') return noted(start, room);

	const sent = await send(start, { ...agent, roomId: room.roomId });
	if (sent.name !== 'failed') return noted(start, sent);

	const doubt = doubtAbout(start, sent.error);
	if (doubt === undefined) return noted(start, sent);
	turn.leaveInDoubt();
	return noted(start, await findCarriedOut(start, sent.error, doubt));
}

/** Makes what the agent is told, with fresh tokens for its tools, and a session's webhook. */
async function signTools(start: ItemStart): Promise<({ name: 'ready' } & Ready) | StartEnd> {
	const { item, read, requests } = start;
	const { agent } = item.start;
	try {
		const webhook = await sessionWebhook(start);
		const data = agent && (await dataForAgent(read, agent, requests.credential, item.isDryRun));
		return { name: 'ready', webhook, data };
	} catch (error) {
		return endBy(error);
	}
}

async function send(start: ItemStart, ready: Ready): Promise<StartEnd> {
	const { run, claim, item, requests } = start;
	const inTurn = requests.inTurn((starts) => lastLook(start, starts));
	claim.executionId = run.context.getExecutionId();
	claim.sentAtMs = Date.now();
	try {
		const record = await post(start, item.isDryRun ? dryRun(inTurn, calleeOf(start)) : inTurn, ready);
		return { name: 'started', started: startedAs(start, record) };
	} catch (error) {
		return endBy(error);
	}
}

/** Notes what has become of a start for whoever would repeat it: other executions, calls to the same number, and AI tools. */
function noted(start: ItemStart, end: StartEnd): StartEnd {
	const { claim, placing, run, settleUse } = start;
	switch (end.name) {
		case 'adopted':
		case 'started': {
			const { started } = end;
			const startedId = String(started.record[STARTS[run.kind].idField] ?? '');
			claim.end({ name: 'started', started });
			if (isFindable(run.kind)) run.state.noteMade(claim);
			settleUse?.({ startedId });
			placing?.end({ state: 'placed', callId: startedId });
			break;
		}
		case 'inDoubt': {
			const { message, description } = end.error as NodeApiError;
			claim.end({ name: 'inDoubt', said: { message, description: description ?? undefined } });
			placing?.end({ state: 'inDoubt' });
			break;
		}
		default:
			claim.end({ name: 'free' });
			settleUse?.('failed');
			placing?.end();
	}
	return end;
}

import type { ItemRun } from '../../../nodes/VideoSdkAgentCloud/actions/operation';
import { operation } from '../../../nodes/VideoSdkAgentCloud/actions/session/waitForStatus.operation';
import { clientOf } from '../../../nodes/VideoSdkAgentCloud/api/client';
import { ItemReader } from '../../../nodes/VideoSdkAgentCloud/fields/reader';
import { fieldsContext } from '../support';
import { pass, SECOND_MS, World } from '../waiting/waitingWorld';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('A failure of the API at the deadline does not fail Wait for Status: the session comes out as last known', async () => {
	const world = new World();
	world.statuses.set('a', 'running');
	const parameters = { sessionId: 'a', maxWait: 1, maxWaitUnit: 'minutes' };
	const run = operation.prepare(new ItemReader(fieldsContext(parameters), 0)) as ItemRun;
	const send = clientOf(world.context);
	const tools = {
		stopSignal: new AbortController().signal,
		inTurn: async <T>(work: () => Promise<T>) => await work(),
		undo: () => {},
	};
	const result = run(send, tools);
	await pass(SECOND_MS);
	world.fault = () => 500;
	// The last poll is at the deadline, not an interval later.
	await pass(65 * SECOND_MS);
	expect(await Promise.race([result, 'still waiting'])).toMatchObject({
		sessionId: 'a',
		status: 'running',
		timedOut: true,
	});
});

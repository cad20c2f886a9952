/** What a process keeps of a waiting execution. */
import type { StoredWait } from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';
import { Wait } from '../../../nodes/VideoSdkAgentCloud/waiting/wait';

it("a person's response stays, although another process that has none says what it knows", () => {
	const want = { ids: ['c-1'], deadlineMs: Date.now() + 60_000, isEnded: false, keep: [], keepMs: 0 };
	const wait = new Wait({ kind: 'call', sinceMs: Date.now(), awaited: [want] } as unknown as StoredWait);
	wait.join([], { approved: true });
	wait.join([]);
	wait.join([], { approved: false });
	expect([wait.isReady, wait.outcome({ callId: 'c-1' })]).toEqual([true, { approved: true }]);
});

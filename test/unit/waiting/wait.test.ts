/** What a process keeps of a waiting execution. */
import fc from 'fast-check';
import type { IWebhookFunctions } from 'n8n-workflow';
import type { StoredWait } from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';
import { check } from '../support';
import { budgetOf } from '../../../nodes/VideoSdkAgentCloud/waiting/budget';
import { budgetOfWait, Wait } from '../../../nodes/VideoSdkAgentCloud/waiting/wait';

it("a person's response stays, although another process that has none says what it knows", () => {
	const want = { ids: ['c-1'], deadlineMs: Date.now() + 60_000, isEnded: false, keep: [], keepMs: 0 };
	const wait = new Wait({ kind: 'call', sinceMs: Date.now(), awaited: [want] } as unknown as StoredWait);
	wait.join([], { approved: true });
	wait.join([]);
	wait.join([], { approved: false });
	expect([wait.isReady, wait.outcome({ callId: 'c-1' })]).toEqual([true, { approved: true }]);
});

it("lets no request continue the execution once n8n's own deadline is near", () => {
	const want = { ids: ['c-1'], deadlineMs: 0, isEnded: false, keep: [], keepMs: 0 };
	const stored = { kind: 'call', sinceMs: 0, awaited: [want] } as unknown as StoredWait;
	const context = { getResponseObject: () => ({ closed: true }) } as unknown as IWebhookFunctions;
	const { continueUntilMs } = budgetOfWait(stored);
	for (const [nowMs, continues] of [
		[continueUntilMs + 1, false],
		[continueUntilMs, true],
	] as const) {
		jest.spyOn(Date, 'now').mockReturnValueOnce(nowMs);
		expect(new Wait(stored).tryContinue(context)).toBe(continues);
	}
});

it('has time for each conversation after the last Max Wait, and for what is kept of any', () => {
	const want = fc.record({
		ids: fc.array(fc.string(), { minLength: 1, maxLength: 50 }),
		deadlineMs: fc.nat(9),
		keep: fc.constantFrom([], ['transcript'] as const),
		keepMs: fc.nat(9),
	});
	check([fc.array(want, { minLength: 1, maxLength: 3 })], (awaited) => {
		const keepMs = Math.max(...awaited.map((one) => (one.keep.length > 0 ? one.keepMs : 0)));
		const count = awaited.flatMap(({ ids }) => ids).length;
		expect(budgetOfWait({ awaited } as unknown as StoredWait)).toEqual(
			budgetOf(Math.max(...awaited.map((one) => one.deadlineMs)), keepMs, count),
		);
	});
});

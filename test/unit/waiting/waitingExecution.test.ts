/** What a process keeps of a waiting execution. */
import fc from 'fast-check';
import { EventEmitter } from 'node:events';
import type { IWebhookFunctions } from 'n8n-workflow';
import type { StoredWait } from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';
import { check, requestContext } from '../support';
import { budgetOf, budgetOfWait } from '../../../nodes/VideoSdkAgentCloud/waiting/budget';
import type { Poller } from '../../../nodes/VideoSdkAgentCloud/waiting/polling/poller';
import { takeUp } from '../../../nodes/VideoSdkAgentCloud/waiting/resuming/receiveResume';
import { WaitingExecution } from '../../../nodes/VideoSdkAgentCloud/waiting/waitingExecution';
import { WaitState } from '../../../nodes/VideoSdkAgentCloud/waiting/waitState';

const newWait = (stored: StoredWait) => new WaitState().register(stored);

/** A call that is waited for until then. */
function storedUntil(deadlineMs: number, key = 'k'): StoredWait {
	const want = { ids: ['c-1'], deadlineMs, isEnded: false, include: [], fetchMs: 0 };
	return { kind: 'call', key, sinceMs: Date.now(), awaited: [want] } as unknown as StoredWait;
}

it("a person's response stays, although another process that has none says what it knows", () => {
	const wait = newWait(storedUntil(Date.now() + 60_000));
	wait.merge([], { approved: true });
	wait.merge([]);
	wait.merge([], { approved: false });
	expect([wait.isReady, wait.outcome({ callId: 'c-1' })]).toEqual([true, { approved: true }]);
});

it('a credential that VideoSDK rejects again and again is in the log once', () => {
	const warn = jest.fn();
	const poller = { account: { context: { logger: { warn } } }, add: () => undefined } as unknown as Poller;
	const wait = newWait(storedUntil(Date.now() + 60_000));
	wait.askBy(poller);
	for (let count = 0; count < 3; count++) wait.awaited.get('c-1')?.onRejected?.(new Error('status 401'));
	expect(warn.mock.calls).toEqual([[expect.stringContaining('rejects the credential'), expect.anything()]]);
});

it("no request continues the execution once n8n's own deadline is near", () => {
	const stored = storedUntil(0);
	const context = { getResponseObject: () => ({ closed: true }) } as unknown as IWebhookFunctions;
	const { continueUntilMs } = budgetOfWait(stored);
	for (const lateMs of [1, 0]) {
		jest.spyOn(Date, 'now').mockReturnValueOnce(continueUntilMs + lateMs);
		expect(newWait(stored).tryContinue(context)).toBe(lateMs === 0);
	}
});

describe('with an execution that n8n holds until another one has ended', () => {
	const keptAs = (key: string) => newWait(storedUntil(Date.now() + 3_600_000, key));
	const requestOf = (response: EventEmitter) =>
		({ getResponseObject: () => response }) as unknown as IWebhookFunctions;
	const given = () =>
		Object.assign(new EventEmitter(), { closed: false, writableEnded: false, statusCode: 200 });
	beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick'] }));
	afterEach(() => jest.useRealTimers());

	it.each([200, 500])('lets no other request continue it until n8n answers %i', async (status) => {
		const wait = keptAs(`held ${status}`);
		const held = given();
		expect(wait.tryContinue(requestOf(held))).toBe(true);
		// The sender has gone.
		Object.assign(held, { closed: true }).emit('close');
		await jest.advanceTimersByTimeAsync(20 * 60_000);
		expect(wait.tryContinue(requestOf(given()))).toBe(false);
		Object.assign(held, { writableEnded: true, statusCode: status });
		await jest.advanceTimersByTimeAsync(10_000);
		expect(wait.tryContinue(requestOf(given()))).toBe(status === 500);
	});

	it('keeps nothing but its key once n8n has answered, so that a request that comes late continues nothing', async () => {
		const stored = storedUntil(Date.now() + 3_600_000, 'over');
		const held = given();
		const state = new WaitState();
		const known = () => [state.waits.get(stored.key), state.over.has(stored.key)];
		expect(state.register(stored).tryContinue(requestOf(held))).toBe(true);
		expect(known()).toEqual([expect.any(WaitingExecution), false]);
		Object.assign(held, { closed: true, writableEnded: true }).emit('close');
		await jest.advanceTimersByTimeAsync(0);
		expect([...known(), jest.getTimerCount()]).toEqual([undefined, true, 0]);
		const waiting = { stored, items: [{ callId: 'c-1' }] };
		expect(
			await takeUp(
				requestContext(async () => await Promise.reject(new Error())),
				state,
				waiting,
			),
		).toBeUndefined();
	});
});

it("n8n's deadline leaves time for each conversation after the last Max Wait, and for what is kept of any", () => {
	const want = fc.record({
		ids: fc.array(fc.string(), { minLength: 1, maxLength: 50 }),
		deadlineMs: fc.nat(9),
		include: fc.constantFrom([], ['transcript'] as const),
		fetchMs: fc.nat(9),
	});
	check([fc.array(want, { minLength: 1, maxLength: 3 })], (awaited) => {
		const fetchMs = Math.max(...awaited.map((one) => (one.include.length > 0 ? one.fetchMs : 0)));
		const count = awaited.flatMap(({ ids }) => ids).length;
		expect(budgetOfWait({ awaited } as unknown as StoredWait)).toEqual(
			budgetOf(Math.max(...awaited.map((one) => one.deadlineMs)), fetchMs, count),
		);
	});
});

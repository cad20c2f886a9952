import { pause } from '../../../nodes/VideoSdkAgentCloud/transport/pause';

describe('pause', () => {
	beforeEach(() => {
		jest.useFakeTimers();
	});

	afterEach(() => {
		jest.useRealTimers();
	});

	it.each([undefined, new AbortController().signal])('lets the time go by', async (signal) => {
		let ended: boolean | undefined;
		void pause(1_000, signal).then((result) => (ended = result));
		await jest.advanceTimersByTimeAsync(999);
		expect(ended).toBeUndefined();
		await jest.advanceTimersByTimeAsync(1);
		expect(ended).toBe(true);
	});

	it('ends at once when the execution is stopped, and leaves no listener behind', async () => {
		const controller = new AbortController();
		const remove = jest.spyOn(controller.signal, 'removeEventListener');
		const paused = pause(60_000, controller.signal);
		controller.abort();
		expect(await paused).toBe(false);
		expect(remove).toHaveBeenCalledTimes(1);
	});

	it('does not begin when the execution was stopped before', async () => {
		expect(await pause(60_000, AbortSignal.abort())).toBe(false);
		expect(jest.getTimerCount()).toBe(0);
	});
});

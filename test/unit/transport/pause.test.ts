import { pause } from '../../../nodes/VideoSdkAgentCloud/transport/pause';

describe('pause', () => {
	beforeEach(() => {
		jest.useFakeTimers();
	});

	afterEach(() => {
		jest.useRealTimers();
	});

	it.each([undefined, new AbortController().signal])('lets the time go by', async (signal) => {
		let ended = false;
		void pause(1_000, signal).then(() => (ended = true));
		await jest.advanceTimersByTimeAsync(999);
		expect(ended).toBe(false);
		await jest.advanceTimersByTimeAsync(1);
		expect(ended).toBe(true);
	});

	it('ends at once when the execution is stopped, and leaves no listener behind', async () => {
		const controller = new AbortController();
		const remove = jest.spyOn(controller.signal, 'removeEventListener');
		const paused = pause(60_000, controller.signal);
		controller.abort();
		await paused;
		expect(remove).toHaveBeenCalledTimes(1);
	});

	it('does not begin when the execution was stopped before', async () => {
		await pause(60_000, AbortSignal.abort());
		expect(jest.getTimerCount()).toBe(0);
	});
});

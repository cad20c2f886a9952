import { pause } from '../../../nodes/VideoSdkAgentCloud/api/pause';

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

	it('lets any time go by, longer than a timer can take', async () => {
		const days = 60 * 86_400_000;
		let ended = false;
		void pause(days).then(() => (ended = true));
		await jest.advanceTimersByTimeAsync(600_000);
		expect(ended).toBe(false);
		jest.setSystemTime(Date.now() + days);
		await jest.advanceTimersByTimeAsync(10_000);
		expect(ended).toBe(true);
	});

	it('ends within half a second of a stop, and needs no listener for that', async () => {
		const controller = new AbortController();
		const { signal } = controller;
		const listen = jest.spyOn(signal, 'addEventListener');
		let ended = false;
		void pause(3_600_000, signal).then(() => (ended = true));
		controller.abort();
		await jest.advanceTimersByTimeAsync(500);
		expect(ended).toBe(true);
		expect(jest.getTimerCount()).toBe(0);
		expect(listen).not.toHaveBeenCalled();
	});

	it('does not begin when the execution was stopped before', async () => {
		await pause(60_000, AbortSignal.abort());
		expect(jest.getTimerCount()).toBe(0);
	});
});

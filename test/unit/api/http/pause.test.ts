import { pause } from '../../../../nodes/VideoSdkAgentCloud/api/http/pause';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('A pause lasts for any time, also longer than a timer can take', async () => {
	const { signal } = new AbortController();
	const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
	for (const [ms, stop] of [[1_000], [60 * 86_400_000, signal]] as Array<[number, AbortSignal?]>) {
		let ended = false;
		void pause(ms, stop).then(() => (ended = true));
		await jest.advanceTimersByTimeAsync(999);
		expect(ended).toBe(false);
		clock.mockReturnValue(ms);
		await jest.advanceTimersByTimeAsync(1_000);
		expect(ended).toBe(true);
		clock.mockReturnValue(0);
	}
	clock.mockRestore();
});

it.each([-3_600_000, 3_600_000])(
	'A pause lasts as long as asked, although the time of day is set by %i ms',
	async (byMs) => {
		let ended = false;
		void pause(2_000).then(() => (ended = true));
		jest.setSystemTime(Date.now() + byMs);
		await jest.advanceTimersByTimeAsync(1_999);
		expect(ended).toBe(false);
		await jest.advanceTimersByTimeAsync(1);
		expect(ended).toBe(true);
	},
);

it('A pause ends within half a second of a stop, and needs no listener for that', async () => {
	const controller = new AbortController();
	const { signal } = controller;
	const listen = jest.spyOn(signal, 'addEventListener');
	let ended = false;
	void pause(3_600_000, signal).then(() => (ended = true));
	controller.abort();
	await jest.advanceTimersByTimeAsync(500);
	expect([ended, jest.getTimerCount()]).toEqual([true, 0]);
	expect(listen).not.toHaveBeenCalled();
	// Nor does it begin after that.
	await pause(60_000, signal);
	expect(jest.getTimerCount()).toBe(0);
});

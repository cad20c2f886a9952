import type { ICredentialsDecrypted } from 'n8n-workflow';
import { CredentialCache } from '../../../../nodes/VideoSdkAgentCloud/api/http/credential';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it.each([-3_600_000, 3_600_000])(
	'what was read counts for a minute, although the time of day is set by %i ms',
	async (byMs) => {
		const read = jest.fn().mockResolvedValue({} as ICredentialsDecrypted);
		const cache = new CredentialCache<ICredentialsDecrypted>();
		await cache.get(read);
		jest.setSystemTime(Date.now() + byMs);
		jest.advanceTimersByTime(59_000);
		await cache.get(read);
		expect(read).toHaveBeenCalledTimes(1);
		jest.advanceTimersByTime(1_000);
		await cache.get(read);
		expect(read).toHaveBeenCalledTimes(2);
	},
);

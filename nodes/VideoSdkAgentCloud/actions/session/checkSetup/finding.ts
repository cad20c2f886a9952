import { failureOf } from '../../../api/client';
import { describeFailure } from '../../../api/messages';

/** The result of one check. `fix` says what to do, and is empty if nothing is wrong. */
export interface Finding {
	ok: boolean;
	message: string;
	fix: string;
}

export const good = (message: string): Finding => ({ ok: true, message, fix: '' });

export const problem = (message: string, fix: string): Finding => ({ ok: false, message, fix });

/**
 * Describes a failed request.
 *
 * @param what was requested, such as "the list of deployments"
 */
export function failed(error: unknown, what: string): Finding {
	const failure = failureOf(error as object);
	if (failure === undefined) return problem((error as Error).message, 'Check the VideoSDK credential.');
	if (failure.status === 402 || failure.status === 404) {
		return problem(
			`VideoSDK didn't send ${what} (status ${failure.status})`,
			"Check 'Base URL' in the credential. It's https://api.videosdk.live, without a path, unless VideoSDK has given you a different one. If it's right, check that the VideoSDK project's plan includes this feature.",
		);
	}
	const { message, description } = describeFailure(failure);
	return problem(message, description || 'Check the VideoSDK credential.');
}

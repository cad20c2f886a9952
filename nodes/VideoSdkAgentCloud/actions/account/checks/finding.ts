import { failureOf } from '../../../api/client';
import { describeFailure } from '../../../api/messages';

/** The result of one check. `fix` says what to do. */
export interface Finding {
	ok: boolean;
	message: string;
	fix: string;
}

export const good = (message: string): Finding => ({ ok: true, message, fix: 'Nothing to do' });

export const problem = (message: string, fix: string): Finding => ({ ok: false, message, fix });

/** @returns that there is no such record in the project */
export const missing = (what: string, id: string, field: string): Finding =>
	problem(
		`The credential's VideoSDK project has no ${what} '${id}'`,
		`Select one in '${field}'. If yours isn't listed, add it in the VideoSDK dashboard, or select the credential of the project that it belongs to.`,
	);

/** Describes a failed request. */
export function failed(error: unknown): Finding {
	const failure = failureOf(error);
	if (failure === undefined) return problem((error as Error).message, 'Check the VideoSDK credential.');
	if (failure.status === 402 || failure.status === 404) {
		return problem(
			`VideoSDK didn't send what this check needs (status ${failure.status})`,
			"Check 'Base URL' in the credential. It's https://api.videosdk.live, without a path, unless VideoSDK has given you a different one. If it's right, check that the VideoSDK project's plan includes this feature.",
		);
	}
	const { message, description } = describeFailure(failure);
	return problem(message, description || 'Check the VideoSDK credential.');
}

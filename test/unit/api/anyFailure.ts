import type { ApiFailure, FailureKind } from '../../../nodes/VideoSdkAgentCloud/api/failure';

/** Every kind of failure that has no status of its own. */
export const KINDS: FailureKind[] = [
	...(['answer', 'declined', 'timeout', 'network', 'notConnected', 'untrusted', 'notSent'] as const),
	'cancelled',
];
const STATUSES = [
	100, 204, 299, 300, 301, 302, 304, 399, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 499, 500, 501,
	502, 503, 504, 599, 600, 999,
];

export const FAILURES: ApiFailure[] = [
	...KINDS.map((kind): ApiFailure => ({
		kind,
		...(['answer', 'declined'].includes(kind) && { status: 200 }),
	})),
	...STATUSES.map((status): ApiFailure => ({ kind: 'status', status })),
	...(['answer', 'status'] as const).map((kind) => ({ kind })),
];

import type { ApiFailure } from '../../../../nodes/VideoSdkAgentCloud/api/http/failure';

/** Of these there was no answer. */
const KINDS = ['timeout', 'network', 'notConnected', 'untrusted', 'notSent', 'cancelled'] as const;
const STATUSES = [
	100, 204, 299, 300, 301, 302, 304, 399, 400, 401, 402, 403, 404, 408, 409, 418, 422, 429, 499, 500, 501,
	502, 503, 504, 599, 600, 999,
];

export const FAILURES: ApiFailure[] = [
	...(['answer', 'declined'] as const).map((kind) => ({ kind, status: 200 })),
	...STATUSES.map((status) => ({ kind: 'status' as const, status })),
	...([...KINDS, 'answer', 'status'] as const).map((kind) => ({ kind })),
];

import { type IDataObject, type IHttpRequestOptions, sleep } from 'n8n-workflow';
import type { RequestContext } from '../../../nodes/VideoSdkAgentCloud/api/credential';
import { findSource } from '../../../nodes/VideoSdkAgentCloud/waiting/credentialSource';
import type { Outcome } from '../../../nodes/VideoSdkAgentCloud/waiting/ends';
import { keyRequest } from '../../../nodes/VideoSdkAgentCloud/waiting/notify';
import { findPoller, startPolling } from '../../../nodes/VideoSdkAgentCloud/waiting/pollers';
import { graceMs } from '../../../nodes/VideoSdkAgentCloud/waiting/schedule';
import { NODE } from '../support';

export const SECOND_MS = 1_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const RESULT_HEADER = 'x-agent-cloud-result';

/** How n8n and whatever is in front of it answer at the resume URL. */
export const RESUMED = { statusCode: 200, headers: { [RESULT_HEADER]: 'resumed' }, body: '' };
export interface Answer {
	statusCode: number;
	headers?: IDataObject;
	body?: unknown;
}
/** n8n's own error. */
export const n8nError = (statusCode: number, message: string): Answer => ({
	statusCode,
	body: JSON.stringify({ code: statusCode, message }),
});
/** An answer of our handler that does not resume. */
export const ours = (statusCode: number): Answer => ({
	statusCode,
	headers: { [RESULT_HEADER]: 'answered' },
	body: '{"message":"ours"}',
});

/** What the API does with a request instead of answering it: a status, an answer of another form, or no answer at all. */
type Fault = number | 'form' | 'hang';

/** n8n and the API around one waiting execution, by a fake clock. */
export class World {
	/** The status of each conversation. Newest first in the list. */
	readonly statuses = new Map<string, string>();
	/** What the list shows where it differs. */
	readonly listed = new Map<string, string>();
	/** Decides by the request. `page` is undefined for one conversation. */
	fault: (request: { id: string; page?: number; method: string }) => Fault | undefined = () => undefined;
	readonly requests: Array<{ atMs: number; id: string; page?: number; method: string }> = [];
	readonly resumes: Array<{ atMs: number; headers: IDataObject; body: string }> = [];
	/** What n8n answers at the resume URL, in turn. In the end it resumes. */
	answers: Array<Answer | Error> = [];
	readonly warnings: string[] = [];
	/** What the answers, made at once, wait for. */
	latency: Promise<void> | undefined;
	/** The header of an answer "too many requests". */
	retryAfterS?: number;
	private readonly beganAtMs = Date.now();
	/** Worlds share no credential, by which they would share a context. */
	private readonly id = Math.random();

	readonly context = {
		getNode: () => NODE,
		getCredentials: async () => ({ apiKey: `key ${this.id}` }),
		logger: {
			warn: (text: string, { reason }: { reason: string }) => this.warnings.push(`${text} ${reason}`),
		},
		helpers: {
			httpRequest: async ({ headers, body }: IHttpRequestOptions) => {
				this.resumes.push({ atMs: this.nowMs, headers: headers as IDataObject, body: String(body) });
				const answer = this.answers.shift() ?? RESUMED;
				if (answer instanceof Error) throw answer;
				return { headers: {}, body: '', ...answer };
			},
			httpRequestWithAuthentication: async (_type: string, options: IHttpRequestOptions) => {
				const answer = await this.answer(options);
				await this.latency;
				return answer;
			},
		},
	} as unknown as RequestContext;

	/** Whether the wait of the last `poll` is still polled for. */
	isPolling = (): boolean => false;

	get nowMs(): number {
		return Date.now() - this.beganAtMs;
	}

	/** How many requests for one conversation there were, or for pages of the list. */
	count(method: string, isList = false): number {
		return this.requests.filter((request) => request.method === method && !request.id === isList).length;
	}

	async poll(ids: string[], deadlineMs = HOUR_MS, endIds: string[] = [], isOwner = true) {
		for (const id of ids) if (!this.statuses.has(id)) this.statuses.set(id, 'running');
		const wait = {
			kind: 'session' as const,
			keyHash: `hash ${Math.random()}`,
			resumeUrl: 'http://n8n/webhook-waiting/1/videosdk',
			executionId: '1',
			deadlineMs: Date.now() + deadlineMs,
			endIds,
		};
		const groups = new Map([[await findSource(this.context), ids]]);
		this.isPolling = () => findPoller(wait) !== undefined;
		return startPolling(wait, groups, (outcomes) => keyRequest('ours', outcomes), isOwner);
	}

	private async answer({ url, method = 'GET', qs, body, timeout = 0 }: IHttpRequestOptions) {
		const isList = String(url).endsWith('sessions');
		const last = String(url).split('/').at(-1) as string;
		const id =
			method === 'POST' ? (JSON.parse(String(body)) as { sessionId: string }).sessionId : isList ? '' : last;
		const request = { id, method, ...(isList && { page: Number(qs?.page) }) };
		this.requests.push({ ...request, atMs: this.nowMs });
		const fault = this.fault(request);
		if (fault === 'hang') {
			await sleep(timeout);
			throw Object.assign(new Error('timeout'), { code: 'ECONNABORTED' });
		}
		if (fault === 'form') return this.response(200, { other: true });
		if (typeof fault === 'number') return this.response(fault, { message: 'a fault' });
		if (isList) return this.response(200, this.page(Number(qs?.page), Number(qs?.perPage)));
		if (method === 'POST') this.statuses.set(id, 'completed');
		const status = this.statuses.get(id);
		return status === undefined ? this.response(404, {}) : this.response(200, { sessionId: id, status });
	}

	private page(page: number, perPage: number): IDataObject {
		const rows = [...this.statuses].map(([sessionId, status]) => ({
			sessionId,
			status: this.listed.get(sessionId) ?? status,
			webhook: { endpoint: 'secret' },
		}));
		return { data: rows.slice((page - 1) * perPage, page * perPage), pageInfo: { total: rows.length } };
	}

	private response(statusCode: number, body: IDataObject) {
		const headers = this.retryAfterS === undefined ? {} : { 'retry-after': String(this.retryAfterS) };
		return { statusCode, headers, body: JSON.stringify(body) };
	}
}

/** What the output says besides the records, by ID. */
export const extrasOf = (outcomes: Map<string, Outcome>) =>
	Object.fromEntries([...outcomes].map(([id, { extra }]) => [id, extra]));

/** Before this time after our deadline all must be over. */
export const n8nDeadlineMs = (deadlineMs: number, count: number) => deadlineMs + graceMs(count);

export const pass = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

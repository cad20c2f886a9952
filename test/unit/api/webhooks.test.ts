import { type IDataObject } from 'n8n-workflow';
import {
	deleteCallWebhook,
	isSameUrl,
	listCallWebhooks,
} from '../../../nodes/VideoSdkAgentCloud/api/webhooks';
import { ApiError, type Send } from '../../../nodes/VideoSdkAgentCloud/api/http/client';
import { requestContext } from '../support';

const URL_ = 'https://n8n.example.com/webhook/a/webhook';
const send = (data: IDataObject[]): Send => {
	const pageInfo = { currentPage: 1, lastPage: 1, total: data.length };
	return async (_request, read) => read({ data, pageInfo }, {}) as never;
};

it('The webhooks of a project are those with an ID that are not marked as deleted', async () => {
	const rows = [
		{ id: 'gone', url: URL_, events: [], deletedAt: '2026-01-15T09:30:00.000Z' },
		{ url: URL_, events: [] },
		{ id: 'there', url: URL_, events: ['call-missed'], deletedAt: null },
	];
	const spelled = rows.map(({ id: webhookId, ...row }) => ({ ...row, webhookId }));
	for (const list of [rows, spelled])
		expect(await listCallWebhooks(send(list))).toEqual([{ id: 'there', url: URL_, events: ['call-missed'] }]);
});

it.each<[other: string, isSame: boolean]>([
	['https://N8N.example.com:443/webhook/a/webhook', true],
	...[`${URL_}/`, `${URL_}?a=1`, URL_.replace('https', 'http'), URL_.replace('/a/', '/A/'), ''].map(
		(other): [string, boolean] => [other, false],
	),
])(`${URL_} and %s are the same: %j`, (other, isSame) => {
	expect(isSameUrl(URL_, other)).toBe(isSame);
	expect(isSameUrl(other, other)).toBe(true);
	expect(isSameUrl('https://n8n.example.com/a b', 'https://n8n.example.com/a%20b')).toBe(true);
});

it.each([
	[204, true],
	[404, true],
	[500, false],
])('After %i without JSON, a removed webhook is gone: %j', async (status, isGone) => {
	const context = requestContext(async () => await Promise.resolve({}));
	const failure = new ApiError(context, { kind: status === 204 ? 'answer' : 'status', status });
	const removed = deleteCallWebhook(async () => await Promise.reject(failure), 'w-1');
	if (isGone) await expect(removed).resolves.toBeUndefined();
	else await expect(removed).rejects.toThrow();
});

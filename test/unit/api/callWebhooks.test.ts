import { type IDataObject } from 'n8n-workflow';
import { isSameUrl, listCallWebhooks } from '../../../nodes/VideoSdkAgentCloud/api/callWebhooks';
import { type Send } from '../../../nodes/VideoSdkAgentCloud/api/client';

const URL_ = 'https://n8n.example.com/webhook/a/webhook';
const send = (rows: IDataObject[]) =>
	(async (_request: unknown, read: (answer: IDataObject, headers: object) => unknown) =>
		read(
			{ data: rows, pageInfo: { currentPage: 1, lastPage: 1, total: rows.length } },
			{},
		)) as unknown as Send;

describe('The webhooks of a project', () => {
	it('do not include those that are marked as deleted, nor those without an ID', async () => {
		const rows = [
			{ id: 'gone', url: URL_, events: [], deletedAt: '2026-01-15T09:30:00.000Z' },
			{ url: URL_, events: [] },
			{ id: 'there', url: URL_, events: ['call-missed'], deletedAt: null },
		];
		const wanted = [{ id: 'there', url: URL_, events: ['call-missed'] }];
		expect(await listCallWebhooks(send(rows))).toEqual(wanted);
		const spelled = rows.map(({ id: webhookId, ...row }) => ({ ...row, webhookId }));
		expect(await listCallWebhooks(send(spelled))).toEqual(wanted);
	});
});

describe('Two URLs', () => {
	it.each([
		[URL_, 'https://N8N.example.com:443/webhook/a/webhook'],
		['https://n8n.example.com/a b', 'https://n8n.example.com/a%20b'],
		['no URL', 'no URL'],
	])('are the same: %s, %s', (one, other) => expect(isSameUrl(one, other)).toBe(true));

	it.each([`${URL_}/`, `${URL_}?a=1`, URL_.replace('https', 'http'), URL_.replace('/a/', '/A/'), ''])(
		'are not: %s',
		(other) => expect(isSameUrl(URL_, other)).toBe(false),
	);
});

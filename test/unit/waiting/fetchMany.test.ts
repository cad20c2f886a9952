import type { IDataObject } from 'n8n-workflow';
import type { Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import { fetchMany } from '../../../nodes/VideoSdkAgentCloud/waiting/fetchMany';
import { WAITABLES } from '../../../nodes/VideoSdkAgentCloud/waiting/waitable';

const { session } = WAITABLES;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

/** The API with sessions in the order of its list. */
function apiOf(listed: string[], refuses: (path: string) => boolean = () => false) {
	const paths: string[] = [];
	const send: Send = async ({ path, qs }, read) => {
		paths.push(path);
		if (refuses(path)) throw new Error(`no ${path}`);
		const { page, perPage } = (qs ?? {}) as { page: number; perPage: number };
		const row = (sessionId: string): IDataObject => ({ sessionId, status: 'running' });
		const answer = path.endsWith('sessions')
			? {
					data: listed
						.slice((page - 1) * perPage, page * perPage)
						.map((id) => ({ ...row(id), webhook: { endpoint: 'secret' }, metadata: {} })),
				}
			: row(path.split('/').at(-1) as string);
		return (read as (answer: IDataObject) => unknown)(answer) as never;
	};
	return { send, paths };
}

const ids = range(0, 200).map((id) => `s${id}`);

it('reads 200 of the latest sessions in four requests', async () => {
	const { send, paths } = apiOf([...ids, ...range(0, 500).map((id) => `old${id}`)]);
	const found = await fetchMany(send, session, ids);
	expect(paths).toHaveLength(4);
	expect([...found.keys()].sort()).toEqual([...ids].sort());
	expect(found.get('s7')).toMatchObject({ record: { sessionId: 's7', status: 'running' } });
});

it.each([
	['one or two', ids.slice(0, 2), ids],
	['sessions far down in the list', ids, [...range(0, 500).map((id) => `new${id}`), ...ids]],
	['sessions that are scattered', ids, ids.flatMap((id) => [id, ...range(0, 60).map((n) => `${id}-${n}`)])],
	['sessions that the list does not hold', ids, []],
])('makes no more requests than one for each, and one: %s', async (_name, wanted, listed) => {
	const { send, paths } = apiOf(listed);
	const found = await fetchMany(send, session, wanted);
	expect(found.size).toBe(wanted.length);
	expect(paths.length).toBeLessThanOrEqual(wanted.length + 1);
	expect(found.get(wanted[1] as string)).toMatchObject({
		record: { sessionId: wanted[1], status: 'running' },
	});
});

it('tells of each why it cannot be had, and asks no more than once when the API refuses the list', async () => {
	const single = apiOf([], (path) => path.endsWith('/s1'));
	const found = await fetchMany(single.send, session, ['s0', 's1']);
	expect(found.get('s0')).toMatchObject({ record: { sessionId: 's0', status: 'running' } });
	expect(found.get('s1')).toEqual({
		error: expect.objectContaining({ message: expect.stringContaining('s1') }),
	});

	const refused = apiOf(ids, () => true);
	const none = await fetchMany(refused.send, session, ids);
	expect(refused.paths).toHaveLength(1);
	expect([...none.values()].every((each) => 'error' in each)).toBe(true);
});

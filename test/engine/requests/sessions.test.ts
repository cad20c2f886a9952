/** What operations on sessions, deployments, and agents send, and what they put out. Those on calls and rooms have files of their own. */
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { checkAsync } from '../../unit/support';
import type { SimulatedSession } from '../../simulator';
import { ZONE, DEPLOYMENTS, parametersOf, SESSIONS, useRig } from '../rig/rig';

const PAGE_SIZE = 50;

const rig = useRig();

const session = (operation: string, more: IDataObject = {}) => parametersOf('session', operation, more);
const deployment = (operation: string, more: IDataObject = {}) => parametersOf('deployment', operation, more);

const dispatch = (more: IDataObject = {}) =>
	parametersOf('agent', 'dispatch', { agentId: ' agent-1 ', roomId: ' abcd ', ...more });
const DISPATCHED = { agentId: 'agent-1', meetingId: 'abcd', roomId: 'abcd', metadata: { n8nAgent: ZONE } };

/** Fields, the request, its body, and the output, where ID is that of a session that there is. */
type Sent = [fields: INodeParameters, request: string, body?: object, output?: object];
const END = `POST ${SESSIONS}/end`;
const DISPATCH = 'POST /v2/agent/dispatch';
const customer = { entries: [{ key: 'customer', value: 'Ada' }] };
const ended = { sessionId: 'ID', status: 'completed' };
const CASES: Record<string, Sent> = {
	'Session: End': [session('end', { sessionId: ' ID ' }), END, { sessionId: 'ID' }, ended],
	'Session: End by an event': [session('end', { sessionId: 'session-ID' }), END, { sessionId: 'ID' }, ended],
	'Session: Get': [
		session('get', { sessionId: 'ID' }),
		`GET ${SESSIONS}/ID`,
		undefined,
		{ sessionId: 'ID', status: 'queued', deploymentId: 'ddv_support' },
	],
	'Agent: Dispatch with all that there is': [
		dispatch({ versionId: ' v-1 ', metaData: customer }),
		DISPATCH,
		{ ...DISPATCHED, versionId: 'v-1', metadata: { customer: 'Ada', n8nAgent: ZONE } },
		{ success: true, status: 'assigned', roomId: 'abcd', agentId: 'agent-1' },
	],
	'Agent: Dispatch by the tag of a version': [
		dispatch({ versionTag: ' production ' }),
		DISPATCH,
		{ ...DISPATCHED, versionTag: 'production' },
	],
	'Agent: Dispatch with no more than it needs': [
		dispatch({ versionId: ' ', versionTag: '' }),
		DISPATCH,
		DISPATCHED,
	],
	'Deployment: Get Many': [
		deployment('getAll', { limit: 1 }),
		`GET ${DEPLOYMENTS}?page=1&perPage=${PAGE_SIZE}`,
		undefined,
		{ id: 'ddv_support', tag: 'latest' },
	],
};
it.each(Object.entries(CASES))('%s sends what is filled in, and puts out the record', async (_what, sent) => {
	const id = await rig.existingSession();
	const [fields, ...expected] = JSON.parse(JSON.stringify(sent).replace(/\bID\b/g, id)) as Sent;
	const records = await rig.json(fields);
	const { method, rawPath, body } = rig.request;
	expect([`${method} ${rawPath}`, body ?? null]).toEqual([expected[0], expected[1] ?? null]);
	expect(records).toMatchObject([expected[2] ?? {}]);
});

it('Agent: Dispatch fails with the words of the API if no worker was free, although the status is 200', async () => {
	const { message } = await rig.failure(dispatch({ agentId: 'agent-busy' }));
	expect(message).toBe('VideoSDK declined the request (status 200): No workers available [item 0]');
	expect(rig.requests).toHaveLength(1);
});

/** In a path: see pathOf in test/unit/api/client. */
it('Whatever an ID consists of, it is sent as it is in a body', async () => {
	const sessionId = 'für/a?b=1#50% %2F';
	await rig.run(session('end', { sessionId }));
	expect(rig.requests[0]).toMatchObject({ rawPath: `${SESSIONS}/end`, body: { sessionId } });
});

it('Session: Get Many puts out the sessions that fit, newest first, up to the limit, and reads no more pages than that takes', async () => {
	const statuses = ['queued', 'running', 'failed', 'stopped'];
	const row = fc.record({
		status: fc.constantFrom(...statuses),
		deploymentId: fc.constantFrom('ddv_support', 'ddv_sales'),
		tag: fc.constantFrom('latest', 'v1'),
	});
	const filters = fc.record(
		{
			status: fc.subarray(statuses),
			deploymentId: fc.constantFrom('', 'ddv_sales', ' ddv_support '),
			tag: fc.constantFrom('', 'v1 ', 'latest'),
		},
		{ requiredKeys: [] },
	);
	const sizes = fc.constantFrom(0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE + 7);
	const limits = fc.constantFrom(undefined, 1, 3, 50, 51, 100);
	const rows = sizes.chain((length) => fc.array(row, { minLength: length, maxLength: length }));
	// It may be a resume URL, which holds a secret.
	const webhookUrl = 'https://n8n.example.com/webhook-waiting/7/agent?signature=secret-token';
	const one = rig.simulator.sessions.get(await rig.existingSession({ webhookUrl }));
	const check = async (all: IDataObject[], wanted: IDataObject, limit?: number): Promise<void> => {
		const { simulator } = rig;
		simulator.sessions.clear();
		for (const [index, more] of all.entries()) {
			const sessionId = `s-${index}`;
			simulator.sessions.set(sessionId, { ...one, ...more, sessionId } as SimulatedSession);
		}
		const texts = [wanted.deploymentId, wanted.tag].map((text) => String(text ?? '').trim());
		const chosen = (wanted.status ?? []) as string[];
		const fits = ({ status, deploymentId, tag }: IDataObject) =>
			(chosen.length === 0 || chosen.includes(String(status))) &&
			[deploymentId, tag].every((value, index) => ['', value].includes(texts[index]));
		simulator.requests.length = 0;
		const found = await rig.json(
			session('getAll', { filters: wanted, returnAll: limit === undefined, ...(limit && { limit }) }),
		);
		const newestFirst = all.map((more, index) => ({ ...more, sessionId: `s-${index}` })).reverse();
		const fitting = newestFirst.filter(fits).slice(0, limit);
		expect(found.map(({ sessionId }) => sessionId)).toEqual(fitting.map(({ sessionId }) => sessionId));
		expect(JSON.stringify(found)).not.toContain('secret-token');
		const last =
			limit !== undefined && fitting.length === limit
				? newestFirst.findIndex(({ sessionId }) => sessionId === fitting.at(-1)?.sessionId)
				: all.length - 1;
		const pages = Math.max(Math.floor(last / PAGE_SIZE) + 1, 1);
		expect(rig.requests.map(({ rawPath }) => rawPath)).toEqual(
			Array.from({ length: pages }, (_, index) => `${SESSIONS}?page=${index + 1}&perPage=${PAGE_SIZE}`),
		);
	};
	await checkAsync(fc.asyncProperty(rows, filters, limits, check), 60);
	rig.simulator.sessions.set('s', one as SimulatedSession);
	expect(JSON.stringify(await rig.json(session('getAll', { simplify: false })))).toContain('secret-token');
	// Without regard to case.
	rig.simulator.sessions.clear();
	rig.simulator.addFault({ kind: 'noData', body: { data: [{ sessionId: 's', status: 'Running' }] } });
	expect(await rig.json(session('getAll', { filters: { status: ['running'] } }))).toHaveLength(1);
});

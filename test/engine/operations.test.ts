import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byId, DEPLOYMENTS, failureOf, jsonOf, SESSIONS, useRig } from './rig';

const PAGE_SIZE = 50;

const rig = useRig();

const session = (operation: string, more: IDataObject = {}) =>
	({ resource: 'session', operation, ...more }) as INodeParameters;
const deployment = (operation: string, more: IDataObject = {}) =>
	({ resource: 'deployment', operation, ...more }) as INodeParameters;

async function run(parameters: INodeParameters): Promise<IDataObject[]> {
	return jsonOf(await rig.engine.run({ parameters }));
}

describe('Session: End', () => {
	it('sends the ID and puts out the session that was ended', async () => {
		const sessionId = await rig.existingSession();
		const [ended] = await run(session('end', { sessionId: ` ${sessionId} ` }));
		const { method, rawPath, body } = rig.request;
		expect({ method, rawPath, body }).toEqual({
			method: 'POST',
			rawPath: `${SESSIONS}/end`,
			body: { sessionId },
		});
		expect(ended).toMatchObject({ sessionId, status: 'completed', duration: expect.any(Number) });
	});

	it('takes the ID of an event', async () => {
		const sessionId = await rig.existingSession();
		await run(session('end', { sessionId: `session-${sessionId}` }));
		expect(rig.request.body).toEqual({ sessionId });
	});
});

describe('Session: Get', () => {
	it('puts out the session, which the API does not wrap', async () => {
		const sessionId = await rig.existingSession();
		const [found] = await run(session('get', { sessionId }));
		const { method, rawPath, rawBody } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'GET', rawPath: `${SESSIONS}/${sessionId}` });
		expect(rawBody).toHaveLength(0);
		expect(found).toMatchObject({ sessionId, status: 'queued', deploymentId: 'ddv_support' });
	});
});

describe('Agent: Dispatch', () => {
	const dispatch = (more: IDataObject = {}) =>
		({
			resource: 'agent',
			operation: 'dispatch',
			agentId: ' agent-1 ',
			meetingId: ' abcd ',
			...more,
		}) as INodeParameters;
	const needed = { agentId: 'agent-1', meetingId: 'abcd', roomId: 'abcd' };

	it('sends all that is filled in, the room under both names, and puts out the result', async () => {
		const roomOptions = { autoEndSession: false, sessionTimeoutSeconds: 30, playground: true, vision: true };
		const result = await run(
			dispatch({
				versionId: ' v-1 ',
				metaData: { entries: [{ key: 'customer', value: 'Ada' }] },
				roomOptions,
			}),
		);
		const { method, rawPath, body } = rig.request;
		expect({ method, rawPath }).toEqual({ method: 'POST', rawPath: '/v2/agent/dispatch' });
		expect(body).toEqual({
			...needed,
			versionId: 'v-1',
			metadata: { customer: 'Ada' },
			roomOptions,
		});
		expect(result).toEqual([{ success: true, status: 'assigned', roomId: 'abcd', agentId: 'agent-1' }]);
	});

	it('sends the tag of a version in place of its ID', async () => {
		await run(dispatch({ versionTag: ' production ' }));
		expect(rig.request.body).toEqual({ ...needed, versionTag: 'production' });
	});

	it('sends no more than is filled in', async () => {
		await run(dispatch({ roomOptions: {}, versionId: ' ', versionTag: '' }));
		expect(rig.request.body).toEqual(needed);
	});

	it('fails with the words of the API if no worker was free, although the status is 200', async () => {
		const { message } = failureOf(await rig.engine.run({ parameters: dispatch({ agentId: 'agent-busy' }) }));
		expect(message).toBe('VideoSDK declined the request (status 200): No workers available [item 0]');
		expect(rig.requests).toHaveLength(1);
	});
});

describe('Session: Wait for Status', () => {
	it('takes an ID that is not found for an error, confirmed once, and stops waiting for the others', async () => {
		const sessionId = await rig.existingSession();
		const result = await rig.engine.run({
			items: [{ sessionId }, { sessionId: 'none' }],
			parameters: session('waitForStatus', { sessionId: '={{ $json.sessionId }}' }),
		});
		expect(failureOf(result).message).toContain("couldn't find anything with this ID");
		expect(failureOf(result).message).toContain('[item 1]');
		expect(rig.requests.filter(({ path }) => path.endsWith('/none'))).toHaveLength(2);
	});

	it('waits for a session that the API does not show at once', async () => {
		const sessionId = await rig.existingSession();
		await rig.simulator.emit(sessionId, 'stopped');
		rig.simulator.addFault({ kind: 'status', status: 404, match: { method: 'GET', times: 1 } });
		const { output } = await rig.engine.run({ parameters: session('waitForStatus', { sessionId }) });
		expect(output[0]).toMatchObject([{ json: { sessionId, status: 'stopped' } }]);
	});

	it('is not ended by two looks that find nothing, with one between them that does', async () => {
		const sessionId = await rig.existingSession();
		const miss = () =>
			rig.simulator.addFault({ kind: 'status', status: 404, match: { method: 'GET', times: 1 } });
		miss();
		setTimeout(miss, 5_000);
		setTimeout(() => void rig.simulator.emit(sessionId, 'stopped'), 7_000);
		const { output } = await rig.engine.run({ parameters: session('waitForStatus', { sessionId }) });
		expect(output[0]).toMatchObject([{ json: { sessionId, status: 'stopped' } }]);
	});
});

describe('An ID with special characters', () => {
	const id = 'für/a?b=1#50% %2F';

	it('is encoded in paths, and sent as it is in a body', async () => {
		const run = async (parameters: INodeParameters) => {
			rig.simulator.requests.length = 0;
			return failureOf(await rig.engine.run({ parameters })).message;
		};
		expect(await run(session('get', { sessionId: id }))).toMatch(/Session not found/);
		expect(segmentsBelow(SESSIONS)).toEqual([id]);
		expect(await run(deployment('get', { deploymentId: byId(id), tag: id }))).toMatch(/Deployment not found/);
		expect(segmentsBelow(DEPLOYMENTS)).toEqual([id, id]);
		expect(await run(session('end', { sessionId: id }))).toMatch(/Session not found/);
		// Then the session is looked up: it may be over.
		expect(rig.requests[0]).toMatchObject({ rawPath: `${SESSIONS}/end`, body: { sessionId: id } });
	});

	// A URL cannot hold these as a segment: "%2E%2E" is resolved away just like "..".
	it.each(['.', '..', '%2E%2E'])('never leads to another path: %s', async (id) => {
		const ofSession = await rig.engine.run({ parameters: session('get', { sessionId: id }) });
		expect(failureOf(ofSession).message).toMatch(/Session not found/);
		expect(segmentsBelow(SESSIONS)).toHaveLength(1);
		rig.simulator.requests.length = 0;
		const parameters = deployment('get', { deploymentId: byId(id), tag: id });
		expect(failureOf(await rig.engine.run({ parameters })).message).toMatch(/Deployment not found/);
		expect(segmentsBelow(DEPLOYMENTS)).toHaveLength(2);
	});

	/** The segments that the only request has below a path, decoded. */
	function segmentsBelow(path: string): string[] {
		const { rawPath } = rig.request;
		expect(rawPath.startsWith(`${path}/`)).toBe(true);
		const segments = rawPath.slice(path.length + 1).split('/');
		for (const segment of segments) expect(segment).toMatch(/^[\w%!'()*~.-]+$/);
		return segments.map(decodeURIComponent);
	}
});

describe('Deployment: Create', () => {
	it('sends name and description and puts out the deployment', async () => {
		const fields = { name: 'Reception', description: 'Answers the phone – day & night' };
		const [created] = await run(deployment('create', { ...fields }));
		const { method, rawPath, body } = rig.request;
		expect({ method, rawPath, body }).toEqual({ method: 'POST', rawPath: DEPLOYMENTS, body: fields });
		expect(created).toMatchObject({ ...fields, id: expect.any(String), status: 'available' });
	});
});

describe('Deployment: Get', () => {
	it('puts out one version of a deployment', async () => {
		const [found] = await run(deployment('get', { deploymentId: byId('ddv_support'), tag: 'v1' }));
		expect(rig.request.rawPath).toBe(`${DEPLOYMENTS}/ddv_support/v1`);
		expect(found).toMatchObject({ id: 'ddv_support', tag: 'v1', name: 'Support agent' });
	});
});

describe('Session: Get Many', () => {
	/** Sessions that the simulator holds, the newest first as it lists them. */
	async function existing(
		count: number,
		more: (index: number) => IDataObject = () => ({}),
	): Promise<string[]> {
		const items = Array.from({ length: count }, (_, index) => more(index));
		const parameters = session('start', {
			deploymentId: byId('={{ $json.deploymentId ?? "ddv_support" }}'),
			tag: '={{ $json.tag }}',
			options: { maxConcurrency: 1 },
		});
		const sessions = jsonOf(await rig.engine.run({ items, parameters }));
		rig.simulator.requests.length = 0;
		return sessions.map(({ sessionId }) => String(sessionId)).reverse();
	}

	const idsOf = (records: IDataObject[]) => records.map(({ sessionId }) => sessionId);
	const pages = () => rig.requests.map(({ query }) => Number(query.page));

	it('puts out one item for each session, as the list has it', async () => {
		const ids = await existing(2);
		const { output } = await rig.engine.run({ parameters: session('getAll') });
		expect(output[0]?.map(({ json }) => json.sessionId)).toEqual(ids);
		expect(output[0]?.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }]);
		expect(rig.request.rawPath).toBe(`${SESSIONS}?page=1&perPage=${PAGE_SIZE}`);
	});

	it('puts out nothing if there are none', async () => {
		expect(await run(session('getAll', { returnAll: true }))).toEqual([]);
		expect(pages()).toEqual([1]);
	});

	it('reads all pages, once each', async () => {
		const ids = await existing(2 * PAGE_SIZE + 7);
		expect(idsOf(await run(session('getAll', { returnAll: true })))).toEqual(ids);
		expect(pages()).toEqual([1, 2, 3]);
	});

	describe('filters', () => {
		it('by status, of which there may be several, without regard to case', async () => {
			const [failed, running, queued] = await existing(3);
			await rig.simulator.emit(String(failed), 'failed');
			await rig.simulator.emit(String(running), 'started');
			const found = async (status: string[]) => idsOf(await run(session('getAll', { filters: { status } })));
			expect(await found(['failed'])).toEqual([failed]);
			expect(await found(['running', 'queued'])).toEqual([running, queued]);
			expect(await found([])).toEqual([failed, running, queued]);
			const data = [{ sessionId: 's', status: 'Running' }];
			rig.simulator.addFault({ kind: 'noData', body: { data } });
			expect(await found(['running'])).toEqual(['s']);
		});

		it('by deployment and tag, with white space around them left out', async () => {
			const [third, second, first] = await existing(3, (index) => ({
				deploymentId: index === 0 ? 'ddv_sales' : 'ddv_support',
				tag: index === 2 ? 'v1' : 'latest',
			}));
			const found = async (filters: IDataObject) => idsOf(await run(session('getAll', { filters })));
			expect(await found({ deploymentId: ' ddv_sales ' })).toEqual([first]);
			expect(await found({ tag: 'latest ' })).toEqual([second, first]);
			expect(await found({ deploymentId: 'ddv_support', tag: 'v1' })).toEqual([third]);
			expect(await found({ deploymentId: '', tag: '' })).toEqual([third, second, first]);
		});

		it('on our side: they are not sent, and the limit counts what fits', async () => {
			const ids = await existing(PAGE_SIZE + 10, (index) => ({ tag: index < 5 ? 'v1' : 'latest' }));
			const found = await run(session('getAll', { limit: 3, filters: { tag: 'v1', status: ['queued'] } }));
			expect(idsOf(found)).toEqual(ids.slice(-5, -2));
			for (const { query } of rig.requests) expect(Object.keys(query).sort()).toEqual(['page', 'perPage']);
		});
	});
});

describe('Deployment: Get Many', () => {
	it('puts out one item for each version, as the list has it', async () => {
		const found = await run(deployment('getAll', { limit: 3 }));
		expect(rig.request.rawPath).toBe(`${DEPLOYMENTS}?page=1&perPage=${PAGE_SIZE}`);
		expect(found.map(({ id, tag }) => [id, tag])).toEqual([
			['ddv_support', 'latest'],
			['ddv_support', 'v1'],
			['ddv_sales', 'latest'],
		]);
		expect(found[0]).toHaveProperty('created_at');
	});
});

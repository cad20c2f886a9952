/** A session or call in a room that is known afterwards: no room is left behind by a start that failed for certain. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../simulator';
import { ROOM_EVENT_OPTIONS } from '../../nodes/VideoSdkAgentCloud/fields/events';
import { byRule } from './callRig';
import { expectNoSecrets, failureOf, jsonOf, startParameters, useRig } from './rig';

const rig = useRig({ callBehaviour: false });
const create = (more: INodeParameters = {}): INodeParameters =>
	startParameters({ recording: 'record', ...more });
const items = [0, 1, 2].map((item) => ({ item }));

const START = /sessions\/start$/;
const ROOMS = /^\/v2\/rooms$/;
const DEACTIVATE = /^\/v2\/rooms\/deactivate$/;
const count = (path: RegExp): number => rig.requests.filter((request) => path.test(request.path)).length;
const rooms = () => [...rig.simulator.rooms.values()];
const open = () => rooms().filter(({ disabled }) => !disabled);
const sessions = () => [...rig.simulator.sessions.values()];
const envs = () =>
	rig.requests.filter(({ path }) => START.test(path)).map(({ body }) => (body as { env?: object }).env);

describe('Room of a session', () => {
	it('is created, handed over and put out', async () => {
		const [json] = jsonOf(
			await rig.engine.run({
				parameters: create({
					recording: 'summarize',
					summaryPrompt: 'Short',
					env: { variables: [{ name: 'NAME', value: 'Ada' }] },
				}),
			}),
		);
		const [room] = rooms();
		expect(json).toMatchObject({
			sessionId: sessions()[0]?.sessionId,
			status: 'queued',
			roomId: room?.roomId,
		});
		expect(room?.autoStartConfig).toEqual({
			recording: { transcription: { enabled: true, summary: { enabled: true, prompt: 'Short' } } },
		});
		expect(envs()).toEqual([{ NAME: 'Ada', VIDEOSDK_ROOM_ID: room?.roomId }]);
	});

	it('is an existing one', async () => {
		const parameters = startParameters({ options: { roomId: ' abcd-efgh-ijkl ' } });
		const [json] = jsonOf(await rig.engine.run({ parameters }));
		expect(json).toMatchObject({ sessionId: expect.any(String), roomId: 'abcd-efgh-ijkl' });
		expect(envs()).toEqual([{ VIDEOSDK_ROOM_ID: 'abcd-efgh-ijkl' }]);
		expect(rig.requests).toHaveLength(1);
	});

	it('is left to the agent unless something is recorded', async () => {
		const [json] = jsonOf(await rig.engine.run({ parameters: startParameters() }));
		expect(json).not.toHaveProperty('roomId');
		expect(envs()).toEqual([undefined]);
		expect(rig.requests).toHaveLength(1);
	});

	it('sends its events where those of the session go, with the context', async () => {
		const hook = 'https://n8n.example.com/webhook/1/webhook';
		const parameters = create({ webhookUrl: hook, webhookEvents: ['ai-deployment-session-started'] });
		await rig.engine.run({
			parameters: { ...parameters, options: { context: { entries: [{ key: 'row', value: '7' }] } } },
		});
		const [session] = sessions();
		expect(session?.webhook).toEqual({
			endPoint: expect.stringContaining(`${hook}?context=`),
			events: ['ai-deployment-session-started'],
		});
		const { endPoint, events } = rooms()[0]?.webhook ?? {};
		expect(endPoint).toBe(session?.webhook?.endPoint);
		expect(new Set(events)).toEqual(new Set(ROOM_EVENT_OPTIONS.map(({ value }) => value)));
	});

	it('is never shared between items', async () => {
		const output = jsonOf(await rig.engine.run({ items, parameters: create() }));
		expect(new Set(output.map(({ roomId }) => roomId)).size).toBe(3);
		expect(rooms()).toHaveLength(3);
		for (const { sessionId, roomId } of output) {
			const request = rig.requests.find(({ body }) => JSON.stringify(body).includes(String(roomId)));
			expect(request?.path).toMatch(START);
			expect(rig.simulator.sessions.has(String(sessionId))).toBe(true);
		}
	});

	it.each<[string, INodeParameters, string]>([
		[
			'a variable of that name',
			create({ env: { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'r' }] } }),
			"'Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Recording' already sets it",
		],
		[
			'the same in JSON, with an existing room',
			startParameters({
				options: { roomId: 'r' },
				specifyEnv: 'json',
				jsonEnv: '{ "VIDEOSDK_ROOM_ID": "r" }',
			}),
			"'Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Room ID' already sets it",
		],
		['an unknown recording', create({ recording: '={{ "films" }}' }), "'Recording' is 'films'"],
	])('is refused before anything is sent: %s', async (_what, parameters, message) => {
		const result = await rig.engine.run({ parameters });
		expect(failureOf(result).message).toContain(message);
		expect(failureOf(result).message).toContain('[item 0]');
		expect(rig.requests).toEqual([]);
	});

	it('may be named by a variable if the agent decides', async () => {
		const env = { variables: [{ name: 'VIDEOSDK_ROOM_ID', value: 'r' }] };
		jsonOf(await rig.engine.run({ parameters: startParameters({ env }) }));
		expect(envs()).toEqual([{ VIDEOSDK_ROOM_ID: 'r' }]);
	});
});

const KINDS = [
	{
		one: 'session',
		started: 'started',
		idField: 'sessionId',
		startPath: START,
		make: startParameters,
		begun: sessions,
	},
	{
		one: 'call',
		started: 'made',
		idField: 'callId',
		startPath: /sip\/call$/,
		make: byRule,
		begun: () => [...rig.simulator.calls.values()],
	},
];

describe.each(KINDS)('Of a $one', ({ one, started, idField, startPath, make, begun }) => {
	const create = (more: IDataObject = {}): INodeParameters => make({ recording: 'record', ...more });
	/** Gives up soon on what never answers; other requests have to be answered in that time. */
	const createWithin = ({ kind }: Fault) => create(kind === 'hang' ? { options: { timeout: 1_000 } } : {});

	describe(`A ${one} that fails for certain`, () => {
		const rejected: Fault = {
			kind: 'status',
			status: 400,
			body: { message: 'bad tag' },
			match: { path: startPath },
		};

		it('leaves no room behind', async () => {
			rig.simulator.addFault(rejected);
			const { message, description } = failureOf(await rig.engine.run({ parameters: create() }));
			expect(message).toContain('bad tag');
			expect([rooms().length, open().length, begun().length]).toEqual([1, 0, 0]);
			expect(message + description).not.toContain(rooms()[0]?.roomId);
		});

		it('of one item stops the others, which leave none either', async () => {
			// The first item's room takes longer than the second one's failure, after which that one closes its room.
			const until = () => open().length < rooms().length;
			rig.simulator.addFault({ kind: 'delay', until, delayMs: 100, match: { path: ROOMS } });
			rig.simulator.addFault(rejected);
			const result = await rig.engine.run({ items: items.slice(0, 2), parameters: create() });
			expect(failureOf(result).message).toContain('bad tag');
			expect([rooms().length, open().length, begun().length, count(startPath)]).toEqual([2, 0, 0, 1]);
		});

		it('stops the others before its room is closed, and while rooms are still to be made', async () => {
			const fortyItems = Array.from({ length: 40 }, (_, item) => ({ item }));
			rig.simulator.addFault(rejected);
			const parameters = create({ options: { maxConcurrency: 5 } });
			const result = await rig.engine.run({ items: fortyItems, parameters });
			expect(failureOf(result).message).toContain('bad tag');
			// Those in flight when the first one failed, and no more.
			expect(count(startPath)).toBeLessThanOrEqual(5);
			expect(rooms().length).toBeLessThanOrEqual(5);
			expect(open()).toHaveLength(begun().length);
		});

		it('tells that its room could not be deactivated, beside why the start failed', async () => {
			rig.simulator.addFault(rejected);
			rig.simulator.addFault({
				kind: 'status',
				status: 403,
				body: { message: 'no' },
				match: { path: DEACTIVATE },
			});
			const result = await rig.engine.run({ parameters: create() });
			const { message, description } = failureOf(result);
			const roomId = String(open()[0]?.roomId);
			expect(message).toMatch(/bad tag.* \(room .*\) \[item 0\]$/);
			expect(message).toContain(roomId);
			expect(description).toContain(`The room ${roomId} was created for the ${one} and couldn't be closed`);
			expectNoSecrets(rig, result.error, result.thrown, result.run);
		});

		it('gets a new room when n8n tries it again', async () => {
			rig.simulator.addFault(rejected);
			const node = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
			const [json] = jsonOf(await rig.engine.run({ parameters: create(), node }));
			expect(open().map(({ roomId }) => roomId)).toEqual([json?.roomId]);
			expect([rooms().length, begun().length]).toEqual([2, 1]);
		});
	});

	describe(`A ${one} in doubt`, () => {
		const DOUBTFUL: Array<[string, Fault]> = [
			['a time-out', { kind: 'hang' }],
			['a lost connection', { kind: 'reset' }],
			['a failure of the server', { kind: 'status', status: 502 }],
			['an answer that cannot be used', { kind: 'noData', body: { message: 'ok' } }],
		];

		it.each(DOUBTFUL)('keeps its room and names it after %s', async (_what, fault) => {
			rig.simulator.addFault({ ...fault, match: { path: startPath } });
			const node = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
			const result = await rig.engine.run({ parameters: createWithin(fault), node });
			const { message, description } = failureOf(result);
			expect([rooms().length, open().length, count(startPath)]).toEqual([1, 1, 1]);
			const roomId = String(rooms()[0]?.roomId);
			expect(message).toContain(`the ${one} may have been ${started}`);
			expect(message).toContain(`(room ${roomId}) [item 0]`);
			expect(description).toContain(`The room ${roomId} was created for the ${one} and is still open`);
			expectNoSecrets(rig, result.error, result.thrown, result.run);
		});

		it('names its room on the error output, too', async () => {
			rig.simulator.addFault({ kind: 'reset', match: { path: startPath } });
			const { output } = await rig.engine.run({
				parameters: create(),
				onError: 'continueRegularOutput',
			});
			expect(output[0]?.[0]?.json.error).toContain(`(room ${rooms()[0]?.roomId})`);
		});

		it('names the rooms of all items, whichever error is shown', async () => {
			// Nothing more would be sent after the first failure.
			const until = () => count(startPath) === 2;
			rig.simulator.addFault({ kind: 'reset', until, match: { path: startPath, times: 2 } });
			const { message, description } = failureOf(
				await rig.engine.run({ items: items.slice(0, 2), parameters: create() }),
			);
			expect(open()).toHaveLength(2);
			for (const { roomId } of open()) expect(`${message} ${description}`).toContain(roomId);
		});
	});

	describe(`A room for a ${one} that cannot be created`, () => {
		const FAULTS: Array<[string, Fault, string]> = [
			['a time-out', { kind: 'hang' }, 'the room may have been created'],
			['a failure of the server', { kind: 'status', status: 500 }, 'the room may have been created'],
			['a rejection', { kind: 'status', status: 403 }, "doesn't allow this"],
		];

		it.each(FAULTS)('means that nothing was started: %s', async (_what, fault, message) => {
			rig.simulator.addFault({ ...fault, match: { path: ROOMS } });
			const result = await rig.engine.run({ parameters: createWithin(fault) });
			expect(failureOf(result).message).toMatch(
				new RegExp(
					`^The ${one} wasn't ${started}, because there is no room for it: .*${message}.*\\[item 0\\]$`,
				),
			);
			expect(count(startPath)).toBe(0);
		});

		it.each(FAULTS)('does not keep n8n from trying again: %s', async (_what, fault) => {
			rig.simulator.addFault({ ...fault, match: { path: ROOMS } });
			const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 };
			const output = jsonOf(await rig.engine.run({ parameters: createWithin(fault), node }));
			expect(output).toMatchObject([{ [idField]: expect.any(String), roomId: expect.any(String) }]);
			expect(begun()).toHaveLength(1);
		});
	});
});

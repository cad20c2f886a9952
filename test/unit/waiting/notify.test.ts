import { type Answer, DAY_MS, HOUR_MS, n8nError, ours, pass, RESUMED, World } from './waitingWorld';

let world: World;
beforeEach(() => {
	jest.useFakeTimers();
	world = new World();
});
afterEach(() => jest.useRealTimers());

/** Has all end, and n8n answer the same each time. */
async function notifyUntilTheEnd(answer: Answer | Error): Promise<void> {
	world.answers = Array.from({ length: 200 }, () => answer);
	await world.poll(['a'], 3 * DAY_MS);
	world.statuses.set('a', 'stopped');
	await pass(3 * DAY_MS);
}

it.each<[number, string, Answer]>([
	[1, 'is resumed', RESUMED],
	[1, 'is over', n8nError(409, 'The execution "1 has finished already.')],
	[1, 'is gone', n8nError(404, 'The execution "1" does not exist.')],
	[
		1,
		'waits at another node',
		n8nError(404, 'The workflow for execution "1" does not contain a waiting webhook with …'),
	],
	[1, 'waits for something else', ours(401)],
	[4, 'is running', n8nError(409, 'The execution "1" is running already.')],
	[4, 'needs another process to ask the API', ours(200)],
])(
	'n8n is asked %i times at most, and nothing is logged, if the execution %s',
	async (most, _what, answer) => {
		await notifyUntilTheEnd(answer);
		expect(world.resumes).toHaveLength(most);
		expect(world.warnings).toEqual([]);
	},
);

it.each<[string, Answer]>([
	['fails', n8nError(500, 'Internal Server Error')],
	['finds the request too large', n8nError(413, 'request entity too large')],
	['cannot verify it', ours(503)],
])('n8n is asked for a quarter of an hour, and giving up is logged, if it %s', async (_what, answer) => {
	await notifyUntilTheEnd(answer);
	expect(world.resumes).toHaveLength(10);
	expect((world.resumes.at(-1)?.atMs ?? 0) / 60_000).toBeGreaterThanOrEqual(15);
	expect(world.warnings).toEqual([
		expect.stringMatching(/execution 1 .*n8n retries.*'timedOut: true'/),
		expect.stringMatching(/execution 1 .*won't retry again.*'timedOut: true'/),
	]);
});

it.each<[string, Answer | Error, string]>([
	['cannot be reached', new Error('connect ECONNREFUSED'), 'ECONNREFUSED'],
	['blocks its own address', new Error('blocked: a restricted IP address'), 'restricted IP address'],
	['is behind a proxy that cannot reach it', { statusCode: 502, body: '<html>' }, 'status 502'],
	['says that it is starting', { statusCode: 200, body: 'n8n is starting up. Please wait' }, 'status 200'],
	['is starting', { statusCode: 404 }, 'status 404'],
	['is behind a login: 401 without a body', { statusCode: 401 }, 'status 401'],
	['is behind a login: 401 with JSON', { statusCode: 401, body: '{"error":"login"}' }, 'status 401'],
	['is behind a login: a redirect', { statusCode: 302 }, 'status 302'],
	['is behind a login: 403 with JSON', { statusCode: 403, body: '{"message":"Forbidden"}' }, 'status 403'],
	['is behind a proxy that answers an empty 200', { statusCode: 200 }, 'status 200'],
	['is behind a proxy that allows less', { statusCode: 413, body: '<html>' }, 'status 413'],
])('n8n is asked for half a day, which is logged, if it %s', async (_what, answer, reason) => {
	await notifyUntilTheEnd(answer);
	expect(world.resumes).toHaveLength(100);
	expect((world.resumes.at(-1)?.atMs ?? 0) / HOUR_MS).toBeGreaterThan(12);
	expect(world.warnings).toEqual([
		expect.stringMatching(new RegExp(`at http://n8n\\..*n8n retries.*${reason}`)),
		expect.stringMatching(new RegExp(`at http://n8n\\..*won't retry again.*${reason}`)),
	]);

	const passing = new World();
	passing.answers = [answer, answer];
	await passing.poll(['a'], DAY_MS);
	passing.statuses.set('a', 'stopped');
	await pass(HOUR_MS);
	expect(passing.resumes).toHaveLength(3);
});

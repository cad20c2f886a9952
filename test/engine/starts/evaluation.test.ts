/** In an evaluation of a workflow, nothing is started or changed. */
import { callParameters } from '../rig/callRig';
import type { NodeRunOptions } from '../rig/engine';
import { byId, jsonOf, parametersOf, useRig } from '../rig/rig';
import { dryItem, GOOD_STARTS, withOptions } from '../rig/starts';

const rig = useRig({ callBehaviour: false });
const changing = () => rig.requests.filter(({ method }) => method !== 'GET');

describe('In an evaluation', () => {
	const ADVICE = 'Turn on Dry Run, or put Evaluation: Check if Evaluating before this node';
	const WORDS: Record<string, string> = {
		make: 'In an evaluation, no call is made. No one was called.',
		start: 'In an evaluation, no session is started. Nothing was sent.',
		startAndWait: "An evaluation can't wait for a session: n8n ends the case. Nothing was sent.",
		dispatch: 'In an evaluation, no agent is dispatched. Nothing was sent.',
		transfer: 'In an evaluation, no transfer is requested. No one was called.',
		startRealtime: 'In an evaluation, no transcription is started. Nothing was sent.',
		'room create': 'In an evaluation, no room is created. Nothing was sent.',
	};
	const WAITING = "An evaluation can't wait for a call: n8n ends the case. No one was called.";
	const where: Array<[string, NodeRunOptions]> = [
		['itself', { mode: 'evaluation' }],
		['a sub-workflow', { mode: 'integrated', evaluationRunId: 'run' }],
	];
	const each = where.flatMap(([what, options]) =>
		Object.entries(GOOD_STARTS).map(([which, start]) => [what, which, start, options] as const),
	);

	it.each(each)('%s, nothing is started: %s', async (_what, which, start, options) => {
		const text = `${WORDS[which] ?? WAITING} ${ADVICE}`;
		expect((await rig.failure(start, options)).message).toBe(`${text} [item 0]`);
		const onError = 'continueRegularOutput';
		expect(await rig.json(start, { ...options, onError })).toMatchObject([{ error: text }]);
		expect(rig.requests).toEqual([]);
	});

	it.each(each)('%s, a dry run goes on, and waits for nothing: %s', async (_what, which, start, options) => {
		const result = await rig.run(withOptions(start, { dryRun: true }), options);
		expect(result.run.status).toBe('success');
		expect(jsonOf(result)).toMatchObject([dryItem(which, {})]);
		expect(changing()).toEqual([]);
	});

	it.each(where)('%s, no routing rule is changed', async (_what, options) => {
		const given = { routingRuleId: byId('rule_out_01'), firstMessage: 'Hello' };
		const { message } = await rig.failure(parametersOf('routingRule', 'setAgent', given), options);
		expect(message).toBe(`In an evaluation, nothing is changed. ${ADVICE} [item 0]`);
		expect(rig.requests).toEqual([]);
	});

	it.each(where)('%s, no agent is taken down', async (_what, options) => {
		const { message } = await rig.failure(parametersOf('agent', 'takeDown', { agentId: 'a' }), options);
		expect(message).toBe(`In an evaluation, nothing is changed. ${ADVICE} [item 0]`);
		expect(rig.requests).toEqual([]);
	});

	it.each([
		callParameters('hangUp', { callId: 'a' }),
		parametersOf('session', 'end', { sessionId: 'a' }),
		parametersOf('room', 'endSession', { roomId: 'a' }),
		parametersOf('room', 'deactivate', { roomId: 'a' }),
		parametersOf('recording', 'delete', { recordingId: 'a' }),
		parametersOf('transcription', 'stopRealtime', { roomId: 'a' }),
	])('nothing is ended or deleted: %j', async (parameters) => {
		for (const [, options] of where) {
			expect((await rig.failure(parameters, options)).message).toBe(
				'In an evaluation, nothing is ended or deleted. Nothing was sent: put Evaluation: Check if Evaluating before this node [item 0]',
			);
		}
		expect(rig.requests).toEqual([]);
	});

	it('nothing is held up that starts nothing', async () => {
		const getMany = callParameters('getAll');
		expect((await rig.run(getMany, { mode: 'evaluation' })).error).toBeUndefined();
	});
});

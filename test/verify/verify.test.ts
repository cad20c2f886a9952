/** `npm run verify:api` against the simulator. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../n8n/processes';
import { startSimulator, type Simulator } from '../simulator';
import { defaultTelephony, SIP_PASSWORD } from '../simulator/telephony';
import { call as send } from '../simulator/testRig';
import type { Evidence } from './evidence';
import { OPEN_POINTS, SEEN_POINTS } from './openPoints';
import { startReceiver } from './receiver';
import { deviations, report } from './report';
import { verify } from './verify';

/** Does not pick up by itself. */
const SLOW_NUMBER = '+15550108888';
const CALL = { to: '+15550107777', from: '+15550102001', ruleId: 'rule_out_01' };

/** An account that has everything the points need. */
async function account(): Promise<Simulator> {
	const telephony = defaultTelephony();
	const simulator = await startSimulator({
		lifecycle: { stoppingMs: null, stoppedMs: null },
		callBehaviour: { ringForMs: 50, talkMs: null },
		telephony: {
			routingRules: telephony.routingRules.map((rule) => ({ ...rule, recording: true })),
		},
	});
	simulator.setCallBehaviour({ ringForMs: null }, SLOW_NUMBER);
	// Answered once it was seen ringing.
	const answerSlowNumber = () => {
		const call = [...simulator.calls.values()].find(({ to }) => to === SLOW_NUMBER);
		if (call) void simulator.moveCall(call.callId, 'answered');
	};
	simulator.addFault({ kind: 'delay', body: answerSlowNumber, match: { path: /^\/v2\/sip\/call\/./ } });
	await send(simulator, 'POST', '/v2/rooms', {});
	return simulator;
}

interface Outcome {
	evidence: Evidence;
	lines: string[];
	simulator: Simulator;
}

/** Runs it with all options. */
async function run(): Promise<Outcome> {
	const simulator = await account();
	const receiver = await startReceiver(0);
	const lines: string[] = [];
	try {
		const evidence = await verify({
			apiKey: simulator.apiKey,
			secretKey: simulator.secret,
			baseUrl: simulator.url,
			start: { deploymentId: 'ddv_support' },
			call: CALL,
			webhook: { url: `http://127.0.0.1:${receiver.port}`, receiver },
			patienceMs: 6_000,
			pollMs: 100,
			signal: new AbortController().signal,
			write: (line) => void lines.push(line),
		});
		return { evidence, lines, simulator };
	} finally {
		await Promise.all([simulator, receiver].map(async (part) => await part.close()));
	}
}

function secretsOf({ apiKey, secret }: Simulator): string[] {
	return [apiKey, secret, ...Object.values(CALL)];
}

it('says "same" in every line against the simulator, and leaves nothing running', async () => {
	const { evidence, lines, simulator } = await run();
	const { findings, answers } = report(evidence, secretsOf(simulator));
	expect(findings.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
	expect(findings.map(({ id }) => id)).toEqual(OPEN_POINTS.map(({ id }) => id));
	expect([...simulator.sessions.values()].map(({ status }) => status)).toEqual(['completed']);
	expect([...simulator.calls.values()].map(({ status }) => status)).toEqual(['ended']);
	expect([...simulator.callWebhooks.values()].every(({ deletedAt }) => deletedAt)).toBe(true);
	expect(lines.join()).not.toContain('FAILED');
	// Both as they came and as they are kept.
	expect(deviations(evidence as unknown as typeof answers)).toEqual([]);
	expect(deviations(answers)).toEqual([]);
});

it('knows how to see each point of docs/dev/open-points.md and no other', () => {
	const ids = OPEN_POINTS.map(({ id }) => id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(SEEN_POINTS).toEqual(ids);
	const files = OPEN_POINTS.flatMap(({ dependsOn }) => dependsOn.match(/[\w/.]+\.ts/g) ?? []);
	const folders = ['', 'nodes/VideoSdkAgentCloud'].map((folder) => join(repositoryRoot, folder));
	expect(files.filter((file) => !folders.some((folder) => existsSync(join(folder, file))))).toEqual([]);
});

it('keeps nothing of the account', async () => {
	const { evidence, simulator } = await run();
	const answerOf = (step: string, answer: unknown) =>
		Object.assign(
			evidence.exchanges.find((exchange) => exchange.step === step)!,
			{ answer },
		);
	answerOf('sessions', { message: 'Ada Lovelace (+1 555 010) has no "top secret"', a1b2c3: {} });
	const named = { name: 'Ada Lovelace', status: 'Ada Lovelace', 'Her room': 1 };
	answerOf('rooms', {
		pageInfo: { total: 15_550_100_009 },
		data: [{ ...named, metadata: { 'Ada is here': [true], ofDrHouse: 1 } }],
	});
	const text = report(evidence, secretsOf(simulator)).text();
	const seen = [
		...simulator.sessions.keys(),
		...simulator.calls.keys(),
		simulator.url,
		'gw_out_01',
		'Line 01',
	];
	const words = [
		'Ada',
		'Her room',
		'DrHouse',
		'top secret',
		'555',
		'a1b2c3',
		'eyJ',
		'BEGIN RSA',
		SIP_PASSWORD,
	];
	const own = [...secretsOf(simulator), ...seen, ...words];
	expect(own.filter((word) => text.includes(word))).toEqual([]);
});

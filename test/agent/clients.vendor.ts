import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from 'jsonwebtoken';
import { repositoryRoot, temporaryFolder } from '../n8n/processes';
import { type Simulator, startSimulator } from '../simulator';
import { type PythonProgram, runClients } from './python';

/** videosdk-cli, and what videosdk-agents asks the API for, judged by the simulator: it refuses what it doesn't know. */
describe("VideoSDK's Python clients with the simulator", () => {
	let simulator: Simulator;
	let clients: PythonProgram;

	beforeAll(async () => {
		simulator = await startSimulator({ lifecycle: false, callBehaviour: { talkMs: null } });
		clients = runClients(simulator);
	});
	afterAll(async () => {
		await clients?.stop();
		await simulator?.close();
	});

	async function answerTo<T>(line: object): Promise<T> {
		const result = await clients.ask<{ answer: T }>(line);
		expect(result).toEqual({ answer: expect.anything() as unknown });
		return result.answer;
	}
	const makeRoom = async () => await answerTo<string>({ room: true });
	const sip = async (method: string, options: object) =>
		await answerTo<Record<string, unknown>>({ sip: method, with: options });

	async function call(room: string): Promise<string> {
		const { data } = (await sip('make_outbound_call', {
			routing_rule_id: 'rule_out_01',
			sip_call_to: '+15550003000',
			sip_call_from: '+15550102001',
			destination_room_id: room,
			participant: { name: 'Supervisor' },
			metadata: { order: 'A-17' },
			ringingTimeout: 30,
			waitUntilAnswered: true,
		})) as { data: { callId?: string; id?: string } };
		return String(data.callId ?? data.id);
	}

	it('makes a room, calls into it, finds the call by its room session, transfers calls, and hangs up', async () => {
		const room = await makeRoom();
		const callId = await call(room);
		const { sessionId } = simulator.calls.get(callId)!;
		expect(await sip('fetch_call_info', { room, session_id: sessionId })).toMatchObject({
			callId,
			sessionId,
			status: expect.stringMatching(/answered/i) as string,
		});
		await sip('end_call', { call_id: callId });
		expect(simulator.calls.get(callId)?.end).toEqual(expect.any(String));
		const transferred = await call(await makeRoom());
		await sip('transfer_call', { call_id: transferred, transfer_to: '+15550009999' });
		expect(simulator.calls.get(transferred)?.transfer).toEqual({ to: '+15550009999' });
	});

	it('deploys the agent of this package by the command line, as its README says', async () => {
		const folder = temporaryFolder('agent');
		cpSync(join(repositoryRoot, 'agent'), folder, { recursive: true });
		const cli = async (words: string) => {
			const line = { cli: ['agent', ...words.split(' ')], in: folder };
			const { exit, output } = await clients.ask<{ exit: number; output: string }>(line);
			expect(`${words}: ${exit} ${output}`).toContain(`${words}: 0`);
		};
		await cli('init --name n8n-agent');
		const [, agentId = ''] = /id: (ag_\w+)/.exec(readFileSync(join(folder, 'videosdk.yaml'), 'utf8')) ?? [];
		const { apiKey, secret } = simulator;
		const claims = { apikey: apiKey, permissions: ['allow_join'], version: 2 };
		const keys = { VIDEOSDK_AUTH_TOKEN: sign(claims, secret, { expiresIn: '1y' }), N8N_AGENT_ID: agentId };
		// `secrets create` wants a terminal.
		simulator.cloud.secrets.set('sec_01', { id: 'sec_01', name: 'n8n-agent', keys });
		appendFileSync(join(folder, 'videosdk.yaml'), 'secrets:\n  env: sec_01\n');
		await cli('up');
		expect(simulator.cloud.absence(agentId)).toBeUndefined();
		expect(simulator.cloud.versions.filter((version) => version.agentId === agentId)).toHaveLength(1);
		const built = [...simulator.cloud.builds.values()].at(-1)?.files;
		for (const name of ['Dockerfile', 'agent.py', 'n8n_tools.py', 'requirements.txt'])
			expect(built?.get(name)).toBe(readFileSync(join(repositoryRoot, 'agent', name), 'utf8'));
	});

	it('starts and stops an agent by the command line', async () => {
		const roomId = await makeRoom();
		const cli = async (...words: string[]) =>
			await clients.ask<{ exit: number; output: string }>({ cli: ['agent', 'session', ...words] });
		expect((await cli('start', '-a', 'agent_01')).output).toMatch(/Session started successfully/);
		expect((await cli('start', '-a', 'agent_01', '-r', roomId, '-v', 'version_01')).output).toMatch(
			new RegExp(`started successfully[^]*${roomId}`),
		);
		simulator.joinRoom(roomId, { name: 'Caller' });
		const sessionId = [...simulator.roomSessions.values()].find((session) => session.roomId === roomId)?.id;
		expect((await cli('stop', '-r', roomId, '-s', String(sessionId))).output).toMatch(/ended successfully/);
		expect((await cli('stop', '-s', 'unknown')).output).toMatch(/Failed to stop/);
	});
});

import dns from 'node:dns';
import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { WorkflowExecute } from 'n8n-core';
import type { ICredentialDataDecryptedObject, IDataObject, INodeParameters } from 'n8n-workflow';
import { startSimulator } from '../../simulator';
import type { RecordedRequest, Simulator, SimulatorOptions } from '../../simulator';
import type { Engine, EngineOptions, NodeRunOptions, RunResult } from './engine';
import { skipIdleTime, stopSkipping } from './clock';
import { Loopback } from './delivery';
import { startEngine } from './engine';
import { rows } from './waitingRun';

export const SESSIONS = '/ai/v1/ai-deployment-sessions';
export const DEPLOYMENTS = '/ai/v1/ai-deployments';
const PREFIX = 'ai-deployment-session-';
const EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'] as const;
export const EVENT_NAMES = EVENTS.map((event) => PREFIX + event);
/** Those that are chosen in a new node. */
export const CHOSEN_EVENTS = ['started', 'stopped', 'failed'].map((event) => PREFIX + event);

/** An engine whose credential leads to a simulator of the API; both are new for each test. */
export class Rig {
	simulator!: Simulator;
	engine!: Engine;
	private readonly cleanUps: Array<() => Promise<unknown>> = [];

	async addSimulator(options: SimulatorOptions = { lifecycle: false }): Promise<Simulator> {
		const simulator = await startSimulator(options);
		this.cleanUps.push(() => simulator.close());
		return simulator;
	}

	/** As another process of n8n, with nothing in memory. */
	async addEngine(options: EngineOptions = {}): Promise<Engine> {
		const engine = await startEngine({ credentials: this.credentials(), ...options });
		this.cleanUps.push(() => engine.close());
		return engine;
	}

	/** Serves something on loopback. @returns its address */
	async serve(handler: RequestListener): Promise<string> {
		const server = await new Loopback(handler).listen();
		this.cleanUps.push(() => server.close());
		return server.origin;
	}

	/** The credential's fields, right ones but for those given. */
	credentials(more: ICredentialDataDecryptedObject = {}): ICredentialDataDecryptedObject {
		const { apiKey, secret, url } = this.simulator;
		return { apiKey, secretKey: secret, baseUrl: url, ...more };
	}

	/** Changes the credential: right fields but for those given. */
	use(more: ICredentialDataDecryptedObject = {}): void {
		this.engine.setCredentials(this.credentials(more));
	}

	/** Changes the credential's Base URL to a public name, which leads to the simulator. */
	useAsPublic(): void {
		const host = 'api.example.com';
		const { lookup } = dns;
		const local = [{ address: '127.0.0.1', family: 4 }];
		const lead = (
			name: string,
			options: dns.LookupAllOptions,
			done: (error: null, found: object[]) => void,
		) => (name === host ? done(null, local) : lookup(name, options, done as never));
		jest.spyOn(dns, 'lookup').mockImplementation(lead as never);
		this.use({ baseUrl: `http://${host}:${this.simulator.port}` });
	}

	/** The requests to the API, without those for the public key. */
	get requests(): RecordedRequest[] {
		return this.simulator.requests.filter(({ path }) => path !== '/v2/public/rsa-public-key');
	}

	/** The only request to the API. */
	get request(): RecordedRequest {
		expect(this.requests).toHaveLength(1);
		return this.requests[0] as RecordedRequest;
	}

	async run(parameters: INodeParameters, more: NodeRunOptions = {}): Promise<RunResult> {
		return await this.engine.run({ parameters, ...more });
	}

	/** The json of a run's first output. */
	async json(...given: Parameters<Rig['run']>): Promise<IDataObject[]> {
		return jsonOf(await this.run(...given));
	}

	/** The texts of a run that fails. */
	async failure(...given: Parameters<Rig['run']>) {
		return failureOf(await this.run(...given));
	}

	/** Starts a session at the API itself, as if it had been there before. */
	async existingSession(more: IDataObject = {}): Promise<string> {
		const { output, error } = await this.engine.run({ parameters: startParameters(more) });
		if (error) throw error;
		this.simulator.requests.length = 0;
		return String(output[0]?.[0]?.json.sessionId);
	}

	/** Creates a room. @returns its ID */
	async room(recording = 'summarize'): Promise<string> {
		const parameters = parametersOf('room', 'create', { recording });
		return String(jsonOf(await this.engine.run({ parameters }))[0]?.roomId);
	}

	/** Begins a number of conversations that one execution waits for. @returns it, and their IDs */
	async wait(count = 1, parameters: INodeParameters = {}, maxWaitMs = 600_000) {
		const { sessions, calls } = this.simulator;
		const before = [...sessions.keys(), ...calls.keys()];
		const waiting = await this.engine.startAndWait(maxWaitMs, parameters, { items: rows(count) });
		const after = [...sessions.keys(), ...calls.keys()];
		return { waiting, ids: after.filter((id) => !before.includes(id)) };
	}

	/** Answers and ends calls. */
	async talk(callIds: Iterable<string>, simulator = this.simulator): Promise<void> {
		for (const id of callIds)
			for (const status of ['answered', 'ended'] as const) await simulator.moveCall(id, status);
	}

	/** Ends sessions without an event. */
	complete(sessionIds: Iterable<string>): void {
		const end = new Date().toISOString();
		for (const id of sessionIds)
			Object.assign(this.simulator.sessions.get(id)!, { status: 'completed', end });
	}

	async close(): Promise<void> {
		// What still waits goes on at once.
		this.simulator.clearFaults();
		this.complete(this.simulator.sessions.keys());
		for (const call of this.simulator.calls.values()) Object.assign(call, { status: 'ended' });
		for (const cleanUp of this.cleanUps.splice(0).reverse()) await cleanUp();
	}
}

/** Starts a rig for each test of the file. */
export function useRig(options: SimulatorOptions = {}): Rig {
	const rig = new Rig();
	beforeEach(async () => {
		skipIdleTime();
		rig.simulator = await rig.addSimulator({ lifecycle: false, ...options });
		rig.engine = await rig.addEngine();
	});
	afterEach(async () => {
		await rig.close();
		await stopSkipping();
		jest.restoreAllMocks();
	});
	return rig;
}

export const later = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

/** Settings of a node that n8n runs again after a failure. */
export const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

/** Tells of each run that begins, which can be canceled as a user stops an execution. */
export function onEachRun(tell: (run: { cancel: () => void }) => void): void {
	const { processRunExecutionData } = WorkflowExecute.prototype;
	jest.spyOn(WorkflowExecute.prototype, 'processRunExecutionData').mockImplementation(function (
		this: WorkflowExecute,
		workflow,
	) {
		const run = processRunExecutionData.call(this, workflow);
		tell(run);
		return run;
	});
}

/** A resource locator in ID mode. */
export const byId = (value: string) => ({ __rl: true, mode: 'id', value });

/** Pairs of names and values as a form holds them. */
export const pairsOf = (values: object) => ({
	entries: Object.entries(values).map(([key, value]: [string, unknown]) => ({ key, value })),
});

/** Parameters of an operation. */
export const parametersOf = (resource: string, operation: string, more: IDataObject = {}): INodeParameters =>
	({ resource, operation, ...more }) as INodeParameters;

/** Parameters that start a session, but for what is given. */
export const startParameters = (more: IDataObject = {}): INodeParameters =>
	parametersOf('session', 'start', { deploymentId: byId('ddv_support'), ...more });

/** The texts of a failed run. */
export function failureOf({ error }: RunResult): { message: string; description: string } {
	if (error === undefined) throw new Error('The run was expected to fail');
	const { message, description } = error as { message: string; description?: string | null };
	return { message, description: description ?? '' };
}

/** The texts of what is thrown. */
export const thrownBy = async (action: Promise<unknown>): Promise<{ message: string; description: string }> =>
	await action.then(
		() => Promise.reject(new Error('Nothing was thrown')),
		(error: { message: string; description: string }) => error,
	);

/** The json of a run's first output. */
export function jsonOf({ output, error }: RunResult): IDataObject[] {
	if (error) throw error;
	return (output[0] ?? []).map(({ json }) => json);
}

/** The time zone of the engine's workflows, which each agent is told. */
export const ZONE = { timeZone: 'America/New_York' };

/** What an agent is told besides that; undefined if it's nothing. */
function withoutZone({ timeZone, ...task }: IDataObject): IDataObject | undefined {
	expect(timeZone).toBe(ZONE.timeZone);
	return Object.keys(task).length > 0 ? task : undefined;
}

/** The body of a start as the user's fields make it: without what the node adds, see security/redactTokens.ts. */
export function withoutKey(body: unknown): IDataObject {
	const { metadata, metaData, env, ...rest } = structuredClone(body) as Record<
		'env' | 'metadata' | 'metaData',
		IDataObject | undefined
	>;
	for (const data of [metadata, metaData]) {
		if (data === undefined) continue;
		expect(data.n8nKey).toMatch(/^[\w-]{22}$/);
		delete data.n8nKey;
	}
	if (metadata) {
		expect(metadata.n8nConversation).toBe('call');
		delete metadata.n8nConversation;
		metadata.n8nAgent = withoutZone(metadata.n8nAgent as IDataObject);
	}
	if (env) {
		const task = withoutZone(JSON.parse(String(env.N8N_AGENT)) as IDataObject);
		env.N8N_AGENT = task && JSON.stringify(task);
	}
	const given = Object.entries({ metadata, metaData, env }).map(
		([name, data]) => [name, JSON.parse(JSON.stringify(data ?? {})) as IDataObject] as const,
	);
	return { ...rest, ...Object.fromEntries(given.filter(([, data]) => Object.keys(data).length > 0)) };
}

/** All that hangs on a value, also what cannot be enumerated. */
export const everythingOn = (value: unknown): string =>
	`${inspect(value, { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null })}${safeJson(value)}`;

/** Fails if an error, with all that hangs on it, holds the secret or a token. */
export function expectNoSecrets(rig: Rig, ...values: unknown[]): void {
	for (const value of values) {
		expect(everythingOn(value)).not.toContain(rig.simulator.secret);
		// The beginning of any JWT.
		expect(everythingOn(value)).not.toContain('eyJ');
	}
}

function safeJson(value: unknown): string {
	const seen = new WeakSet<object>();
	const ownProperties = (_key: string, current: unknown): unknown => {
		if (typeof current !== 'object' || current === null) return current;
		if (seen.has(current)) return undefined;
		seen.add(current);
		return Object.fromEntries(
			Reflect.ownKeys(current).map((name) => [String(name), Reflect.get(current, name) as unknown]),
		);
	};
	return JSON.stringify(value, ownProperties) ?? '';
}

/** Moves the clock ahead, for all code of the test. May be called again. */
export const passTime = (ms: number): void => jest.setSystemTime(Date.now() + ms);

import { AgentCapacity } from './capacity';
import { CallEvents } from './callEvents';
import { Calls, type CallBehaviour } from './calls';
import { Cloud } from './cloud';
import { Courier } from './courier';
import { Deployments, type SimulatedDeployment } from './deployments';
import { Files } from './files';
import { type RecordingInput, Recordings } from './recordings';
import { Rooms } from './rooms';
import { Sessions, type Lifecycle } from './sessions';
import { SigningKey } from './signingKey';
import { defaultTelephony, type Telephony } from './telephony';
import { Timers } from './timers';
import { ToolAgent } from './toolAgent';
import { type TranscriptionInput, Transcriptions } from './transcriptions';

type Remains = { recording?: Partial<RecordingInput>; transcription?: Partial<TranscriptionInput> };

/** Settings of a simulator; all have a default. */
export interface SimulatorOptions {
	/** 0, the default, is a free one. Always on 127.0.0.1. */
	port?: number;
	apiKey?: string;
	secret?: string;
	latencyMs?: number;
	/** false: a session stays queued until it is driven by hand. */
	lifecycle?: Partial<Lifecycle> | false;
	log?: (line: string) => void;
	deployments?: SimulatedDeployment[];
	/** How long an address may take to answer an event, default 10 s. */
	deliveryTimeoutMs?: number;
	/** Of all calls; false: a call stays as it began until it is driven by hand. */
	callBehaviour?: Partial<CallBehaviour> | false;
	telephony?: Partial<Telephony>;
	/** What remains of a conversation in a room that was set up for it, beside the usual. */
	remains?: (roomId: string) => Remains;
}

/** Everything that exists at VideoSDK, as the simulator has it. Its parts reach each other through it. */
export class World {
	baseUrl = '';
	readonly timers = new Timers();
	readonly key = new SigningKey();
	readonly courier: Courier;
	readonly toolAgent: ToolAgent;
	readonly deployments: Deployments;
	readonly cloud = new Cloud(this);
	readonly capacity = new AgentCapacity();
	readonly telephony: Telephony;
	readonly sessions: Sessions;
	readonly calls: Calls;
	readonly callEvents: CallEvents;
	readonly rooms = new Rooms(this);
	readonly files = new Files(() => this.baseUrl);
	readonly recordings: Recordings;
	readonly transcriptions: Transcriptions;
	readonly remains: (roomId: string) => Remains;
	/**
	 * How the lists of calls and sessions show what was started: how long after it, in ms, and whether with its metadata. And whether the
	 * list of calls ignores what is searched for, as an API may with a parameter that it doesn't know.
	 */
	listing = { lagMs: 0, hasMetadata: true, ignoresSearch: false };

	constructor(
		options: SimulatorOptions,
		/** Whose requests are accepted. */
		readonly account: { apiKey: string; secret: string },
		readonly log: (line: string) => void,
	) {
		this.remains = options.remains ?? (() => ({}));
		this.courier = new Courier(this.key, log, options.deliveryTimeoutMs);
		this.toolAgent = new ToolAgent(log);
		this.deployments = new Deployments(options.deployments);
		this.telephony = { ...defaultTelephony(), ...options.telephony };
		this.sessions = new Sessions(this, options.lifecycle);
		this.calls = new Calls(this, options.callBehaviour);
		this.callEvents = new CallEvents(this.courier);
		this.recordings = new Recordings(this.files);
		this.transcriptions = new Transcriptions(this);
	}

	/** @returns the rows that a list shows by now */
	listed<Row extends { start: string }>(rows: Row[]): Row[] {
		return rows.filter(({ start }) => Date.parse(start) + this.listing.lagMs <= Date.now());
	}
}

import type { IncomingHttpHeaders } from 'node:http';

/** The five stages of a session's life, as `emit` names them. */
export type EventStatus = 'starting' | 'started' | 'stopping' | 'stopped' | 'failed';

/** The statuses that the API reports for a session. */
export type SessionStatus = 'queued' | 'running' | 'stopping' | 'stopped' | 'failed' | 'completed';

/** Milliseconds after the start at which each event happens; null or undefined: never. */
export interface Lifecycle {
	startingMs: number | null | undefined;
	startedMs: number | null | undefined;
	stoppingMs: number | null | undefined;
	stoppedMs: number | null | undefined;
}

/** A deployment; each of its tags is a row of its own in the API's list. */
export interface SimulatedDeployment {
	id: string;
	name: string;
	tags: string[];
	description?: string;
	status?: string;
	createdAt?: string;
	updatedAt?: string;
}

/** The webhook of a start call. */
export interface SessionWebhook {
	endPoint: string;
	events: string[];
}

/** A session as the simulator holds it; the API's answers are cut from it. */
export interface SimulatedSession {
	sessionId: string;
	status: SessionStatus;
	deploymentId: string;
	tag: string;
	env?: Record<string, string>;
	metaData?: Record<string, unknown>;
	webhook?: SessionWebhook;
	start: string;
	end?: string;
	/** Seconds, once the session has ended. */
	duration?: number;
	createdAt: string;
	updatedAt: string;
}

/** A request as it came in, also a refused one. */
export interface RecordedRequest {
	method: string;
	/** Percent-decoded, without the query. */
	path: string;
	query: Record<string, string>;
	/** The request target exactly as on the wire, with the query. */
	rawPath: string;
	headers: IncomingHttpHeaders;
	rawBody: Buffer;
	/** Parsed JSON; the text if it is not JSON; undefined if empty. */
	body: unknown;
	/** The token's claims, if the token was accepted. */
	claims?: Record<string, unknown>;
	receivedAtMs: number;
	/** The status answered; undefined as long as (or because) none was. */
	status?: number;
}

/** What goes wrong with a request. */
export interface Fault {
	/** Without it: any request but the public key's. `times` is 1 unless given. */
	match?: { method?: string; path?: RegExp; body?: RegExp; times?: number };
	/**
	 * Not processed: `status`, `redirect`, and anything with a `status` of 400 or more.
	 * All others strike after the request was processed, so a start has begun its session.
	 */
	kind:
		'status' | 'delay' | 'drip' | 'reset' | 'hang' | 'truncate' | 'notJson' | 'empty' | 'redirect' | 'noData';
	status?: number;
	/** The answer's body, or a function that makes it of the request's headers. */
	body?: unknown;
	headers?: Record<string, string>;
	/** Waited before the fault strikes. */
	delayMs?: number;
	/** Looked at again and again until it holds; `delayMs` begins then. */
	until?: () => boolean;
	/** Of a redirect; the same URL unless given. */
	location?: string;
}

/** One attempt to bring an event to its address; listed once it has ended, well or not. */
export interface Delivery {
	/** Without the prefix `session-`; empty if the event names none, as the next two. */
	sessionId: string;
	callId: string;
	roomId: string;
	/** The short name (`started`) of an event of an agent's session, else the type as sent, or `call-summary`. */
	event: string;
	body: Buffer;
	/** As sent in `videosdk-signature`; empty if none was. */
	signature: string;
	endPoint: string;
	status?: number;
	responseText?: string;
	error?: string;
	/** When it was sent. */
	atMs: number;
}

/** What goes wrong with events (not with what is sent by `deliver`). */
export interface EventFaults {
	/** Given the event's name as in a `Delivery`: true if it is never sent. */
	drop?: (event: string) => boolean;
}

/** How `deliver` departs from a genuine delivery. */
export interface DeliverOptions {
	/** A signature of one's own; null: no such header; undefined: the genuine one. */
	signature?: string | null;
	headers?: Record<string, string>;
}

/** What the endpoint of the public key does. */
export type KeyFaultMode = 'ok' | 'down' | 'garbage' | 'hang';

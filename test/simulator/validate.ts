import type { SessionWebhook } from './types';

/** An answer of the API other than success. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		/** For the log only. */
		readonly note?: string,
	) {
		super(message);
	}
}

/** What may stand in the `events` of a start call. */
export const SUBSCRIBABLE_EVENTS = ['starting', 'started', 'stopping', 'stopped', 'failed'].map(
	(event) => `ai-deployment-session-${event}`,
);

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

function bad(message: string): never {
	throw new ApiError(400, message);
}

/** The JSON object in a POST's body. */
export function jsonObject(contentType: string | undefined, rawBody: Buffer): Json {
	const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
	if (mediaType !== 'application/json') bad('The content type must be application/json');
	let body: unknown;
	try {
		body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(rawBody));
	} catch {
		bad('The body is not valid JSON');
	}
	return isObject(body) ? body : bad('The body must be a JSON object');
}

/** Refuses names that the API does not know, so that a wrong spelling is noticed. */
export function onlyFields(object: Json, known: readonly string[], where = ''): void {
	for (const name of Object.keys(object)) {
		if (!known.includes(name)) bad(`Unknown field "${where}${name}"`);
	}
}

/** A string that must be there and not be blank. */
export function requiredText(object: Json, name: string): string {
	const value = object[name];
	if (value === undefined) bad(`${name} is required`);
	if (typeof value !== 'string') return bad(`${name} must be a string`);
	return value.trim() === '' ? bad(`${name} must not be empty`) : value;
}

/** A string that may be missing, but is not blank if it is there. */
export function optionalText(object: Json, name: string): string | undefined {
	return object[name] === undefined ? undefined : requiredText(object, name);
}

/** An object that may be missing. */
export function optionalObject(object: Json, name: string): Json | undefined {
	const value = object[name];
	if (value === undefined) return undefined;
	return isObject(value) ? value : bad(`${name} must be an object`);
}

/** An object of strings that may be missing. */
export function optionalTexts(object: Json, name: string): Record<string, string> | undefined {
	const value = optionalObject(object, name);
	for (const [key, text] of Object.entries(value ?? {})) {
		if (key === '') bad(`${name} has an entry without a name`);
		if (typeof text !== 'string') bad(`${name}.${key} must be a string`);
	}
	return value as Record<string, string> | undefined;
}

/** The webhook of a start call, which may be missing. */
export function optionalWebhook(object: Json): SessionWebhook | undefined {
	const webhook = optionalObject(object, 'webhook');
	if (!webhook) return undefined;
	onlyFields(webhook, ['endPoint', 'events'], 'webhook.');
	const { endPoint, events } = webhook;
	if (typeof endPoint !== 'string' || !isHttpUrl(endPoint)) {
		return bad('webhook.endPoint must be an absolute http or https URL');
	}
	if (!Array.isArray(events)) return bad('webhook.events must be an array');
	for (const event of events) {
		if (!SUBSCRIBABLE_EVENTS.includes(event)) bad(`webhook.events: unknown event ${JSON.stringify(event)}`);
	}
	return { endPoint, events: events as string[] };
}

function isHttpUrl(text: string): boolean {
	// URL also accepts "http:host" and stray white space; the API is not to be counted on for that.
	return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text);
}

const ROOM_OPTIONS: Record<string, 'boolean' | 'number'> = {
	autoEndSession: 'boolean',
	sessionTimeoutSeconds: 'number',
	playground: 'boolean',
	vision: 'boolean',
	joinMeeting: 'boolean',
};

/** The `roomOptions` of a dispatch, which may be missing. */
export function checkRoomOptions(object: Json): void {
	const options = optionalObject(object, 'roomOptions') ?? {};
	onlyFields(options, Object.keys(ROOM_OPTIONS), 'roomOptions.');
	for (const [name, value] of Object.entries(options)) {
		if (typeof value !== ROOM_OPTIONS[name]) bad(`roomOptions.${name} must be a ${ROOM_OPTIONS[name]}`);
	}
}

/** `page` and `perPage` of a list. */
export function pageOf(query: Record<string, string>): { page: number; perPage: number } {
	for (const name of Object.keys(query)) {
		if (name !== 'page' && name !== 'perPage') bad(`Unknown query parameter "${name}"`);
	}
	const whole = (name: 'page' | 'perPage', otherwise: number): number => {
		const text = query[name];
		if (text === undefined) return otherwise;
		return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : bad(`${name} must be a whole number from 1`);
	};
	return { page: whole('page', 1), perPage: whole('perPage', 10) };
}

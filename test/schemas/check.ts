import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { ENDPOINTS, type Endpoint } from './api';
import { EVENT } from './events';
import type { Schema } from './words';

const ajv = new Ajv({ jsonPointers: true });
ajv.addFormat('http-url', (text: string) => /^https?:\/\/\S+$/i.test(text) && URL.canParse(text));

/** The schema, with fields that it does not name forbidden. */
function strict(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(strict);
	if (typeof schema !== 'object' || schema === null) return schema;
	const inner = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, strict(part)]));
	return 'properties' in inner && inner.type === 'object' ? { additionalProperties: false, ...inner } : inner;
}

const compiled = new Map<Schema, ValidateFunction>();

/** @returns what is wrong, in words; undefined if nothing is */
function problem(schema: Schema, value: unknown, prepare = strict): string | undefined {
	const check = compiled.get(schema) ?? ajv.compile(prepare(schema) as Schema);
	compiled.set(schema, check);
	return check(value) ? undefined : [...new Set((check.errors ?? []).map(sentence))].join('; ');
}

function sentence({ dataPath, keyword, params, message }: ErrorObject): string {
	const where = dataPath.slice(1).replaceAll('/', '.');
	if (keyword === 'additionalProperties') {
		const { additionalProperty } = params as { additionalProperty: string };
		return `Unknown field "${where && `${where}.`}${additionalProperty}"`;
	}
	return `${where || 'it'} ${message}`;
}

/** The description of an endpoint, by method and by the path as `ENDPOINTS` writes it. */
function described(endpoint: string): Endpoint {
	const found = ENDPOINTS[endpoint];
	if (!found) throw new Error(`${endpoint} is missing in test/schemas/api.ts`);
	return found;
}

/** @returns which endpoint a request is for, and what its path has in place of `:id` */
export function endpointOf(method: string, path: string[]): { endpoint: string; id?: string } {
	for (const endpoint of Object.keys(ENDPOINTS)) {
		const [ofMethod, ofPath = ''] = endpoint.split(' ');
		const parts = ofPath.split('/').slice(1);
		const fits = parts.every((part, place) => part === ':id' || part === path[place]);
		if (ofMethod === method && parts.length === path.length && fits)
			return { endpoint, id: path[parts.indexOf(':id')] };
	}
	throw new Error(`${method} /${path.join('/')} is missing in test/schemas/api.ts`);
}

const NONE: Schema = { type: 'object', properties: {} };

/**
 * @param endpoint such as `GET /v2/rooms/:id`
 * @returns why the API would refuse the request; undefined if it would not
 */
export function requestProblem(endpoint: string, query: object, body: object): string | undefined {
	const { query: querySchema = NONE, body: bodySchema = NONE } = described(endpoint);
	return problem(querySchema, query)?.replace('field', 'query parameter') ?? problem(bodySchema, body);
}

/** Fields that the description does not name count as an error. */
export const answerProblem = (endpoint: string, answer: unknown): string | undefined =>
	problem(described(endpoint).answer, answer);

/** @param body of a delivery, parsed. It may have more fields */
export const eventProblem = (body: unknown): string | undefined => problem(EVENT, body, (schema) => schema);

import { isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import fc from 'fast-check';
import {
	isTooDeep,
	type Reaction,
	reactTo,
	readMessage,
	type Tool,
} from '../../../nodes/VideoSdkAgentCloud/agentTools/server';
import { check, checkTimes } from '../support';

const tool: Tool = {
	name: 'find_order',
	description: 'Finds an order.',
	inputSchema: {
		type: 'object',
		properties: { n: { type: 'number' }, note: { type: 'string' } },
		required: ['n'],
	},
};
const request = (method: string, params?: object, id: unknown = 1) => ({
	jsonrpc: '2.0',
	id,
	method,
	params,
});
const call = (args: unknown, id: unknown = 1) =>
	request('tools/call', { name: 'find_order', arguments: args }, id);
const react = (body: unknown, version?: string) => reactTo(body, version, tool);
const bodyOf = (reaction: Reaction) => ('call' in reaction ? 'a call' : reaction.body);

const nested = (depth: number) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1);

const METHODS = ['initialize', 'ping', 'tools/list', 'tools/call', 'notifications/initialized'];
const optional = { requiredKeys: [] };
/** Messages, nearly messages, and anything else that JSON can hold. */
const anyMessage = fc.oneof(
	fc.record(
		{
			jsonrpc: fc.constantFrom('2.0', '1.0', 2),
			id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.double()),
			method: fc.oneof(fc.constantFrom(...METHODS), fc.string(), fc.integer()),
			params: fc.oneof(
				fc.record({ name: fc.constantFrom('find_order', 'x'), arguments: fc.jsonValue() }, optional),
				fc.jsonValue(),
			),
			result: fc.jsonValue(),
		},
		optional,
	),
	fc.jsonValue(),
);

it('whatever comes is answered as JSON-RPC wants it, and nothing throws', () => {
	checkTimes(2_000)([fc.oneof(anyMessage, fc.array(anyMessage))], (body) => {
		const reaction = react(body);
		if ('call' in reaction) {
			expect(typeof reaction.call.input).toBe('object');
			return;
		}
		expect([200, 202, 400]).toContain(reaction.status);
		expect(reaction.body === undefined).toBe(reaction.status === 202);
		if (reaction.body === undefined) return;
		expect(reaction.body).toMatchObject({ jsonrpc: '2.0' });
		expect('result' in reaction.body).not.toBe('error' in reaction.body);
	});
});

it('only a request with the right name and arguments is a call', () => {
	for (const id of ['a', '', 0]) expect(react(call({ n: 1 }, id))).toEqual({ call: { id, input: { n: 1 } } });
	expect(react(call({ n: 1, note: null }))).toEqual(react(call({ n: 1 })));
	const notification = { jsonrpc: '2.0', method: 'tools/call', params: call({ n: 1 }).params };
	expect(react(notification)).toEqual({ status: 202 });
	for (const args of [undefined, {}, { n: '1' }, [], 'n', null])
		expect(react(call(args))).toMatchObject({ status: 200, body: { id: 1, result: { isError: true } } });
	expect(bodyOf(react(request('tools/call', { name: 'x' })))).toMatchObject({ error: { code: -32602 } });
});

it.each<[body: unknown, status: number, idOrCode?: unknown, words?: RegExp]>([
	[{ jsonrpc: '2.0', id: 1, result: {} }, 202],
	[{ jsonrpc: '2.0', id: 1, error: {} }, 202],
	[{ jsonrpc: '2.0', id: 1 }, 400, -32600],
	[{ jsonrpc: '2.0', result: {} }, 400, -32600],
	[{ jsonrpc: '2.0', id: 1, method: 'ping', result: {} }, 400, -32600],
	[{ jsonrpc: '2.0', id: 1, method: 5 }, 400, -32600],
	[{ jsonrpc: '2.0', id: 1.5, method: 'ping' }, 400, -32600],
	[{ jsonrpc: '2.0', id: true, method: 'ping' }, 400, -32600],
	[request('resources/list'), 200, -32601],
	[request('tools/call', { name: 'other' }), 200, -32602, /Unknown tool: other/],
	[request('ping', undefined, null), 400, -32600],
	[request('ping', []), 400, -32600],
	[request('tools/call', { name: { toString: 1, valueOf: 1 } }), 200, -32602],
	[{ id: 1, method: 'ping' }, 400, -32600],
	['ping', 400, -32600],
	[[], 400, -32600],
	[[request('ping')], 400, -32600, /Batches/],
	[[call({ n: 1 }), call({ n: 2 })], 400, -32600],
	[nested(30), 400, -32600, /too deep/],
])('The server answers %j with %d and %j', (body, status, ...[code, words = /./]) => {
	const reaction = react(body);
	if (code === undefined) return expect(reaction).toEqual({ status });
	const message = expect.stringMatching(words) as string;
	expect(reaction).toMatchObject({ status, body: { error: { code, message } } });
	// An ID that is one is repeated.
	const { id } = (Array.isArray(body) ? {} : body) as { id?: unknown };
	expect(bodyOf(reaction)).toHaveProperty('id', id === 1 ? 1 : null);
});

it('The server speaks the version that the client asks for, if it knows it', () => {
	const versionFor = (protocolVersion: string) =>
		bodyOf(react(request('initialize', { protocolVersion, capabilities: {} })));
	const result = { protocolVersion: '2025-03-26', capabilities: { tools: {} } };
	expect(versionFor('2025-03-26')).toMatchObject({ result });
	expect(versionFor({ toString: 1 } as never)).toHaveProperty('result');
	for (const unknown of ['2024-11-05', '1999-01-01']) {
		expect(versionFor(unknown)).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
		expect(react(request('ping'), unknown)).toMatchObject({ status: 400 });
	}
	expect(react(request('ping'), '2025-06-18')).toEqual({
		status: 200,
		body: { jsonrpc: '2.0', id: 1, result: {} },
	});
});

it('what is nested too deep is recognized, however deep', () => {
	expect(isTooDeep(nested(20))).toBe(false);
	expect(isTooDeep(nested(21))).toBe(true);
	expect(isTooDeep(nested(200_000))).toBe(true);
});

it('The server agrees with the official SDK on what a request is', () => {
	const agrees = (value: unknown) => (readMessage(value).kind === 'request' ? isJSONRPCRequest(value) : true);
	expect(agrees({ jsonrpc: '2.0', id: 2 ** 53, method: '' })).toBe(true);
	check([anyMessage], agrees);
});

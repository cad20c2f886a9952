import fc from 'fast-check';
import {
	isTooLong,
	signAccess,
	tokenEnvelope,
	toolPath,
	verifyAccess,
} from '../../../nodes/VideoSdkAgentCloud/agentTools/accessToken';
import { splitTimeout, withTimeout } from '../../../nodes/VideoSdkAgentCloud/agentTools/timeout';
import { check } from '../support';

const URL_OF_TOOL = 'https://n8n.example.com/webhook/5a1c/mcp';
const NOW_MS = Date.UTC(2026, 0, 1);
const expiresAtS = NOW_MS / 1000 + 60;
const key = tokenEnvelope.keyOf('secret');
const text = fc.string({ unit: 'grapheme' });
const name = text.filter((one) => one !== '__proto__');
const pairs = fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()), { noNullPrototype: true });

it('a token gives back the context that it pins, until it expires', () => {
	check([pairs], (context) => {
		const token = signAccess({ url: URL_OF_TOOL, expiresAtS, context }, key);
		expect(token).toMatch(/^[\w-]+$/);
		expect(verifyAccess(token, URL_OF_TOOL, key, NOW_MS)).toEqual({ context });
		expect(verifyAccess(token, URL_OF_TOOL, key, expiresAtS * 1000 - 1)).toEqual({ context });
		expect(verifyAccess(token, URL_OF_TOOL, key, expiresAtS * 1000)).toEqual({ rejected: 'expired' });
	});
});

it('anything else is rejected, and nothing throws', () => {
	const verified = (token: unknown) => verifyAccess(token, URL_OF_TOOL, key, NOW_MS);
	check([fc.anything()], (token) => expect(verified(token)).toEqual({ rejected: 'form' }));
	check([fc.stringMatching(/^n8ntool1_[\w-]{23,}$/)], (token) => {
		expect(verified(token)).toEqual({ rejected: 'signature' });
	});
});

it('a token is taken if it has 3000 characters at most, and no longer one is made', () => {
	check([fc.integer({ min: 2_170, max: 2_210 })], (length) => {
		const access = { url: URL_OF_TOOL, expiresAtS, context: { long: 'x'.repeat(length) } };
		const token = signAccess(access, key);
		const isLonger = token.length > 3_000;
		expect(isTooLong(access)).toBe(isLonger);
		const { context } = access;
		expect(verifyAccess(token, URL_OF_TOOL, key, NOW_MS)).toEqual(
			isLonger ? { rejected: 'form' } : { context },
		);
	});
});

it.each([
	['https://n8n.example.com/webhook-test/5a1c/mcp', true],
	['http://localhost:5678/webhook/5a1c/mcp', true],
	['https://example.com/n8n/webhook/5a1c/mcp/', true],
	['n8n.example.com/webhook/5a1c/mcp', true],
	['https://n8n.example.com/webhook/5a1d/mcp', false],
	['https://n8n.example.com/webhook/other/5a1c/mcp', false],
])('a token is for one tool, however that is reached: %s', (url, isSame) => {
	const token = signAccess({ url: URL_OF_TOOL, expiresAtS, context: {} }, key);
	const verified = verifyAccess(token, url, key, NOW_MS);
	expect(verified).toEqual(isSame ? { context: {} } : { rejected: 'tool' });
	expect(toolPath(url) === '5a1c/mcp').toBe(isSame);
	// Where n8n's paths were changed, all of the path counts, and the host neither.
	const [one, other] = ['https://a.example', 'http://b:5678'].map((host) =>
		toolPath(`${host}/hooks/5a1c/mcp`),
	);
	expect(one).toBe(other);
});

it('a path that would take hours to read is read', () => {
	const slashes = '/'.repeat(5e5);
	expect(toolPath(`${URL_OF_TOOL}${slashes}x${slashes}`)).toBe(`5a1c/mcp${slashes}x`);
});

it("a tool's URL says how long its agent waits: from 1 to 300 s, else 20 s", () => {
	const seconds = fc.oneof(fc.constantFrom(0, 1, 20, 300, 301), fc.integer({ min: -1, max: 400 }));
	check([seconds], (given) => {
		const timeoutS = given >= 1 && given <= 300 ? given : 20;
		expect(splitTimeout(withTimeout(URL_OF_TOOL, given))).toEqual({ url: URL_OF_TOOL, timeoutS });
	});
	expect(withTimeout(URL_OF_TOOL, 20)).toBe(URL_OF_TOOL);
});

import fc from 'fast-check';
import { parseWithoutTools } from '../../../nodes/VideoSdkAgentCloud/security/redactTokens';
import { check } from '../support';

const SECRET = 'AbCd-_0123456789';
const TOKEN = `n8ntool1_${SECRET}`;
/** As VideoSDK's own, of three parts. */
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJhcGlrZXkiOiJrIn0.${SECRET}`;
const escaped = (text: string, positions: number[]) =>
	[...text]
		.map((character, index) =>
			positions.includes(index) ? `\\u00${character.charCodeAt(0).toString(16)}` : character,
		)
		.join('');
const positions = fc.uniqueArray(fc.nat(TOKEN.length - 1));

it('Tools and tokens are taken out, however JSON writes them', () => {
	check([positions, positions, fc.boolean()], (ofToken, ofName, isText) => {
		const token = escaped(TOKEN, ofToken);
		const record = `{"metadata":{"${escaped('n8nTools', ofName)}":[{"url":"https://n8n.example.com"}],"note":"Bearer ${token}, formerly ${token} or ${JWT}","n":17}}`;
		// A text that is JSON itself writes a token as it is.
		const body = isText && ofToken.length === 0 ? JSON.stringify({ record }) : record;
		const parsed = JSON.stringify(parseWithoutTools(body));
		expect(parsed).toContain('17');
		expect(parsed).not.toContain(SECRET.slice(-6));
		if (body === record) expect(parsed).not.toContain('n8nTools');
	});
});

it.each([
	['token', `n8ntool1\\u005f${SECRET}`],
	["token of VideoSDK's API", `e\\u0079J${JWT.slice(3)}`],
])('takes out a %s whose beginning is written in escapes', (_what, token) => {
	expect(parseWithoutTools(`{"note":"${token}"}`)).toEqual({ note: '…' });
});

it('takes out a token that goes on in escapes, also in a text that is JSON itself', () => {
	const quoted = `{"note":"n8ntool1_Ab\\u0043d${SECRET}"}`;
	expect(parseWithoutTools(quoted)).toEqual({ note: '…' });
	expect(parseWithoutTools(JSON.stringify({ quoted }))).toEqual({ quoted: '{"note":"…"}' });
});

// It took minutes when each beginning was followed to the end of the text.
it.each(['-eyJ', 'eyJ-', 'eyJa.'])('a megabyte of %j is read', (beginning) => {
	const note = beginning.repeat(1_000_000 / beginning.length);
	expect(parseWithoutTools(JSON.stringify({ note }))).toEqual({ note });
});

it('what n8n adds to metadata comes out, also out of a summary, and nothing that only begins like it', () => {
	const metadata = { n8nConversation: 'call', n8nKey: 'k', n8nConversation_of: 'mine', row: 7 };
	const parsed = parseWithoutTools(JSON.stringify({ metadata, n8nConversation_0: 'call' }));
	expect(parsed).toEqual({ metadata: { n8nConversation_of: 'mine', row: 7 } });
});

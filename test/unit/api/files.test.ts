import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { openFile } from '../../../nodes/VideoSdkAgentCloud/api/files';
import { fileAddressRule } from '../../../nodes/VideoSdkAgentCloud/fields/fileAddress';

const rejectionOf = fileAddressRule(new URL('https://api.videosdk.live'));

/** Answers by address; remembers what was asked for. */
function internet(answers: Record<string, { statusCode?: number; location?: string; body?: string }>) {
	const asked: IHttpRequestOptions[] = [];
	const bodies: Readable[] = [];
	const open = async (url: string) =>
		await openFile({
			httpRequest: async (options) => {
				asked.push(options);
				const { statusCode = 200, location, body = '' } = answers[options.url] ?? { statusCode: 404 };
				bodies.push(Readable.from([Buffer.from(body)]));
				return { statusCode, headers: location === undefined ? {} : { location }, body: bodies.at(-1) };
			},
			url,
			rejectionOf,
			timeoutMs: 1_000,
			maxSizeMb: 1,
			stopSignal: new AbortController().signal,
		});
	return { open, asked, bodies };
}

const START = 'https://cdn.example.com/a';

it.each([
	['a private address', 'https://169.254.169.254/latest', /private host/],
	['this machine', 'https://localhost:5678/rest', /private host/],
	['plain http', 'http://files.example.com/a', /plain http/],
	['a file', 'file:///etc/passwd', /only https/],
])('does not follow a redirect to %s', async (_what, location, message) => {
	const { open, asked, bodies } = internet({ [START]: { statusCode: 302, location } });
	await expect(open(START)).rejects.toThrow(message);
	expect(asked.map(({ url }) => url)).toEqual([START]);
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

it('follows redirects, relative ones too, and sends no credential anywhere', async () => {
	const { open, asked } = internet({
		[START]: { statusCode: 302, location: '/b' },
		'https://cdn.example.com/b': { statusCode: 307, location: 'https://other.example.org/c.mp4' },
		'https://other.example.org/c.mp4': { body: 'found' },
	});
	const { stream, fileName, receivedBytes } = await open(START);
	expect([await text(stream), fileName, receivedBytes()]).toEqual(['found', 'c.mp4', 5]);
	expect(asked).toHaveLength(3);
	for (const { headers, auth, disableFollowRedirect } of asked) {
		expect(headers).toEqual({ 'Accept-Encoding': 'identity' });
		expect([auth, disableFollowRedirect]).toEqual([undefined, true]);
	}
});

it('refuses a private address before anything is sent', async () => {
	const { open, asked } = internet({});
	await expect(open('https://10.0.0.1/a')).rejects.toThrow(/private host/);
	expect(asked).toEqual([]);
});

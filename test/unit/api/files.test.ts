import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { IHttpRequestOptions } from 'n8n-workflow';
import {
	fileNameOf,
	type OpenFile,
	readTextFile,
	withFile,
} from '../../../nodes/VideoSdkAgentCloud/api/files';
import { fileAddressRule } from '../../../nodes/VideoSdkAgentCloud/security/publicAddress';

const rejectionOf = fileAddressRule(new URL('https://api.videosdk.live'));
const START = 'https://cdn.example.com/a';

interface Answer {
	statusCode?: number;
	headers?: Record<string, string>;
	body?: string | Readable;
	error?: Error;
}

/** Answers by address; remembers what was asked for. */
function internet(answers: Record<string, Answer>) {
	const asked: IHttpRequestOptions[] = [];
	const bodies: Readable[] = [];
	const requestOf = (url: string) => ({
		httpRequest: async (options: IHttpRequestOptions) => {
			asked.push(options);
			const answer = answers[options.url] ?? { statusCode: 404 };
			const { error, statusCode = 200, headers = {}, body = '' } = answer;
			if (error) throw error;
			const stream = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body;
			bodies.push(stream);
			(options.abortSignal as AbortSignal).addEventListener('abort', () =>
				stream.destroy(new Error('aborted')),
			);
			return { statusCode, headers, body: stream };
		},
		url,
		rejectionOf,
		timeoutMs: 200,
		stopSignal: new AbortController().signal,
	});
	const limits = { maxSizeMb: 100, tooLargeAdvice: 'Take less.' };
	const open = async <T>(url: string, use: (file: OpenFile) => Promise<T>) =>
		await withFile({ ...requestOf(url), ...limits }, use);
	const fetch = async (url: string) => await open(url, async ({ stream }) => await text(stream));
	const read = async (url: string) => await readTextFile(requestOf(url));
	return { open, fetch, read, asked, bodies };
}

it.each([
	['https://169.254.169.254/latest', /private host/],
	['https://localhost:5678/rest', /private host/],
	['http://files.example.com/a', /plain http/],
	['file:///etc/passwd', /only https/],
])('Nothing is asked at %s, be it the address or where it leads', async (location, message) => {
	const { fetch, asked, bodies } = internet({ [START]: { statusCode: 302, headers: { location } } });
	await expect(fetch(location)).rejects.toThrow(message);
	expect(asked).toEqual([]);
	await expect(fetch(START)).rejects.toThrow(message);
	expect(asked.map(({ url }) => url)).toEqual([START]);
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

it.each(['bucket/a.txt', '/a.txt', 'cdn.example.com/a.txt'])(
	'An address such as %s is refused for good',
	async (address) => {
		const opening = internet({}).fetch(address);
		await expect(opening).rejects.toMatchObject({
			isPassing: false,
			message: expect.stringContaining('web address') as string,
		});
	},
);

it('An address that n8n itself blocks is asked once, and the message says why', async () => {
	const error = new Error('It resolves to a restricted IP address');
	const { fetch, asked } = internet({ [START]: { error } });
	await expect(fetch(START)).rejects.toMatchObject({
		isPassing: false,
		message: expect.stringContaining('a restricted IP address') as string,
	});
	expect(asked).toHaveLength(1);
});

it('Redirects are followed, relative ones too, and no credential is sent anywhere', async () => {
	const other = 'https://other.example.org/a';
	const last = 'https://other.example.org/c.mp4';
	const { open, asked } = internet({
		[START]: { statusCode: 302, headers: { location: '/b' } },
		'https://cdn.example.com/b': { statusCode: 307, headers: { location: other } },
		[other]: { statusCode: 302, headers: { location: 'c.mp4' } },
		[last]: { body: 'found' },
	});
	const found = await open(START, async (file) => [
		await text(file.stream),
		fileNameOf(file),
		file.receivedBytes(),
	]);
	expect(found).toEqual(['found', 'c.mp4', 5]);
	expect(asked).toHaveLength(4);
	for (const { headers, auth, disableFollowRedirect } of asked) {
		expect(headers).toEqual({ 'Accept-Encoding': 'identity' });
		expect([auth, disableFollowRedirect]).toEqual([undefined, true]);
	}
});

it.each<[statusCode: number, location?: string]>([
	...[202, 204, 206, 299, 300, 302, 304].map((statusCode): [number] => [statusCode]),
	[302, 'https://[fe80::1%25eth0]/a'],
	[299, '/b'],
])('An answer of status %j is no file', async (statusCode, ...[location]) => {
	const headers: Record<string, string> = location === undefined ? {} : { location };
	const { fetch, bodies } = internet({ [START]: { statusCode, headers, body: 'a part' } });
	await expect(fetch(START)).rejects.toThrow(`didn't send the file (status ${statusCode})`);
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

/** As Node.js hands bytes of a header over. */
const raw = (name: string) => Buffer.from(name).toString('latin1');

it.each([
	['attachment; filename="talk.mp4"', 'talk.mp4'],
	['attachment; filename="a \\"b\\".mp4"', 'a "b".mp4'],
	[`attachment; filename="${raw('grüezi 你好.mp4')}"`, 'grüezi 你好.mp4'],
	['attachment; filename="gr\u00fcezi.mp4"', 'grüezi.mp4'],
	["attachment; filename=x.mp4; filename*=UTF-8''gr%C3%BCezi.mp4", 'grüezi.mp4'],
	["attachment; filename*=UTF-8''a%0D%0Ab%00.mp4", 'ab.mp4'],
	["attachment; filename*=UTF-8''talk%E2%80%AE4pm.exe", 'talk4pm.exe'],
	['attachment; filename="C:\\\\x\\\\y.mp4"', 'y.mp4'],
	['attachment; filename=""', 'recording'],
	['attachment; filename="../.."', 'recording'],
	['attachment', 'a'],
	['attachment; filename="talk.mp4', 'a'],
	["attachment; filename*=UTF-8''%E0%A4%A", 'a'],
	['\u00ff;;= "', 'a'],
	['', 'grüezi.mp4', 'https://cdn.example.com/a/gr%C3%BCezi%0A%E2%80%AE.mp4'],
	['', 'a%2Fb%E0.mp4', 'https://cdn.example.com/a%2Fb%E0.mp4?x=/y'],
	['', 'recording', 'https://cdn.example.com/'],
])('The file of %j is called %s', async (header, fileName, url = START) => {
	const headers = header ? { 'content-disposition': header } : {};
	expect(fileNameOf({ headers, url: new URL(url) })).toBe(fileName);
});

it('A text is read wherever it is cut into chunks', async () => {
	const bytes = Buffer.from('\ufeffÜ✆ 😀');
	for (let cut = 0; cut <= bytes.length; cut++) {
		const body = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
		expect(await internet({ [START]: { body } }).read(START)).toBe('Ü✆ 😀');
	}
});

it('A text whose host hangs is given up, and nothing is left open', async () => {
	const body = new Readable({ read: () => undefined });
	body.push('the beginning');
	const { read, bodies } = internet({ [START]: { body } });
	await expect(read(START)).rejects.toMatchObject({
		isPassing: true,
		message: 'cdn.example.com sent only part of the file',
	});
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { fileNameOf, openFile } from '../../../nodes/VideoSdkAgentCloud/api/files';
import { textOf } from '../../../nodes/VideoSdkAgentCloud/api/fileStream';
import { fileAddressRule } from '../../../nodes/VideoSdkAgentCloud/webhook/address';

const rejectionOf = fileAddressRule(new URL('https://api.videosdk.live'));
const START = 'https://cdn.example.com/a';

interface Answer {
	statusCode?: number;
	headers?: Record<string, string>;
	body?: string | Readable;
	error?: Error;
}

/** Answers by address; remembers what was asked for. */
function internet(answers: Record<string, Answer>, timeoutMs = 1_000) {
	const asked: IHttpRequestOptions[] = [];
	const bodies: Readable[] = [];
	const open = async (url: string) =>
		await openFile({
			httpRequest: async (options) => {
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
			timeoutMs,
			maxSizeMb: 100,
			tooLargeAdvice: 'Take less.',
			stopSignal: new AbortController().signal,
		});
	return { open, asked, bodies };
}

it.each([
	['https://169.254.169.254/latest', /private host/],
	['https://localhost:5678/rest', /private host/],
	['http://files.example.com/a', /plain http/],
	['file:///etc/passwd', /only https/],
])('asks for nothing at %s, be it the address or where it leads', async (location, message) => {
	const { open, asked, bodies } = internet({ [START]: { statusCode: 302, headers: { location } } });
	await expect(open(location)).rejects.toThrow(message);
	expect(asked).toEqual([]);
	await expect(open(START)).rejects.toThrow(message);
	expect(asked.map(({ url }) => url)).toEqual([START]);
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

it.each(['bucket/a.txt', '/a.txt', 'cdn.example.com/a.txt'])('does not come back for %s', async (address) => {
	const opening = internet({}).open(address);
	await expect(opening).rejects.toMatchObject({
		isPassing: false,
		message: expect.stringContaining('web address') as string,
	});
});

it('says why n8n itself blocks an address, and asks once', async () => {
	const error = new Error('It resolves to a restricted IP address');
	const { open, asked } = internet({ [START]: { error } });
	await expect(open(START)).rejects.toMatchObject({
		isPassing: false,
		message: expect.stringContaining('a restricted IP address') as string,
	});
	expect(asked).toHaveLength(1);
});

it('follows redirects, relative ones too, and sends no credential anywhere', async () => {
	const other = 'https://other.example.org/a';
	const last = 'https://other.example.org/c.mp4';
	const { open, asked } = internet({
		[START]: { statusCode: 302, headers: { location: '/b' } },
		'https://cdn.example.com/b': { statusCode: 307, headers: { location: other } },
		[other]: { statusCode: 302, headers: { location: 'c.mp4' } },
		[last]: { body: 'found' },
	});
	const file = await open(START);
	const found = [await text(file.stream), fileNameOf(file), file.receivedBytes()];
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
])('takes an answer of status %j for no file', async (statusCode, ...[location]) => {
	const headers: Record<string, string> = location === undefined ? {} : { location };
	const { open, bodies } = internet({ [START]: { statusCode, headers, body: 'a part' } });
	await expect(open(START)).rejects.toThrow(`didn't send the file (status ${statusCode})`);
	expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
});

/** A header that the library fails at. */
const UNREADABLE = 'unreadable';
jest.mock('content-disposition', () => {
	const { parse } = jest.requireActual<{ parse: (header: string) => object }>('content-disposition');
	const parseOrFail = (header: string) => {
		if (header === UNREADABLE) throw new Error('unreadable');
		return parse(header);
	};
	return { parse: parseOrFail };
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
	[UNREADABLE, 'a'],
	['', 'grüezi.mp4', 'https://cdn.example.com/a/gr%C3%BCezi%0A%E2%80%AE.mp4'],
	['', 'a%2Fb%E0.mp4', 'https://cdn.example.com/a%2Fb%E0.mp4?x=/y'],
	['', 'recording', 'https://cdn.example.com/'],
])('names the file of %j: %s', async (header, fileName, url = START) => {
	const headers = header ? { 'content-disposition': header } : {};
	expect(fileNameOf({ headers, url: new URL(url) })).toBe(fileName);
});

it('keeps no chunk that was handed on', async () => {
	setFlagsFromString('--expose-gc');
	const collectGarbage = runInNewContext('gc') as () => void;
	const chunks: Array<WeakRef<Buffer>> = [];
	async function* sent() {
		for (let index = 0; index < 200; index++) {
			const chunk = Buffer.alloc(65_536);
			chunks.push(new WeakRef(chunk));
			yield chunk;
			await sleep(0);
		}
	}
	const { stream, receivedBytes } = await internet({ [START]: { body: Readable.from(sent()) } }).open(START);
	let kept = 0;
	let count = 0;
	for await (const handedOn of stream) {
		void handedOn;
		if (++count !== 190) continue;
		await sleep(1);
		collectGarbage();
		kept = chunks.filter((chunk) => chunk.deref() !== undefined).length;
	}
	expect(receivedBytes()).toBe(200 * 65_536);
	// What Node.js has read ahead.
	expect(kept).toBeLessThan(20);
});

it('does not take the time to store a chunk for the silence of the host', async () => {
	// More than Node.js reads ahead.
	const chunk = Buffer.alloc(200_000);
	const body = Readable.from([chunk, chunk, chunk]);
	const { stream, receivedBytes } = await internet({ [START]: { body } }, 50).open(START);
	for await (const handedOn of stream) await sleep(handedOn === undefined ? 0 : 150);
	expect(receivedBytes()).toBe(600_000);
});

it('reads a text wherever it is cut into chunks', async () => {
	const bytes = Buffer.from('\ufeffÜ✆ 😀');
	for (let cut = 0; cut <= bytes.length; cut++) {
		const stream = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
		expect(await textOf(stream as never)).toBe('Ü✆ 😀');
	}
});

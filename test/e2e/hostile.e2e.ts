/** Deliveries that somebody else than VideoSDK sends: through a real n8n's port, and to the handler itself. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateSync, gzipSync } from 'node:zlib';
import type { IDataObject, INodeType, IWebhookFunctions } from 'n8n-workflow';
import { packPackage } from '../n8n/package';
import { repositoryRoot, temporaryFolder, waitFor } from '../n8n/processes';
import { isStored, outputOf } from '../n8n/rest';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { n8nOptions } from './deliveries';
import { figure } from './figures';
import type { Setup } from './setup';
import { chain, n8nNode, ourNode, PATIENT, setUp } from './setup';

const SEED = 20_260_101;
const WEBHOOK_ID = 'b2d4f6a8-hostile';
const PATH = `/webhook/${WEBHOOK_ID}/webhook`;
/** n8n's own limit is 16 MB (N8N_PAYLOAD_SIZE_MAX). */
const N8N_LIMIT_BYTES = 16 * 1024 * 1024;
const IN_FLIGHT = 8;
const GENUINE_EVERY = 100;
const MEMORY_SAMPLES = 8;
/** Generous: a leak of one body in a hundred would show as more. */
const MAX_RSS_GROWTH_MB = 150;
const PATIENCE_MS = 30_000;
/** n8n's XML parser never comes back from some bodies. */
const XML_PATIENCE_MS = 1_500;
const HANDLER_DELIVERIES = 200_000;
/** Deep and huge bodies cost more than all others together, so there are a few hundred of them. */
const HANDLER_HEAVY_EVERY = 400;
const SIGNED_DEEP_DELIVERIES = 50;
const MAX_HEAP_GROWTH_MB = 8;

/** The answers of our own node; whatever else is answered comes from n8n or Node.js before it. */
const OUR_SENTENCES = [
	'The header videosdk-signature is missing or wrong',
	'The body is not an event: it names no webhookType',
	'The signature cannot be verified now, try again later',
	'The event is signed, but not one that this workflow was set to start on',
	'The event was received before',
];
const STACK_TRACE = /\n\s+at |\.[jt]s:\d+|node_modules|"stack/i;

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

class Random {
	private readonly next: () => number;

	constructor(seed: number) {
		this.next = seeded(seed);
	}

	below(limit: number): number {
		return Math.floor(this.next() * limit);
	}

	pick<T>(choices: readonly T[]): T {
		return choices[this.below(choices.length)] as T;
	}

	bytes(length: number): Buffer {
		return Buffer.from(Array.from({ length }, () => this.below(256)));
	}

	/** A copy in which some bits differ. */
	flipped(bytes: Buffer): Buffer {
		const copy = Buffer.from(bytes);
		const places = new Set(Array.from({ length: 1 + this.below(3) }, () => this.below(copy.length)));
		for (const place of places) copy[place] = (copy[place] ?? 0) ^ (1 << this.below(8));
		return copy;
	}
}

interface Delivery {
	kind: string;
	method: string;
	headers: Record<string, string | string[]>;
	body: Buffer;
	/** Sent without a content-length. */
	isChunked?: boolean;
	/** The sender does not wait longer. */
	patienceMs?: number;
}

/** A genuine event that was delivered before, and whatever else an attacker may have seen. */
interface Seen {
	body: Buffer;
	signature: string;
	otherSignature: string;
}

const eventBody = (sessionId: string = randomUUID()) =>
	Buffer.from(
		JSON.stringify({
			webhookType: 'ai-deployment-session-started',
			data: { sessionId: `session-${sessionId}` },
		}),
	);

const json = (extra: object = {}) => ({ 'content-type': 'application/json', ...extra });

function unsignedBody(random: Random): Buffer {
	return Buffer.from(
		`{"webhookType":"ai-deployment-session-started","data":{"sessionId":"session-${random.below(1e9)}"}}`,
	);
}

const flippedSignature = (random: Random, { signature }: Seen) =>
	random.flipped(Buffer.from(signature, 'base64')).toString('base64');

/** Makes one hostile delivery of each kind. None of them carries the signature of its own body. */
const KINDS: Record<string, (random: Random, seen: Seen) => Omit<Delivery, 'kind' | 'method'>> = {
	'body flipped': (random, seen) => ({
		headers: json({ 'videosdk-signature': seen.signature }),
		body: random.flipped(seen.body),
	}),
	'signature flipped': (random, seen) => ({
		headers: json({ 'videosdk-signature': flippedSignature(random, seen) }),
		body: seen.body,
	}),
	'signature of another body': (random, seen) => ({
		headers: json({ 'videosdk-signature': random.pick([seen.signature, seen.otherSignature]) }),
		body: unsignedBody(random),
	}),
	'no signature': (random) => ({ headers: json(), body: unsignedBody(random) }),
	'signature of nonsense': (random, { signature }) => ({
		headers: json({
			'videosdk-signature': random.pick([
				'AA==',
				'=',
				'null',
				'undefined',
				'[object Object]',
				'A'.repeat(344),
				random.bytes(256).toString('base64'),
				random.bytes(256).toString('hex'),
				signature.slice(0, -random.below(200) - 8),
				`${signature.slice(4)}AAAA`,
				`sha256=${signature}`,
				`Bearer ${signature}`,
				`${signature.slice(0, 100)}\t${signature.slice(108)}`,
			]),
		}),
		body: unsignedBody(random),
	}),
	'signature very long': (random) => ({
		headers: json({ 'videosdk-signature': 'QUFB'.repeat(random.pick([1_100, 3_000, 3_800, 5_000])) }),
		body: unsignedBody(random),
	}),
	'signature given twice': (random, seen) => ({
		headers: json({ 'videosdk-signature': [seen.signature, flippedSignature(random, seen)] }),
		body: unsignedBody(random),
	}),
	'signature header in upper case, other names': (random, { signature }) => ({
		headers: json({
			[random.pick([
				'VIDEOSDK-SIGNATURE',
				'VideoSDK-Signature',
				'videosdk_signature',
				'x-videosdk-signature',
			])]: signature,
			'x-original-method': 'POST',
		}),
		body: unsignedBody(random),
	}),
	'control and foreign characters in headers': (random) => ({
		headers: json({
			'videosdk-signature': random.pick(['\u0080\u00ff\u00a0', 'a\tb', '\u00e9'.repeat(50), ' ', '']),
			'x-forwarded-for': random.pick(['::1', '127.0.0.1', "'; drop table", '\u00ff']),
		}),
		body: unsignedBody(random),
	}),
	'deep JSON': (random, { signature }) => {
		const depth = random.pick([500, 5_000, 50_000]);
		const [open, close] = random.pick([
			['[', ']'],
			['{"a":', '}'],
			['{"data":', '}'],
		] as const);
		return {
			headers: json({ 'videosdk-signature': signature }),
			body: Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`),
		};
	},
	'huge JSON (1 MB)': (random, { signature }) => ({
		headers: json({ 'videosdk-signature': signature }),
		body: Buffer.from(
			`{"webhookType":"ai-deployment-session-started","data":{"x":"${String(random.below(10)).repeat(1e6)}"}}`,
		),
	}),
	'duplicate keys': (random, { signature, body }) => ({
		headers: json({ 'videosdk-signature': signature }),
		body: Buffer.from(body.toString().replace('{', `{"webhookType":"x${random.below(1e6)}","data":{},`)),
	}),
	'prototype keys': (random, { signature }) => ({
		headers: json({ 'videosdk-signature': signature }),
		body: Buffer.from(
			random.pick([
				'{"__proto__":{"webhookType":"ai-deployment-session-started","rawBody":1}}',
				'{"constructor":{"prototype":{"webhookType":"ai-deployment-session-started"}}}',
				'{"webhookType":"ai-deployment-session-started","data":{"__proto__":{"sessionId":"x"},"toString":1}}',
				'{"webhookType":{"toString":"x"},"type":["ai-deployment-session-started"],"data":"__proto__"}',
				'{"hasOwnProperty":1,"length":-1,"then":"x"}',
			]),
		),
	}),
	'not an object': (random, { signature }) => ({
		headers: json({ 'videosdk-signature': signature }),
		body: Buffer.from(
			random.pick(['null', 'true', '0', '-1e999', '""', '[]', '[[]]', '{}', '"x"', '\ufeff{}', '']),
		),
	}),
	'JSON cut or broken': (random, seen) => ({
		headers: json({ 'videosdk-signature': seen.signature }),
		body: random.pick([
			seen.body.subarray(0, random.below(seen.body.length - 1)),
			Buffer.concat([seen.body, seen.body]),
			Buffer.concat([seen.body, Buffer.from('\u0000')]),
			random.bytes(200),
			Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
		]),
	}),
	'other content types': (random, { signature }) => ({
		headers: {
			'content-type': random.pick([
				'text/plain',
				'application/x-www-form-urlencoded',
				'application/octet-stream',
				'multipart/form-data',
				'multipart/form-data; boundary=x',
				'multipart/form-data; boundary=',
				'multipart/mixed; boundary=x',
				'application/json; charset=nonsense',
				'application/json; charset=utf-7',
				'application/jsonx',
				'text/html',
				';',
				'//',
				'a'.repeat(500),
			]),
			'videosdk-signature': signature,
		},
		body: unsignedBody(random),
	}),
	'called XML, and is not': (random, { signature }) => ({
		headers: {
			'content-type': random.pick(['application/xml', 'text/xml; charset=utf-8', 'image/svg+xml']),
			'videosdk-signature': signature,
		},
		body: unsignedBody(random),
		patienceMs: XML_PATIENCE_MS,
	}),
	'XML bodies': (random, { signature }) => ({
		headers: { 'content-type': 'application/xml', 'videosdk-signature': signature },
		body: Buffer.from(
			random.pick([
				`<a>${'<b>'.repeat(random.below(300))}</a>`,
				'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
				'<webhookType>ai-deployment-session-started</webhookType>',
			]),
		),
		patienceMs: XML_PATIENCE_MS,
	}),
	'multipart and form bodies': (random, { signature, body }) => {
		const [type, content] = random.pick([
			[
				'multipart/form-data; boundary=x',
				`--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n${body}\r\n--x--\r\n`,
			],
			[
				'multipart/form-data; boundary=x',
				`--x\r\ncontent-disposition: form-data; name="f"; filename="../../f.js"\r\n\r\n${'y'.repeat(random.below(5_000))}\r\n--x--\r\n`,
			],
			[
				'multipart/form-data; boundary=x',
				'--x\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\ny\r\n--x',
			],
			[
				'application/x-www-form-urlencoded',
				`${'a[b]=c&'.repeat(random.below(3_000))}__proto__[x]=y&webhookType=x`,
			],
		] as const);
		return { headers: { 'content-type': type, 'videosdk-signature': signature }, body: Buffer.from(content) };
	},
	'no content type': (random, { signature }) => ({
		headers: { 'videosdk-signature': signature },
		body: unsignedBody(random),
	}),
	'other encodings of the text': (random, seen) => ({
		headers: {
			'content-type': random.pick(['application/json; charset=utf-16le', 'application/json; charset=utf-8']),
			'videosdk-signature': seen.signature,
		},
		body: Buffer.from(seen.body.toString(), random.pick(['utf16le', 'ucs2'] as const)),
	}),
	'gzip and deflate': (random, seen) => {
		const valid = gzipSync(unsignedBody(random));
		const [encoding, body] = random.pick([
			['gzip', valid],
			['gzip', valid.subarray(0, valid.length - 6)],
			['gzip', random.flipped(valid)],
			['gzip', unsignedBody(random)],
			['deflate', deflateSync(unsignedBody(random))],
			['deflate', unsignedBody(random)],
			['br', unsignedBody(random)],
			['identity, gzip', valid],
			['gzip', gzipSync(random.flipped(seen.body))],
		] as const);
		return { headers: json({ 'content-encoding': encoding, 'videosdk-signature': seen.signature }), body };
	},
	chunked: (random, seen) => ({
		headers: json({ 'videosdk-signature': seen.signature }),
		body: random.flipped(seen.body),
		isChunked: true,
	}),
	'headers that promise other things': (random, { signature }) => ({
		headers: json({
			'videosdk-signature': signature,
			'x-http-method-override': 'GET',
			'x-forwarded-host': 'elsewhere',
			origin: 'http://elsewhere',
			cookie: `n8n-auth=${'x'.repeat(random.below(3_000))}`,
			authorization: 'Basic Og==',
			expect: random.pick(['', '100-continue']),
		}),
		body: unsignedBody(random),
	}),
};

/** These cost more, so there are few of them. */
const RARE_KINDS: typeof KINDS = {
	'over the limit of n8n (17 MB)': (random, { signature }) => ({
		headers: json({ 'videosdk-signature': signature }),
		body: Buffer.alloc(N8N_LIMIT_BYTES + 1024 * 1024, String(random.below(10))),
	}),
	'gzip bomb within the limit (15 MB of 15 kB)': (random, { signature }) => ({
		headers: json({ 'content-encoding': 'gzip', 'videosdk-signature': signature }),
		body: gzipSync(
			Buffer.concat([Buffer.from('"'), Buffer.alloc(15e6, `${random.below(10)}`), Buffer.from('"')]),
		),
	}),
	'gzip bomb over the limit (200 MB of 200 kB)': (_random, { signature }) => ({
		headers: json({ 'content-encoding': 'gzip', 'videosdk-signature': signature }),
		body: bigBomb(),
	}),
};

/** Bodies that never come to their end, and a sender that hangs up at last. */
const ENDLESS_CHUNK = 'raw: chunk that never ends';
const ENDLESS_BODY = 'raw: body that never ends';
const ENDLESS_PATIENCE_MS = 3_000;

/**
 * The only kinds that may be left without an answer: n8n's XML parser, which all requests share, never comes back from some
 * bodies, and it reads them before our node is asked; and what never ends can have no answer.
 */
const MAY_BE_UNANSWERED = ['called XML, and is not', 'XML bodies', ENDLESS_CHUNK, ENDLESS_BODY];

/**
 * The only kinds that may be answered 5xx, and with what. n8n unpacks and reads a body, and looks at the method, before it asks
 * our node. What our node threw would come as "Workflow Webhook Error: Workflow could not be started!".
 */
const NOT_UNPACKED = /^There was a problem executing the workflow$/;
const MAY_BE_5XX: Record<string, RegExp> = {
	'gzip and deflate': NOT_UNPACKED,
	'over the limit of n8n (17 MB)': NOT_UNPACKED,
	'gzip bomb over the limit (200 MB of 200 kB)': NOT_UNPACKED,
	'other methods': /^The method (TRACE|PROPFIND) is not supported\.$/,
};

let bomb: Buffer | undefined;
const bigBomb = () => (bomb ??= gzipSync(Buffer.alloc(200e6)));

const OTHER_METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** The same deliveries for the same seed. */
function hostileDeliveries(count: number, seen: Seen): Delivery[] {
	const random = new Random(SEED);
	const kinds = Object.entries(KINDS);
	const rare = Object.entries(RARE_KINDS);
	return Array.from({ length: count }, (_, index) => {
		if (index % 40 === 39) {
			const method = random.pick(OTHER_METHODS);
			const headers = json({ 'videosdk-signature': seen.signature });
			return { kind: 'other methods', method, headers, body: seen.body };
		}
		const [kind, make] = (index % 150 === 149 ? rare[random.below(3)] : kinds[index % kinds.length]) ?? [];
		if (kind === undefined || make === undefined) throw new Error('There is no such kind');
		return { kind, method: 'POST', ...make(random, seen) };
	});
}

interface Answer {
	/** undefined: the connection was closed without one. */
	status?: number;
	text: string;
}

const keepingAgent = new http.Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

async function send(
	url: string,
	delivery: Delivery,
	agent: http.Agent | false = keepingAgent,
): Promise<Answer> {
	const { method, headers, body, isChunked, patienceMs = PATIENCE_MS } = delivery;
	return await new Promise((resolve) => {
		const answer: Answer = { text: '' };
		const length = isChunked ? {} : { 'content-length': String(body.length) };
		const request = http.request(url, { method, headers: { ...headers, ...length }, agent });
		let gaveUp = false;
		request.setTimeout(patienceMs, () => {
			gaveUp = true;
			request.destroy();
		});
		request.on('response', (response) => {
			answer.status = response.statusCode;
			response.setEncoding('utf8');
			response.on('data', (text: string) => (answer.text += text));
			response.on('close', () => resolve(answer));
		});
		request.on('error', () => {
			// n8n may have closed a kept connection at this very moment: once more, on a new one.
			const isStale = request.reusedSocket && answer.status === undefined && !gaveUp;
			resolve(isStale ? send(url, delivery, false) : answer);
		});
		if (isChunked)
			for (let start = 0; start < body.length; start += 16) request.write(body.subarray(start, start + 16));
		request.end(isChunked ? undefined : body);
	});
}

/** What the HTTP client does not let through, each with what is wrong with it. */
function rawRequests({ body, signature }: Seen): Record<string, string> {
	const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
	return {
		'raw: NUL in a header': `${head}videosdk-signature: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`,
		'raw: control characters in a header': `${head}videosdk-signature: a\u0001\u007f\r\nContent-Length: 2\r\n\r\n{}`,
		'raw: folded header': `${head}videosdk-signature: ${signature}\r\n folded\r\nContent-Length: 2\r\n\r\n{}`,
		'raw: space before the colon': `${head}videosdk-signature : ${signature}\r\nContent-Length: 2\r\n\r\n{}`,
		'raw: bare line feeds': `${head}videosdk-signature: ${signature}\nvideosdk-signature: x\nContent-Length: 2\r\n\r\n{}`,
		'raw: two lengths': `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
		'raw: length and chunks': `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
		'raw: chunk without a length': `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
		[ENDLESS_CHUNK]: `${head}Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n{}`,
		'raw: negative length': `${head}Content-Length: -1\r\n\r\n{}`,
		'raw: length beyond all numbers': `${head}Content-Length: 99999999999999999999\r\n\r\n{}`,
		'raw: very long header': `${head}x: ${'y'.repeat(20_000)}\r\nContent-Length: 2\r\n\r\n{}`,
		'raw: HTTP of another version': `POST ${PATH} HTTP/9.9\r\n\r\n`,
		'raw: no HTTP': 'nonsense\r\n\r\n',
		[ENDLESS_BODY]: `${head}videosdk-signature: ${signature}\r\nContent-Length: ${body.length + 50}\r\n\r\n${body}`,
	};
}

/** Writes the text byte by byte or as a whole, and hangs up when it is answered or patience ends. */
async function sendRaw(port: number, text: string, isSlow: boolean, patienceMs: number): Promise<Answer> {
	return await new Promise((resolve) => {
		let received = '';
		const socket = connect(port, '127.0.0.1');
		socket.setEncoding('utf8').on('data', (data: string) => (received += data));
		socket.on('error', () => undefined);
		const [head = '', rest = ''] = isSlow ? [text.slice(0, -20), text.slice(-20)] : [text];
		socket.write(head, 'latin1');
		let sent = 0;
		const drip = setInterval(() => {
			if (sent < rest.length && socket.writable) socket.write(rest[sent++] ?? '', 'latin1');
		}, 100);
		const hangUp = setTimeout(() => socket.destroy(), patienceMs);
		socket.on('close', () => {
			clearInterval(drip);
			clearTimeout(hangUp);
			const status = /^HTTP\/1\.1 (\d+)/.exec(received)?.[1];
			resolve({ status: status === undefined ? undefined : Number(status), text: received });
		});
	});
}

const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);

/** The lowest of some looks: what is left when short-lived garbage is gone. */
async function settledRssMb(pid: number): Promise<number> {
	let lowest = Infinity;
	for (let look = 0; look < 5; look++) {
		await sleep(300);
		const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
		lowest = Math.min(lowest, kilobytes * 1024);
	}
	return megabytes(lowest);
}

/** By how much the lowest of the second half lies above the lowest of the first: peaks come and go. */
function growth(samples: number[]): number {
	const half = Math.floor(samples.length / 2);
	return Math.min(...samples.slice(half)) - Math.min(...samples.slice(1, half));
}

/** Whether this may become of a delivery before our node is asked. Any other 2xx would mean that a run was started. */
function isAllowedOfN8n(kind: string, status: number | undefined, message: string): boolean {
	if (status === undefined) return MAY_BE_UNANSWERED.includes(kind);
	if (status >= 500) return MAY_BE_5XX[kind]?.test(message) === true;
	return status >= 400 || (status === 204 && kind === 'other methods');
}

/** Sorts answers by who gave them, and names those that nobody may give. */
class Tally {
	private readonly counts = new Map<string, number>();
	readonly offences: string[] = [];
	ours = 0;
	unanswered = 0;
	n8nErrors = 0;

	add(kind: string, { status, text }: Answer): void {
		const message = /"message":"([^"]*)"/.exec(text)?.[1] ?? text.replace(/\s+/g, ' ').slice(0, 80);
		const isOurs = OUR_SENTENCES.includes(message) && !text.includes('"code"');
		const giver = isOurs ? 'our node' : status === undefined ? 'nobody' : 'n8n itself';
		if (isOurs) this.ours += 1;
		else if (status === undefined) this.unanswered += 1;
		else if (status >= 500) this.n8nErrors += 1;
		const why = isOurs || (status !== undefined && status < 500) ? '' : ` (${kind})`;
		const key = `${giver}: ${status ?? 'no answer'} ${message.replace(/\d{3,}/g, 'N')}`.trim() + why;
		this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
		const isAllowed = isOurs ? status === 401 : isAllowedOfN8n(kind, status, message);
		if (!isAllowed) this.offences.push(`${kind}: ${key}`);
		if (STACK_TRACE.test(text)) this.offences.push(`${kind}: a stack trace, ${text.slice(0, 300)}`);
	}

	report(version: string): void {
		for (const [key, count] of [...this.counts].sort(([first], [second]) => first.localeCompare(second)))
			figure(`n8n ${version}: hostile deliveries answered by ${key}`, count);
	}
}

describe.each([
	['2.41.1', 1.1, 3_000],
	['2.41.1', 1, 400],
	['1.123.81', 1.1, 500],
] as const)('n8n %s, trigger of version %s', (n8nVersion, typeVersion, count) => {
	const version = `${n8nVersion}, trigger ${typeVersion}`;
	let setup: Setup;
	let workflowId: string;
	let url: string;

	beforeAll(async () => {
		setup = await setUp({ n8n: n8nOptions(n8nVersion), simulator: { lifecycle: false, ...PATIENT } });
		const workflow = await setup.n8n.rest.createWorkflow(
			chain('Hostile', [
				ourNode(setup, 'Trigger', 'videoSdkAgentCloudTrigger', {}, { typeVersion, webhookId: WEBHOOK_ID }),
				n8nNode('After', 'noOp'),
			]),
		);
		workflowId = workflow.id;
		url = `${setup.n8n.url}${PATH}`;
		await setup.n8n.rest.activate(workflowId);
		await setup.n8n.rest.waitForWebhook(`${WEBHOOK_ID}/webhook`);
	});

	afterAll(async () => {
		keepingAgent.destroy();
		await setup.stop();
	});

	test(`${count} hostile deliveries: none starts a run, none fails, memory stays flat`, async () => {
		const { n8n, simulator } = setup;
		const genuine: string[] = [];
		const deliverGenuine = async () => {
			const sessionId = randomUUID();
			const { status } = await simulator.deliver(url, eventBody(sessionId));
			expect(status).toBe(200);
			genuine.push(sessionId);
		};
		await deliverGenuine();
		const seenBody = eventBody(genuine[0]);
		const seen: Seen = {
			body: seenBody,
			signature: simulator.sign(seenBody),
			otherSignature: simulator.sign('{"another":"body"}'),
		};

		const tally = new Tally();
		const deliveries = hostileDeliveries(count, seen);
		const rss: number[] = [];
		const startedAtMs = Date.now();
		const share = Math.ceil(count / MEMORY_SAMPLES);
		for (let from = 0; from < count; from += share) {
			const queue = deliveries.slice(from, from + share).entries();
			const worker = async () => {
				for (const [index, delivery] of queue) {
					tally.add(delivery.kind, await send(url, delivery));
					if (index % GENUINE_EVERY === 0) await deliverGenuine();
				}
			};
			await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
			rss.push(await settledRssMb(n8n.pid));
		}

		const raw = Object.entries(rawRequests(seen)).flatMap(([kind, text]) => [
			{ kind, text, isSlow: false },
			{ kind, text, isSlow: true },
		]);
		await Promise.all(
			raw.map(async ({ kind, text, isSlow }) => {
				const patienceMs = [ENDLESS_CHUNK, ENDLESS_BODY].includes(kind) ? ENDLESS_PATIENCE_MS : PATIENCE_MS;
				tally.add(kind, await sendRaw(n8n.port, text, isSlow, patienceMs));
			}),
		);
		await deliverGenuine();

		// Signed by VideoSDK, and still no event: 400, and no run.
		const nonEvents = [
			'{}',
			'[]',
			'null',
			'{"webhookType":""}',
			'{"webhookType":1}',
			'['.repeat(5_000) + ']'.repeat(5_000),
		];
		for (const text of nonEvents) {
			const { status } = await simulator.deliver(url, text);
			expect([text.slice(0, 20), status]).toEqual([text.slice(0, 20), 400]);
		}
		const seconds = (Date.now() - startedAtMs) / 1000;

		tally.report(version);
		expect(tally.offences).toEqual([]);
		// The last of all: when its run is stored, so is any that was started before.
		await deliverGenuine();
		const executions = await waitFor(
			'the runs of the genuine events',
			async () => {
				const found = await n8n.rest.executions({ workflowId });
				return found.length >= genuine.length && found.every((run) => isStored(run)) ? found : undefined;
			},
			120_000,
			500,
		);
		const started = executions.map((execution) => outputOf(execution, 'After')[0]?.sessionId);
		expect(new Set(started)).toEqual(new Set(genuine));
		expect(executions).toHaveLength(genuine.length);
		expect(executions.filter(({ status }) => status !== 'success')).toEqual([]);
		const allowedFetches = Math.ceil(seconds / 60) + 1;
		expect(simulator.keyRequests).toBeLessThanOrEqual(allowedFetches);
		// In a short attack n8n is still warming up.
		if (count >= 1_000) expect(growth(rss)).toBeLessThan(MAX_RSS_GROWTH_MB);
		// Else the test would be of n8n rather than of our node.
		expect(tally.ours).toBeGreaterThan(count / 2);

		figure(
			`n8n ${version}: hostile deliveries`,
			count + raw.length + nonEvents.length,
			count === 3_000 ? 'at least 3,000' : undefined,
		);
		figure(`n8n ${version}: hostile deliveries that reached our node`, tally.ours);
		figure(`n8n ${version}: runs started by hostile deliveries`, executions.length - genuine.length, '0');
		figure(
			`n8n ${version}: hostile deliveries that nobody answered`,
			tally.unanswered,
			`only of these kinds: ${MAY_BE_UNANSWERED.join('; ')}`,
		);
		figure(
			`n8n ${version}: answers 5xx by n8n itself, before our node is asked`,
			tally.n8nErrors,
			`only to these kinds: ${Object.keys(MAY_BE_5XX).join('; ')}`,
		);
		figure(
			`n8n ${version}: anything else than 401 from our node, or than 4xx and the above from n8n, or a stack trace`,
			tally.offences.length,
			'0',
		);
		figure(`n8n ${version}: genuine events in between, each with its run`, genuine.length);
		figure(
			`n8n ${version}: key fetches in ${Math.round(seconds)} s of attack`,
			simulator.keyRequests,
			`at most ${allowedFetches}`,
		);
		const wantedGrowth = count >= 1_000 ? `growth below ${MAX_RSS_GROWTH_MB}` : undefined;
		figure(`n8n ${version}: memory under attack, MB`, rss.join(', '), wantedGrowth);
	});
});

/** The trigger as it is published, unpacked beside this project's n8n-workflow. */
async function publishedTrigger(): Promise<INodeType> {
	const folder = temporaryFolder('videosdk-handler');
	execFileSync('tar', ['-xzf', await packPackage(), '-C', folder]);
	symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
	const file = join(folder, 'package/dist/nodes/VideoSdkAgentCloud/VideoSdkAgentCloudTrigger.node.js');
	const { VideoSdkAgentCloudTrigger } = require(file) as { VideoSdkAgentCloudTrigger: new () => INodeType };
	return new VideoSdkAgentCloudTrigger();
}

/** What n8n hands to `webhook()`, as far as the trigger looks at it. */
class LightContext {
	keyFetches = 0;
	credentialReads = 0;
	status = 200;
	rawBody: unknown;
	signature: unknown;

	constructor(
		private readonly publicKey: string,
		private readonly baseUrl: string,
	) {}

	readonly helpers = {
		httpRequestWithAuthentication: async () => {
			this.keyFetches += 1;
			return { statusCode: 200, headers: {}, body: JSON.stringify({ publicKey: this.publicKey }) };
		},
	};
	readonly logger = { debug: () => undefined, warn: () => undefined };

	getRequestObject = () => ({ rawBody: this.rawBody });
	getHeaderData = () => ({ 'videosdk-signature': this.signature });
	getQueryData = () => ({});
	getNodeWebhookUrl = () => 'https://n8n.example.com/webhook/id/webhook';
	getNodeParameter = (name: string, fallback: unknown) =>
		name === 'events' ? ['ai-deployment-session-started'] : fallback;
	getNode = () => ({
		id: 'n',
		name: 'Trigger',
		credentials: { videoSdkAgentCloudApi: { id: 'c', name: 'c' } },
	});
	getWorkflow = () => ({ id: 'w' });
	getMode = () => 'webhook';
	getCredentials = async (): Promise<IDataObject> => {
		this.credentialReads += 1;
		return { baseUrl: this.baseUrl, webhookPublicKey: '' };
	};
	getResponseObject = () => {
		const response = {
			writableFinished: true,
			statusCode: 200,
			status: (code: number) => {
				this.status = code;
				return response;
			},
			json: () => response,
			once: (_event: string, listener: () => void) => listener(),
		};
		return response;
	};

	/** @returns the status that the sender sees, and whether a run begins */
	async deliver(trigger: INodeType, rawBody: unknown, signature: unknown) {
		this.rawBody = rawBody;
		this.signature = signature;
		this.status = 200;
		const result = await trigger.webhook?.call(this as unknown as IWebhookFunctions);
		return { status: this.status, isRun: result?.workflowData !== undefined };
	}
}

describe('the handler itself', () => {
	const realNow = Date.now;
	let simulator: Simulator;

	beforeAll(async () => {
		simulator = await startSimulator();
	});

	afterAll(async () => {
		Date.now = realNow;
		await simulator.close();
	});

	test(`${HANDLER_DELIVERIES} hostile deliveries: none passes, none throws, memory stays flat`, async () => {
		const context = new LightContext(simulator.publicKeyPem, simulator.url);
		const trigger = await publishedTrigger();
		setFlagsFromString('--expose-gc');
		const collectGarbage = runInNewContext('gc') as () => void;
		const random = new Random(SEED);
		let nowMs = 1_800_000_000_000;
		// Not by jest's mock: that remembers every call.
		Date.now = () => nowMs;
		const startedAtMs = nowMs;

		const genuineBody = eventBody();
		const genuineSignature = simulator.sign(genuineBody);
		expect(await context.deliver(trigger, genuineBody, genuineSignature)).toEqual({
			status: 200,
			isRun: true,
		});
		const seen: Seen = {
			body: genuineBody,
			signature: genuineSignature,
			otherSignature: simulator.sign('{"another":"body"}'),
		};

		const heavyKinds = Object.entries(KINDS).filter(([kind]) => /huge|deep/.test(kind));
		const kinds = Object.entries(KINDS).filter(([kind]) => !/huge|deep/.test(kind));
		const heavySent = new Map<string, number>(heavyKinds.map(([kind]) => [kind, 0]));
		const wrong: string[] = [];
		const heapMb: number[] = [];
		let forgedMs = 0;
		for (let index = 0; index < HANDLER_DELIVERIES; index++) {
			// 10 ms a delivery: more than half an hour in all.
			nowMs += 10;
			const isHeavy = index % HANDLER_HEAVY_EVERY === HANDLER_HEAVY_EVERY - 1;
			const [kind, make] = (isHeavy ? random.pick(heavyKinds) : kinds[index % kinds.length]) ?? [];
			if (kind === undefined || make === undefined) throw new Error('There is no such kind');
			if (isHeavy) heavySent.set(kind, (heavySent.get(kind) ?? 0) + 1);
			const { headers, body } = make(random, seen);
			const given = Object.entries(headers).find(
				([name]) => name.toLowerCase() === 'videosdk-signature',
			)?.[1];
			// Node.js joins a header that comes twice.
			const signature = Array.isArray(given) ? given.join(', ') : given;
			// n8n gives no bytes for multipart bodies.
			const rawBody = random.below(50) === 0 ? random.pick([undefined, null, 'text', {}]) : body;
			const from = process.hrtime.bigint();
			const { status, isRun } = await context
				.deliver(trigger, rawBody, signature)
				.catch((error: unknown) => ({ status: `threw ${String(error)}`, isRun: false }));
			forgedMs += Number(process.hrtime.bigint() - from) / 1e6;
			if (status !== 401 || isRun) wrong.push(`${kind}: ${status}`);
			if (index % (HANDLER_DELIVERIES / 8) === 0) {
				collectGarbage();
				heapMb.push(megabytes(process.memoryUsage().heapUsed));
			}
		}

		const minutes = (nowMs - startedAtMs) / 60_000;
		expect(wrong).toEqual([]);
		expect(context.keyFetches).toBeLessThanOrEqual(minutes + 1);
		expect(context.keyFetches).toBeGreaterThan(10);
		expect(context.credentialReads).toBeLessThanOrEqual(minutes + 1);
		expect(growth(heapMb)).toBeLessThan(MAX_HEAP_GROWTH_MB);

		// Only what VideoSDK signed is parsed at all. Deep bodies are no events even then.
		const makeDeep = KINDS['deep JSON'];
		for (let index = 0; index < SIGNED_DEEP_DELIVERIES; index++) {
			const { body } = makeDeep?.(random, seen) ?? { body: Buffer.alloc(0) };
			const answer = await context.deliver(trigger, body, simulator.sign(body));
			expect(answer).toEqual({ status: 400, isRun: false });
		}

		const genuineCount = 2_000;
		const genuine = Array.from({ length: genuineCount }, () => {
			const body = eventBody();
			return { body, signature: simulator.sign(body) };
		});
		const from = process.hrtime.bigint();
		for (const { body, signature } of genuine) {
			expect((await context.deliver(trigger, body, signature)).isRun).toBe(true);
		}
		const genuineMs = Number(process.hrtime.bigint() - from) / 1e6;

		figure('handler: hostile deliveries', HANDLER_DELIVERIES, 'at least 200,000');
		for (const [kind, count] of heavySent) figure(`handler: of these ${kind}`, count);
		figure('handler: deep JSON that VideoSDK signed, rejected', SIGNED_DEEP_DELIVERIES);
		figure('handler: hostile deliveries that passed, or made it throw', wrong.length, '0');
		figure(
			`handler: key fetches in ${Math.round(minutes)} minutes of its clock`,
			context.keyFetches,
			`at most ${Math.floor(minutes + 1)}`,
		);
		figure('handler: heap, MB', heapMb.join(', '), `growth below ${MAX_HEAP_GROWTH_MB}`);
		figure(
			'handler: time per forged delivery, deep and huge ones included',
			`${(forgedMs / HANDLER_DELIVERIES).toFixed(3)} ms`,
		);
		figure('handler: time per genuine delivery', `${(genuineMs / genuineCount).toFixed(3)} ms`);
	});
});

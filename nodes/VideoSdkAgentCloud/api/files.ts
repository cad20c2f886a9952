import { parse as parseDisposition } from 'content-disposition';
import { UserError, type BinaryHelperFunctions, type IHttpRequestOptions } from 'n8n-workflow';
import { abortAfter } from './http/client';
import { type ApiFailure, failureOfError, type FullResponse } from './http/failure';

const MAX_REDIRECTS = 5;
/** The statuses of a response with a whole file. A proxy may turn a 200 into a 203. */
const STATUSES_WITH_FILE = [200, 203];
const WEB_PAGE_TYPES = ['text/html', 'application/xhtml+xml'];
const BYTES_PER_MB = 1_000_000;
/** The limits for a transcript or summary, which hold more than a day of speech. */
const TEXT_LIMITS: FileLimits = {
	maxSizeMb: 10,
	tooLargeAdvice: "Turn off 'Include Text' in Transcription: Get, and get the file with Recording: Download.",
};

/** A stream, whose type can't be imported, because n8n's scanner refuses an import of 'stream' (npm run scan). */
type FileStream = Exclude<Parameters<BinaryHelperFunctions['prepareBinaryData']>[0], Buffer>;

/** Why a file could not be transferred, in words for the user. */
export class FileError extends UserError {
	/** @param isPassing whether a later try may succeed */
	constructor(
		message: string,
		description: string,
		readonly isPassing = false,
	) {
		super(message, { description });
	}
}

/** The address of a file, and how it's transferred. */
export interface FileRequest {
	/** n8n's helper without a credential, because the token is for the API alone, even if the API's own host has the file. */
	httpRequest: (options: IHttpRequestOptions) => Promise<unknown>;
	url: string;
	/** @returns why an address (the first, or a redirect's) must not be used, as the rest of a sentence about it; undefined if it may */
	rejectionOf: (url: URL) => string | undefined;
	/** How long the host may take to begin its response, in ms; for a text, to send all of it. */
	timeoutMs: number;
	stopSignal: AbortSignal;
}

/** How large a file to download may be, and what users can do about one that is larger. */
export interface FileLimits {
	maxSizeMb: number;
	tooLargeAdvice: string;
}

/** A file whose content is being received. */
export interface OpenFile {
	/** The content. It fails with a FileError if the file is too large, or the connection ends before the whole file was received. */
	stream: FileStream;
	receivedBytes: () => number;
	/** The file's address after redirects. */
	url: URL;
	headers: FullResponse['headers'];
	/** Undefined: the host doesn't say, or only says "bytes". */
	mimeType?: string;
}

/** Decodes a header in UTF-8, which some hosts send, and which Node.js reads as Latin-1. */
function fromRawUtf8(header: string): string {
	const text = Buffer.from(header, 'latin1').toString('utf8');
	return text.includes('\ufffd') ? header : text;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function namedBy(header: unknown): string | undefined {
	return typeof header === 'string' ? parseDisposition(fromRawUtf8(header)).parameters.filename : undefined;
}

/** @returns the name that the host gives the file, else the last part of its address */
export function fileNameOf({ headers, url }: Pick<OpenFile, 'headers' | 'url'>): string {
	const named = namedBy(headers['content-disposition']) ?? decode(url.pathname);
	// Invisible characters could make "talk.exe" look like "talk.mp4". Folders are no part of a name.
	const parts = named.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '').split(/[\\/]/);
	const name = parts.pop()?.trim() ?? '';
	return /^\.*$/.test(name) ? 'recording' : name;
}

function mediaTypeOf(headers: FullResponse['headers']): string {
	return (String(headers['content-type'] ?? '').split(';')[0] ?? '').trim().toLowerCase();
}

const GET_ANEW = 'Get a new address with Recording: Get Many or Transcription: Get.';

function notDownloaded({ host }: URL, { kind, apiMessage, code = '' }: ApiFailure): FileError {
	// n8n itself may block an address (N8N_SSRF_PROTECTION_ENABLED).
	if (kind === 'notSent') {
		return new FileError(`n8n can't fetch the file from ${host}: ${apiMessage}`, 'Nothing was sent there.');
	}
	return new FileError(`${host} didn't send the file`, `Try again later. Network code: ${code}.`, true);
}

const notUploaded = ({ host }: URL, { apiMessage, code }: ApiFailure): FileError =>
	new FileError(`n8n can't upload to ${host}: ${code ?? apiMessage}`, 'Try again later.', true);

function tooLarge({ maxSizeMb, tooLargeAdvice }: FileLimits, sizeBytes?: number): FileError {
	const actual = sizeBytes === undefined ? '' : ` (it's ${Math.ceil(sizeBytes / BYTES_PER_MB)} MB)`;
	return new FileError(`The file is larger than ${maxSizeMb} MB${actual}`, tooLargeAdvice);
}

/**
 * Sends one request, without a token, because the host may be anyone's.
 *
 * @param failed puts a failure into words
 * @returns the response, whatever its status
 */
async function request<Body>(
	{ httpRequest, timeoutMs, stopSignal }: FileRequest,
	url: URL,
	options: Partial<IHttpRequestOptions>,
	failed: (url: URL, failure: ApiFailure) => FileError,
): Promise<FullResponse & { body: Body }> {
	const response = await httpRequest({
		url: url.href,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
		timeout: timeoutMs,
		abortSignal: stopSignal,
		...options,
	}).catch((error: unknown) => {
		throw failed(url, failureOfError(error));
	});
	return response as FullResponse & { body: Body };
}

/** Passes a file's content on while it's small enough. Node.js itself fails if less arrives than the response has announced. */
function limited(
	file: FileLimits,
	body: FileStream,
	{ host }: URL,
): Pick<OpenFile, 'receivedBytes' | 'stream'> {
	let received = 0;
	async function* chunks(): AsyncGenerator<Buffer> {
		try {
			for await (const chunk of body as AsyncIterable<Buffer>) {
				received += chunk.length;
				if (received > file.maxSizeMb * BYTES_PER_MB) throw tooLarge(file);
				yield chunk;
			}
		} catch (error) {
			const cut = new FileError(`${host} sent only part of the file`, 'Try again later.', true);
			throw error instanceof FileError ? error : cut;
		}
	}
	// The class Readable can't be imported, so it's taken from the body.
	const { from } = body.constructor as unknown as {
		from: (chunks: AsyncIterable<Buffer>, options: { objectMode: boolean }) => FileStream;
	};
	return { stream: from(chunks(), { objectMode: false }), receivedBytes: () => received };
}

async function open(file: FileRequest & FileLimits, over: AbortSignal): Promise<OpenFile> {
	let address = file.url;
	const options: Partial<IHttpRequestOptions> = {
		// The content is requested as it's stored, so that Content-Length is the size of the file.
		headers: { 'Accept-Encoding': 'identity' },
		encoding: 'stream',
		abortSignal: AbortSignal.any([file.stopSignal, over]),
	};
	if (!URL.canParse(address)) {
		const advice = 'If VideoSDK saves recordings to your own storage, get the file from there.';
		throw new FileError('VideoSDK gives no web address for the file', advice);
	}
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const url = new URL(address);
		const rejection = file.rejectionOf(url);
		if (rejection !== undefined) {
			const whose = redirects === 0 ? "The file's address" : "The file's address redirects to one that";
			throw new FileError(`${whose} ${rejection}`, 'Nothing was sent there.');
		}
		const { statusCode, headers, body } = await request<FileStream>(file, url, options, notDownloaded);
		// Aborting emits an error, which would be unhandled if no one reads the stream.
		body.on('error', () => undefined);
		const { location } = headers;
		if (statusCode >= 300 && typeof location === 'string' && URL.canParse(location, url.href)) {
			address = new URL(location, url.href).href;
			continue;
		}
		if (!STATUSES_WITH_FILE.includes(statusCode)) {
			const advice = `The file may not be ready yet, it may have been deleted, or its address may have expired. ${GET_ANEW}`;
			throw new FileError(`${url.host} didn't send the file (status ${statusCode})`, advice, true);
		}
		const mediaType = mediaTypeOf(headers);
		if (WEB_PAGE_TYPES.includes(mediaType)) {
			const advice = `It may ask for a login, or the address may have expired. ${GET_ANEW}`;
			throw new FileError(`${url.host} sent a web page instead of the file`, advice, true);
		}
		const announcedBytes = Number(headers['content-length']) || 0;
		if (announcedBytes > file.maxSizeMb * BYTES_PER_MB) throw tooLarge(file, announcedBytes);
		return {
			...limited(file, body, url),
			url,
			headers,
			// Without a type, n8n goes by the file's name, which says more than "octet-stream" (prepareBinaryData).
			mimeType: mediaType === '' || mediaType.endsWith('/octet-stream') ? undefined : mediaType,
		};
	}
	throw new FileError("The file's address redirects too many times", '');
}

/**
 * Downloads a file in one try. Redirects are followed here, so that each address is checked like the first one.
 *
 * @param use reads the content. The connection is closed once it returns or throws
 * @returns what `use` returns
 * @throws FileError
 */
export async function withFile<T>(
	file: FileRequest & FileLimits,
	use: (file: OpenFile) => Promise<T>,
): Promise<T> {
	const over = new AbortController();
	try {
		return await use(await open(file, over.signal));
	} finally {
		// n8n's response stream (axios) doesn't close its connection when it's destroyed unread. until: it does.
		over.abort();
	}
}

/**
 * Uploads a file in one try. The address itself gives permission.
 *
 * @throws FileError
 */
export async function uploadFile(file: FileRequest, content: Buffer, contentType: string): Promise<void> {
	const address = URL.canParse(file.url) ? new URL(file.url) : undefined;
	const rejection = address ? file.rejectionOf(address) : "isn't a web address";
	if (address === undefined || rejection !== undefined) {
		throw new FileError(
			`VideoSDK's upload address ${rejection}`,
			"Nothing was uploaded. If it happens again, ask VideoSDK's support.",
		);
	}
	const options = {
		method: 'PUT',
		headers: { 'Content-Type': contentType },
		body: content,
		encoding: 'text',
	} as const;
	const { statusCode } = await request<string>(file, address, options, notUploaded);
	if (statusCode < 200 || statusCode > 299) {
		const message = `${address.host} didn't take the upload (status ${statusCode})`;
		throw new FileError(message, 'Try again later.', true);
	}
}

/**
 * Reads a text file in UTF-8, without a byte order mark.
 *
 * @throws FileError, also if the whole file wasn't received within `timeoutMs`
 */
export async function readTextFile(file: FileRequest): Promise<string> {
	const done = new AbortController();
	const stopSignal = AbortSignal.any([file.stopSignal, abortAfter(file.timeoutMs, done.signal)]);
	try {
		return await withFile({ ...file, ...TEXT_LIMITS, stopSignal }, async ({ stream }) => {
			const chunks: Buffer[] = [];
			for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
			return Buffer.concat(chunks)
				.toString('utf8')
				.replace(/^\uFEFF/, '');
		});
	} finally {
		done.abort();
	}
}

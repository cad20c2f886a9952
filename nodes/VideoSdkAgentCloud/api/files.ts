import { parse as parseDisposition } from 'content-disposition';
import type { IHttpRequestOptions } from 'n8n-workflow';
import { failureOfError, failureOfResponse, type ApiFailure, type FullResponse } from './failure';
import { bounded, BYTES_PER_MB, FileError, tooLarge, type FileLimits, type FileStream } from './fileStream';
import { pause } from './pause';
import { retryDelay } from './retry';

const MAX_REDIRECTS = 5;
/** Of an answer with a whole file. 203 is a 200 that came through a proxy. */
const STATUSES_WITH_FILE = [200, 203];
const WEB_PAGE_TYPES = ['text/html', 'application/xhtml+xml'];

/** How a file is fetched. */
export interface FileRequest extends FileLimits {
	/** n8n's helper without a credential: the token is for the API alone, even if the API's own host has the file. */
	httpRequest: (options: IHttpRequestOptions) => Promise<unknown>;
	url: string;
	/** @returns why an address, the first one or that of a redirect, must not be fetched; undefined if it may be */
	rejectionOf: (url: URL) => string | undefined;
	stopSignal: AbortSignal;
}

/** A file whose content is on the way. */
export interface OpenFile extends ReturnType<typeof bounded> {
	/** Where it was found, after redirects. */
	url: URL;
	headers: FullResponse['headers'];
	/** undefined: not told, or no more than that it is bytes. */
	mimeType?: string;
}

type FileResponse = FullResponse & { body: FileStream };

/** Node.js reads the bytes of a header as Latin-1, and some hosts send names in plain UTF-8. */
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
	if (typeof header !== 'string') return undefined;
	try {
		return parseDisposition(fromRawUtf8(header)).parameters.filename;
	} catch {
		return undefined;
	}
}

/** @returns the name that a file's host gives it, else the last part of its address */
export function fileNameOf({ headers, url }: Pick<OpenFile, 'headers' | 'url'>): string {
	const named = namedBy(headers['content-disposition']) ?? decode(url.pathname);
	// Unseen characters could show "talk.exe" as "talk.mp4". What looks like a folder is no part of a name.
	const parts = named.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '').split(/[\\/]/);
	const name = parts.pop()?.trim() ?? '';
	return /^\.*$/.test(name) ? 'recording' : name;
}

function mediaTypeOf(headers: FullResponse['headers']): string {
	return (String(headers['content-type'] ?? '').split(';')[0] ?? '').trim().toLowerCase();
}

const GET_ANEW = 'Get a new address with Recording: Get Many or Transcription: Get.';

function failed({ host }: URL, { kind, apiMessage, code = '', status }: Partial<ApiFailure>): FileError {
	// n8n itself may block an address.
	if (kind === 'notSent') {
		return new FileError(`n8n can't fetch the file from ${host}: ${apiMessage}`, 'Nothing was sent there.');
	}
	if (status === undefined) {
		return new FileError(`${host} didn't send the file`, `Try again later. Network code: ${code}.`, true);
	}
	return new FileError(
		`${host} didn't send the file (status ${status})`,
		`The file may not be ready yet, it may have been deleted, or its address may have expired. ${GET_ANEW}`,
		true,
	);
}

/** Ends a request whose answer is not wanted. n8n's stream does not close the connection when it is destroyed unread. */
function discard(body: FileStream, abort: () => void): void {
	body.on('error', () => undefined);
	abort();
	body.destroy();
}

/**
 * Sends one request, and retries transient failures.
 *
 * @returns the answer, its status below 400, and what ends the request
 */
async function request(file: FileRequest, url: URL): Promise<{ response: FileResponse; abort: () => void }> {
	for (let attempts = 1; ; attempts++) {
		const controller = new AbortController();
		const abort = () => controller.abort();
		const outcome = await file
			.httpRequest({
				url: url.href,
				// Content as it is stored.
				headers: { 'Accept-Encoding': 'identity' },
				encoding: 'stream',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				timeout: file.timeoutMs,
				abortSignal: AbortSignal.any([file.stopSignal, controller.signal]),
			})
			.then(
				(answer) => ({ response: answer as FileResponse }),
				(error) => ({ failure: failureOfError(error) }),
			);
		if ('response' in outcome && outcome.response.statusCode < 400) return { ...outcome, abort };
		const failure = 'failure' in outcome ? outcome.failure : failureOfResponse(outcome.response, 'status');
		if ('response' in outcome) discard(outcome.response.body, abort);
		const delayMs = retryDelay(failure, 'GET', attempts, Math.random());
		if (delayMs !== undefined) await pause(delayMs, file.stopSignal);
		if (delayMs === undefined || file.stopSignal.aborted) throw failed(url, failure);
	}
}

/**
 * Begins to fetch a file. Nothing but the address is sent, to whatever host: no token. Redirects are followed here, since each of
 * them is checked as the first address is.
 *
 * That a file comes whole is for Node.js to check: it knows the length of what is sent, and n8n may have unpacked it.
 *
 * @throws FileError
 */
export async function openFile(file: FileRequest): Promise<OpenFile> {
	let address = file.url;
	if (!URL.canParse(address)) {
		const advice = "If it's in storage of your own, get it there.";
		throw new FileError('VideoSDK gives no web address for the file', advice);
	}
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const url = new URL(address);
		const rejection = file.rejectionOf(url);
		if (rejection !== undefined) {
			const message =
				redirects === 0 ? rejection : `The file's address redirects to a different one. ${rejection}`;
			throw new FileError(message, 'Nothing was sent there.');
		}
		const { response, abort } = await request(file, url);
		const { statusCode, headers, body } = response;
		const reject = (error: FileError): never => {
			discard(body, abort);
			throw error;
		};
		const { location } = headers;
		if (statusCode >= 300 && typeof location === 'string' && URL.canParse(location, url.href)) {
			discard(body, abort);
			address = new URL(location, url.href).href;
			continue;
		}
		if (!STATUSES_WITH_FILE.includes(statusCode)) reject(failed(url, { status: statusCode }));
		const mediaType = mediaTypeOf(headers);
		if (WEB_PAGE_TYPES.includes(mediaType)) {
			const advice = `It may ask for a login, or the address may have expired. ${GET_ANEW}`;
			reject(new FileError(`${url.host} sent a web page instead of the file`, advice, true));
		}
		const announcedBytes = Number(headers['content-length']) || 0;
		if (announcedBytes > file.maxSizeMb * BYTES_PER_MB) reject(tooLarge(file, announcedBytes));
		return {
			...bounded(body, url.host, file, abort),
			url,
			headers,
			// "Bytes" says nothing: n8n then goes by the file's name.
			mimeType: mediaType === '' || mediaType.endsWith('/octet-stream') ? undefined : mediaType,
		};
	}
	throw new FileError("The file's address redirects too many times", '');
}

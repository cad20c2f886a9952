import type { IHttpRequestOptions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';
import type { ApiFailure, FailureKind, FullResponse } from './failure';
import { failureOfError, failureOfResponse } from './failure';
import type { FileStream } from './fileStream';
import { bounded, BYTES_PER_MB, tooLarge } from './fileStream';
import { pause } from './pause';
import { retryDelay } from './retry';

const MAX_REDIRECTS = 5;

/** How a file is fetched. */
export interface FileRequest {
	/** n8n's helper without a credential: the token is for the API alone, also if it is the API's own host that has the file. */
	httpRequest: (options: IHttpRequestOptions) => Promise<unknown>;
	url: string;
	/** Tells why an address, the first one or that of a redirect, must not be fetched; undefined if it may be. */
	rejectionOf: (url: URL) => string | undefined;
	/** Without a single byte, in ms. */
	timeoutMs: number;
	maxSizeMb: number;
	stopSignal: AbortSignal;
}

/** A file whose content is on the way. */
export interface OpenFile {
	/** Fails if the file is larger than allowed, or does not come whole. */
	stream: FileStream;
	/** As the sender names it, or the last part of its address. */
	fileName: string;
	/** undefined: not told, or no more than that it is bytes. */
	mimeType?: string;
	/** What came so far. */
	receivedBytes: () => number;
}

/** Reads the name that a Content-Disposition header gives (RFC 6266). */
function nameInHeader(header: unknown): string | undefined {
	if (typeof header !== 'string') return undefined;
	const encoded = /filename\*\s*=\s*utf-8'[^']*'([^;]+)/i.exec(header)?.[1];
	const plain = /filename\s*=\s*(?:"([^"]*)"|([^;"]+))/i.exec(header);
	return encoded === undefined ? (plain?.[1] ?? plain?.[2]) : decode(encoded);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function fileNameOf(headers: FullResponse['headers'], url: URL): string {
	const name = nameInHeader(headers['content-disposition']) ?? decode(url.pathname);
	// Whatever looks like a folder is no part of a name.
	return name.split(/[\\/]/).pop()?.trim() || 'recording';
}

function mimeTypeOf(headers: FullResponse['headers']): string | undefined {
	const type = String(headers['content-type'] ?? '')
		.split(';')[0]
		?.trim()
		.toLowerCase();
	// "Bytes" says nothing: n8n then goes by the file's name.
	return type === '' || type?.endsWith('/octet-stream') ? undefined : type;
}

/** How a host failed that gave no answer. */
const WITHOUT_ANSWER: Partial<Record<FailureKind, string>> = {
	timeout: 'did not answer in time',
	network: 'broke the connection off',
	notConnected: 'cannot be reached',
	untrusted: 'has a certificate that n8n does not trust',
};

function failed({ host }: URL, { kind, status }: ApiFailure): UserError {
	if (status === undefined) {
		const what = `${host} ${WITHOUT_ANSWER[kind] ?? 'cannot be asked for it'}`;
		return new UserError(`The file could not be downloaded: ${what}`, { description: 'Try again later.' });
	}
	return new UserError(`${host} did not send the file (status ${status})`, {
		description:
			'The file may not be ready yet or no longer be there, or its address may have expired: get it anew with Recording: Get Many or Transcription: Get.',
	});
}

/** Sends one request, again after what passes. @returns the answer, whatever its status but those of failures that pass */
async function request(
	file: FileRequest,
	url: URL,
	abortSignal: AbortSignal,
): Promise<FullResponse & { body: FileStream }> {
	for (let attempts = 1; ; attempts++) {
		const outcome = await file
			.httpRequest({
				url: url.href,
				// A length that counts what is sent, and content as it is stored.
				headers: { 'Accept-Encoding': 'identity' },
				encoding: 'stream',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				timeout: file.timeoutMs,
				abortSignal,
			})
			.then(
				(answer) => ({ response: answer as FullResponse & { body: FileStream } }),
				(error) => ({ failure: failureOfError(error) }),
			);
		if ('response' in outcome && outcome.response.statusCode < 400) return outcome.response;
		const failure =
			'failure' in outcome ? outcome.failure : failureOfResponse(outcome.response, 'status', Date.now());
		if ('response' in outcome) outcome.response.body.destroy();
		const delayMs = retryDelay(failure, 'GET', attempts, Math.random());
		if (delayMs !== undefined) await pause(delayMs, file.stopSignal);
		if (delayMs === undefined || file.stopSignal.aborted) {
			throw failed(url, failure);
		}
	}
}

/**
 * Begins to fetch a file. Nothing but the address is sent, to whatever host: no token. Redirects are followed here, since each of
 * them is checked as the first address is.
 *
 * @throws UserError in words for the user
 */
export async function openFile(file: FileRequest): Promise<OpenFile> {
	const { maxSizeMb, timeoutMs, stopSignal } = file;
	const controller = new AbortController();
	let address = file.url;
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const url = new URL(address);
		const rejection = file.rejectionOf(url);
		if (rejection !== undefined) {
			throw new UserError(redirects === 0 ? rejection : `The file's address leads elsewhere: ${rejection}`, {
				description: 'Nothing was sent there.',
			});
		}
		const { statusCode, headers, body } = await request(file, url, controller.signal);
		const location = headers.location;
		if (statusCode >= 300 && typeof location === 'string') {
			body.destroy();
			if (!URL.canParse(location, url.href)) break;
			address = new URL(location, url.href).href;
			continue;
		}
		const expectedBytes = Number(headers['content-length']) || 0;
		if (expectedBytes > maxSizeMb * BYTES_PER_MB) {
			body.destroy();
			throw tooLarge(maxSizeMb, expectedBytes);
		}
		return {
			...bounded(body, {
				host: url.host,
				expectedBytes,
				maxSizeMb,
				timeoutMs,
				stopSignal,
				abort: () => controller.abort(),
			}),
			fileName: fileNameOf(headers, url),
			mimeType: mimeTypeOf(headers),
		};
	}
	throw new UserError('The address of the file leads from one place to the next without end');
}

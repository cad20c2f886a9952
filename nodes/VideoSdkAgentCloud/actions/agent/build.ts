import { AGENT_ARCHIVE } from '../../api/filledByBuild';
import { abortAfter, ApiError, failureOf, type Send } from '../../api/http/client';
import { buildLogUrl, createBuild, fetchBuild, startBuild } from '../../api/cloud';
import { isPassing } from '../../api/http/failure';
import { pause } from '../../api/http/pause';
import { withoutTokens } from '../../security/redactTokens';
import { type ItemReader } from '../../fields/kit/reader';
import { type FileTools, putFile, useFile } from '../itemFiles';
import { POLL_MS } from './versions';

/** As long as VideoSDK's CLI waits for a build (videosdk_cli, build.py). */
const LONGEST_BUILD_MINUTES = 30;
const LONGEST_BUILD_MS = LONGEST_BUILD_MINUTES * 60_000;
const LOG_LINES = 20;
/** As much of a log is kept in memory, which holds its last lines. */
const LOG_END_BYTES = 65_536;
const LOG_LIMITS = { maxSizeMb: 100, tooLargeAdvice: '' };
/** Shorter values, such as "1", aren't masked, because they occur in every log. */
const MIN_SECRET_LENGTH = 4;

/** @returns the forms in which a text may show a value: the value, each of its lines, and both as in a JSON text */
function formsOf(secret: string): string[] {
	const lines = [secret, ...secret.split(/\r?\n/)].map((line) => line.trim());
	return lines.flatMap((line) => [line, JSON.stringify(line).slice(1, -1)]);
}

/** @returns a text without the values that must not be shown */
function masked(text: string, secrets: string[]): string {
	const longestFirst = secrets
		.flatMap(formsOf)
		.filter(({ length }) => length >= MIN_SECRET_LENGTH)
		.sort((a, b) => b.length - a.length);
	return longestFirst.reduce((result, secret) => result.replaceAll(secret, '***'), withoutTokens(text));
}

/** @returns the last lines of a stream, which may be much larger than what is kept of it, without the beginning of a line that was cut */
async function endOf(stream: AsyncIterable<Buffer>): Promise<string> {
	let end = Buffer.alloc(0);
	let isCut = false;
	for await (const chunk of stream) {
		const whole = Buffer.concat([end, chunk]);
		isCut ||= whole.length > LOG_END_BYTES;
		end = whole.subarray(-LOG_END_BYTES);
	}
	const text = end.toString('utf8');
	return isCut ? text.slice(text.indexOf('\n') + 1) : text;
}

/** @returns the last lines of a build's log, masked before it's cut; empty if the log can't be fetched within the item's time limit */
async function endOfLog(
	read: ItemReader,
	send: Send,
	{ credential, timeoutMs, stopSignal: stopped }: FileTools,
	buildId: string,
	secrets: string[],
): Promise<string> {
	const done = new AbortController();
	const stopSignal = AbortSignal.any([stopped, abortAfter(timeoutMs, done.signal)]);
	const readEnd = async (url: string) =>
		await useFile(
			read,
			url,
			{ credential, timeoutMs, stopSignal },
			LOG_LIMITS,
			async ({ stream }) => await endOf(stream as AsyncIterable<Buffer>),
		);
	const log = await buildLogUrl(send, buildId)
		.then(readEnd)
		.catch(() => '')
		.finally(() => done.abort());
	return masked(log, secrets).trimEnd().split('\n').slice(-LOG_LINES).join('\n');
}

/**
 * Has VideoSDK build the package's own agent, and waits until it's built.
 *
 * @param secrets values that are masked in error messages
 * @returns the image to run, and how long the build took
 * @throws NodeOperationError with the build's ID, VideoSDK's reason and the end of its log, if it fails or takes too long; NodeApiError
 */
export async function buildAgent(
	read: ItemReader,
	send: Send,
	tools: FileTools,
	deployment: { deploymentId: string; tag: string; region?: string },
	secrets: string[],
): Promise<{ image: string; buildSeconds: number }> {
	const { buildId, uploadUrl, image } = await createBuild(send, deployment);
	await putFile(read, uploadUrl, tools, Buffer.from(AGENT_ARCHIVE, 'base64'), 'application/gzip');
	await startBuild(send, buildId);
	const begunAtMs = Date.now();
	const failed = async (what: string, advice: string) => {
		const log = await endOfLog(read, send, tools, buildId, secrets);
		const end = log === '' ? '' : `\n\nThe end of its log:\n${log}`;
		return [masked(what, secrets), `${advice} Build ID: ${buildId}.${end}`] as const;
	};
	while (Date.now() - begunAtMs < LONGEST_BUILD_MS) {
		await pause(POLL_MS, tools.stopSignal);
		const { status, failureReason } = await fetchBuild(send, buildId).catch((error: Error) => {
			// VideoSDK continues the build even if n8n can't poll it for a while.
			if (isPassing(failureOf(error))) return { status: undefined, failureReason: undefined };
			throw error;
		});
		const buildSeconds = Math.round((Date.now() - begunAtMs) / 1_000);
		if (status === 'SUCCESS') return { image, buildSeconds };
		if (status === 'FAILED') {
			const reason = String(failureReason ?? 'VideoSDK gives no reason');
			throw read.fail(
				...(await failed(`VideoSDK couldn't build the agent: ${reason}`, 'Nothing was deployed.')),
			);
		}
	}
	const [message, description] = await failed(
		`VideoSDK hasn't built the agent within ${LONGEST_BUILD_MINUTES} minutes`,
		'VideoSDK continues the build. Deploy again later.',
	);
	// A timeout counts as "in doubt", so that Retry On Fail doesn't begin a second build beside this one.
	throw Object.assign(new ApiError(read.context, { kind: 'timeout' }), { message, description });
}

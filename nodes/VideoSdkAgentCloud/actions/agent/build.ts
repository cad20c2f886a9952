import { AGENT_ARCHIVE } from '../../api/agentArchive';
import { ApiError, failureOf, type Send } from '../../api/http/client';
import { buildLogUrl, createBuild, fetchBuild, startBuild } from '../../api/cloud';
import { isPassing } from '../../api/http/failure';
import { pause } from '../../api/http/pause';
import { withoutTokens } from '../../security/redactTokens';
import { type ItemReader } from '../../fields/kit/reader';
import { type FileTools, putFile, textReader } from '../itemFiles';
import { POLL_MS } from './versions';

/** As long as VideoSDK's CLI waits for a build (videosdk_cli, build.py). */
const LONGEST_BUILD_MINUTES = 30;
const LONGEST_BUILD_MS = LONGEST_BUILD_MINUTES * 60_000;
const LOG_LINES = 20;
/** Shorter values, such as "1", aren't masked, because they occur in every log. */
const MIN_SECRET_LENGTH = 4;

/** @returns a text without the values that must not be shown */
function masked(text: string, secrets: string[]): string {
	const longestFirst = secrets
		.filter(({ length }) => length >= MIN_SECRET_LENGTH)
		.sort((a, b) => b.length - a.length);
	return longestFirst.reduce((result, secret) => result.replaceAll(secret, '***'), withoutTokens(text));
}

/** @returns the last lines of a build's log; empty if the log can't be fetched */
async function endOfLog(read: ItemReader, send: Send, tools: FileTools, buildId: string): Promise<string> {
	const log = await buildLogUrl(send, buildId)
		.then(textReader(read, tools))
		.catch(() => '');
	return log.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
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
		const log = await endOfLog(read, send, tools, buildId);
		const end = log === '' ? '' : `\n\nThe end of its log:\n${log}`;
		return [masked(what, secrets), masked(`${advice} Build ID: ${buildId}.${end}`, secrets)] as const;
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

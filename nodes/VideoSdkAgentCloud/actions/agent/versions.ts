import { type NodeApiError } from 'n8n-workflow';
import { type AgentVersion, type CloudAgent, deactivateVersion, versionsOf } from '../../api/cloud';
import { failureOf, type Send } from '../../api/http/client';
import { isPassing } from '../../api/http/failure';
import { pause } from '../../api/http/pause';

/** VideoSDK's CLI polls builds at this interval (videosdk_cli, build.py). */
export const POLL_MS = 3_000;
/** For so long n8n looks whether a new version is active before it takes the former ones down. */
export const ACTIVE_WITHIN_MINUTES = 5;
/** The statuses of a refusal that have nothing to do with conversations: credential, unknown ID, and too many requests. */
const OTHER_REFUSALS = [401, 402, 404, 429];

/** What became of versions that were to be taken down, by their IDs. */
export interface TakenDown {
	down: string[];
	/** Those that are still active, because they talk, or because the request has failed. */
	stillActive: string[];
	/** Why, for each of these. */
	errors: Error[];
}

/**
 * Waits until VideoSDK shows a new version as active. Never throws: the version has been made.
 *
 * @returns all versions of the agent as they were seen last, none if they couldn't be listed; and whether the new one is active
 */
export async function whenActive(
	send: Send,
	agent: CloudAgent,
	versionId: string,
	stopSignal: AbortSignal,
): Promise<{ versions: AgentVersion[]; isActive: boolean }> {
	const untilMs = Date.now() + ACTIVE_WITHIN_MINUTES * 60_000;
	let versions: AgentVersion[] = [];
	for (;;) {
		const listed = await versionsOf(send, agent).catch((error: Error) =>
			isPassing(failureOf(error)) ? [] : undefined,
		);
		if (listed === undefined) return { versions, isActive: false };
		if (listed.length > 0) versions = listed;
		const isActive = listed.some((version) => version.id === versionId && version.isActive);
		if (isActive || Date.now() + POLL_MS > untilMs || stopSignal.aborted) return { versions, isActive };
		await pause(POLL_MS, stopSignal);
	}
}

/** Takes versions down, one after another. Never throws. @param force see `deactivateVersion` */
export async function takeDown(send: Send, ids: string[], force: boolean): Promise<TakenDown> {
	const taken: TakenDown = { down: [], stillActive: [], errors: [] };
	for (const id of ids) {
		try {
			await deactivateVersion(send, id, force);
			taken.down.push(id);
		} catch (error) {
			taken.stillActive.push(id);
			taken.errors.push(error as NodeApiError);
		}
	}
	return taken;
}

/** @returns whether VideoSDK has refused to take a version down, as it does while the version talks */
export function isRefusal(error: Error): boolean {
	const { kind, status = 0 } = failureOf(error) ?? {};
	if (kind === 'declined') return true;
	return kind === 'status' && status >= 400 && status < 500 && !OTHER_REFUSALS.includes(status);
}

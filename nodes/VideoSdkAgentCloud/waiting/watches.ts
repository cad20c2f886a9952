import type { RequestContext } from '../api/credential';
import type { CredentialSource } from './credentialSource';
import { acquireSource, releaseSource } from './credentialSource';
import type { StoredWait } from './storedWait';
import { KEY_HEADER, proofOf, PROOF_HEADER } from './storedWait';
import type { Prove } from './watch';
import { Watch } from './watch';

/** The process that lets an execution wait comes first at the deadline: what still runs is to be ended once. */
const BEHIND_MS = 30_000;

/** The waiting executions that this process watches, by the name of the wait. */
const watches = new Map<string, Watch>();

function addWatch(wait: StoredWait, sources: Map<string, CredentialSource>, prove: Prove): Watch {
	const watch = new Watch(wait, sources, prove, () => watches.delete(wait.keyHash));
	watches.set(wait.keyHash, watch);
	return watch;
}

/** Watches an execution that this process lets wait. @param sources see Watch */
export function watchOwn(wait: StoredWait, key: string, sources: Map<string, CredentialSource>): void {
	addWatch(wait, sources, async () => ({ [KEY_HEADER]: key })).start();
}

/**
 * Gives what this process knows of a waiting execution. One that another process started, or this one before a restart, is watched
 * from now on: polling resumes.
 *
 * @param context of an event that came to the execution, or of another execution of the node
 * @param ids what is waited for
 */
export async function watchOf(context: RequestContext, wait: StoredWait, ids: string[]): Promise<Watch> {
	const known = watches.get(wait.keyHash);
	if (known) return known;
	const source = await acquireSource(context);
	const other = watches.get(wait.keyHash);
	if (other) {
		releaseSource(source);
		return other;
	}
	source.users += ids.length - 1;
	const prove = async (): Promise<Record<string, string>> => {
		const { data } = await source.read();
		return { [PROOF_HEADER]: proofOf(wait, data?.secretKey) };
	};
	const behind = { ...wait, deadlineMs: wait.deadlineMs + BEHIND_MS };
	const watch = addWatch(behind, new Map(ids.map((id) => [id, source])), prove);
	watch.start();
	return watch;
}

/** Ends watching an execution that goes on. */
export function forgetWatch(wait: StoredWait): void {
	watches.get(wait.keyHash)?.stop();
}

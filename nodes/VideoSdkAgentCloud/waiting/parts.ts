import { type IDataObject, sleep } from 'n8n-workflow';
import pLimit from 'p-limit';
import { readBaseUrl } from '../../../credentials/apiTarget';
import { NO_TIME_LEFT } from '../api/client';
import { fetchIncluded, type Includable, type Included } from '../api/conversation';
import { openFile } from '../api/files';
import { TEXT_LIMITS, textOf } from '../api/fileStream';
import { fileAddressRule } from '../webhook/address';
import { CONVERSATIONS } from './conversation';
import { type CredentialSource, NEVER_STOPPED } from './credentialSource';
import type { Ends, Outcome } from './ends';
import { nextPollMs } from './schedule';
import type { StoredWait } from './storedWait';

/** Conversations asked for at the same time. Each may have a text in memory. */
const MAX_AT_ONCE = 5;
const LONGEST_PAUSE_MS = 30_000;
const FILE_TIMEOUT_MS = 10_000;
/** The requests of the last round end this long after the time is up. n8n's own deadline is later, see `graceMs`. */
const LAST_ROUND_MS = 25_000;
const NOT_IN_TIME =
	"It wasn't ready in time. Get it later with Call: Get, Transcription: Get, or Recording: Get Many.";
/** How a conversation went of which something may still come. */
const TALKED = ['answered', 'transferred', 'completed'];

/** Makes the function that reads a transcript or summary with the address rules for files. */
function textReader(source: CredentialSource): (url: string) => Promise<string> {
	return async (url) => {
		const { data } = await source.read();
		const { stream } = await openFile({
			httpRequest: source.context.helpers.httpRequest,
			url,
			rejectionOf: fileAddressRule(readBaseUrl(data?.baseUrl)),
			timeoutMs: FILE_TIMEOUT_MS,
			stopSignal: NEVER_STOPPED,
			...TEXT_LIMITS,
		});
		return await textOf(stream);
	};
}

/** One conversation, what is still missing of it, and what was found. */
interface Collected {
	outcome: Outcome;
	roomId?: string;
	start?: string;
	open: Includable[];
	found: Included['found'];
	/** Why the others are missing. */
	missing: Included['missing'];
}

const missingAll = (names: Includable[]): Included['missing'] =>
	Object.fromEntries(names.map((name) => [name, NOT_IN_TIME]));

/**
 * Adds what is to be included to the outcomes of conversations that are all over, as it comes: the pauses between the requests grow,
 * and are the same for all. Never throws: what does not come is `missing` in the outcome's record, with the reason.
 *
 * @param groups the IDs, by the source of their credential
 * @param untilMs after this time, in ms since 1970, nothing is waited for
 * @param isOver whether the execution has continued meanwhile
 */
export async function addParts(
	{ kind, include = {} }: StoredWait,
	groups: Map<CredentialSource, string[]>,
	ends: Ends,
	untilMs: number,
	isOver: () => boolean,
): Promise<void> {
	const { idField, describe, endOf, get } = CONVERSATIONS[kind];
	const collected = new Map<string, Collected>();
	const settle = (id: string, { outcome, found, missing }: Collected): void => {
		// A copy, since an execution may continue while more is looked for.
		const rest = Object.keys(missing).length > 0 ? { missing: { ...missing } } : {};
		ends.settle(id, { ...outcome, record: { ...outcome.record, ...found, ...rest } });
	};
	for (const [id, { names, roomId, start }] of Object.entries(include)) {
		const outcome = ends.outcomes.get(id);
		if (outcome === undefined || outcome.extra.error) continue;
		const one: Collected = { outcome, roomId, start, open: names, found: {}, missing: missingAll(names) };
		collected.set(id, one);
		settle(id, one);
	}
	const collect = async (source: CredentialSource, id: string, one: Collected): Promise<void> => {
		const send = source.sender(untilMs > 0 ? { untilMs: untilMs + LAST_ROUND_MS } : {});
		if (one.outcome.extra.event && !(one.outcome.record && endOf(one.outcome.record))) {
			// An event told of the end. By now the record may say when it was, which tells this conversation from others in the room.
			const current = await get(send, id).catch(() => undefined);
			const end = current && endOf(current);
			if (end) one.outcome = { record: current, extra: { ...end, event: one.outcome.extra.event } };
		}
		const { record, extra } = one.outcome;
		const known: IDataObject = { ...record, ...extra };
		const described = describe({
			...known,
			[idField]: id,
			roomId: known.roomId ?? one.roomId,
			start: known.start ?? one.start,
		});
		const asked = one.open;
		const { found, missing, pending } = await fetchIncluded(send, textReader(source), asked, described).catch(
			({ message }: Error) => ({
				found: {},
				missing: Object.fromEntries(asked.map((name) => [name, message])),
				pending: asked,
			}),
		);
		Object.assign(one.found, found);
		for (const name of asked) delete one.missing[name];
		Object.assign(one.missing, missing);
		for (const name of asked) if (one.missing[name] === NO_TIME_LEFT) one.missing[name] = NOT_IN_TIME;
		one.open = TALKED.includes(String(described.outcome)) ? pending : [];
		settle(id, one);
	};
	const limit = pLimit(MAX_AT_ONCE);
	for (let round = 0; ; round++) {
		const open = [...groups].flatMap(([source, ids]) =>
			ids.flatMap((id) => {
				const one = collected.get(id);
				return one && one.open.length > 0 ? [{ source, id, one }] : [];
			}),
		);
		await Promise.all(
			open.map(async ({ source, id, one }) => await limit(async () => await collect(source, id, one))),
		);
		const isDone = [...collected.values()].every((one) => one.open.length === 0);
		if (isDone || isOver() || Date.now() >= untilMs) return;
		await sleep(Math.min(nextPollMs(round, untilMs - Date.now()), LONGEST_PAUSE_MS));
	}
}

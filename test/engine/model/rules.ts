/** What must hold of every combination of the model. See model.test.ts. */
import type { IDataObject } from 'n8n-workflow';
import type { RecordedRequest } from '../../simulator';
import {
	type Case,
	isFound,
	isIncluding,
	isInDoubt,
	isRefusing,
	isRejected,
	isStart,
	isTroubled,
	itemOf,
	KNOWN_WITHIN_MS,
	LARGE,
	LONG_WAIT_MS,
	mayHaveActed,
	NEVER_MS,
	oddRows,
	OUTCOMES,
	PLANTED,
	SHORT_WAIT_MS,
	SPEAKER,
	TOOL,
	TROUBLE_MS,
	USERS_ROOM,
} from './cases';
import { rig, type Observed, type Started, wordsOf } from './run';

/** For a few conversations: see budgetOf. */
const BLIND_MS = 110_000;

const idOf = ({ sessionId, callId }: IDataObject) => (callId ?? sessionId) as string | undefined;
/** The starts of each try of the node. */
const startsByTry = ({ all, tries }: Observed) =>
	tries.map((from, index) => all.slice(from, tries[index + 1]).filter(isStart));

const startOf = ({ requests }: Observed, item: string) =>
	requests.filter((request) => isStart(request) && itemOf(request) === item);

/** @returns what must be there of a conversation, else what may be, and why it is not */
function remainsOf(
	model: Case,
	{ item, row, roomId, ends, talks }: Started,
	name: string,
): { value?: unknown; mayBe: unknown[]; reason?: unknown } {
	const { starts, trouble, troubled, lasts, isReused, transcribedFromMs, includeWait } = model;
	const { isEnded, isCutOff, isTranscribed, recordedMs, transcribedMs } = model.items[row]!;
	const isQuiet = trouble === 0;
	if (!ends && !isEnded) return { mayBe: [], ...(isQuiet && { reason: `The ${starts} hasn't ended yet.` }) };
	if (!talks) {
		// One that was hung up without a sign of ringing may have been answered.
		const isUnanswered = starts === 'call' && ends;
		return { mayBe: [], ...(isUnanswered && isQuiet && { reason: "The call wasn't answered." }) };
	}
	const isRecording = name === 'recording';
	const own = [...rig.simulator.recordings.values()].filter((one) => one.roomId === roomId);
	const { isLarge, hops, hasItemExpression, isCutThen } = model;
	const before = `${SPEAKER}: ${wordsOf(item, 'before')}`;
	const last = `${SPEAKER}: ${wordsOf(item, 'at last')}${isLarge ? LARGE : ''}`;
	const values = isRecording
		? own.filter(({ sessionId }) => sessionId !== 'later').map(({ fileUrl }) => fileUrl)
		: [before, last].slice(isCutOff ? 0 : 1).map((text) => (name === 'summary' ? text.slice(8) : text));
	const mayBe = isRecording ? values : [...values, values.join('\n\n')];
	// VideoSDK may show no end until after Max Wait.
	if (isTroubled(model, 'all') && model.items[row]!.maxWait === 'short') return { mayBe };
	const needed = transcribedFromMs > 0 && !isRecording ? recordedMs : 0;
	const readyMs = isRecording ? recordedMs : Math.max(transcribedMs, needed);
	const waitMs = includeWait * 60_000;
	const isListed =
		!isTroubled(model, 'all') && !isTroubled(model, isRecording ? 'recordings' : 'transcriptions');
	if (!isListed && lasts && troubled !== 'all') return { mayBe: [] };
	// Transcriptions are told from others' by their recordings.
	const isLater = isReused || transcribedFromMs > 0;
	const isUnsure = isTroubled(model, 'recordings') && (isLater || trouble === 404);
	const isFailed = !isRecording && !isTranscribed;
	const isLate = readyMs > waitMs || (!(isListed && !isUnsure) && (lasts || waitMs < 2 * TROUBLE_MS));
	// A process that can't ask VideoSDK learns nothing that is too much to hand over.
	const isTooMuch = isLarge && hops && (hasItemExpression || isCutThen);
	if (isLate || isTooMuch || (isFailed && isCutOff)) {
		const isHandedOver = !(hops && isCutThen) && (!isLarge || !(hops || hasItemExpression));
		// That a transcription has failed may be known without its recording.
		const failed = isFailed && needed > 0 ? "VideoSDK couldn't transcribe the conversation.|" : '';
		const reason = expect.stringMatching(`^(${failed}The ${name} isn't ready yet.)$`) as unknown;
		const isNotYet = readyMs === NEVER_MS && isQuiet && !isCutOff && isHandedOver;
		return { mayBe, ...(isNotYet && { reason }) };
	}
	if (isFailed)
		return { mayBe: [], reason: isQuiet ? "VideoSDK couldn't transcribe the conversation." : undefined };
	return { mayBe, value: isRecording ? values.at(-1) : values.join('\n\n') };
}

export const INVARIANTS: Record<string, (seen: Observed, model: Case) => void> = {
	'nobody is called on behalf of a row that was not there, or without tools': (seen, { hasTools }) => {
		const { requests, items } = seen;
		for (const request of requests.filter(isStart)) {
			const { metaData, metadata, env } = request.body as Record<string, IDataObject | undefined>;
			const item = items.find(({ item }) => item === itemOf(request));
			expect(metaData ?? metadata).toMatchObject({ item: item?.item, customer: item?.customer });
			if (env) expect(env.CUSTOMER).toBe(item?.customer);
			expect(JSON.stringify(request.body).includes(TOOL.value)).toBe(hasTools);
		}
	},
	'nobody is called who must not be': (seen, model) => {
		if (model.odd === 'foreign' && model.hidesRule) return;
		for (const row of oddRows(model)) expect(startOf(seen, `item-${row}`)).toEqual([]);
		if (!isRefusing(model) || model.onError !== 'stopWorkflow') return;
		// What an earlier case has started may still be ended.
		expect(seen.requests.filter(({ path }) => !path.endsWith('/end'))).toEqual([]);
	},
	'nobody is called twice': (seen) => {
		for (const { item } of seen.items) {
			const own = startOf(seen, item);
			const first = own.findIndex(mayHaveActed);
			expect(own.slice(first === -1 ? own.length : first + 1)).toHaveLength(0);
		}
		for (const starts of startsByTry(seen)) {
			const rejected = starts.filter(isRejected).map(itemOf);
			expect(new Set(rejected).size).toBe(rejected.length);
		}
	},
	'what was rejected is tried again': (seen, { cannotWait, roomFaults, odd, items }) => {
		if (seen.isStopped || cannotWait || odd !== '' || roomFaults.length > 0) return;
		if (items.some(({ faults }) => faults.some(isInDoubt))) return;
		for (const starts of startsByTry(seen)) expect(starts).not.toEqual([]);
	},
	'nobody else is called once a start has failed under Stop': (seen, { onError, maxConcurrency }) => {
		if (onError !== 'stopWorkflow') return;
		for (const starts of startsByTry(seen)) {
			const failed = starts.findIndex(isRejected);
			if (failed !== -1) expect(starts.length - failed).toBeLessThanOrEqual(maxConcurrency);
		}
	},
	'every session or call that costs money is named': (seen, { items, stopsAt }) => {
		const { started, told, outputs } = seen;
		if (stopsAt < 0) expect(told).not.toContain('was stopped');
		for (const [id, { item, row: index }] of started) {
			if (told.includes(id)) continue;
			const fault = items[index]?.faults[startOf(seen, item).findIndex(mayHaveActed)];
			expect([id, isInDoubt(fault) && (!isFound(fault) || stopsAt >= 0)]).toEqual([id, true]);
			const output = outputs.find(({ pairedItem }) => (pairedItem as { item: number }).item === index);
			if (output) expect(output.json.error).toMatch(/may (also )?have been/);
			// Of an execution that was stopped, n8n keeps no error: the log says it.
			else expect(told).toMatch(new RegExp(`items? (\\d+, )*${index}\\b`));
			expect(told).toMatch(/may (also )?have been/);
		}
	},
	'no room is closed in which someone may talk': ({ started }) => {
		const { rooms } = rig.simulator;
		for (const { roomId } of started.values()) expect(rooms.get(roomId)?.disabled).not.toBe(true);
	},
	'no room stays open without a need, or without a word': ({ told, started }, model) => {
		const { roomFaults, deactivateFaults, items, starts, room, waits } = model;
		// VideoSDK makes a call's own room.
		if (starts === 'call' && room !== 'recorded' && !(room !== 'existing' && waits)) return;
		// One whose answer was lost cannot be named.
		const unanswered = ['resetAfter', 'unreadable', 'silent', 'cut', 'withoutId'];
		const unknown = roomFaults.filter((name) => unanswered.includes(name));
		const { rooms } = rig.simulator;
		const usedIds = [...started.values()].filter(({ id }) => told.includes(id)).map(({ roomId }) => roomId);
		const mayStay = deactivateFaults.length > 0 || items.some(({ faults }) => faults.some(isInDoubt));
		const named = [mayStay ? told : '', USERS_ROOM, ...usedIds].join(' ');
		const silent = [...rooms.values()].filter(({ roomId, disabled }) => !disabled && !named.includes(roomId));
		expect(silent.length).toBeLessThanOrEqual(unknown.length);
	},
	'what was said is there, or why it is not, and it is its own': ({ outputs, started }, model) => {
		const { arranged, dies, cannotWait } = model;
		const names = { recording: 'recordingUrl', transcript: 'transcript', summary: 'summary' };
		const kept = Object.entries(names).slice(0, ['record', 'transcribe', 'summarize'].indexOf(arranged) + 1);
		for (const { json } of outputs.filter(({ json }) => isIncluding(model) && idOf(json) && !json.error)) {
			const one = started.get(String(idOf(json)))!;
			expect(JSON.stringify(json)).not.toMatch(/Secret/);
			const missing = (json.missing ?? {}) as IDataObject;
			for (const [name, field] of kept) {
				const [value, reason] = [json[field], missing[name]];
				expect([value, reason].filter((one) => typeof one === 'string')).toHaveLength(1);
				if (dies || cannotWait) continue;
				const expected = remainsOf(model, one, name);
				if (expected.value !== undefined) expect([value, reason]).toEqual([expected.value, undefined]);
				else if (reason === undefined) expect(expected.mayBe).toContainEqual(value);
				else if (expected.reason !== undefined) expect(reason).toEqual(expected.reason);
			}
			expect(Object.keys(missing).filter((name) => !kept.some(([one]) => one === name))).toEqual([]);
		}
	},
	'what other nodes and the user keep with the workflow survives': ({ result }) => {
		expect(result.staticData).toEqual(PLANTED);
	},
	"n8n's own deadline leaves time for all waits": ({ tillMs, started }, model) => {
		if (tillMs === undefined) return;
		const longest = [...started.values()].map(({ row }) => model.items[row]?.maxWait).includes('long');
		const keptMs = isIncluding(model) ? model.includeWait * 60_000 : 0;
		if (longest && model.items.every(({ faults }) => faults.length === 0))
			expect(tillMs).toBeGreaterThanOrEqual(LONG_WAIT_MS + keptMs + 199_000);
	},
	'no secret comes to light': ({ told, stored, key, keyRequests }, { isPinned }) => {
		expect(told).not.toContain(key);
		expect(stored ?? '').not.toContain(rig.simulator.secret);
		if (isPinned) expect(keyRequests).toBe(0);
	},
	'the workflow continues once': ({ resumptions }) => expect(resumptions).toBeLessThanOrEqual(1),
	'the workflow continues in time': ({ knownAfterMs }, model) => {
		const { trouble, dies, includeWait, items, failures } = model;
		if (isTroubled(model, 'all') || dies) return;
		// A process that finds no VideoSDK tries until the time for ends and last polls is over.
		const isBlind = model.isLarge && model.hops && (model.isCutThen || model.hasItemExpression);
		const blindMs = isBlind ? BLIND_MS : 0;
		// Of a session that has failed, something may have been recorded.
		const isOpen = items.some(({ end }) => model.starts === 'session' && end === 'rejected');
		const readyMs = Math.max(
			...items.flatMap((one) => [isOpen ? NEVER_MS : one.recordedMs, one.transcribedMs]),
		);
		const waitMs = Math.min(trouble === 0 ? readyMs * 1.25 : Infinity, includeWait * 60_000);
		const refusedMs = ([0, 20_000, 60_000][model.refused] ?? 0) + 25_000 * failures;
		expect(knownAfterMs).toBeLessThan(
			KNOWN_WITHIN_MS + refusedMs + blindMs + (isIncluding(model) ? waitMs : 0),
		);
	},
	'each row has its own outcome': (seen, model) => {
		const { result, outputs, items, started, isStopped, tries } = seen;
		if (isStopped) return;
		const { onError, waits, dies, roomFaults, maxTries } = model;
		const odd = oddRows(model);
		if (result.run.status === 'error') {
			const isFaulty = model.items.some(({ faults }) => faults.length > 0) || roomFaults.length > 0;
			expect([onError, isFaulty || odd.length > 0 || model.cannotWait]).toEqual(['stopWorkflow', true]);
			return expect(tries).toHaveLength(maxTries);
		}
		expect(result.run.status).toBe('success');
		if (onError === 'stopWorkflow') expect(outputs.map(({ json }) => json.error ?? '').join('')).toBe('');
		const rows = outputs.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		expect([...rows].sort()).toEqual(items.map((_, index) => index));
		for (const [index, branch] of result.output.entries()) {
			const own = branch.map(({ pairedItem }) => (pairedItem as { item: number }).item);
			expect(own).toEqual([...own].sort());
			if (onError !== 'continueErrorOutput') continue;
			for (const { json } of branch) expect(typeof json.error === 'string').toBe(index === 1);
		}
		for (const [index, { json }] of outputs.entries()) {
			const [id, row] = [idOf(json), rows[index]!];
			const { faults, maxWait, end } = model.items[row]!;
			if (id === undefined) {
				const isOutside = model.odd === 'outside' && odd.includes(row);
				expect([json.reason, json.error]).toEqual(
					isOutside ? [expect.any(String), undefined] : [undefined, expect.any(String)],
				);
				expect(json.error).not.toBe('No database');
				// A row without trouble of its own is not affected by that of others.
				expect([...faults, ...roomFaults, ...odd.filter((one) => one === row)]).not.toEqual([]);
				// A workflow goes on by whom it has not called, or may have called.
				const isDoubtful = isInDoubt(faults[startOf(seen, `item-${row}`).findIndex(mayHaveActed)]);
				const notCalled = { outcome: isDoubtful ? 'inDoubt' : 'notCalled', to: items[row]?.to };
				const isOfErrors = result.output[1]?.some((item) => item.json === json) ?? false;
				if (isOfErrors) expect(json.item).toBe(`item-${row}`);
				// After a wait, the error output has nothing but what came in, and the error.
				if (model.starts === 'call' && !(isOfErrors && waits)) expect(json).toMatchObject(notCalled);
				continue;
			}
			expect(started.get(id)?.item).toBe(`item-${row}`);
			const whole = model.starts === 'session' && { deploymentId: 'ddv_support' };
			if (model.cannotWait && waits) expect(json).toMatchObject({ error: 'No database', ...whole });
			// Whether a process that is left learns of an end depends on the events.
			if (!waits || dies || model.cannotWait) continue;
			if (started.get(id)?.ends !== true) expect([json.timedOut, maxWait]).toEqual([true, 'short']);
			// The API may have been in trouble until after a short Max Wait.
			else if (maxWait === 'long' || !isTroubled(model, 'all')) {
				expect(json).not.toHaveProperty('timedOut');
				expect(OUTCOMES[end]).toContain(json.outcome);
			}
		}
	},
	'what is to be ended at Max Wait has ended, then and no earlier, and nothing else': (seen, model) => {
		const { waits, dies } = model;
		const ends = seen.requests.filter(({ path }) => path.endsWith('/end'));
		const begunAtMs = Math.max(...seen.requests.filter(isStart).map(({ receivedAtMs }) => receivedAtMs));
		for (const [id, { row, ends: isOver }] of seen.started) {
			const { isEnded, maxWait } = model.items[row]!;
			const own = ends.filter(({ body }) => idOf(body as IDataObject) === id);
			const isLate = ({ receivedAtMs }: RecordedRequest) => receivedAtMs >= begunAtMs + SHORT_WAIT_MS;
			expect(own.every((request) => waits && isEnded && isLate(request))).toBe(true);
			// Of a start in doubt there is no ID.
			const isNamed = seen.told.includes(id);
			if (!waits || !isEnded || maxWait === 'long' || isOver || !isNamed || dies || isTroubled(model, 'all'))
				continue;
			const { status } = rig.simulator.sessions.get(id) ?? rig.simulator.calls.get(id) ?? {};
			expect([id, status]).toEqual([id, expect.stringMatching(/stopped|completed|ended/)]);
		}
	},
};

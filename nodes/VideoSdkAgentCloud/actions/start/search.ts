import { type IDataObject, sleep, UserError } from 'n8n-workflow';
import { startMsOf } from '../../api/http/responseReaders';
import { CALL_KEY_MS, listCallsSince } from '../../api/calls';
import type { Send } from '../../api/http/client';
import { Limiter } from '../../api/http/limiter';
import type { Started } from './claims';
import { keyAndContent } from './startKey';
import { LATEST_SESSIONS, listLatestSessions } from '../../api/sessions';
import { type StartKind } from '../../api/startWords';
import { isSameNumber } from '../../api/telephony';
import { startKeyOf } from '../../security/redactTokens';
import { KINDS } from '../../conversation/kinds';

/** What VideoSDK lists with its metadata, by whose key it's found again (docs/dev/open-points.md, call.listed and session.listed). */
export type Findable = 'call' | 'session';

/** @returns whether what is started can be searched for */
export const isFindable = (starts: StartKind): starts is Findable =>
	starts === 'call' || starts === 'session';

export interface WantedStart {
	key: string;
	/** The number of a call, cleaned. */
	to?: string;
	/** The earliest time at which it was made, in ms since 1970. Undefined: no time is known, so CALL_KEY_MS counts. */
	sinceMs?: number;
	/** Whether it's enough to look among those started last, as is documented for the user's own key of a session. */
	isAmongLatest?: boolean;
}

export interface Found {
	/** Its record is as `get` of KINDS returns it. */
	started?: Started;
	/** IDs of other calls to the number since then. */
	others: string[];
}

/** Starts that are wanted within this time are searched for together. */
const GATHER_MS = 50;
/** With more numbers, the whole list of calls is read, and none is searched for, unless it would have to be read for CALL_KEY_MS. */
const MAX_NUMBERS = 10;
const MAX_IN_FLIGHT = 5;
/** VideoSDK's clock may be behind n8n's by this much. */
const EARLIER_MS = 60_000;

const earliestMs = ({ sinceMs = Date.now() - CALL_KEY_MS }: WantedStart) => sinceMs - EARLIER_MS;
const sentKeyOf = ({ metaData, metadata }: IDataObject) =>
	keyAndContent(startKeyOf(metaData) ?? startKeyOf(metadata));

// A user may have copied the metadata of a call to another.
const isToSame = (row: IDataObject, { to }: WantedStart) =>
	to === undefined || isSameNumber(String(row.to), to);
const isWanted = (row: IDataObject, wanted: WantedStart) =>
	sentKeyOf(row).key === wanted.key && isToSame(row, wanted);

/** What was read of a list, and whether that's all since the time that is asked for. */
interface Read {
	rows: IDataObject[];
	isWhole: boolean;
}

/** @param rows the sessions that were started last */
const sessionsRead = (rows: IDataObject[], { sinceMs = -Infinity, isAmongLatest }: WantedStart): Read => ({
	rows,
	isWhole:
		isAmongLatest === true || rows.length < LATEST_SESSIONS || rows.some((row) => startMsOf(row) < sinceMs),
});

/** Finds what was read for a start that is wanted. It throws the error of the list. */
type Reader = (wanted: WantedStart) => Promise<Read>;

/** Searches VideoSDK's lists for the starts of one run of a node, in one account. Searches at the same time share their requests. */
export class StartSearch {
	private gathering?: { wanted: WantedStart[]; reader: Promise<Reader> };
	/** The starts that are going to be searched for, by key. */
	private readonly expected = new Map<string, WantedStart>();
	private readerOfExpected?: Reader;
	private readonly limiter = new Limiter({ inFlight: MAX_IN_FLIGHT });

	constructor(
		private readonly kind: Findable,
		private readonly send: Send,
	) {}

	/** Says beforehand what is going to be searched for, so that the first search reads for all of them at once. */
	expect(wanted: WantedStart): void {
		this.expected.set(wanted.key, wanted);
	}

	/** @throws the error of the list, or UserError if too little of it could be read: then nothing is known */
	async find(wanted: WantedStart): Promise<Found> {
		const { rows, isWhole } = await this.readFor(wanted);
		const { idField, fromRow, one } = KINDS[this.kind];
		const own = rows.find((row) => isWanted(row, wanted));
		if (own === undefined && !isWhole) {
			throw new UserError(`VideoSDK's list of ${one}s is too long to find it there`);
		}
		const others = rows.filter(
			(row) => wanted.to !== undefined && isToSame(row, wanted) && !(startMsOf(row) < earliestMs(wanted)),
		);
		return {
			started: own && { record: fromRow(own), content: sentKeyOf(own).content },
			others: others.map((row) => String(row[idField])),
		};
	}

	private async readFor(wanted: WantedStart): Promise<Read> {
		const { expected } = this;
		if (expected.has(wanted.key)) {
			this.readerOfExpected ??= this.reader([...expected.values()]);
			// A second search for the same start is to see what has come since.
			expected.delete(wanted.key);
			return await this.readerOfExpected(wanted);
		}
		if (this.gathering) this.gathering.wanted.push(wanted);
		else {
			const all = [wanted];
			const reader = sleep(GATHER_MS).then(() => {
				this.gathering = undefined;
				return this.reader(all);
			});
			this.gathering = { wanted: all, reader };
		}
		const read = await this.gathering.reader;
		return await read(wanted);
	}

	private reader(wanted: WantedStart[]): Reader {
		if (this.kind === 'session') {
			const read = lazily(async () => await listLatestSessions(this.send));
			return async (one) => sessionsRead(await read(), one);
		}
		const sinceMs = Math.min(...wanted.map(earliestMs));
		const numbers = new Set(wanted.map(({ to }) => to));
		// One search that fails says nothing about the other numbers.
		const byNumber = new Map(
			[...numbers].map((to) => [to, lazily(async () => await this.search(sinceMs, to))]),
		);
		const searched: Reader = async ({ to }) => (await byNumber.get(to)?.()) ?? { rows: [], isWhole: false };
		const hasTimes = wanted.every((one) => one.sinceMs !== undefined);
		if (numbers.size <= MAX_NUMBERS || !hasTimes) return searched;
		const whole = lazily(async () => await listCallsSince(this.send, sinceMs));
		return async (one) => {
			const read = await whole();
			return read.isWhole || read.rows.some((row) => isWanted(row, one)) ? read : await searched(one);
		};
	}

	private async search(sinceMs: number, to: string | undefined): Promise<Read> {
		return await this.limiter.run(this, async () => await listCallsSince(this.send, sinceMs, to));
	}
}

/** @returns a function that does something once, when it's first called */
function lazily<T>(work: () => Promise<T>): () => Promise<T> {
	let result: Promise<T> | undefined;
	return async () => await (result ??= work());
}

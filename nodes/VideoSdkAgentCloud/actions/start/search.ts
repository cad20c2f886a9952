import { type IDataObject, sleep } from 'n8n-workflow';
import { startMsOf } from '../../api/http/responseReaders';
import { CALL_KEY_MS, listCallsMade } from '../../api/calls';
import type { Send } from '../../api/http/client';
import { Limiter } from '../../api/http/limiter';
import type { Started } from './claims';
import { keyAndContent } from './startKey';
import { listLatestSessions } from '../../api/sessions';
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

/** Finds rows for a start that is wanted. It throws the error of the list. */
type Rows = (wanted: WantedStart) => Promise<IDataObject[]>;

/** Searches VideoSDK's lists for the starts of one run of a node, in one account. Searches at the same time share their requests. */
export class StartSearch {
	private gathering?: { wanted: WantedStart[]; rows: Promise<Rows> };
	/** The starts that are going to be searched for, by key. */
	private readonly expected = new Map<string, WantedStart>();
	private rowsOfExpected?: Rows;
	private readonly limiter = new Limiter({ inFlight: MAX_IN_FLIGHT });

	constructor(
		private readonly kind: Findable,
		private readonly send: Send,
	) {}

	/** Says beforehand what is going to be searched for, so that the first search reads for all of them at once. */
	expect(wanted: WantedStart): void {
		this.expected.set(wanted.key, wanted);
	}

	/** @throws the error of the list, after which nothing is known */
	async find(wanted: WantedStart): Promise<Found> {
		const rows = await this.rowsFor(wanted);
		const { idField, fromRow } = KINDS[this.kind];
		const { key, to } = wanted;
		// A user may have copied the metadata of a call to another.
		const isSame = (row: IDataObject) => to === undefined || isSameNumber(String(row.to), to);
		const own = rows.find((row) => sentKeyOf(row).key === key && isSame(row));
		const others = rows.filter(
			(row) => to !== undefined && isSame(row) && !(startMsOf(row) < earliestMs(wanted)),
		);
		return {
			started: own && { record: fromRow(own), content: sentKeyOf(own).content },
			others: others.map((row) => String(row[idField])),
		};
	}

	private async rowsFor(wanted: WantedStart): Promise<IDataObject[]> {
		const { expected } = this;
		if (expected.has(wanted.key)) {
			this.rowsOfExpected ??= this.read([...expected.values()]);
			// A second search for the same start is to see what has come since.
			expected.delete(wanted.key);
			return await this.rowsOfExpected(wanted);
		}
		if (this.gathering) this.gathering.wanted.push(wanted);
		else {
			const all = [wanted];
			const rows = sleep(GATHER_MS).then(() => {
				this.gathering = undefined;
				return this.read(all);
			});
			this.gathering = { wanted: all, rows };
		}
		const rows = await this.gathering.rows;
		return await rows(wanted);
	}

	private read(wanted: WantedStart[]): Rows {
		const numbers = new Set(wanted.map(({ to }) => to));
		const isWhole = numbers.size > MAX_NUMBERS && wanted.every(({ sinceMs }) => sinceMs !== undefined);
		if (this.kind === 'session') return shared(listLatestSessions(this.send));
		const sinceMs = Math.min(...wanted.map(earliestMs));
		if (isWhole) return shared(listCallsMade(this.send, sinceMs));
		// One search that fails says nothing about the other numbers.
		const byNumber = new Map([...numbers].map((to) => [to, shared(this.search(sinceMs, to))]));
		return async (one) => (await byNumber.get(one.to)?.(one)) ?? [];
	}

	private async search(sinceMs: number, to: string | undefined): Promise<IDataObject[]> {
		return await this.limiter.run(this, async () => await listCallsMade(this.send, sinceMs, to));
	}
}

/** @returns the same rows for whoever asks. Their error counts as handled, because no one may ask */
function shared(rows: Promise<IDataObject[]>): Rows {
	rows.catch(() => undefined);
	return async () => await rows;
}

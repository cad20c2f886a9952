import { type IDataObject, sleep } from 'n8n-workflow';
import { startMsOf } from '../../api/http/responseReaders';
import { listCallsMade } from '../../api/calls';
import type { Send } from '../../api/http/client';
import { listLatestSessions } from '../../api/sessions';
import { type StartKind } from '../../api/startWords';
import { isSameNumber } from '../../api/telephony';
import { startKeyOf } from '../../security/redactTokens';
import { KINDS } from '../../conversation/kinds';
import { ConcurrencyLimit } from './concurrency';

/** What VideoSDK lists with its metadata, so that a start is found again by its key. */
export type Findable = 'call' | 'session';

/** @returns whether what is started can be looked for */
export const isFindable = (starts: StartKind): starts is Findable =>
	starts === 'call' || starts === 'session';

/** A start that is looked for. */
export interface WantedStart {
	key: string;
	/** The number of a call, cleaned. */
	to?: string;
	deploymentId?: string;
	/** It was made later, in ms since 1970. */
	sinceMs: number;
	/** Nothing but the number tells where to look: then the number is searched, however many there are. */
	isByNumber: boolean;
}

export interface Found {
	/** As `get` gives it. */
	record?: IDataObject;
	/** IDs of other calls to the number since then. */
	others: string[];
}

/** What is wanted within this time is looked for together. */
const GATHER_MS = 50;
/** For more numbers the list is read instead. */
const MAX_NUMBERS = 10;
const MAX_IN_FLIGHT = 5;
/** Clocks differ. */
const EARLIER_MS = 60_000;

const keyOf = ({ metaData, metadata }: IDataObject) => startKeyOf(metaData) ?? startKeyOf(metadata);

/** Looks for the starts of one execution of a node, in one account: those that are looked for at the same time share the requests. */
export class StartSearch {
	private gathering?: { wanted: WantedStart[]; rows: Promise<IDataObject[]> };
	private readonly limit = new ConcurrencyLimit(MAX_IN_FLIGHT);

	constructor(
		private readonly kind: Findable,
		private readonly send: Send,
	) {}

	/** @throws what the list throws: then nothing is known */
	async find(wanted: WantedStart): Promise<Found> {
		const rows = await this.rowsFor(wanted);
		const { idField, fromRow } = KINDS[this.kind];
		const { to, deploymentId } = wanted;
		// What is found by a user's key is another start if it reaches someone else.
		const isSame = (row: IDataObject) =>
			(to === undefined || isSameNumber(String(row.to), to)) &&
			(deploymentId === undefined || row.deploymentId === deploymentId);
		const own = rows.find((row) => keyOf(row) === wanted.key && isSame(row));
		const others = rows.filter(
			(row) => to !== undefined && isSame(row) && !(startMsOf(row) < wanted.sinceMs - EARLIER_MS),
		);
		return { record: own && fromRow(own), others: others.map((row) => String(row[idField])) };
	}

	private async rowsFor(wanted: WantedStart): Promise<IDataObject[]> {
		if (this.gathering) this.gathering.wanted.push(wanted);
		else {
			const all = [wanted];
			const rows = sleep(GATHER_MS).then(async () => {
				this.gathering = undefined;
				return await this.read(all);
			});
			this.gathering = { wanted: all, rows };
		}
		return await this.gathering.rows;
	}

	private async read(wanted: WantedStart[]): Promise<IDataObject[]> {
		if (this.kind === 'session') return await listLatestSessions(this.send);
		const sinceMs = Math.min(...wanted.map((one) => one.sinceMs)) - EARLIER_MS;
		const numbers = new Set(wanted.map(({ to }) => to));
		if (numbers.size > MAX_NUMBERS && !wanted.some(({ isByNumber }) => isByNumber)) {
			return await listCallsMade(this.send, sinceMs);
		}
		const search = async (to?: string) =>
			await this.limit.run(async () => await listCallsMade(this.send, sinceMs, to));
		return (await Promise.all([...numbers].map(search))).flat();
	}
}

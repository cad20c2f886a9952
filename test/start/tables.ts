import { type ColumnType, createDataTable, type DataTable, type Row } from '../n8n/dataTables';
import type { N8nRest } from '../n8n/rest';
import { CALL_NUMBERS } from '../simulator';

interface TableDefinition {
	columns: Record<string, ColumnType>;
	rows: Row[];
}

const columns = (type: ColumnType, ...names: string[]): Record<string, ColumnType> =>
	Object.fromEntries(names.map((name) => [name, type]));
const text = (...names: string[]) => columns('string', ...names);

/** @returns the time in so many days, on the hour */
export const inDays = (days: number): string =>
	new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 + days * 86_400_000).toISOString();

const toCall = { timeZone: 'America/New_York', question: 'Does Monday suit you?', status: 'to call' };

/** The data tables of the examples, by name: `npm start` makes them, and the tests run the examples with them. */
export const TABLES: Record<string, TableDefinition> = {
	'Calls to make': {
		columns: {
			...text('name', 'phone', 'timeZone', 'question', 'status', 'outcome', 'summary', 'answer'),
			...columns('number', 'attempts', 'callsToday'),
			...columns('date', 'nextCall', 'lastCall', 'callBackAt'),
			...columns('boolean', 'agreed', 'voicemail', 'doNotCall'),
		},
		rows: [
			{ name: 'Ada Lovelace', phone: '+1 (415) 555-0123', ...toCall },
			{ name: 'Grace Hopper', phone: CALL_NUMBERS.missed, ...toCall },
			{ name: 'Alan Turing', phone: CALL_NUMBERS.rejected, ...toCall },
			{ name: 'Edsger Dijkstra', phone: 'unknown', ...toCall },
		],
	},
	'Do not call': { columns: text('phone'), rows: [] },
	Contacts: {
		columns: {
			...text('name', 'phone', 'outcome', 'summary', 'interest'),
			people: 'number',
			callBack: 'boolean',
		},
		rows: [
			{ name: 'Ada Lovelace', phone: '+14155550123' },
			{ name: 'Grace Hopper', phone: CALL_NUMBERS.missed },
		],
	},
	'On call': {
		columns: text('name', 'phone'),
		rows: [
			{ name: 'Ada Lovelace', phone: CALL_NUMBERS.missed },
			{ name: 'Grace Hopper', phone: CALL_NUMBERS.no },
			{ name: 'Alan Turing', phone: '+14155550125' },
		],
	},
	Incidents: { columns: text('what', 'status', 'acknowledgedBy', 'log'), rows: [] },
	Slots: {
		columns: { start: 'date', ...text('name', 'phone', 'callId') },
		rows: [{ start: inDays(1) }, { start: inDays(2) }],
	},
	Venues: {
		columns: text('name', 'phone', 'note'),
		rows: [
			{ name: 'Café Babbage', phone: CALL_NUMBERS.busy, note: 'Quiet, with a garden' },
			{ name: 'Bistro Byron', phone: '+14155550126', note: 'By the river' },
		],
	},
	Bookings: {
		columns: { ...text('name', 'phone', 'status', 'summary'), ...columns('date', 'start', 'newTime') },
		rows: [
			{ name: 'Ada Lovelace', phone: '+14155550123', start: inDays(1) },
			{ name: 'Grace Hopper', phone: CALL_NUMBERS.missed, start: inDays(1) },
			{ name: 'Alan Turing', phone: '+14155550125', start: inDays(3) },
		],
	},
	'Test cases': {
		columns: text('name', 'phone', 'expectedNumber', 'expectedName'),
		rows: [
			{
				name: 'Ada Lovelace',
				phone: '(415) 555-0123',
				expectedNumber: '+14155550123',
				expectedName: 'Ada',
			},
			{
				name: ' Grace  Hopper',
				phone: '+44 20 7946 0018',
				expectedNumber: '+442079460018',
				expectedName: 'Grace',
			},
		],
	},
	Guests: {
		columns: { ...text('name', 'phone', 'status', 'note'), coming: 'boolean', guests: 'number' },
		rows: [
			{ name: 'Ada Lovelace', phone: '+14155550123' },
			{ name: 'Grace Hopper', phone: CALL_NUMBERS.missed },
			{ name: 'Alan Turing', phone: '+14155550125' },
		],
	},
	'Call log': {
		columns: text('callId', 'direction', 'from', 'to', 'outcome', 'started', 'ended', 'summary'),
		rows: [],
	},
	Orders: {
		columns: text('phone', 'name', 'number', 'status', 'delivery'),
		rows: [
			{ phone: '+14155550123', name: 'Ada Lovelace', number: 'A-17', status: 'shipped', delivery: 'Friday' },
			{ phone: '+14155550123', name: 'Ada Lovelace', number: 'A-18', status: 'packed', delivery: 'Monday' },
			{ phone: '+14155550124', name: 'Grace Hopper', number: 'G-1', status: 'shipped', delivery: 'Tuesday' },
		],
	},
	Times: { columns: text('time', 'takenBy'), rows: [{ time: 'Monday, 10:00' }, { time: 'Tuesday, 11:00' }] },
	Payments: { columns: { recipient: 'string', amount: 'number' }, rows: [] },
	Appointments: {
		columns: text('name', 'phone', 'time', 'called'),
		rows: [
			{ name: 'Ada Lovelace', phone: '+14155550123' },
			{ name: 'Grace Hopper', phone: '+14155550124' },
		],
	},
	'Sessions to start': {
		columns: text('customer', 'status', 'sessionId'),
		rows: [{ customer: 'Ada Lovelace' }, { customer: 'Grace Hopper' }],
	},
};

export type Tables = Record<string, DataTable>;

export async function createTables(rest: N8nRest): Promise<Tables> {
	const tables: Tables = {};
	for (const [name, { columns, rows }] of Object.entries(TABLES))
		tables[name] = await createDataTable(rest, name, columns, rows);
	return tables;
}

/** Puts the rows back as they were, after something ran that changed them. */
export async function restoreTables(tables: Tables): Promise<void> {
	for (const [name, table] of Object.entries(tables)) await table.replace(TABLES[name]!.rows);
}

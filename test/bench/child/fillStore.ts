/**
 * Fills n8n's store of processed items for a trigger, as after thousands of events. Run by n8n's own Node.js, which brings SQLite:
 * `node fillStore.ts <database file> <workflow id> <node id> <entries>`
 */
import { createHash, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

interface Database {
	exec(sql: string): void;
	prepare(sql: string): { run(...values: string[]): unknown };
}
interface Sqlite {
	DatabaseSync: new (file: string) => Database;
}

const [file = '', workflowId = '', nodeId = '', entries = ''] = process.argv.slice(2);
// The types of Node.js 20 do not know it.
const { DatabaseSync } = createRequire(file)('node:sqlite') as Sqlite;
const database = new DatabaseSync(file);
database.exec('PRAGMA busy_timeout = 10000');
const data = Array.from({ length: Number(entries) }, () =>
	createHash('md5').update(randomUUID()).digest('base64'),
);
const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
database
	.prepare(
		'INSERT INTO processed_data ("workflowId", "context", "createdAt", "updatedAt", "value") VALUES (?, ?, ?, ?, ?)',
	)
	.run(workflowId, `n:${nodeId}`, now, now, JSON.stringify({ mode: 'entries', data }));

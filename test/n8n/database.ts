import { join } from 'node:path';
import type { N8nProcess } from './instance';
import { PlainError, run } from './processes';

/** Runs a script with n8n's `database` open, in the Node.js of n8n: ours may be too old for its module for SQLite. */
export async function inDatabase({ userFolder, runtime }: N8nProcess, script: string): Promise<void> {
	const file = join(userFolder, '.n8n', 'database.sqlite');
	const { code, output } = await run(runtime.node, [
		'-e',
		`const { DatabaseSync } = require('node:sqlite');
		const database = new DatabaseSync(${JSON.stringify(file)});
		database.exec('PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
		${script}
		database.exec('COMMIT');
		database.close();`,
	]);
	if (code !== 0) throw new PlainError(`${output.slice(-1500)}\nWriting to the database of n8n failed.`);
}

import { join } from 'node:path';
import type { N8nProcess } from './instance';
import { PlainError, run } from './processes';

/** Runs a script with n8n's `database` open, in the Node.js of n8n: ours may be too old for its module for SQLite. */
async function inDatabase({ userFolder, runtime }: N8nProcess, script: string): Promise<void> {
	const file = join(userFolder, '.n8n', 'database.sqlite');
	const { code, output } = await run(runtime.node, [
		'--no-warnings',
		'-e',
		`const { DatabaseSync } = require('node:sqlite');
		const database = new DatabaseSync(${JSON.stringify(file)});
		database.exec('PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
		${script}
		database.exec('COMMIT');
		database.close();`,
	]);
	if (code !== 0) throw new PlainError(`${output.slice(-1500)}\nThe database of n8n could not be used.`);
}

/** Runs an action while n8n cannot store any run, as with a full disk. */
export async function withoutStoringRuns<T>(n8n: N8nProcess, action: () => Promise<T>): Promise<T> {
	const execute = async (sql: string) => await inDatabase(n8n, `database.exec(\`${sql}\`);`);
	await execute(`create trigger no_runs before insert on execution_entity
		begin select raise(abort, 'database or disk is full'); end;`);
	try {
		return await action();
	} finally {
		await execute('drop trigger no_runs;');
	}
}

/** Notes a community package and its nodes, as n8n's own installer does. */
export async function noteInstalled(
	n8n: N8nProcess,
	name: string,
	version: string,
	nodes: Array<{ name: string; type: string; latestVersion: number }>,
): Promise<void> {
	await inDatabase(
		n8n,
		`const [name, version, nodes] = ${JSON.stringify([name, version, nodes])};
		database.prepare('DELETE FROM installed_nodes WHERE package = ?').run(name);
		database.prepare('DELETE FROM installed_packages WHERE packageName = ?').run(name);
		database.prepare('INSERT INTO installed_packages (packageName, installedVersion) VALUES (?, ?)').run(name, version);
		const note = database.prepare('INSERT INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)');
		for (const node of nodes) note.run(node.name, name + '.' + node.type, node.latestVersion, name);`,
	);
}

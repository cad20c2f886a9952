import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { N8n } from '../n8n/instance';

/** Opens n8n's SQLite file beside n8n itself. The Node.js that runs n8n has a driver, that of the tests has none. */
const PROGRAM = `
	const { DatabaseSync } = require('node:sqlite');
	const database = new DatabaseSync(process.argv[1], { timeout: 20000 });
	if (process.argv[2].startsWith('select')) console.log(JSON.stringify(database.prepare(process.argv[2]).get()));
	else database.exec(process.argv[2]);
	database.close();
`;

/** @returns the row that a query found first */
function execute(n8n: N8n, sql: string): unknown {
	const file = join(n8n.userFolder, '.n8n', 'database.sqlite');
	const { status, stdout, stderr } = spawnSync(n8n.runtime.node, ['-e', PROGRAM, file, sql], {
		encoding: 'utf8',
	});
	if (status !== 0) throw new Error(`The database could not be changed: ${stderr}`);
	return stdout ? JSON.parse(stdout) : undefined;
}

/** @returns what n8n keeps with a workflow: the static data of all its nodes */
export function readStaticData(n8n: N8n, workflowId: string): unknown {
	const row = execute(n8n, `select staticData from workflow_entity where id = '${workflowId}'`);
	return JSON.parse(String((row as { staticData: string | null }).staticData ?? '{}'));
}

/** Replaces that, as n8n does for a trigger that polls. */
export function writeStaticData(n8n: N8n, workflowId: string, data: object): void {
	execute(
		n8n,
		`update workflow_entity set staticData = '${JSON.stringify(data)}' where id = '${workflowId}'`,
	);
}

/** Runs an action while n8n cannot store any run, as with a full disk. */
export async function withoutStoringRuns<T>(n8n: N8n, action: () => Promise<T>): Promise<T> {
	execute(
		n8n,
		`create trigger no_runs before insert on execution_entity
			begin select raise(abort, 'database or disk is full'); end;`,
	);
	try {
		return await action();
	} finally {
		execute(n8n, 'drop trigger no_runs;');
	}
}

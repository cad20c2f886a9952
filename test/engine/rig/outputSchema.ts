/** What n8n's editor knows of the output of a node before it has run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode, INodeExecutionData } from 'n8n-workflow';

// Where n8n looks for them: beside the node that it has loaded, by version, resource and operation.
const FOLDER = join(__dirname, '../../../dist/nodes/VideoSdkAgentCloud/__schema__');

/** @returns the names that a schema holds; undefined if there is none */
export function schemaNames(path: string): string[] | undefined {
	const file = join(FOLDER, `${path}.json`);
	if (!existsSync(file)) return undefined;
	return Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { properties: object }).properties);
}

/** Fails if a node puts out what its schema does not hold, unless the whole records were asked for. */
export function expectDescribed(node: INode | null, items: INodeExecutionData[]): void {
	const { resource, operation, simplify, options } = node?.parameters ?? {};
	const isWhole = (option: unknown) => ![undefined, true].includes(option as boolean);
	if (isWhole(simplify) || isWhole((options as { simplify?: unknown } | undefined)?.simplify)) return;
	const known = schemaNames(`v1.0.0/${String(resource)}/${String(operation)}`);
	if (known === undefined) return;
	const names = new Set(items.flatMap(({ json }) => Object.keys(json)));
	// In place of what an item that failed would have put out; and what some answers of the API name a room.
	for (const name of ['error', 'meetingId']) names.delete(name);
	expect({ operation, known }).toEqual({ operation, known: expect.arrayContaining([...names]) as unknown });
}

import type { INodeParameters } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { PACKAGE } from '../e2e/setup';
import { EXAMPLES, isOurs, readExample } from '../start/examples';
import type { Engine } from './engine';
import { startEngine } from './engine';

let engine: Engine;

beforeAll(async () => {
	engine = await startEngine();
});
afterAll(async () => await engine.close());

/** @returns the paths of all that is in a value and not in another */
function missing(given: unknown, kept: unknown, path = ''): string[] {
	if (typeof given !== 'object' || given === null) return kept === undefined ? [path] : [];
	return Object.entries(given).flatMap(([key, value]) =>
		missing(value, (kept as Record<string, unknown> | undefined)?.[key], `${path}.${key}`),
	);
}

// n8n drops what is in no field, or in one that isn't shown, without a word.
it.each(EXAMPLES)('our nodes in %s have a field for all that is entered', (file) => {
	for (const node of readExample(file).nodes.filter(isOurs)) {
		const type = node.type.slice(PACKAGE.length + 1).replace(/Tool$/, '');
		const { description } = engine.nodeType(type as Parameters<Engine['nodeType']>[0]);
		const kept = NodeHelpers.getNodeParameters(
			description.properties,
			node.parameters as INodeParameters,
			true,
			false,
			{ typeVersion: node.typeVersion },
			description,
		);
		expect({ node: node.name, dropped: missing(node.parameters, kept) }).toEqual({
			node: node.name,
			dropped: [],
		});
	}
});

/** Draws workflows with rows of people, steps of n8n between ours, and what happens meanwhile. */
import fc from 'fast-check';
import type { WorkflowNode } from '../n8n/rest';
import type { Fault } from '../simulator';
import { actionNode, BY_RULE, inMode, itemNodes, jsonNode, n8nNode, SESSION, to, webhookNode } from './nodes';

/** What a call or session was started for; in its metadata. `path` tells the copies of a row apart. */
export type Mark = { tag: string; row: number; path: string; node: string };
export interface RandomWorkflow {
	nodes: WorkflowNode[];
	connections: Record<string, { main: Array<ReturnType<typeof to>> }>;
}
/** `children` are the sub-workflows: the parameter "CHILD 0" stands for the ID of the first. */
export interface RandomCase extends RandomWorkflow {
	tag: string;
	people: Array<{ to: string; behaviour: object }>;
	children: RandomWorkflow[];
	faults: Fault[];
	stopAfterMs?: number;
	/** How often the user clicks Retry once it has failed. */
	retries: number;
}
type Ends = Array<[node: string, output: number]>;

/** How people react, in the simulator's terms. The longest calls outlast each Max Wait, but end, because Call: Get waits for that. */
const PEOPLE = [
	{ talkMs: 1_500 },
	{ talkMs: 80 },
	{ talkMs: 120_000 },
	{ talkMs: 9_000 },
	{ ringForMs: 120_000 },
	{ outcome: 'rejected', ringForMs: 400 },
	{ outcome: 'failed', ringForMs: 10 },
	{ outcome: 'not-answered', ringForMs: 2_500 },
];
const FAULTS: Array<Omit<Fault, 'match'>> = [
	...[402, 404, 429, 500, 503].map((status) => ({ kind: 'status' as const, status })),
	...(['reset', 'truncate', 'notJson', 'empty', 'noData', 'hang'] as const).map((kind) => ({ kind })),
	...[2_500, 4_000].map((delayMs) => ({ kind: 'delay' as const, delayMs })),
];
const KEPT = ['none', 'record', 'transcribe', 'summarize'];
/** Those that stand here more than once are drawn more often. */
const STEPS =
	'makeAndWait makeAndWait makeAndWait make make sendAndWait startAndWait startAndWait start afterwards afterwards branch branch both loop loop pause sort limit double stop sub sub';
/** What is done with the call or session before, if there is one. */
const AFTERWARDS: Array<[operation: string, resource: string, idField: string, more: object]> = [
	['hangUp', 'call', 'callId', {}],
	['get', 'call', 'callId', { include: ['transcript', 'summary'], options: { includeWait: 0.1 } }],
	['get', 'session', 'sessionId', {}],
];

class Drawing implements RandomWorkflow {
	readonly nodes: WorkflowNode[] = [];
	readonly connections: RandomWorkflow['connections'] = {};
	private ends: Ends = [];
	private isInLoop = false;

	constructor(
		private readonly g: fc.GeneratorValue,
		private readonly prefix: string,
		readonly children: RandomWorkflow[],
	) {}

	private readonly between = (min: number, max: number) => this.g(fc.integer, { min, max });
	private readonly chance = (percent: number) => this.between(1, 100) <= percent;
	private readonly oneOf = <T>(...values: T[]): T => values[this.between(0, values.length - 1)]!;
	private readonly named = (letter: string) => `${this.prefix}${letter}${this.nodes.length}`;

	/** Follows on all ends. @returns its name */
	add(node: WorkflowNode, outputs = [0], input = 0): string {
		if (!this.nodes.some(({ name }) => name === node.name))
			this.nodes.push({ ...node, position: [220 * this.nodes.length, 0] });
		for (const [name, output] of this.ends) {
			const { main } = (this.connections[name] ??= { main: [] });
			while (main.length <= output) main.push([]);
			main[output]!.push({ ...to(node.name)[0]!, index: input });
		}
		this.ends = outputs.map((output) => [node.name, output]);
		return node.name;
	}

	private branches(from: Ends[], body: () => void): Ends[] {
		return from.map((ends) => {
			this.ends = ends;
			if (this.chance(50)) body();
			return this.ends;
		});
	}

	private unique() {
		this.add(
			jsonNode(this.named('U'), "={{ { ...$json, path: $json.path + '#' + $runIndex + '.' + $itemIndex } }}"),
		);
	}

	/** One of ours. What came out of it is added to the row. */
	private ours(parameters: { operation: string; [key: string]: unknown }, mayStop = true) {
		const before = this.add(n8nNode(this.named('B'), 'noOp'));
		const name = this.named(`X${parameters.operation}`);
		const mark = `={{ JSON.stringify({ tag: $json.tag, row: $json.row, path: $json.path, node: '${name}' }) }}`;
		const onError = this.oneOf(
			...(mayStop ? ['stopWorkflow'] : []),
			...['continueRegularOutput', 'continueErrorOutput'],
		);
		const settings = {
			onError,
			...(this.chance(35) && { retryOnFail: true, maxTries: 3, waitBetweenTries: this.between(50, 800) }),
			...(this.chance(8) && { executeOnce: true }),
		};
		const marked = { ...parameters, specifyMetaData: 'json', jsonMetaData: mark };
		this.add(actionNode({ credentialId: 'CREDENTIAL' }, name, marked, settings));
		const row = `$('${before}').item.json`;
		const kept = `={{ { ...${row}, path: ${row}.path + '/', log: [...${row}.log, { node: '${name}', out: $json }] } }}`;
		this.add(jsonNode(this.named('A'), kept));
		if (onError !== 'continueErrorOutput') return;
		const good = this.ends;
		this.ends = [[name, 1]];
		this.add(jsonNode(this.named('A'), kept));
		this.ends = this.isInLoop || this.chance(50) ? good : [...good, ...this.ends];
	}

	private options = (waits: boolean) => ({
		...(this.chance(30) && { maxConcurrency: this.between(1, 8) }),
		...(this.chance(30) && { timeout: this.between(1_500, 4_000) }),
		...(waits && { includeWait: this.oneOf(0, 0.05, 0.2, 0.4) }),
	});

	private call(operation: 'make' | 'makeAndWait' | 'sendAndWait') {
		const waits = operation !== 'make';
		const recording = operation === 'sendAndWait' ? undefined : this.oneOf('none', ...KEPT);
		this.ours({
			...BY_RULE,
			operation,
			to: '={{ $json.to }}',
			recording,
			maxCallDuration: this.oneOf(0, 5, 600),
			message: 'May we come?',
			maxWait: this.oneOf(0.05, 0.1, 0.15, 0.25),
			maxWaitUnit: 'minutes',
			responseType: this.oneOf('approval', 'freeText'),
			options: {
				...this.options(operation === 'makeAndWait'),
				...(this.chance(30) && { allowSameNumber: true }),
				...(!waits && this.chance(20) && { waitUntilAnswered: true, ringingTimeout: this.between(1, 3) }),
				...(waits && recording === 'none' && this.chance(40) && { ownRoom: true }),
				...(operation === 'makeAndWait' && this.chance(30) && { hangUpAtTimeout: false }),
			},
		});
	}

	private session(operation: 'start' | 'startAndWait') {
		const waits = operation === 'startAndWait';
		const endAtTimeout = waits && this.chance(50) && { endAtTimeout: true };
		this.ours({
			...SESSION,
			operation,
			recording: this.oneOf(...KEPT),
			maxWait: this.oneOf(0.05, 0.1, 0.2),
			maxWaitUnit: 'minutes',
			options: { ...this.options(waits), ...endAtTimeout },
		});
	}

	private loop(batchSize: number, body: () => void) {
		const before = this.ends;
		const options = this.chance(30) ? { reset: `={{ $prevNode.name === '${before[0]?.[0]}' }}` } : {};
		const node = n8nNode(this.named('Loop'), 'splitInBatches', { batchSize, options }, 3);
		this.add(node, [1]);
		this.isInLoop = true;
		this.unique();
		body();
		this.isInLoop = false;
		this.add(node, [0]);
		this.unique();
	}

	private merge([first = [], second = []]: Ends[]) {
		const parameters = this.oneOf(
			{ mode: 'append' },
			{ mode: 'combine', combineBy: 'combineByPosition', options: { includeUnpaired: this.chance(50) } },
			{ mode: 'chooseBranch', useDataOfInput: String(this.between(1, 2)) },
		);
		const node = n8nNode(this.named('Merge'), 'merge', parameters, 3);
		this.ends = first;
		this.add(node);
		this.ends = second;
		this.add(node, [0], 1);
		this.unique();
	}

	private condition(leftValue: string): WorkflowNode {
		const options = { caseSensitive: true, leftValue: '', typeValidation: 'loose', version: 2 };
		const operator = { type: 'boolean', operation: 'true', singleValue: true };
		const conditions = [{ id: '1', leftValue: `={{ ${leftValue} }}`, rightValue: '', operator }];
		return n8nNode(this.named('If'), 'if', { conditions: { options, conditions, combinator: 'and' } }, 2.2);
	}

	private readonly steps: Record<string, () => void> = {
		make: () => this.call('make'),
		makeAndWait: () => this.call('makeAndWait'),
		sendAndWait: () => this.outsideLoop(() => this.loop(1, () => this.call('sendAndWait'))),
		start: () => this.session('start'),
		startAndWait: () => this.session('startAndWait'),
		afterwards: () => {
			const [operation, resource, idField, more] = this.oneOf(...AFTERWARDS);
			const id = inMode('id', `={{ $json.log.map(({ out }) => out.${idField}).filter(Boolean).at(-1) }}`);
			this.ours({ resource, operation, [idField]: id, ...more }, false);
		},
		branch: () => {
			const last = '$json.log.at(-1)?.out';
			const condition = this.oneOf('$json.row % 2 === 0', `!${last}.error`, `${last}.outcome === 'answered'`);
			const from = this.add(this.condition(condition));
			const both = this.branches([[[from, 0]], [[from, 1]]], () => this.step());
			if (!this.isInLoop && this.chance(50)) this.merge(both);
			else this.ends = both.flat();
		},
		both: () =>
			this.outsideLoop(() => {
				const { ends } = this;
				const both = this.branches([ends, ends], () => {
					this.add(
						jsonNode(this.named('Side'), `={{ { ...$json, path: $json.path + '${this.nodes.length}' } }}`),
					);
					this.step();
				});
				this.merge(both);
			}),
		loop: () => this.outsideLoop(() => this.loop(this.between(1, 4), () => this.many(this.between(1, 2)))),
		// n8n keeps what is short in memory; a limit leaves a timer behind.
		pause: () => {
			const limit = { limitType: 'afterTimeInterval', resumeAmount: 2, resumeUnit: 'seconds' };
			const parameters = this.oneOf<object>(
				...[0, 4, 66].map((amount) => ({ amount, unit: 'seconds' })),
				...[{ resume: 'webhook', limitWaitTime: true, ...limit }],
			);
			const name = this.named('Wait');
			this.add({ ...n8nNode(name, 'wait', parameters, 1.1), webhookId: name });
		},
		sort: () => {
			const sortField = [{ fieldName: 'row', order: 'descending' }];
			this.add(n8nNode(this.named('Sort'), 'sort', { sortFieldsUi: { sortField }, options: {} }));
		},
		limit: () => void this.add(n8nNode(this.named('Limit'), 'limit', { maxItems: this.between(1, 6) })),
		double: () => {
			const twice = ['a', 'b'].map((letter) => `{ ...$json, path: $json.path + '${letter}' }`);
			this.add(jsonNode(this.named('Double'), `={{ { two: [${twice.join()}] } }}`));
			this.add(n8nNode(this.named('Split'), 'splitOut', { fieldToSplitOut: 'two', options: {} }));
		},
		stop: () =>
			this.outsideLoop(() => {
				const from = this.add(this.condition(`$json.row === ${this.between(0, 3)}`));
				this.add(n8nNode(this.named('Stop'), 'stopAndError', { errorMessage: 'Enough' }));
				this.ends = [[from, 1]];
			}),
		sub: () => {
			if (this.prefix.length >= 2) return;
			const prefix = this.prefix + 'abcdefgh'[this.children.length];
			const index = this.children.length;
			const child = new Drawing(this.g, prefix, this.children);
			this.children.push({ nodes: child.nodes, connections: child.connections });
			child.add(n8nNode(`${prefix}Called`, 'executeWorkflowTrigger', { inputSource: 'passthrough' }, 1.1));
			child.many(this.between(1, 3));
			const parameters = {
				workflowId: inMode('id', `CHILD ${index}`),
				...(this.chance(30) && { mode: 'each' }),
				options: { waitForSubWorkflow: this.chance(80) },
			};
			this.unique();
			const onError = this.oneOf('stopWorkflow', 'stopWorkflow', 'continueRegularOutput');
			this.add({ ...n8nNode(this.named('Sub'), 'executeWorkflow', parameters, 1.2), onError });
			this.unique();
		},
	};

	/** n8n's loops can't be nested without ado, and know one way back. */
	private outsideLoop(body: () => void) {
		if (!this.isInLoop) body();
	}

	private step() {
		this.steps[this.oneOf(...STEPS.split(' '))]!();
	}

	many(steps: number) {
		for (let left = steps; left > 0; left--) this.step();
	}
}

/** @param seed the same one always draws the same case */
export function randomCase(seed: number): RandomCase {
	const g = fc.sample(fc.gen(), { seed, numRuns: 1 })[0]!;
	const between = (min: number, max: number) => g(fc.integer, { min, max });
	const chance = (percent: number) => between(1, 100) <= percent;
	const tag = `case-${seed}`;
	const digits = String(seed % 100_000).padStart(5, '0');
	const people = Array.from({ length: chance(30) ? between(6, 12) : between(1, 5) }, (_, row) => ({
		to: `+1555${digits}${String(row).padStart(2, '0')}`,
		behaviour: PEOPLE[chance(50) ? 0 : between(0, PEOPLE.length - 1)]!,
	}));
	const drawing = new Drawing(g, '', []);
	const rows = people.map(({ to }, row) => ({ tag, row, to, path: '', log: [] }));
	for (const node of [webhookNode(tag), ...itemNodes(rows)]) drawing.add(node);
	drawing.many(between(1, 4));
	const starts = { method: 'POST', path: /sip\/call$|sessions\/start$/ };
	const faults = Array.from({ length: chance(50) ? 0 : between(1, 3) }, (): Fault => {
		const match = chance(75)
			? { ...starts, body: new RegExp(chance(50) ? tag : `\\${people[0]!.to}`) }
			: { path: g(fc.constantFrom, /rooms$/, /sip\/call/, /transcriptions/, /ai-deployment-sessions/) };
		return { ...FAULTS[between(0, FAULTS.length - 1)]!, match: { ...match, times: between(1, 3) } };
	});
	// n8n takes no notice of a stop that comes while it begins.
	const stopAfterMs = chance(20) ? between(1_500, 9_000) : undefined;
	const { nodes, connections, children } = drawing;
	return { tag, nodes, connections, people, children, faults, stopAfterMs, retries: between(0, 2) };
}

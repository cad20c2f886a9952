/** Draws campaigns over a table: how a workflow calls its rows, and how the rows change, and what fails, meanwhile. */
import fc from 'fast-check';
import type { Row } from '../n8n/dataTables';
import type { WorkflowJson, WorkflowNode } from '../n8n/rest';
import type { Fault } from '../simulator';
import { actionNode, BY_RULE, inMode, n8nNode, to, webhookNode } from './nodes';
import type { Setup } from './setup';

/** A row of the table is a person, whose ID goes out with each call. Rows with one phone are several persons. */
export interface Person {
	id: string;
	phone: string;
}

/** What someone does with the rows. `again`: a person's row is deleted, and comes back at the end. */
const EDITS = ['reverse', 'lastFirst', 'remove', 'add', 'add', 'addSameNumber', 'again'] as const;
export type Edit = { what: (typeof EDITS)[number]; which: number };

/** What becomes of the request that makes a call. `lost`: it is made, and no answer comes. */
const FAULTS: Record<string, Fault> = {
	busy: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
	refused: { kind: 'status', status: 402 },
	failed: { kind: 'status', status: 500 },
	lost: { kind: 'reset' },
	unreadable: { kind: 'notJson' },
};

const edits = fc.array(fc.record({ what: fc.constantFrom(...EDITS), which: fc.nat(9) }), { maxLength: 3 });
/** After so many calls of all campaigns since they were started or retried. */
const afterCalls = fc.nat(12);

/** What happens while the campaigns are under way, from their start, or from one Retry, until all are over. */
const phases = fc.record({
	kill: fc.constantFrom('n8n' as const, 'n8n' as const, 'none' as const),
	killAfterCalls: afterCalls,
	killAfterMs: fc.constantFrom(0, 0, 40, 120, 400, 1_500),
	each: fc.array(
		fc.record({
			edits,
			editsAfterCalls: afterCalls,
			stopAfterCalls: fc.option(afterCalls, { freq: 3 }),
			editsBeforeRetry: edits,
			/** Whether the user takes the saved workflow for the Retry. */
			loadWorkflow: fc.boolean(),
			/** Whether the user retries the first execution, or the latest one that has failed. */
			retriesFirst: fc.boolean(),
		}),
		{ minLength: 9, maxLength: 9 },
	),
});
export type Phase = typeof phases extends fc.Arbitrary<infer T> ? T : never;

const campaigns = fc.record({
	operation: fc.constantFrom('make', 'makeAndWait', 'makeAndWait'),
	/** Of Loop Over Items; 0: there is none. */
	batchSize: fc.constantFrom(0, 1, 1, 3),
	people: fc.integer({ min: 3, max: 6 }),
	repeatsNumbers: fc.boolean(),
	writesBack: fc.boolean(),
	/** Whether only rows without an outcome are read. */
	readsOpen: fc.boolean(),
	maxTries: fc.constantFrom(1, 1, 3),
	onError: fc.constantFrom('stopWorkflow', 'stopWorkflow', 'continueRegularOutput'),
	maxConcurrency: fc.constantFrom(1, 3),
	faults: fc.array(fc.tuple(fc.nat(5), fc.constantFrom(...Object.keys(FAULTS))), { maxLength: 2 }),
});
type CampaignModel = typeof campaigns extends fc.Arbitrary<infer T> ? T : never;

const LAGS_MS = [0, 3_000, 11_500];

/** @returns campaigns that run at the same time, and what happens to them */
export function drawCampaigns(seed: number, count: number) {
	const drawn = fc.record({
		lagMs: fc.constantFrom(...LAGS_MS),
		campaigns: fc.array(campaigns, { minLength: count, maxLength: count }),
		phases: fc.array(phases, { minLength: 3, maxLength: 3 }),
	});
	const [group] = fc.sample(fc.noBias(drawn), { seed, numRuns: 1 });
	const tagOf = (index: number) => `campaign-${seed}-${index}`;
	const { lagMs } = group!;
	return {
		lagMs,
		phases: group!.phases,
		campaigns: group!.campaigns.map((model, index) => new Campaign(tagOf(index), model, seed, index)),
	};
}

const COLUMNS = { person: 'string', phone: 'string', position: 'number', outcome: 'string' } as const;

/** One campaign: its workflow, and what is in its table. */
export class Campaign {
	static readonly columns = COLUMNS;
	/** In the order in which they are read. */
	people: Person[] = [];
	private made = 0;

	constructor(
		readonly tag: string,
		readonly model: CampaignModel,
		private readonly seed: number,
		private readonly index: number,
	) {
		for (let row = 0; row < model.people; row++) {
			const { phone } = this.people[row - 1] ?? {};
			this.people.push(this.person(model.repeatsNumbers && row % 2 === 1 ? phone : undefined));
		}
	}

	/** A new person. @param phone a number of their own by default */
	private person(phone?: string): Person {
		const index = this.made++;
		const series = String(this.seed % 1_000).padStart(3, '0');
		return { id: `${this.tag}-p${index}`, phone: phone ?? `+1555${series}${this.index}${100 + index}` };
	}

	/** Without a loop, one number in two rows is refused unless that is allowed; with a loop of one, no round has both. */
	private get mayRepeat(): boolean {
		return this.model.repeatsNumbers || this.model.batchSize === 1;
	}

	/** Changes who is in the list. @returns who is new there, and who has left */
	edit({ what, which }: Edit): { added: Person[]; removed: Person[] } {
		const before = this.people;
		const one = before[which % Math.max(before.length, 1)];
		const others = before.filter((person) => person !== one);
		if (what === 'reverse') this.people = [...before].reverse();
		else if (what === 'lastFirst') this.people = [...before.slice(-1), ...before.slice(0, -1)];
		else if (what === 'remove') this.people = others.length > 0 ? others : before;
		else if (what === 'again' && one) {
			this.people = [...others, { ...one }];
		} else {
			const added = this.person(what === 'addSameNumber' && this.mayRepeat ? one?.phone : undefined);
			this.people = which % 2 === 0 ? [added, ...before] : [...before, added];
		}
		return {
			added: this.people.filter((person) => !before.includes(person)),
			removed: before.filter((person) => !this.people.includes(person)),
		};
	}

	rowOf = (person: Person): Row => ({
		person: person.id,
		phone: person.phone,
		position: this.people.indexOf(person),
	});

	get faults(): Fault[] {
		return this.model.faults.map(([index, kind]) => ({
			...FAULTS[kind]!,
			match: { method: 'POST', path: /sip\/call$/, body: new RegExp(`"${this.tag}-p${index}"`) },
		}));
	}

	/** Its read rows, as a node has reported them. */
	get reportPath(): string {
		return `/rows/${this.tag}`;
	}

	get words(): string {
		const { operation, batchSize, writesBack, readsOpen, ...more } = this.model;
		const how = [
			operation,
			batchSize > 0 ? `loop of ${batchSize}` : 'no loop',
			writesBack && `writes back${readsOpen ? ', reads what is open' : ''}`,
			more.repeatsNumbers && 'numbers twice',
			more.maxTries > 1 && 'Retry On Fail',
			more.onError === 'stopWorkflow' ? '' : 'continues on error',
			more.faults.map(([index, kind]) => `p${index} ${kind}`).join(', '),
		];
		return how.filter(Boolean).join('; ');
	}

	/** Rows, what was read of them, a call for each, and its outcome back into the table. */
	workflow(
		{ simulator, credentialId }: Pick<Setup, 'simulator' | 'credentialId'>,
		tableId: string,
	): WorkflowJson {
		const { operation, batchSize, writesBack, readsOpen, ...more } = this.model;
		const table = { resource: 'row', dataTableId: inMode('id', tableId), matchType: 'allConditions' };
		const isOpen = { conditions: [{ keyName: 'outcome', condition: 'isEmpty' }] };
		const rows = n8nNode(
			'Rows',
			'dataTable',
			{
				...table,
				operation: 'get',
				returnAll: true,
				...(writesBack && readsOpen && { filters: isOpen }),
				orderBy: true,
				orderByColumn: 'position',
				orderByDirection: 'ASC',
			},
			1.1,
		);
		const read = "$('Rows').all().map(({ json: { person, phone } }) => ({ person, phone }))";
		const report: WorkflowNode = {
			...n8nNode(
				'Report',
				'httpRequest',
				{
					method: 'POST',
					url: `${simulator.url}${this.reportPath}`,
					sendBody: true,
					specifyBody: 'json',
					jsonBody: `={{ JSON.stringify(${read}) }}`,
					options: {},
				},
				4.2,
			),
			// Of two branches, n8n first runs the one further up.
			position: [0, -300],
			executeOnce: true,
			onError: 'continueRegularOutput',
		};
		const call = actionNode(
			{ credentialId },
			'Call',
			{
				...BY_RULE,
				operation,
				to: '={{ $json.phone }}',
				metaData: { entries: [{ key: 'person', value: '={{ $json.person }}' }] },
				...(operation === 'makeAndWait' && { maxWait: 3, maxWaitUnit: 'minutes', recording: 'none' }),
				options: { allowSameNumber: more.repeatsNumbers, maxConcurrency: more.maxConcurrency },
			},
			{
				onError: more.onError,
				retryOnFail: more.maxTries > 1,
				maxTries: more.maxTries,
				waitBetweenTries: 300,
			},
		);
		const write: WorkflowNode = {
			...n8nNode(
				'Write',
				'dataTable',
				{
					...table,
					operation: 'update',
					filters: {
						conditions: [
							{ keyName: 'person', condition: 'eq', keyValue: "={{ $('Rows').item.json.person }}" },
						],
					},
					columns: {
						mappingMode: 'defineBelow',
						value: { outcome: "={{ $json.outcome ?? 'error' }}" },
						matchingColumns: [],
						schema: [{ id: 'outcome', displayName: 'outcome', type: 'string', display: true }],
					},
					options: {},
				},
				1.1,
			),
			// The row may be gone.
			alwaysOutputData: true,
			onError: 'continueRegularOutput',
		};
		const body = writesBack ? [call, write] : [call];
		const loop = n8nNode('Loop', 'splitInBatches', { batchSize, options: {} }, 3);
		const done = n8nNode('Done', 'noOp');
		const hasLoop = batchSize > 0;
		const last = body.at(-1)!.name;
		return {
			name: this.tag,
			nodes: [webhookNode(this.tag), rows, report, ...(hasLoop ? [loop] : []), ...body, done],
			connections: {
				Webhook: { main: [to('Rows')] },
				Rows: { main: [to('Report', hasLoop ? 'Loop' : 'Call')] },
				...(hasLoop && { Loop: { main: [to('Done'), to('Call')] } }),
				...(writesBack && { Call: { main: [to('Write')] } }),
				[last]: { main: [to(hasLoop ? 'Loop' : 'Done')] },
			},
		};
	}
}

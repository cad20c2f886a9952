/**
 * What users combine, and what goes wrong meanwhile, at random: rooms, recordings, waits, tools, calling hours, rows that must not be
 * called, On Error, Retry On Fail, concurrency, an expression in the credential, a faulty API, lost and late events, an n8n that can't
 * wait or is busy, another process, a stop. MODEL_CASES sets how many combinations are tried. Only what goes in and comes out counts:
 * parameters, requests, items, errors and n8n's log. Processes that die in the middle of something are tried in test/e2e.
 */
import fc from 'fast-check';
import { shareOf } from '../../unit/support';
import { type Case, cases } from './cases';
import { INVARIANTS } from './rules';
import { observe, type Observed, watchExecutions } from './run';

const CASES = Number(process.env.MODEL_CASES ?? shareOf(200));
/** Fixed, so that a run of CI fails for what was changed and nothing else. */
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115);
/** A counterexample to look at again, as the test prints it. */
const EXAMPLE = process.env.MODEL_CASE;

it(`Of ${CASES} combinations none costs a user money or data`, async () => {
	const only = new RegExp(process.env.MODEL_INVARIANT ?? '');
	watchExecutions();
	const checkAll = (seen: Observed, model: Case) => {
		for (const [name, check] of Object.entries(INVARIANTS)) {
			if (!only.test(name)) continue;
			try {
				check(seen, model);
			} catch (error) {
				throw new Error(`Not so: ${name}\n${(error as Error).message}`);
			}
		}
	};
	const property = fc.asyncProperty(cases, async (model) => checkAll(await observe(model), model));
	await fc.assert(property, {
		seed: SEED,
		...(EXAMPLE ? { examples: [JSON.parse(EXAMPLE) as [Case]], numRuns: 1 } : { numRuns: CASES }),
	});
}, 3_600_000);

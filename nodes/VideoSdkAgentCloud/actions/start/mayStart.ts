/** Decides whether something may be started now: whom the credential allows, hours, other calls to the number, and the rule's numbers. */
import { type StartKind } from '../../api/startWords';
import { fetchNumbersOfRule, otherNumbers } from '../../api/telephony';
import { outsideHours } from '../../fields/callingHours';
import { notCalled } from '../notCalled';
import type { CallBrakes } from '../operation';
import { CalledBefore, Placing } from './calledBefore';
import { endBy, type ItemStart, type StartEnd } from './itemStart';
import { checkAllowed } from './allowedNumbers';

/** @returns why nothing is started; undefined if it may begin */
export async function mayStart(start: ItemStart): Promise<StartEnd | undefined> {
	const { item, requests, uses } = start;
	const { call } = item.start;
	try {
		await checkAllowed(start);
		if (call) await preparePlacing(start, call);
		// Nothing is awaited between these, or two uses of a tool at the same time could both go on.
		if (call && !call.allowsSameNumber) uses.refuseNumber(call.to);
		lastLook(start);
		start.settleUse = uses.note(start.claim.key);
		await start.calledBefore?.checkListed(requests.inTurn());
		await checkFrom(start);
		return undefined;
	} catch (error) {
		return endBy(error);
	}
}

/**
 * Looks again at what may have changed, right before each request that starts something.
 *
 * @param starts what the request starts
 * @throws NotNow
 */
export function lastLook({ item, placing, calledBefore }: ItemStart, starts?: StartKind): void {
	const { call } = item.start;
	const outside = call?.hours && outsideHours(call.hours, Date.now());
	if (call && outside) {
		throw notCalled(call.to, outside.reason, 'hours', { callableFrom: outside.callableFrom });
	}
	calledBefore?.checkPlaced();
	// Nothing is awaited in between, or two starts that look at the same time could both go on.
	if (starts === 'call') placing?.begin();
}

async function preparePlacing(start: ItemStart, { to, notCalledWithinMs }: CallBrakes): Promise<void> {
	const { run, requests } = start;
	const { data } = await requests.credential();
	start.placing = new Placing(run.state.placedCalls, data?.apiKey, to);
	if (notCalledWithinMs === undefined) return;
	start.calledBefore = new CalledBefore(run.context, to, notCalledWithinMs, start.placing);
}

/** @throws NodeOperationError if the number to call from certainly isn't one of the routing rule's */
async function checkFrom({ run, item, read, requests }: ItemStart): Promise<void> {
	const { request } = item.start;
	if (request.kind !== 'call') return;
	const { routingRuleId, sipCallFrom } = request.body;
	const fetchNumbers = async () => await fetchNumbersOfRule(requests.inTurn(), routingRuleId);
	const numbers = await otherNumbers(
		sipCallFrom,
		async () => await run.once.get(`numbers of ${routingRuleId}`, fetchNumbers),
	);
	if (numbers === undefined) return;
	throw read.fail(
		`'From' is ${sipCallFrom}, which isn't a number of the selected routing rule`,
		`Select one of its numbers: ${numbers.join(', ')}.`,
	);
}

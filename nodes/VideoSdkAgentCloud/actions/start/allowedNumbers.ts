import { holdsExpression } from '../../api/http/credential';
import { phoneKey } from '../../api/telephony';
import { emptyOnlyCall, readOnlyCall } from '../../fields/onlyCall';
import { notCalled } from '../notCalled';
import { calleeOf, type ItemStart } from './itemStart';

/**
 * Checks whether the credential's 'Only Call These Numbers' allows the number that is called, or transferred to.
 *
 * @throws NotNow if it doesn't; NodeOperationError if the list can't be read, even if no number is called
 */
export async function checkAllowed(start: ItemStart): Promise<void> {
	const { context, once } = start.run;
	const { request } = start.item.start;
	const { data } = await start.requests.credential();
	const numbers = readOnlyCall(context, data?.onlyCall);
	const callee = request.kind === 'transfer' ? request.transferTo : calleeOf(start);
	if (callee === undefined) return;
	if (numbers === undefined) {
		const isExpression = async () => await holdsExpression(context, 'onlyCall');
		if (await once.get('onlyCall is an expression', isExpression)) throw emptyOnlyCall(context);
		return;
	}
	if (numbers.some((number) => phoneKey(number) === phoneKey(callee))) return;
	const reason = "The credential's 'Only Call These Numbers' doesn't list this number";
	throw notCalled(callee, reason, 'notAllowed');
}

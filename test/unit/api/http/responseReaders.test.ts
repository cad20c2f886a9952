/** What an answer holds, whatever the API leaves out. */
import fc from 'fast-check';
import { latestOf } from '../../../../nodes/VideoSdkAgentCloud/api/http/responseReaders';
import { check } from '../../support';

it('the latest record is the one that began last, or was made last where its start is not told', () => {
	const times = fc.uniqueArray(fc.tuple(fc.nat(1e9), fc.constantFrom('start', 'createdAt')), {
		minLength: 1,
		selector: ([ms]) => ms,
	});
	check([times], (drawn) => {
		const records = drawn.map(([ms, name]) => ({ ms, start: '', [name]: new Date(ms).toISOString() }));
		expect(latestOf(records)?.ms).toBe(Math.max(...drawn.map(([ms]) => ms)));
	});
	expect(latestOf([])).toBeUndefined();
});

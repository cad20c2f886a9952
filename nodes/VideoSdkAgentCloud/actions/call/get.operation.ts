import { describeCall } from '../../api/callRecord';
import { getCall } from '../../api/calls';
import { fetchIncluded } from '../../api/conversation';
import { callField } from '../../fields/callLocators';
import { includeField, readInclude } from '../../fields/include';
import { optionsField, readOptions, readRequestOptions } from '../../fields/requestOptions';
import { readSimplifyCall, simplifyField } from '../../fields/simplify';
import { type Operation } from '../operation';
import { textReader } from '../readText';

export const operation: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get call',
	description: 'Retrieve a call and, if you choose, its transcript, summary and recording',
	fields: [callField, includeField, optionsField([simplifyField])],
	prepare(read) {
		const callId = read.required(callField);
		const include = readInclude(read);
		const { timeoutMs } = readRequestOptions(read);
		const simplify = readSimplifyCall(readOptions(read));
		return async (send, tools) => {
			const call = await getCall(send, callId);
			if (include.length === 0) return simplify(call);
			const readText = textReader(read, timeoutMs, tools);
			const { found, missing } = await fetchIncluded(send, readText, include, call);
			const kept = { ...found, ...(Object.keys(missing).length > 0 && { missing }) };
			return simplify(describeCall({ ...call, ...kept }));
		};
	},
};

import { type IDataObject } from 'n8n-workflow';
import { describeCall } from '../../api/callRecord';
import { getCall } from '../../api/calls';
import { findParts, placeOf } from '../../conversation/kept';
import { type Includable, joinParts, type Part, reasonMissing, showParts } from '../../conversation/part';
import { KINDS } from '../../conversation/kinds';
import { callField } from '../../fields/callLocators';
import { optional } from '../../fields/field';
import { includeField, includeWaitField, readInclude, readIncludeWaitMs } from '../../fields/recording';
import { readOptions } from '../../fields/requestOptions';
import { readSimplifyCall, simplifyField } from '../../fields/simplify';
import { isTool } from '../../n8n/tool';
import { fetchUntil, lookUntil } from '../lookUntil';
import { type Operation } from '../operation';
import { textReader } from '../withFile';

const waitField = optional(
	'default',
	includeWaitField,
	"How long to wait if the call has ended. What isn't ready by then is listed in <code>missing</code>. AI tools don't wait.",
);

/** An event may tell the end of a call somewhat before VideoSDK's record shows it. */
const SHOWN_WITHIN_MS = 5_000;

export const operation: Operation = {
	value: 'get',
	action: 'Get call',
	description: 'Retrieve a call and, if you choose, its transcript, summary, and recording',
	fields: [callField, includeField],
	options: [waitField, simplifyField],
	prepare(read) {
		const callId = read.text(callField);
		const include = readInclude(read);
		const simplify = readSimplifyCall(readOptions(read));
		// An AI agent does not wait.
		const includeWaitMs = isTool(read.context) ? 0 : readIncludeWaitMs(readOptions(read));
		return async (send, tools) => {
			const shownWithinMs = include.length === 0 ? 0 : Math.min(includeWaitMs, SHOWN_WITHIN_MS);
			const fetchCall = async () => await getCall(send, callId);
			const isOver = (record: IDataObject) => record.outcome !== 'running';
			const call = await fetchUntil(fetchCall, isOver, shownWithinMs, tools.stopSignal);
			if (include.length === 0) return simplify(call);
			const show = (parts: Partial<Record<Includable, Part>>, why?: string) =>
				simplify(describeCall({ ...call, ...showParts(include, parts, why) }));
			const reason = reasonMissing(KINDS.call, call);
			if (reason !== undefined) return show({}, reason);
			const readText = textReader(read, tools);
			const parts: Partial<Record<Includable, Part>> = {};
			const isOpen = (name: Includable) => parts[name]?.mayCome ?? true;
			await lookUntil(
				async () => {
					const place = placeOf(KINDS.call, call);
					await findParts(send, readText, include.filter(isOpen), place, Date.now(), (name, part) => {
						const { [name]: earlier = part } = parts;
						parts[name] = joinParts(earlier, part);
					});
					return include.some(isOpen) ? undefined : true;
				},
				includeWaitMs,
				tools.stopSignal,
			);
			return show(parts);
		};
	},
};

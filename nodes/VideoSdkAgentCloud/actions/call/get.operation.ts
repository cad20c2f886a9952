import { type IDataObject } from 'n8n-workflow';
import { describeCall } from '../../api/callRecord';
import { getCall } from '../../api/calls';
import { findParts, placeOf } from '../../conversation/kept';
import { type Includable, joinParts, type Part, reasonMissing, showParts } from '../../conversation/part';
import { KINDS } from '../../conversation/kinds';
import { callField } from '../../fields/locators';
import { optional } from '../../fields/field';
import { includeField, includeWaitField, readInclude, readIncludeWaitMs } from '../../fields/recording';
import { readOptions } from '../../fields/requestOptions';
import { readSimplifyCall, simplifyField } from '../../fields/simplify';
import { isTool } from '../../n8n/tool';
import { fetchUntil, lookUntil } from '../lookUntil';
import { type Operation } from '../operation';
import { textReader } from '../files';

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
			const reason = reasonMissing(KINDS.call, call);
			const readText = textReader(read, tools);
			const place = placeOf(call);
			const parts: Partial<Record<Includable, Part>> = {};
			const isOpen = (name: Includable) => parts[name]?.mayCome ?? true;
			const keep = (name: Includable, part: Part) => {
				const { [name]: earlier = part } = parts;
				parts[name] = joinParts(earlier, part);
			};
			const look = async () => {
				await findParts(send, readText, include.filter(isOpen), place, Date.now(), keep);
				return include.some(isOpen) ? undefined : true;
			};
			if (reason === undefined) await lookUntil(look, includeWaitMs, tools.stopSignal);
			return simplify(describeCall({ ...call, ...showParts(include, parts, reason) }));
		};
	},
};

import { describeCall, simplifyCall } from '../../api/callRecord';
import { getCall } from '../../api/calls';
import { findArtifacts, placeOf } from '../../conversation/findArtifacts';
import { type Includable, type Artifact, reasonMissing, showArtifacts } from '../../conversation/artifact';
import { KINDS } from '../../conversation/kinds';
import { callField } from '../../fields/kit/locators';
import { optional } from '../../fields/kit/field';
import { type ItemReader } from '../../fields/kit/reader';
import { includeField, includeWaitField, readInclude, readIncludeWaitMs } from '../../fields/recording';
import { readOptions } from '../../fields/kit/requestOptions';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { isTool } from '../../n8n/tool';
import { OpenRecord, type Operation } from '../operation';
import { textReader } from '../itemFiles';
import { waitingBy } from '../waitForAll';

const waitField = optional(
	'default',
	includeWaitField,
	"The node waits for the call to end, for an hour at most, then for as long as this. What isn't ready by then is listed in <code>missing</code>. Enter 0 not to wait at all. AI tools never wait.",
);

/** After a restart of n8n, it may take as long until the execution continues. */
const MAX_WAIT_MS = 3_600_000;

/** An AI agent does not wait. */
const readKeepMs = (read: ItemReader): number =>
	isTool(read.context) ? 0 : readIncludeWaitMs(readOptions(read));

function mayWait(read: ItemReader): boolean {
	// Checked also if nothing is included.
	const keepMs = readKeepMs(read);
	return readInclude(read).length > 0 && keepMs > 0;
}

export const operation: Operation = {
	value: 'get',
	action: 'Get call',
	description: 'Retrieve a call and, if you choose, its transcript, summary, and recording',
	fields: [callField, includeField],
	options: [waitField, simplifyField],
	mayWait,
	prepare(read) {
		const callId = read.text(callField);
		const include = readInclude(read);
		const simplify = readSimplify(readOptions(read), simplifyCall);
		const waits = mayWait(read);
		return async (send, tools) => {
			const call = await getCall(send, callId);
			const reason = reasonMissing(KINDS.call, call);
			const parts: Partial<Record<Includable, Artifact>> = {};
			if (reason === undefined) {
				const found = (name: Includable, part: Artifact) => void (parts[name] = part);
				await findArtifacts(send, textReader(read, tools), include, placeOf(call), Date.now(), found);
			}
			const mayCome = Object.values(parts).some((part) => part.mayCome);
			if (waits && (call.outcome === 'running' || mayCome)) return new OpenRecord(call, { artifacts: parts });
			return simplify(describeCall({ ...call, ...showArtifacts(include, parts, reason) }));
		};
	},
	...waitingBy('call', (read, open) => {
		if (open === undefined) return undefined;
		const isSimplified = readOptions(read).flag(simplifyField);
		// Of a call that is still running, nothing was looked for.
		const isRunning = Object.keys(open.artifacts ?? {}).length === 0;
		return {
			maxWaitMs: isRunning ? MAX_WAIT_MS : 0,
			isEnded: false,
			isSimplified,
			include: readInclude(read),
			fetchMs: readKeepMs(read),
		};
	}),
};

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

/** The longest wait for the end of a call. After a restart of n8n, the execution may continue only when it's over. */
const MAX_WAIT_MS = 3_600_000;

/** @returns how long to wait for the recording, transcript, and summary, in ms; 0 as a tool, because an AI agent doesn't wait */
const readFetchMs = (read: ItemReader): number =>
	isTool(read.context) ? 0 : readIncludeWaitMs(readOptions(read));

function mayWait(read: ItemReader): boolean {
	// This is read even if nothing is included, so that a bad value is always refused.
	const fetchMs = readFetchMs(read);
	return readInclude(read).length > 0 && fetchMs > 0;
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
			const artifacts: Partial<Record<Includable, Artifact>> = {};
			if (reason === undefined) {
				const found = (name: Includable, artifact: Artifact) => void (artifacts[name] = artifact);
				await findArtifacts(send, textReader(read, tools), include, placeOf(call), Date.now(), found);
			}
			const mayCome = Object.values(artifacts).some((artifact) => artifact.mayCome);
			if (waits && (call.outcome === 'running' || mayCome)) return new OpenRecord(call, { artifacts });
			return simplify(describeCall({ ...call, ...showArtifacts(include, artifacts, reason) }));
		};
	},
	...waitingBy('call', (read, open) => {
		if (open === undefined) return undefined;
		const isSimplified = readOptions(read).flag(simplifyField);
		// Artifacts are searched for only once the call is over.
		const isRunning = Object.keys(open.artifacts ?? {}).length === 0;
		return {
			maxWaitMs: isRunning ? MAX_WAIT_MS : 0,
			isEnded: false,
			isSimplified,
			include: readInclude(read),
			fetchMs: readFetchMs(read),
		};
	}),
};

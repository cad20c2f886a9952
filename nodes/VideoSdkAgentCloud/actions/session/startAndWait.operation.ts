import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError, WAIT_INDEFINITELY } from 'n8n-workflow';
import { EVENT_PREFIX } from '../../events/event';
import { inputError } from '../../fields/inputError';
import { maxWaitProperties, readMaxWaitMs } from '../../fields/maxWait';
import { requestOptionsProperty } from '../../fields/requestOptions';
import { hasStatus, TERMINAL_STATUSES } from '../../fields/status';
import { CREDENTIAL_TYPE } from '../../transport/request';
import { keepLooking, LAST_LOOK_GRACE_MS } from '../../waiting/lookAgain';
import { resumeAddress } from '../../waiting/resumeWebhook';
import type { Call } from '../operation';
import { showFor } from '../operation';
import { readSession, startSession } from './start.operation';

const show = showFor('session', ['startAndWait']);
const showLimit = { show: { ...show.show, limitWaitTime: [true] } };

/** Shown after the fields of Start, which serve both. */
export const description: INodeProperties[] = [
	{
		displayName: 'Limit Wait Time',
		name: 'limitWaitTime',
		type: 'boolean',
		default: true,
		description: 'Whether to go on after some time even if the session has not ended',
		displayOptions: show,
	},
	...maxWaitProperties(showLimit),
	requestOptionsProperty(show),
];

/** n8n waits once in a run, for one thing; a second session would be started and then forgotten. */
function refuseSeveralItems(context: IExecuteFunctions): void {
	const itemCount = context.getInputData().length;
	if (itemCount === 1) return;
	throw new NodeOperationError(
		context.getNode(),
		`Start and Wait takes one input item, not ${itemCount}: n8n can wait for one session in a run`,
		{
			description:
				'No session was started. Put a Loop Over Items node with a batch size of 1 before this node, or use Session: Start followed by Session: Wait for Status.',
		},
	);
}

/**
 * Puts the run to wait until the session ends, or the deadline.
 *
 * At the deadline n8n passes the input of this node through and does not run it again. So the input is replaced by what is to come
 * out then. The item before it, which other nodes show, is left as it is.
 */
async function putToWait(context: IExecuteFunctions, session: IDataObject, waitTill: Date): Promise<void> {
	context.getExecuteData().data.main = [[{ json: { ...session, timedOut: true }, pairedItem: { item: 0 } }]];
	await context.putExecutionToWait(waitTill);
}

export function prepare(context: IExecuteFunctions, itemIndex: number): Call {
	refuseSeveralItems(context);
	if (context.getNode().type.endsWith('Tool')) {
		throw inputError(
			context,
			'Start and Wait cannot be used as a tool: an AI agent cannot wait',
			'Use Session: Start as the tool.',
			itemIndex,
		);
	}
	const isLimited = context.getNodeParameter('limitWaitTime', itemIndex, true) !== false;
	const maxWaitMs = isLimited ? readMaxWaitMs(context, itemIndex) : Infinity;
	const resumeUrl = resumeAddress(
		String(context.evaluateExpression('{{ $execution.resumeUrl }}', itemIndex)),
	);
	const body = {
		...readSession(context, itemIndex),
		webhook: { endPoint: resumeUrl, events: [`${EVENT_PREFIX}stopped`, `${EVENT_PREFIX}failed`] },
	};
	return async (send) => {
		// Before the start: a credential that cannot be read must not come to light after it.
		const { secretKey } = await context.getCredentials(CREDENTIAL_TYPE);
		const session = await startSession(send, body);
		if (hasStatus(session, TERMINAL_STATUSES)) {
			return { ...session, event: hasStatus(session, ['failed']) ? 'failed' : 'stopped' };
		}
		const deadlineMs = Date.now() + maxWaitMs;
		const waitTill = isLimited ? new Date(deadlineMs + LAST_LOOK_GRACE_MS) : WAIT_INDEFINITELY;
		await putToWait(context, session, waitTill);
		keepLooking(context.helpers.httpRequest, {
			resumeUrl,
			sessionId: String(session.sessionId),
			secretKey: String(secretKey).trim(),
			deadlineMs,
		});
		return session;
	};
}

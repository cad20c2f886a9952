import { type INodeProperties } from 'n8n-workflow';
import { numberField } from '../../fields/kit/field';
import { fromField, routingRuleField } from '../../fields/kit/locators';
import { AGENT_TASK_FIELDS, LONGEST_TALK_MINUTES } from '../../fields/agentTask';
import { AGENT_OPTIONS, type HandedTool, readForAgent } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { readCallingHours } from '../../fields/callingHours';
import {
	allowSameNumberField,
	CALL_OPTIONS,
	readNotCalledWithinMs,
	ringingTimeoutField,
	waitUntilAnsweredField,
} from '../../fields/callOptions';
import { idempotencyKeyField } from '../../fields/idempotencyKey';
import { metaDataFields, readKeyValues } from '../../fields/kit/keyValue';
import { readPhoneNumber, toField } from '../../fields/phoneNumber';
import { type ItemReader } from '../../fields/kit/reader';
import { recordingFields } from '../../fields/recording';
import { CALLS_MAX_CONCURRENCY, readOptions } from '../../fields/kit/requestOptions';
import { readRoom } from '../../fields/room';
import { simplifyField } from '../../fields/kit/simplify';
import { CONVERSATION_ENTRY } from '../../security/redactTokens';
import { type SentWait } from '../../waiting/planWait';
import { type Operation, type PreparedStart } from '../operation';

/** VideoSDK doesn't document how long it lets a phone ring. LiveKit SIP, whose field names it shares, gives up after three minutes. */
const RINGING_ALLOWANCE_S = 190;

const LONGEST_CALL_S = 86_400;

/** Limits what a call can cost, so it's a field, which everyone sees, and no option. */
const maxCallDurationField = numberField('refused', 'Max Call Duration', 'maxCallDuration', {
	typeOptions: { minValue: 0, maxValue: LONGEST_CALL_S, numberPrecision: 0 },
	default: 600,
	hint: 'In seconds',
	description: `When VideoSDK should hang up. Enter 0 for no limit of its own: a node that hangs up at 'Max Wait' still does. The agent from Agent: Deploy says goodbye after ${LONGEST_TALK_MINUTES} minutes.`,
});

/**
 * @param maxWaitMs when n8n hangs up, in ms. VideoSDK gets it as a limit as well, in case n8n is down by then
 * @returns the longest call in whole seconds, rounded up; undefined: no limit
 * @throws NodeOperationError if it is not a number from 0 to a day, or an expression gives nothing
 */
function readMaxCallDurationS(read: ItemReader, maxWaitMs = Infinity): number | undefined {
	const limitS = Math.min(read.number(maxCallDurationField) || Infinity, maxWaitMs / 1000);
	return limitS === Infinity ? undefined : Math.min(Math.ceil(limitS), LONGEST_CALL_S);
}

const META_DATA_FIELDS = metaDataFields(
	"Data for the agent, such as the customer's name. VideoSDK keeps it with the call.",
);

/**
 * Makes the fields of a call. Its options are CALL_OPTIONS.
 *
 * @param own fields of the operation, shown after whom to call
 * @param wait fields for how the operation waits
 */
export function callFields(own: INodeProperties[], wait: INodeProperties[] = []): INodeProperties[] {
	return [
		toField,
		...AGENT_TASK_FIELDS,
		routingRuleField,
		fromField,
		...own,
		maxCallDurationField,
		...wait,
		...META_DATA_FIELDS,
		agentToolsField,
	];
}

/** How an execution waits for its call. */
interface CallWait extends Pick<SentWait, 'limitMs' | 'question'> {
	/** The tool by which the agent hands in the response, if the call asks a question. */
	responseTool?: HandedTool;
}

/**
 * Reads the fields that all operations that make a call share: those of `callFields`, and CALL_OPTIONS.
 *
 * @param wait Default: the execution doesn't wait for the call
 * @throws NodeOperationError naming the field
 */
export function prepareCall(read: ItemReader, wait?: CallWait): PreparedStart {
	const sipCallTo = readPhoneNumber(read, toField);
	const routingRuleId = read.text(routingRuleField);
	const sipCallFrom = readPhoneNumber(read, fromField);
	const options = readOptions(read);
	// Options that weren't added aren't sent, so that VideoSDK's own defaults count.
	const waitUntilAnswered = options.has(waitUntilAnsweredField)
		? options.flag(waitUntilAnsweredField)
		: undefined;
	const ringingTimeout = options.has(ringingTimeoutField) ? options.count(ringingTimeoutField) : undefined;
	const ringingMs = waitUntilAnswered ? 1000 * (ringingTimeout ?? RINGING_ALLOWANCE_S) : 0;
	const maxCallDuration = readMaxCallDurationS(read, wait?.limitMs);
	const data = { ...readKeyValues(read, META_DATA_FIELDS), [CONVERSATION_ENTRY]: 'call' };
	const room = readRoom(read, wait !== undefined);
	return {
		request: {
			kind: 'call',
			body: { sipCallTo, sipCallFrom, routingRuleId, waitUntilAnswered, ringingTimeout, maxCallDuration },
			ringingMs,
		},
		call: {
			to: sipCallTo,
			allowsSameNumber: options.flag(allowSameNumberField),
			notCalledWithinMs: readNotCalledWithinMs(options),
			hours: readCallingHours(options),
		},
		// Only the end is asked for, because n8n loads the whole execution for each event (WaitingWebhooks).
		room: wait ? { ...room, webhook: { events: ['session-ended'] } } : room,
		agent: readForAgent(read, 'metadata', data, wait?.responseTool),
		idempotencyKey: options.text(idempotencyKeyField),
		wait: wait && { limitMs: wait.limitMs, question: wait.question },
		// A wait merges records, which therefore have to be whole.
		isSimplified: wait === undefined && options.flag(simplifyField),
	};
}

export const operation: Operation = {
	value: 'make',
	action: 'Make call',
	description: 'Have a voice agent call someone. This costs money and reaches a real person.',
	consequence: 'costs money and calls a person',
	starts: 'call',
	maxConcurrency: CALLS_MAX_CONCURRENCY,
	fields: callFields(recordingFields('n8n creates a room for it. Get it after the call with Call: Get.')),
	options: [...CALL_OPTIONS, ...AGENT_OPTIONS],
	prepare: (read) => prepareCall(read),
};

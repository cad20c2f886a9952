import { CALLS, isCallOver } from '../api/calls';
import { conversationEntry, lastIf, searchOf } from './searchResults';

/** The calls by the other side's number, those that are not over first. */
export const searchCalls = searchOf(
	CALLS,
	({ callId, type, to, from, status, start }) => {
		const number = type === 'inbound' ? from && `From ${String(from)}` : to && `To ${String(to)}`;
		return conversationEntry(callId, start, number, status);
	},
	lastIf(isCallOver),
);

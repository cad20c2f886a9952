import type { ILoadOptionsFunctions, INodeListSearchItems, INodeListSearchResult } from 'n8n-workflow';
import { CALLS, isCallOver } from '../api/calls';
import { searchRecords, shortTime } from './searchResults';

/** The calls, those that are not over first. The name shows the other side's number, status and start. */
export async function searchCalls(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const over = new Set<unknown>();
	const rank = ({ value }: INodeListSearchItems) => Number(over.has(value));
	return await searchRecords(
		this,
		CALLS,
		(call) => {
			const { callId, type, to, from, status, start } = call;
			if (typeof callId !== 'string' || callId === '') return undefined;
			if (isCallOver(call)) over.add(callId);
			const number = type === 'inbound' ? from && `From ${String(from)}` : to && `To ${String(to)}`;
			const parts = [number, status, shortTime(start), callId.slice(0, 8)];
			return { name: parts.filter(Boolean).join(' · '), value: callId };
		},
		filter,
		paginationToken,
		(a, b) => rank(a) - rank(b),
	);
}

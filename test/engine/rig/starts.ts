/** What starts something, each with good fields, and what the tests do with it. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import { byRule, callParameters, TO } from './callRig';
import { parametersOf, startParameters } from './rig';

export const question = (more: IDataObject = {}): INodeParameters =>
	byRule({ operation: 'sendAndWait', to: TO, message: 'Ready?', ...more });
export const transfer = (transferTo: string, more: IDataObject = {}) =>
	callParameters('transfer', { callId: '5d0e7a52', transferTo, ...more });
/** Whatever starts something, each with good fields. */
export const GOOD_STARTS: Record<string, INodeParameters> = {
	make: byRule({ to: TO }),
	makeAndWait: byRule({ to: TO, operation: 'makeAndWait' }),
	sendAndWait: question(),
	start: startParameters(),
	startAndWait: startParameters({ operation: 'startAndWait' }),
	dispatch: parametersOf('agent', 'dispatch', { agentId: 'a', roomId: 'room' }),
	transfer: transfer(TO),
	startRealtime: parametersOf('transcription', 'startRealtime', { roomId: 'room' }),
	'room create': parametersOf('room', 'create'),
};

/** @returns the item of a dry run, by what it was to do */
export const dryItem = (which: string, request: object): object => {
	if (!/^(make|makeAndWait|sendAndWait)$/.test(which)) return { dryRun: true, request };
	const called = { outcome: 'notCalled', to: TO, reason: 'Dry run', reasonCode: 'dryRun', request };
	return which === 'sendAndWait' ? { ...called, responded: false, data: { approved: false } } : called;
};

/** Adds options to good fields. */
export const withOptions = (start: INodeParameters, options: IDataObject): INodeParameters => ({
	...start,
	options: { ...(start.options as INodeParameters | undefined), ...(options as INodeParameters) },
});

/** The API may have done what was asked; whether it did differs. */
export const DOUBTFUL: Fault[] = [
	{ kind: 'status', status: 500 },
	{ kind: 'status', status: 408 },
	{ kind: 'status', status: 503, headers: { 'retry-after': '0' } },
	{ kind: 'notJson', status: 502 },
	{ kind: 'empty', status: 504 },
	// A proxy may have passed the request on.
	{ kind: 'redirect', status: 302 },
	{ kind: 'redirect', status: 307 },
	{ kind: 'reset', status: 500 },
	{ kind: 'reset' },
	{ kind: 'hang', status: 500 },
	{ kind: 'hang' },
	{ kind: 'truncate' },
	{ kind: 'notJson' },
	{ kind: 'empty' },
];

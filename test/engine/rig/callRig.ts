import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { RecordedRequest } from '../../simulator';
import type { NodeRunOptions } from './engine';
import type { Rig } from './rig';
import { byId, parametersOf } from './rig';

export const CALL = '/v2/sip/call';
export const TO = '+15550003000';
export const ADA = '+15550003001';
export const GRACE = '+15550003002';
/** A number for each item, of which the first is TO. */
const EACH_TO = `={{ '+' + (${TO.slice(1)} + $itemIndex) }}`;
export const RULE = { routingRuleId: 'rule_out_01', from: '+15550102001' };

export const callParameters = (operation: string, more: IDataObject = {}): INodeParameters =>
	parametersOf('call', operation, more);

/** Parameters that make a call by a routing rule, but for what is given. */
export const byRule = (more: IDataObject = {}): INodeParameters =>
	callParameters('make', {
		to: EACH_TO,
		routingRuleId: byId(RULE.routingRuleId),
		from: { __rl: true, mode: 'number', value: RULE.from },
		...more,
	});

/** The same from a SIP address, which isn't looked for among the rule's numbers: the call is the first request. */
export const fromSip = (more: IDataObject = {}): INodeParameters =>
	byRule({ from: 'sip:desk@pbx.example.com', ...more });

/** The same as by a rule for a call that is waited for, however long it takes. */
export const makeAndWait = (more: IDataObject = {}): INodeParameters =>
	byRule({ operation: 'makeAndWait', maxCallDuration: 0, ...more });

/** The requests to make a call, also those that failed. */
export const made = ({ simulator }: Rig): RecordedRequest[] =>
	simulator.requests.filter(({ method, path }) => method === 'POST' && path === CALL);

/** Whom VideoSDK was asked to call, in order. */
export const numbersCalled = (rig: Rig): string[] =>
	made(rig).map(({ body }) => (body as { sipCallTo: string }).sipCallTo);

/** @returns calls the number of each item, one after another */
export const callEach =
	(rig: Rig) =>
	async (numbers: unknown[], options: IDataObject = {}, more: Partial<NodeRunOptions> = {}) => {
		const parameters = fromSip({ to: '={{ $json.phone }}', options: { maxConcurrency: 1, ...options } });
		const items = numbers.map((phone, row) => ({ phone, row }) as IDataObject);
		return await rig.run(parameters, { items, ...more });
	};

/** Values that the fields of operations take. */
import type { IDataObject, INodeProperties } from 'n8n-workflow';
import type { Blank } from '../../../nodes/VideoSdkAgentCloud/fields/kit/field';
import { RULE, TO } from './callRig';

export type Declared = INodeProperties & { blank?: Blank };

/** Others follow from the type. */
const GOOD: IDataObject = {
	...RULE,
	agentTools: { tools: [{ tool: 'https://n8n.example.com/webhook/a/mcp' }] },
	answerJson: '{}',
	deploymentId: 'ddv_support',
	endDate: '2026-01-15',
	roomId: 'abcd-efgh-ijkl',
	startDate: '2026-01-15',
	to: TO,
	transferTo: TO,
	url: 'https://example.com/f',
	webhookUrl: 'https://n8n.example.com/webhook/a/webhook',
};

export function goodValue({ name, type, options = [], typeOptions, default: preset }: Declared): unknown {
	const [first] = options.flatMap((option) => ('value' in option ? [option.value] : []));
	if (name in GOOD) return GOOD[name];
	if (type === 'options') return preset || first;
	if (type === 'multiOptions') return [first];
	if (type === 'number') return Math.max(1, typeOptions?.minValue ?? 1);
	if (type === 'json') return '{}';
	return type === 'boolean' ? true : 'x';
}

/** Fills in what an operation needs, of its fields. */
export function goodFields(fields: Declared[]): IDataObject {
	const given = fields.filter(({ name, blank }) => name in GOOD || blank === 'required');
	return Object.fromEntries(given.map((one) => [one.name, goodValue(one)])) as IDataObject;
}

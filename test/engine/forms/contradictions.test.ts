import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byRule, callParameters, RULE } from '../rig/callRig';
import { failureOf, parametersOf, startParameters, useRig } from '../rig/rig';

const rig = useRig();

const VALUE = '={{ $json.value }}';
const DISPATCH = parametersOf('agent', 'dispatch', { agentId: 'a', roomId: 'm', versionId: 'v-1' });
const UNTIL = callParameters('getAll', { filters: { startDate: '2026-01-15', endDate: VALUE } });

/**
 * What is wrong, the field's display name, the parameters, a good value and a bad one. The first item has the good value, the
 * second one the bad value: nothing may be sent for the first one either.
 */
type Case = [what: string, field: string, parameters: INodeParameters, good: unknown, bad: unknown];

const CASES: Case[] = [
	['the version is named twice', 'Version ID', { ...DISPATCH, versionTag: VALUE }, '', 'production'],
	['a call is to come from letters', 'From', byRule({ from: VALUE }), RULE.from, 'Line 1'],
	['dates are the wrong way round', "Start Date' is after 'End Date", UNTIL, '2026-01-15', '2026-01-14'],
	[
		'a variable is the room that is made',
		"Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Recording' already sets it",
		startParameters({ env: { variables: [{ name: VALUE, value: 'x' }] }, recording: 'record' }),
		'NAME',
		'VIDEOSDK_ROOM_ID',
	],
	[
		'a variable in JSON is the room that is given',
		"Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Room ID' already sets it",
		startParameters({ specifyEnv: 'json', jsonEnv: VALUE, options: { roomId: 'r' } }),
		{ NAME: 'r' },
		{ VIDEOSDK_ROOM_ID: 'r' },
	],
];

it.each(CASES)(
	'Nothing is sent, and the field and the item are named, if %s: "%s"',
	async (_what, field, parameters, good, bad) => {
		const items = [{ value: good }, { value: bad }] as IDataObject[];
		await rig.run(parameters, { items: items.slice(0, 1) });
		expect(rig.simulator.requests.splice(0)).not.toHaveLength(0);
		const result = await rig.run(parameters, { items });
		const { message, description } = failureOf(result);
		expect(message).toContain(`'${field}`);
		expect(message).toMatch(/\[item 1\]$/);
		expect(description.trim()).not.toBe('');
		expect(result.error).toMatchObject({ name: 'NodeOperationError', context: { itemIndex: 1 } });
		expect(rig.simulator.requests).toHaveLength(0);
	},
);

import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { byGateway, byRule, callParameters, RULE, TO } from './callRig';
import { failureOf, startParameters, useRig } from './rig';

const rig = useRig();

const dispatch = (more: IDataObject) =>
	({ resource: 'agent', operation: 'dispatch', agentId: 'a', meetingId: 'm', ...more }) as INodeParameters;
const withEnv = (...names: string[]) =>
	startParameters({ env: { variables: names.map((name) => ({ name, value: 'x' })) } });
const withMetaData = (...keys: string[]) =>
	startParameters({ metaData: { entries: keys.map((key) => ({ key, value: 'x' })) } });
const withHook = (query: string, webhookEvents: unknown = ['session-ended']) =>
	({
		...{ resource: 'room', operation: 'create', webhookEvents },
		webhookUrl: `=${URL}?${query}`,
	}) as INodeParameters;
const withJson = (json: unknown) => startParameters({ specifyEnv: 'json', jsonEnv: json } as IDataObject);

const URL = 'https://n8n.example.com/webhook/1/webhook';
const VALUE = '={{ $json.value }}';
/** For a bad value that can be no part of an item: n8n's `$now` is an object of luxon. */
const VALUE_OR_NOW = '={{ $json.value === "now" ? $now : $json.value }}';

/**
 * What is wrong, the field's display name, the parameters, a good value and a bad one. The first item has the good value, the
 * second one the bad value: nothing may be sent for the first one either.
 */
type Case = [what: string, field: string, parameters: INodeParameters, good: unknown, bad: unknown];

const CASES: Case[] = [
	['a variable has no name', 'Environment Variables', withEnv('A', VALUE), 'B', '   '],
	['an entry has no key', 'Metadata', withMetaData('a', VALUE), 'b', ''],
	[
		"an entry's value is an object in a dispatch",
		'Metadata',
		dispatch({ metaData: { entries: [{ key: 'a', value: VALUE }] } }),
		'x',
		{ a: 1 },
	],
	['the variables are $now', 'Environment Variables', withJson(VALUE_OR_NOW), { a: 'b' }, 'now'],
	[
		'the version is named twice',
		'Version ID',
		dispatch({ versionId: 'v-1', versionTag: VALUE }),
		'',
		'production',
	],
	['the number to call has letters', "To' isn't a phone number: Ada", byRule({ to: VALUE }), TO, 'Ada'],
	['a gateway is to call from letters', 'From', byGateway({ from: VALUE }), RULE.from, 'Line 1'],
	[
		'dates are the wrong way round',
		"Start Date' is after 'End Date",
		callParameters('getAll', { filters: { startDate: '2026-01-15', endDate: VALUE } }),
		'2026-01-15',
		'2026-01-14',
	],
	[
		'a variable is the room that is made',
		"Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Recording' already sets it",
		{ ...withEnv(VALUE), recording: 'record' },
		'NAME',
		'VIDEOSDK_ROOM_ID',
	],
	[
		'a variable in JSON is the room that is given',
		"Environment Variables' contains 'VIDEOSDK_ROOM_ID', but 'Room ID' already sets it",
		{ ...withJson(VALUE), options: { roomId: 'r' } },
		{ NAME: 'r' },
		{ VIDEOSDK_ROOM_ID: 'r' },
	],
	['no event of a room is chosen', 'Webhook Events', withHook('a', VALUE), ['session-ended'], []],
	[
		'a URL is too long',
		"Webhook URL' is 554 characters long",
		withHook(VALUE.slice(1)),
		'a',
		'x'.repeat(512),
	],
];

describe('Nothing is sent, and the field and the item are named, if', () => {
	it.each(CASES)('%s: "%s"', async (_what, field, parameters, good, bad) => {
		const items = [{ value: good }, { value: bad }] as IDataObject[];
		await rig.engine.run({ items: items.slice(0, 1), parameters });
		expect(rig.simulator.requests.splice(0)).not.toHaveLength(0);
		const result = await rig.engine.run({ items, parameters });
		const { message, description } = failureOf(result);
		expect(message).toContain(`'${field}`);
		expect(message).toMatch(/\[item 1\]$/);
		expect(description.trim()).not.toBe('');
		expect(result.error).toMatchObject({ name: 'NodeOperationError', context: { itemIndex: 1 } });
		expect(rig.simulator.requests).toHaveLength(0);
	});
});

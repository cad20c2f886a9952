import { type IDataObject } from 'n8n-workflow';
import { collectionField, type Field, numberField, switchField, textField } from '../../fields/field';
import { dispatchAgent } from '../../api/agents';
import { readWithTools, TOOLS_OPTIONS } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { metaDataFields, readKeyValues } from '../../fields/keyValue';
import { agentField } from '../../fields/locators';
import { type ItemReader } from '../../fields/reader';
import { readRoomId, roomIdField } from '../../fields/room';
import { type Operation } from '../operation';

const meetingField: Field<'required'> = {
	...roomIdField,
	name: 'meetingId',
	description: 'The room for the agent to join',
};

const versionIdField = textField('default', 'Version ID', 'versionId', {
	placeholder: 'e.g. ver_1a2b3c',
	description: 'The version of the agent. Leave empty to use the latest deployed version.',
});

const versionTagField = textField('default', 'Version Tag', 'versionTag', {
	placeholder: 'e.g. production',
	description: 'The tag of a published version, instead of its ID',
});

const META_DATA_FIELDS = metaDataFields(
	"Data for the agent, such as the customer's name. VideoSDK passes it on.",
);

const ROOM_OPTIONS: Field[] = [
	switchField('default', 'Auto End Session', 'autoEndSession', {
		default: true,
		description: 'Whether to end the session when the last participant leaves',
	}),
	switchField('default', 'Join Room', 'joinMeeting', {
		default: true,
		description: 'Whether the agent joins the room automatically',
	}),
	switchField('default', 'Playground', 'playground', {
		description: 'Whether to make the session visible in the VideoSDK playground',
	}),
	numberField('default', 'Session Timeout', 'sessionTimeoutSeconds', {
		typeOptions: { minValue: 1 },
		default: 60,
		hint: 'In seconds',
		description: 'How long the agent stays in an empty room',
	}),
	switchField('default', 'Vision', 'vision', {
		description: "Whether the agent receives the participants' video",
	}),
];

const roomOptionsField = collectionField('default', 'Room Options', 'roomOptions', {
	placeholder: 'Add option',
	options: ROOM_OPTIONS,
});

/** @returns Room Options, as the API names them; undefined if none is given */
function readRoomOptions(read: ItemReader): IDataObject | undefined {
	const given = read.collection(roomOptionsField);
	const options = ROOM_OPTIONS.filter((field) => given.has(field));
	if (options.length === 0) return undefined;
	return Object.fromEntries(
		options.map((field) => [field.name, field.type === 'number' ? given.count(field) : given.flag(field)]),
	);
}

export const operation: Operation = {
	value: 'dispatch',
	action: 'Dispatch agent to room',
	description: 'Send an agent to a room. This costs money.',
	consequence: 'costs money',
	starts: 'dispatch',
	fields: [
		agentField,
		meetingField,
		versionIdField,
		versionTagField,
		...META_DATA_FIELDS,
		agentToolsField,
		roomOptionsField,
	],
	options: TOOLS_OPTIONS,
	prepare(read) {
		const body = {
			agentId: read.text(agentField),
			meetingId: readRoomId(read, meetingField),
			versionId: read.text(versionIdField),
			versionTag: read.text(versionTagField),
			roomOptions: readRoomOptions(read),
		};
		if (body.versionId !== undefined && body.versionTag !== undefined) {
			throw read.fail(
				"Both 'Version ID' and 'Version Tag' are set",
				'Clear one of them. Either one is enough.',
			);
		}
		const metadata = readWithTools(read, 'metadata', readKeyValues(read, META_DATA_FIELDS));
		return async (send, { credential }) =>
			await dispatchAgent(send, { ...body, metadata: await metadata(credential) });
	},
};

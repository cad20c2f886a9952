import { type Field, textField } from '../../fields/kit/field';
import { AGENT_TASK_FIELDS } from '../../fields/agentTask';
import { AGENT_OPTIONS, readForAgent } from '../../fields/agentTools';
import { agentToolsField } from '../../fields/chosenTool';
import { metaDataFields, readKeyValues } from '../../fields/kit/keyValue';
import { agentField } from '../../fields/kit/locators';
import { dryRunField } from '../../fields/kit/requestOptions';
import { readRoomId, roomIdField } from '../../fields/room';
import { type Operation } from '../operation';

const roomField: Field<'required'> = {
	...roomIdField,
	description: 'The room for the agent to join: the <code>roomId</code> from Room: Create or of a call',
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

export const operation: Operation = {
	value: 'dispatch',
	action: 'Dispatch agent to room',
	description: 'Send an agent to a room. This costs money.',
	consequence: 'costs money',
	starts: 'dispatch',
	fields: [
		agentField,
		roomField,
		...AGENT_TASK_FIELDS,
		versionIdField,
		versionTagField,
		...META_DATA_FIELDS,
		agentToolsField,
	],
	options: [dryRunField, ...AGENT_OPTIONS],
	prepare(read) {
		const body = {
			agentId: read.text(agentField),
			roomId: readRoomId(read, roomField),
			versionId: read.text(versionIdField),
			versionTag: read.text(versionTagField),
		};
		if (body.versionId !== undefined && body.versionTag !== undefined) {
			throw read.fail(
				"Both 'Version ID' and 'Version Tag' are set",
				'Clear one of them. Either one is enough.',
			);
		}
		return {
			request: { kind: 'dispatch', body },
			agent: readForAgent(read, 'metadata', readKeyValues(read, META_DATA_FIELDS)),
		};
	},
};

import { deleteRecording } from '../../api/recordings';
import { textField } from '../../fields/kit/field';
import { onRecord } from '../oneRecordOperation';

const recordingIdField = textField('required', 'Recording ID', 'recordingId', {
	placeholder: 'e.g. 64f89a7c1a23b4',
	description:
		"The <code>id</code> of a room's recording, from Recording: Get Many with 'Recording Type' set to Room",
});

export const operation = onRecord(recordingIdField, deleteRecording, {
	value: 'delete',
	action: 'Delete recording',
	description: "Delete a room's recording permanently. If there is none, nothing happens.",
	isTool: false,
});

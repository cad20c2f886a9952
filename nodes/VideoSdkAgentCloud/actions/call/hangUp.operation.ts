import { simplifyCall } from '../../api/callRecord';
import { endCall } from '../../api/calls';
import { callField } from '../../fields/kit/locators';
import { onRecord } from '../oneRecordOperation';

export const operation = onRecord(callField, async (send, id) => simplifyCall(await endCall(send, id)), {
	value: 'hangUp',
	action: 'Hang up call',
	description: "End a call. If it's already over, nothing happens.",
	ends: true,
});

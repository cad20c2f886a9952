import { simplifyCall } from '../../api/callRecord';
import { endCall } from '../../api/calls';
import { type Send } from '../../api/client';
import { callField } from '../../fields/locators';
import { onRecord } from '../onRecord';

const hangUp = async (send: Send, callId: string) => simplifyCall(await endCall(send, callId));

export const operation = onRecord(callField, hangUp, {
	value: 'hangUp',
	action: 'Hang up call',
	description: "End a call. If it's already over, nothing happens.",
	ends: true,
});

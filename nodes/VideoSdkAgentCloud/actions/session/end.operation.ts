import { endSession } from '../../api/sessions';
import { sessionField } from '../../fields/kit/locators';
import { onRecord } from '../oneRecordOperation';

export const operation = onRecord(sessionField, endSession, {
	value: 'end',
	action: 'End session',
	description: 'End a running session. If it has already ended, nothing happens.',
	ends: true,
});

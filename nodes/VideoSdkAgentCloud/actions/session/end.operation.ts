import { endSession } from '../../api/sessions';
import { sessionField } from '../../fields/locators';
import { onRecord } from '../onRecord';

export const operation = onRecord(sessionField, endSession, {
	value: 'end',
	action: 'End session',
	description: 'End a running session. If it has already ended, nothing happens.',
	ends: true,
});

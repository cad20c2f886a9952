import { getSession } from '../../api/sessions';
import { sessionField } from '../../fields/kit/locators';
import { onRecord } from '../oneRecordOperation';

export const operation = onRecord(sessionField, getSession, {
	value: 'get',
	action: 'Get session',
	description: 'Retrieve a session in its current state',
});

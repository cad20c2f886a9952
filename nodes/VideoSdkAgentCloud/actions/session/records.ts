import { type IDataObject } from 'n8n-workflow';
import { choicesField, optional, optionsOf, textField } from '../../fields/kit/field';
import {
	endSession,
	getSession,
	hasStatus,
	SESSION_STATUSES,
	SESSIONS,
	simplifySession,
} from '../../api/sessions';
import { filtersField } from '../../fields/kit/filters';
import { deploymentField, sessionField } from '../../fields/kit/locators';
import { readSimplify, simplifyField } from '../../fields/kit/simplify';
import { getMany, onRecord, type RecordOperations } from '../recordOperations';

const deploymentFilter = optional('refused', deploymentField, 'Only return sessions of this deployment');

const statusFilter = choicesField('refused', 'Status', 'status', {
	options: optionsOf(SESSION_STATUSES),
	description: 'Only return sessions with one of these statuses',
});

const tagFilter = textField('refused', 'Tag', 'tag', {
	placeholder: 'e.g. v1',
	description: 'Only return sessions of this version of the deployment',
});

const FILTERS = filtersField(
	[deploymentFilter, statusFilter, tagFilter],
	"VideoSDK can't filter sessions, so n8n searches the list for matches",
);

export const operations: RecordOperations = [
	getMany({
		action: 'Get many sessions',
		description: 'Retrieve a list of sessions',
		fields: [FILTERS, simplifyField],
		read(read) {
			const show = readSimplify(read, simplifySession);
			const filters = read.collection(FILTERS);
			const statuses = filters.choices(statusFilter);
			const deploymentId = filters.text(deploymentFilter);
			const tag = filters.text(tagFilter);
			const isWanted = (session: IDataObject) =>
				(statuses.length === 0 || hasStatus(session, statuses)) &&
				(deploymentId === undefined || session.deploymentId === deploymentId) &&
				(tag === undefined || session.tag === tag);
			return { list: SESSIONS, isWanted, show };
		},
	}),
	onRecord(sessionField, getSession, {
		value: 'get',
		action: 'Get session',
		description: 'Retrieve a session in its current state',
	}),
	onRecord(sessionField, endSession, {
		value: 'end',
		action: 'End session',
		description: 'End a running session. If it has already ended, nothing happens.',
		ends: true,
	}),
];

import type { IDataObject } from 'n8n-workflow';

/** VideoSDK documents `available` only, and of deployments only. */
const BAD_STATUS = /fail|error|unavailable|disabled|inactive|deactivated|paused|suspended|deleted|^off$/i;

/** @returns whether a record's status is known to be bad */
export function isBadStatus({ status }: IDataObject): boolean {
	return BAD_STATUS.test(String(status ?? ''));
}

import type { IDataObject } from 'n8n-workflow';
import { recordWith } from './answer';
import type { Send } from './client';
import type { ListRequest } from './pagination';

const ROOT = ['ai', 'v1', 'ai-deployments'];
const readDeployment = recordWith(['id']);

/** Creates a deployment, without a version yet. The API requires both fields. */
export async function createDeployment(
	send: Send,
	body: { name: string; description: string },
): Promise<IDataObject> {
	return await send({ method: 'POST', path: ROOT, body, starts: 'deployment' }, readDeployment);
}

/** Fetches one version of a deployment. */
export async function getDeployment(send: Send, deploymentId: string, tag: string): Promise<IDataObject> {
	return await send({ method: 'GET', path: [...ROOT, deploymentId, tag] }, readDeployment);
}

/** All deployments: a row for each tag of one. */
export const DEPLOYMENTS: ListRequest = { path: ROOT, idFields: ['id', 'tag'] };

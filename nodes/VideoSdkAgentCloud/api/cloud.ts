import { type IDataObject } from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from './agents';
import { isRecord, recordsIn, recordWith } from './http/responseReaders';
import { type ApiRequest, failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import { listRecords } from './http/pagination';

/** The path of the requests by which VideoSDK's CLI and SDK build and run agents in VideoSDK's cloud (docs/dev/api-truth.md). */
const ROOT = ['ai', 'v1', 'cloud'];

/** The beginning of the name of each secret that n8n makes. */
export const OWN_SECRETS = 'n8n-';

/** An agent and its only deployment. */
export interface CloudAgent {
	id: string;
	agentId: string;
	/** The ID of the secret with its environment variables. */
	envSecret?: string;
}

/** The build of a container image out of a folder. */
export interface Build {
	buildId: string;
	/** The URL to which the folder is uploaded as a tar.gz, without a token. */
	uploadUrl: string;
	image: string;
}

/** The body of a new version. Undefined fields are not sent. */
export interface VersionBody extends Pick<CloudAgent, 'agentId'> {
	deploymentId: string;
	minReplica: number;
	maxReplica: number;
	profile: string;
	region?: string;
	versionTag: string;
	envSecret: string;
	webhook?: { endPoint: string; events: string[] };
}

const request = (method: ApiRequest['method'], path: string[], body?: IDataObject): ApiRequest => ({
	method,
	path: [...ROOT, ...path],
	body,
	...(method === 'POST' && { starts: 'deploy' as const }),
});

/** @returns a reader for a record that has all of these fields */
const withAll =
	<T>(names: string[]) =>
	(answer: IDataObject): T | undefined =>
		recordsIn(answer).find((record) => names.every((name) => record[name])) as T | undefined;

/** @returns all agents with exactly this name */
export async function agentsNamed(send: Send, name: string): Promise<CloudAgent[]> {
	const rows = await listRecords(send, AGENT_DEPLOYMENTS, Infinity, (row) => row.name === name);
	return rows as unknown as CloudAgent[];
}

/** @returns the version of a deployment that was made last; undefined if there is none */
export async function latestVersion(send: Send, deploymentId: string): Promise<IDataObject | undefined> {
	const readVersion = (answer: IDataObject) => ({ version: recordWith(['id'])(answer) });
	const { version } = await send(request('GET', ['deployments', deploymentId, 'latest']), readVersion).catch(
		(error: Error) => {
			if (NOT_FOUND_STATUSES.includes(failureOf(error)?.status ?? 0)) return { version: undefined };
			throw error;
		},
	);
	return version;
}

/** Makes an agent without a version. @param envSecret for a dry run, what it outputs in place of the secret's ID */
export async function createAgent(send: Send, name: string, envSecret?: IDataObject): Promise<CloudAgent> {
	return await send(
		request('POST', ['deployments'], { name, envSecret }),
		withAll<CloudAgent>(['id', 'agentId']),
	);
}

/** Begins a build, for which the folder has to be uploaded. */
export async function createBuild(
	send: Send,
	body: { deploymentId: string; region?: string },
): Promise<Build> {
	const read = withAll<Build>(['buildId', 'uploadUrl', 'image']);
	return await send(request('POST', ['builds'], body), read);
}

/** Starts a build after the upload. */
export async function startBuild(send: Send, buildId: string): Promise<void> {
	await send(request('POST', ['builds', buildId, 'start']), () => true);
}

/** @returns the `status` of a build and, if it failed, its `failureReason` */
export async function fetchBuild(send: Send, buildId: string): Promise<IDataObject> {
	return await send(request('GET', ['builds', buildId]), withAll<IDataObject>(['status']));
}

/** @returns the URL of a build's log, which is read without a token */
export async function buildLogUrl(send: Send, buildId: string): Promise<string> {
	const { cdnUrl } = await send(
		request('GET', ['builds', buildId, 'logs']),
		withAll<{ cdnUrl: string }>(['cdnUrl']),
	);
	return cdnUrl;
}

/** Stores environment variables as a secret. @returns the secret's ID */
export async function createSecret(send: Send, name: string, keys: Record<string, string>): Promise<string> {
	const body = { name, keys, type: 'NORMAL' };
	// No error may quote the response, because it may repeat the variables.
	const { id } = await send(
		{ ...request('POST', ['secrets'], body), holdsSecrets: true },
		withAll<{ id: string }>(['id']),
	);
	return id;
}

/** Gives an agent the environment variables of a secret. */
export async function useSecret(send: Send, deploymentId: string, envSecret: string): Promise<void> {
	await send(request('PUT', ['deployments', deploymentId, 'update'], { envSecret }), () => true);
}

/** Deletes a secret unless it's the user's own, which the agent may have been given since n8n deployed it. */
export async function deleteOwnSecret(send: Send, id: string): Promise<void> {
	const secrets = await send(request('GET', ['secrets']), ({ data }) =>
		Array.isArray(data) ? data : undefined,
	);
	const own = secrets.filter(isRecord).find((secret) => secret.id === id);
	const name = String(own?.name);
	if (name.startsWith(OWN_SECRETS)) await send(request('DELETE', ['secrets', 'name', name]), () => true);
}

/** Makes a version of an agent, which takes the next conversations. @returns the version's ID */
export async function createVersion(send: Send, image: string, body: VersionBody): Promise<string> {
	// VideoSDK's CLI names an image that VideoSDK has built in this way (create_version).
	const [imageCR] = image.split('/');
	const named = { imageType: 'public', imageCR, imageUrl: image };
	const read = withAll<{ id: string }>(['id']);
	const { id } = await send(request('POST', ['versions'], { ...body, image: named }), read);
	return id;
}

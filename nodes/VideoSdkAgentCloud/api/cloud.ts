import { type IDataObject } from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from './agents';
import { isRecord, recordsIn, recordWith } from './http/responseReaders';
import { type ApiRequest, failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import { listRecords } from './http/pagination';

/** Agents in VideoSDK's cloud, built and run there, as VideoSDK's CLI and SDK have it (docs/dev/api-truth.md). */
const ROOT = ['ai', 'v1', 'cloud'];

/** How the names of secrets begin that n8n has made. */
export const OWN_SECRETS = 'n8n-';

/** An agent, by its one deployment. */
export interface CloudAgent {
	/** Of the deployment. */
	id: string;
	agentId: string;
	/** The ID of the secret with its environment variables. */
	envSecret?: string;
}

/** What is built out of a folder. */
export interface Build {
	buildId: string;
	/** Takes the folder as a tar.gz, without a token. */
	uploadUrl: string;
	/** Of the container that comes out of it. */
	image: string;
}

/** A version to run. Undefined fields are not sent. */
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

/** @returns a reader for a record that has all of these */
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

/** Makes an agent that has nothing to run yet. @param envSecret shown by a dry run in place of the secret's ID */
export async function createAgent(send: Send, name: string, envSecret?: IDataObject): Promise<CloudAgent> {
	return await send(
		request('POST', ['deployments'], { name, envSecret }),
		withAll<CloudAgent>(['id', 'agentId']),
	);
}

/** Begins a build, which waits for its folder. */
export async function createBuild(
	send: Send,
	body: { deploymentId: string; region?: string },
): Promise<Build> {
	const read = withAll<Build>(['buildId', 'uploadUrl', 'image']);
	return await send(request('POST', ['builds'], body), read);
}

/** Builds what was uploaded. */
export async function startBuild(send: Send, buildId: string): Promise<void> {
	await send(request('POST', ['builds', buildId, 'start']), () => true);
}

/** @returns how a build is: `status` and, if it failed, `failureReason` */
export async function fetchBuild(send: Send, buildId: string): Promise<IDataObject> {
	return await send(request('GET', ['builds', buildId]), withAll<IDataObject>(['status']));
}

/** @returns where the log of a build is, without a token */
export async function buildLogUrl(send: Send, buildId: string): Promise<string> {
	const { cdnUrl } = await send(
		request('GET', ['builds', buildId, 'logs']),
		withAll<{ cdnUrl: string }>(['cdnUrl']),
	);
	return cdnUrl;
}

/** Stores environment variables. @returns their ID */
export async function createSecret(send: Send, name: string, keys: Record<string, string>): Promise<string> {
	const body = { name, keys, type: 'NORMAL' };
	// The answer may repeat them.
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

/** Deletes a secret that n8n has made. One that the user has given the agent since stays. */
export async function deleteOwnSecret(send: Send, id: string): Promise<void> {
	const secrets = await send(request('GET', ['secrets']), ({ data }) =>
		Array.isArray(data) ? data : undefined,
	);
	const own = secrets.filter(isRecord).find((secret) => secret.id === id);
	const name = String(own?.name);
	if (name.startsWith(OWN_SECRETS)) await send(request('DELETE', ['secrets', 'name', name]), () => true);
}

/** Makes a version of an agent, which takes the next conversations. @returns its ID */
export async function createVersion(send: Send, image: string, body: VersionBody): Promise<string> {
	// As the CLI names an image that VideoSDK has built.
	const [imageCR] = image.split('/');
	const named = { imageType: 'public', imageCR, imageUrl: image };
	const read = withAll<{ id: string }>(['id']);
	const { id } = await send(request('POST', ['versions'], { ...body, image: named }), read);
	return id;
}

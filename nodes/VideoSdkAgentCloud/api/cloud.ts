import { type IDataObject } from 'n8n-workflow';
import { AGENT_DEPLOYMENTS } from './agents';
import { isRecord, recordsIn, recordWith, unlessDeclined } from './http/responseReaders';
import { type ApiRequest, failureOf, type Send } from './http/client';
import { NOT_FOUND_STATUSES } from './http/failure';
import { listRecords } from './http/pagination';
import { tokenEndOf } from './versionTag';

/** The path of the requests by which VideoSDK's CLI and SDK build and run agents in VideoSDK's cloud (docs/dev/api-truth.md). */
const ROOT = ['ai', 'v1', 'cloud'];

/** The file of the uploaded folder by which the agent is built. VideoSDK's CLI always names it (build.py). */
const DOCKERFILE = 'Dockerfile';

/** The longest part of an agent's name in the name of a secret. */
const MAX_SLUG_LENGTH = 40;

/** An agent and its only deployment. */
export interface CloudAgent {
	id: string;
	agentId: string;
	name: string;
	/** The ID of the secret with its environment variables. */
	envSecret?: string;
}

/** A version of an agent. Several may be active at the same time. */
export interface AgentVersion {
	id: string;
	isActive: boolean;
	versionTag: string;
}

/** A secret of the project, without its values. */
interface Secret {
	id: string;
	name: string;
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

/** @returns the versions of an agent's deployment, also those that are over */
export async function versionsOf(send: Send, { id, agentId }: CloudAgent): Promise<AgentVersion[]> {
	const list = {
		path: [...ROOT, 'versions'],
		keys: ['versions', 'data'],
		qs: { agentId, deploymentId: id, sort: -1 },
	};
	// An API that ignores the filters must not have the versions of another agent taken down.
	const isOfAgent = (row: IDataObject) =>
		row.deploymentId === undefined ? row.agentId === agentId : row.deploymentId === id;
	const rows = await listRecords(send, list, Infinity, isOfAgent);
	return rows.map((row) => ({
		id: String(row.id),
		isActive: row.active === true,
		versionTag: String(row.versionTag),
	}));
}

/**
 * Stops a version. The CLI's `deactivate_version`.
 *
 * @param force whether it's stopped even during conversations. Else VideoSDK refuses that
 * @throws NodeApiError
 */
export async function deactivateVersion(send: Send, id: string, force: boolean): Promise<void> {
	await send(
		request('PUT', ['versions', id, 'activate'], { activate: false, force }),
		unlessDeclined(() => true),
	);
}

/**
 * Makes an agent without a version.
 *
 * @param envSecret the ID of its secret; in a dry run, what is put out in its place
 */
export async function createAgent(
	send: Send,
	name: string,
	envSecret: IDataObject | string,
): Promise<CloudAgent> {
	const made = await send(
		request('POST', ['deployments'], { name, envSecret }),
		withAll<CloudAgent>(['id', 'agentId']),
	);
	return { ...made, name, envSecret: String(envSecret) };
}

/**
 * Begins a build, for which the folder has to be uploaded.
 *
 * @param body with the tag of the image: builds without one may share it, so that versions couldn't be told apart
 */
export async function createBuild(
	send: Send,
	body: { deploymentId: string; tag: string; region?: string },
): Promise<Build> {
	const read = withAll<Build>(['buildId', 'uploadUrl', 'image']);
	return await send(request('POST', ['builds'], { ...body, dockerfilePath: DOCKERFILE }), read);
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

/** @returns a name as VideoSDK allows it for secrets: in `a-z0-9_-` (videosdk_cli, secret_set_manager) */
const slug = (name: string): string =>
	name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '')
		.slice(0, MAX_SLUG_LENGTH) || 'agent';

/**
 * Names a secret that n8n makes for an agent.
 *
 * @param agentName the agent's name
 * @param unique eight hex digits, with which the tag of the version ends that has the secret
 */
export const secretName = (agentName: string, unique: string): string => `n8n-${slug(agentName)}-${unique}`;

/** @returns the unique end of the name of a secret that n8n has made for an agent; undefined: someone else made it, or for another one */
function uniqueOf({ name }: CloudAgent, secret: Secret): string | undefined {
	const unique = /-([0-9a-f]{8})$/.exec(secret.name)?.[1];
	return unique !== undefined && secret.name === secretName(name, unique) ? unique : undefined;
}

/** Stores environment variables as a secret. @returns the secret's ID */
export async function createSecret(send: Send, name: string, keys: Record<string, string>): Promise<string> {
	const body = { name, keys, type: 'NORMAL' };
	// No error may quote the response, because it may repeat the variables.
	const { id } = await send(
		{ ...request('POST', ['secrets'], body), holdsSecrets: 'everywhere' },
		withAll<{ id: string }>(['id']),
	);
	return id;
}

/** Gives an agent the environment variables of a secret. */
export async function useSecret(send: Send, deploymentId: string, envSecret: string): Promise<void> {
	await send(request('PUT', ['deployments', deploymentId, 'update'], { envSecret }), () => true);
}

/** Deletes a secret. */
export async function deleteSecret(send: Send, name: string): Promise<void> {
	await send(request('DELETE', ['secrets', 'name', name]), () => true);
}

/** @returns the secrets that n8n has made for an agent, each with the unique end of its name */
async function ownSecrets(send: Send, agent: CloudAgent): Promise<Array<Secret & { unique: string }>> {
	const secrets = await send(request('GET', ['secrets']), ({ data }) =>
		Array.isArray(data) ? data : undefined,
	);
	return secrets.filter(isRecord).flatMap(({ id, name }) => {
		const secret = { id: String(id), name: String(name) };
		const unique = uniqueOf(agent, secret);
		return unique === undefined ? [] : [{ ...secret, unique }];
	});
}

/**
 * Deletes the secrets that n8n has made for an agent and that no active version needs. Never deletes one that a user has made, or that
 * belongs to a version that isn't known.
 *
 * @param versions all versions of the agent
 * @param active the IDs of those that are active
 * @param markId the secret that an agent without a version had, see `isMarked`
 */
export async function deleteUnusedSecrets(
	send: Send,
	agent: CloudAgent,
	versions: AgentVersion[],
	active: string[],
	markId?: string,
): Promise<void> {
	for (const { id, name, unique } of await ownSecrets(send, agent)) {
		const version = versions.find(({ versionTag }) => versionTag.endsWith(`-${unique}`));
		const isUnused = version === undefined ? id === markId : !active.includes(version.id);
		if (isUnused) await deleteSecret(send, name);
	}
}

/**
 * @returns whether n8n has deployed an agent: its latest version has a tag of n8n's. Without a version, as after a failed first build, the
 *   mark is its secret, whose name only n8n makes
 */
export async function isMarked(
	send: Send,
	agent: CloudAgent,
	latest: IDataObject | undefined,
): Promise<boolean> {
	if (latest !== undefined) return tokenEndOf(latest.versionTag) !== undefined;
	return (await ownSecrets(send, agent)).some(({ id }) => id === agent.envSecret);
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

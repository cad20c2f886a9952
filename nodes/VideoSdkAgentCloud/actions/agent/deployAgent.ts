import { randomBytes } from 'crypto';
import { type IDataObject } from 'n8n-workflow';
import { readKey } from '../../../../credentials/apiTarget';
import { failureOf, type Send } from '../../api/http/client';
import {
	agentsNamed,
	type CloudAgent,
	createAgent,
	createSecret,
	createVersion,
	deleteOwnSecret,
	latestVersion,
	OWN_SECRETS,
	useSecret,
	type VersionBody,
} from '../../api/cloud';
import { type ReadCredential } from '../../api/http/credential';
import { isInDoubt } from '../../api/http/failure';
import { tokenEndOf, versionTag } from '../../api/versionTag';
import { type ItemReader } from '../../fields/kit/reader';
import type { FileTools } from '../itemFiles';
import type { Deployment } from '../operation';
import { buildAgent } from './build';

export const TOKEN_VARIABLE = 'VIDEOSDK_AUTH_TOKEN';
export const ID_VARIABLE = 'N8N_AGENT_ID';

/** @returns the agent with this name, if there is one. @throws NodeOperationError if n8n didn't deploy it, or several have the name */
async function findAgent(read: ItemReader, send: Send, name: string): Promise<CloudAgent | undefined> {
	const [agent, another] = await agentsNamed(send, name);
	if (agent === undefined) return undefined;
	const advice = `Enter a different 'Name', or delete what you don't need in the VideoSDK dashboard. Nothing was sent.`;
	if (another) throw read.fail(`There is more than one agent named '${name}'`, advice);
	const version = await latestVersion(send, agent.id);
	if (version === undefined || tokenEndOf(version.versionTag) !== undefined) return agent;
	throw read.fail(`The agent '${name}' wasn't deployed by n8n, so it isn't replaced`, advice);
}

/** Signs a token for the agent, which gets no key pair, because it could sign access to tools with that. */
async function signToken(credential: ReadCredential, expiresAtS: number): Promise<string> {
	const { data } = await credential();
	const { signAgentToken } = await import('../../../../credentials/signToken');
	return signAgentToken(readKey(data?.apiKey, 'API Key'), readKey(data?.secretKey, 'Secret Key'), expiresAtS);
}

/** Deletes a new secret, which holds a token for a year, unless a version may have been made that needs it. Never throws. */
async function takeBack(
	send: Send,
	secretId: string,
	{ id, envSecret }: CloudAgent,
	error: Error,
): Promise<void> {
	const failure = failureOf(error);
	if (failure === undefined || isInDoubt(failure)) return;
	try {
		if (envSecret) await useSecret(send, id, envSecret);
		await deleteOwnSecret(send, secretId);
	} catch {
		// The user gets the error because of which there is no version.
	}
}

/** @returns a name as VideoSDK allows it for secrets: in `a-z0-9_-` (videosdk_cli, secret_set_manager) */
const slug = (name: string): string =>
	name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '')
		.slice(0, 40) || 'agent';

/** Sends the first request of a deployment with all variables hidden, because a dry run outputs its first request only. */
async function sendFirstRequest(
	send: Send,
	name: string,
	found: CloudAgent | undefined,
	variables: Record<string, string>,
): Promise<void> {
	const names = [...Object.keys(variables), TOKEN_VARIABLE, ID_VARIABLE];
	const hidden = Object.fromEntries(names.map((variable) => [variable, '***']));
	if (found) await createSecret(send, `${OWN_SECRETS}${slug(name)}`, hidden);
	else await createAgent(send, name, hidden);
}

/**
 * Makes a version of the agent with a new secret, and then deletes the former secret.
 *
 * @param keys the environment variables
 * @param expiresAtS when the agent's token expires, in seconds since 1970
 * @returns the version's ID
 */
async function makeVersion(
	send: Send,
	agent: CloudAgent,
	{
		name,
		image,
		keys,
		expiresAtS,
	}: { name: string; image: string; keys: Record<string, string>; expiresAtS: number },
	body: Omit<VersionBody, 'agentId' | 'deploymentId' | 'envSecret' | 'versionTag'>,
): Promise<string> {
	const { id: deploymentId, agentId, envSecret } = agent;
	const unique = randomBytes(4).toString('hex');
	const secretId = await createSecret(send, `${OWN_SECRETS}${slug(name)}-${unique}`, keys);
	const version = {
		...body,
		agentId,
		deploymentId,
		versionTag: versionTag(expiresAtS * 1_000, unique),
		envSecret: secretId,
	};
	const versionId = await useSecret(send, deploymentId, secretId)
		.then(async () => await createVersion(send, image, version))
		.catch(async (error: Error) => {
			await takeBack(send, secretId, agent, error);
			throw error;
		});
	// The agent already runs, so a secret that's left over is no reason to fail.
	if (envSecret) await deleteOwnSecret(send, envSecret).catch(() => undefined);
	return versionId;
}

/** Deploys the package's own agent: builds it, and makes a version of it. */
export async function deployAgent(
	read: ItemReader,
	send: Send,
	files: FileTools,
	{ name, variables, region, validForS, body }: Deployment,
	isDryRun: boolean,
): Promise<IDataObject> {
	const found = await findAgent(read, send, name);
	if (isDryRun) await sendFirstRequest(send, name, found, variables);
	const agent = found ?? (await createAgent(send, name));
	const { id: deploymentId, agentId } = agent;
	const { data } = await files.credential();
	const secrets = [...Object.values(variables), String(data?.secretKey), String(data?.apiKey)];
	const built = await buildAgent(read, send, files, { deploymentId, region }, secrets);
	const expiresAtS = Math.floor(Date.now() / 1_000) + validForS;
	const token = await signToken(files.credential, expiresAtS);
	const keys = { ...variables, [TOKEN_VARIABLE]: token, [ID_VARIABLE]: agentId };
	const { image, buildSeconds } = built;
	const versionId = await makeVersion(send, agent, { name, image, keys, expiresAtS }, body);
	const tokenExpiresAt = new Date(expiresAtS * 1_000).toISOString();
	return { agentId, deploymentId, versionId, image, buildSeconds, tokenExpiresAt };
}

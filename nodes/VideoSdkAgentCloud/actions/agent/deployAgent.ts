import { randomBytes } from 'crypto';
import { type IDataObject, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { readKey } from '../../../../credentials/apiTarget';
import { ApiError, failureOf, type Send } from '../../api/http/client';
import {
	agentsNamed,
	type CloudAgent,
	createAgent,
	createSecret,
	createVersion,
	deleteSecret,
	deleteUnusedSecrets,
	isMarked,
	latestVersion,
	secretName,
	useSecret,
	type VersionBody,
} from '../../api/cloud';
import { type ReadCredential } from '../../api/http/credential';
import { isInDoubt } from '../../api/http/failure';
import { CONVERSATIONS_PER_COPY, versionTag } from '../../api/versionTag';
import { type ItemReader } from '../../fields/kit/reader';
import type { FileTools } from '../itemFiles';
import type { Deployment } from '../operation';
import type { StartRun } from '../start/itemStart';
import { buildAgent } from './build';
import { ACTIVE_WITHIN_MINUTES, takeDown, whenActive } from './versions';

const TOKEN_VARIABLE = 'VIDEOSDK_AUTH_TOKEN';
const ID_VARIABLE = 'N8N_AGENT_ID';
/** VideoSDK may look at the agent's port to see whether it runs. Elsewhere, the agent opens it on its own machine only. */
const HOST = { N8N_AGENT_HOST: '0.0.0.0' };
/** The environment variables that n8n sets itself. */
export const OWN_VARIABLES = [TOKEN_VARIABLE, ID_VARIABLE, ...Object.keys(HOST)];
/** The only variable of the secret that an agent has until its first version. */
const MARK_VARIABLE = 'N8N_DEPLOYED';

/** An agent of an earlier deployment. */
interface Found extends CloudAgent {
	hasVersion: boolean;
}

/** @returns the agent with this name, if there is one. @throws NodeOperationError if n8n didn't deploy it, or several have the name */
async function findAgent(read: ItemReader, send: Send, name: string): Promise<Found | undefined> {
	const [agent, another] = await agentsNamed(send, name);
	if (agent === undefined) return undefined;
	const advice = `Enter a different 'Name', or delete what you don't need in the VideoSDK dashboard. Nothing was sent.`;
	if (another) throw read.fail(`There is more than one agent named '${name}'`, advice);
	const latest = await latestVersion(send, agent.id);
	if (await isMarked(send, agent, latest)) return { ...agent, hasVersion: latest !== undefined };
	throw read.fail(`The agent '${name}' wasn't deployed by n8n, so it isn't replaced`, advice);
}

/** Signs a token for the agent, which gets no key pair, because it could sign access to tools with that. */
async function signToken(credential: ReadCredential, expiresAtS: number): Promise<string> {
	const { data } = await credential();
	const { signAgentToken } = await import('../../../../credentials/signToken');
	return signAgentToken(readKey(data?.apiKey, 'API Key'), readKey(data?.secretKey, 'Secret Key'), expiresAtS);
}

/** @returns whether what was to be made with a request certainly wasn't, so that the secret for it can be deleted */
function isCertain(error: Error): boolean {
	const failure = failureOf(error);
	return failure !== undefined && !isInDoubt(failure);
}

const newUnique = () => randomBytes(4).toString('hex');

/** Sends the first request of a deployment with all variables hidden, because a dry run outputs its first request only. */
async function sendFirstRequest(
	send: Send,
	found: CloudAgent | undefined,
	{ name, variables }: Deployment,
): Promise<void> {
	const names = [...Object.keys(variables), ...OWN_VARIABLES];
	const hidden = Object.fromEntries(names.map((variable) => [variable, '***']));
	if (found) await createSecret(send, secretName(name, '********'), hidden);
	else await createAgent(send, name, hidden);
}

/**
 * Makes an agent with a secret that holds nothing of use. It marks the agent as n8n's until a version does, so that n8n finds it again
 * after a failed first build.
 */
async function makeMarkedAgent(send: Send, name: string): Promise<CloudAgent> {
	const mark = secretName(name, newUnique());
	const markId = await createSecret(send, mark, { [MARK_VARIABLE]: 'true' });
	return await createAgent(send, name, markId).catch(async (error: Error) => {
		if (isCertain(error)) await deleteSecret(send, mark).catch(() => undefined);
		throw error;
	});
}

/** Makes a version of the agent with a secret of its own. @returns the version's ID */
async function makeVersion(
	send: Send,
	agent: CloudAgent,
	{ secret, keys, image }: { secret: string; keys: Record<string, string>; image: string },
	body: Omit<VersionBody, 'agentId' | 'deploymentId' | 'envSecret'>,
): Promise<string> {
	const { id: deploymentId, agentId, envSecret } = agent;
	const secretId = await createSecret(send, secret, keys);
	return await useSecret(send, deploymentId, secretId)
		.then(
			async () => await createVersion(send, image, { ...body, agentId, deploymentId, envSecret: secretId }),
		)
		.catch(async (error: Error) => {
			// The secret holds a token for a year, and there may be a version that needs it.
			if (isCertain(error)) {
				const takeBack = async () => {
					if (envSecret) await useSecret(send, deploymentId, envSecret);
					await deleteSecret(send, secret);
				};
				await takeBack().catch(() => undefined);
			}
			throw error;
		});
}

/**
 * Once a new version is active, takes those before it down, and deletes the secrets that no active version needs. Never throws: the new
 * version runs.
 *
 * @param markId see `deleteUnusedSecrets`
 */
async function replaceFormer(
	send: Send,
	agent: CloudAgent,
	versionId: string,
	{ stopSignal, markId }: { stopSignal: AbortSignal; markId?: string },
) {
	const { versions, isActive } = await whenActive(send, agent, versionId, stopSignal);
	const former = versions
		.filter((version) => version.isActive && version.id !== versionId)
		.map(({ id }) => id);
	const { down, stillActive } = isActive
		? await takeDown(send, former, false)
		: { down: [], stillActive: former };
	if (versions.length > 0) {
		await deleteUnusedSecrets(send, agent, versions, [versionId, ...stillActive], markId).catch(
			// The agent already runs, so a secret that's left over is no reason to fail.
			() => undefined,
		);
	}
	return { isActive, replaced: down, stillActive };
}

/** @returns what comes next, for whoever reads the output */
function nextOf(
	name: string,
	isNew: boolean,
	{ isActive, stillActive }: { isActive: boolean; stillActive: string[] },
): string {
	if (!isActive) {
		return `VideoSDK didn't show the new version of '${name}' as active while n8n looked, ${ACTIVE_WITHIN_MINUTES} minutes at most, so no former version was taken down. Look in the VideoSDK dashboard, then deploy again.`;
	}
	if (stillActive.length > 0) {
		return `A former version of '${name}' is still active, probably because it's talking. Once its conversations are over, run Agent: Deploy again, or take the agent down.`;
	}
	return isNew
		? `Select '${name}' in Routing Rule: Set Agent, so that it talks in the calls of that rule.`
		: `Routing rules that have '${name}' use the new version from now on.`;
}

/** Deploys the agent. @returns the output */
async function deploy(
	read: ItemReader,
	send: Send,
	files: FileTools,
	deployment: Deployment,
	isDryRun: boolean,
): Promise<IDataObject> {
	const { name, variables, region, validForS, body } = deployment;
	const found = await findAgent(read, send, name).catch((error: Error) => {
		// Nothing was sent yet that could be in doubt.
		throw failureOf(error) ? read.fail(error.message, (error as NodeApiError).description ?? '') : error;
	});
	if (isDryRun) await sendFirstRequest(send, found, deployment);
	const unique = newUnique();
	const expiresAtS = Math.floor(Date.now() / 1_000) + validForS;
	const tag = versionTag(expiresAtS * 1_000, unique);
	const agent = found ?? (await makeMarkedAgent(send, name));
	const { id: deploymentId, agentId } = agent;
	const { data } = await files.credential();
	const hidden = [...Object.values(variables), String(data?.secretKey), String(data?.apiKey)];
	const { image, buildSeconds } = await buildAgent(read, send, files, { deploymentId, tag, region }, hidden);
	const token = await signToken(files.credential, expiresAtS);
	const keys = { ...variables, ...HOST, [TOKEN_VARIABLE]: token, [ID_VARIABLE]: agentId };
	const made = { secret: secretName(name, unique), keys, image };
	const versionId = await makeVersion(send, agent, made, { ...body, versionTag: tag });
	const markId = found?.hasVersion ? undefined : agent.envSecret;
	const { stopSignal } = files;
	const former = await replaceFormer(send, agent, versionId, { stopSignal, markId });
	const { replaced, stillActive } = former;
	return {
		agentId,
		deploymentId,
		versionId,
		image,
		buildSeconds,
		tokenExpiresAt: new Date(expiresAtS * 1_000).toISOString(),
		conversationsAtOnce: CONVERSATIONS_PER_COPY * body.maxReplica,
		replaced,
		stillActive,
		next: nextOf(name, found === undefined, former),
	};
}

/** @returns an error for another item that has failed with it, since an error names its item */
function copyOf(error: Error, read: ItemReader): Error {
	if (!(error instanceof NodeApiError || error instanceof NodeOperationError)) return error;
	const { message, description } = error;
	const failure = failureOf(error);
	if (failure === undefined) return read.fail(message, description ?? '');
	return Object.assign(new ApiError(read.context, failure), { message, description });
}

/**
 * Deploys the package's own agent: builds it, makes a version of it, and takes the former ones down. Items of one name, which say the same
 * in every field, are one deployment, also if it fails.
 *
 * @returns the output
 * @throws NodeApiError or NodeOperationError in words for the user, also if this process is deploying an agent of that name already: two at
 *   once would make two agents
 */
export async function deployAgent(
	read: ItemReader,
	send: Send,
	files: FileTools,
	deployment: Deployment,
	isDryRun: boolean,
	{ once, state: { deploying } }: Pick<StartRun, 'once' | 'state'>,
): Promise<IDataObject> {
	const { data } = await files.credential();
	const { name } = deployment;
	const key = JSON.stringify([data?.baseUrl, data?.apiKey, name]);
	let isFirst = false;
	const deployOnce = async () => {
		isFirst = true;
		if (deploying.has(key)) {
			const advice =
				'Wait until that has ended, and look whether it has to be deployed once more. Nothing was sent.';
			throw read.fail(`The agent '${name}' is already being deployed`, advice);
		}
		deploying.add(key);
		return await deploy(read, send, files, deployment, isDryRun).finally(() => deploying.delete(key));
	};
	const deployed = await once.get(
		`deploy ${key}`,
		async () =>
			await deployOnce().then(
				(record) => ({ record }),
				(error: Error) => ({ error }),
			),
	);
	if ('record' in deployed) return deployed.record;
	throw isFirst ? deployed.error : copyOf(deployed.error, read);
}

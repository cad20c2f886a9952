/** What `--deploy` tries: the package's agent is deployed, sent into a room, set on a rule, and listened to, by the package's requests. */
import { randomBytes } from 'node:crypto';
import { sign } from 'jsonwebtoken';
import type { IDataObject } from 'n8n-workflow';
import { signAgentToken } from '../../credentials/signToken';
import { asRecord } from '../../nodes/VideoSdkAgentCloud/api/http/responseReaders';
import type { Send } from '../../nodes/VideoSdkAgentCloud/api/http/client';
import {
	createAgent,
	createBuild,
	createSecret,
	createVersion,
	deleteSecret,
	fetchBuild,
	secretName,
	startBuild,
	useSecret,
} from '../../nodes/VideoSdkAgentCloud/api/cloud';
import { changeOf, changeRule, differences, fetchRule } from '../../nodes/VideoSdkAgentCloud/api/routingRule';
import { isReady, textFileOf } from '../../nodes/VideoSdkAgentCloud/api/transcriptions';
import { versionTag } from '../../nodes/VideoSdkAgentCloud/api/versionTag';
import { packAgent } from '../../scripts/packAgent';
import { endpointOf } from '../schemas/check';
import type { Json } from '../simulator/request';
import { type Evidence, isSuccess, type Plan } from './evidence';

const CLOUD = '/ai/v1/cloud';
const BUILD = `${CLOUD}/builds`;
/** In the order in which they are sent. */
export const DEPLOYING = [
	`POST ${CLOUD}/secrets`,
	`POST ${CLOUD}/deployments`,
	`POST ${BUILD}`,
	`POST ${BUILD}/:id/start`,
	`GET ${BUILD}/:id`,
	`PUT ${CLOUD}/deployments/:id/update`,
	`POST ${CLOUD}/versions`,
];
const AGENTS = `GET ${CLOUD}/deployments`;
export const BUILD_NOW = `GET ${BUILD}/:id`;
export const CHANGE_OF_RULE = 'PATCH /v2/sip/routing-rule/:id';

/** As long as Agent: Deploy waits. */
const BUILD_PATIENCE_MS = 30 * 60_000;
/** The default of Token Valid For: that it is so long is what is to be seen. */
const TOKEN_VALID_S = 365 * 86_400;
/** A word that no one says by chance. */
export const RULE_WORD = 'marzipan';
const FIRST_MESSAGE = `Hello, this is an AI. I was asked to say the word ${RULE_WORD}. That was all.`;

/** A request that the API didn't do. What it answered is in the evidence. */
class RefusedError extends Error {
	constructor(
		endpoint: string,
		readonly status: number,
	) {
		super(`${endpoint}: ${status}`);
	}
}

interface Made {
	/** Empty: it wasn't made. */
	id: string;
	end(): Promise<void>;
}

interface Trying {
	evidence: Evidence;
	runId: string;
	/** What is to be ended, the last one first. */
	open: Map<string, () => Promise<void>>;
	makeRoom(step: string, ending: string, body: Json): Promise<Made>;
	makeCall(
		step: string,
		call: NonNullable<Plan['call']>,
		more: { destinationRoomId?: string; metadata: Json },
	): Promise<Made>;
	isAnswered(step: string, id: string): Promise<boolean>;
}

/** Sends the package's own requests, each as a step that is called like its endpoint. */
const senderOf =
	(evidence: Evidence, isCleanUp = false): Send =>
	async ({ method, path, body }, read) => {
		const { endpoint, id } = endpointOf(method, path);
		const exchange = await evidence.send(endpoint, endpoint, { id, body, isCleanUp });
		const found = isSuccess(exchange) ? read(asRecord(exchange.answer), {}) : undefined;
		if (found === undefined) throw new RefusedError(endpoint, exchange.status);
		return found;
	};

/** Tries as much as the plan allows. @throws PlainError if it is stopped */
export async function tryAgent(trying: Trying): Promise<void> {
	const { evidence } = trying;
	const { call, deploy, write } = evidence.plan;
	try {
		const agentId = await deployAgent(trying);
		if (agentId === undefined) return;
		await dispatch(trying, agentId);
		if (deploy?.ruleId === undefined) return;
		await setOnRule(trying, deploy.ruleId, agentId);
		if (call) await listen(trying, call);
	} catch (error) {
		if (!(error instanceof RefusedError)) throw error;
		write(`${error.message}. What comes after it can't be tried.`);
	}
}

/** @returns the agent's ID; undefined if it wasn't built */
async function deployAgent({ evidence, runId, open }: Trying): Promise<string | undefined> {
	const { apiKey, secretKey, write } = evidence.plan;
	const [send, sendLast] = [senderOf(evidence), senderOf(evidence, true)];
	write('Deploying the agent ...');
	/** What is deleted, the last one first. */
	const secrets: string[] = [];
	const makeSecret = async (keys: Record<string, string>) => {
		const unique = randomBytes(4).toString('hex');
		const name = secretName(runId, unique);
		const id = await createSecret(send, name, keys);
		secrets.push(name);
		return { id, unique };
	};
	open.set("Deleting the agent's secrets", async () => {
		for (const name of secrets) await deleteSecret(sendLast, name);
	});
	const mark = await makeSecret({ N8N_DEPLOYED: 'true' });
	const agent = await createAgent(send, runId, mark.id);
	const { id: deploymentId, agentId } = agent;
	open.set('Deleting the agent', async () => {
		const path = ['ai', 'v1', 'cloud', 'deployments', deploymentId, 'delete'];
		await sendLast({ method: 'POST', path, body: { force: true } }, () => true);
		await evidence.send('agentsAfter', AGENTS, { query: { agentId }, isCleanUp: true });
	});
	evidence.agent = { agentId, markId: mark.id };
	await evidence.send('agentListed', AGENTS, { query: { agentId } });
	const expiresAtS = Math.floor(Date.now() / 1_000) + TOKEN_VALID_S;
	const tag = versionTag(expiresAtS * 1_000, randomBytes(4).toString('hex'));
	const { buildId, uploadUrl, image } = await createBuild(send, { deploymentId, tag });
	evidence.agent.tag = tag;
	await evidence.upload(uploadUrl, await packAgent());
	await startBuild(send, buildId);
	write(`Agent ${agentId} is being built, which takes some minutes ...`);
	let status: unknown;
	await evidence.until(async () => {
		({ status } = await fetchBuild(send, buildId).catch((error: Error) => {
			// The build goes on, also if it isn't shown for a moment.
			if (error instanceof RefusedError && (error.status === 0 || error.status >= 500)) return { status };
			throw error;
		}));
		return status === 'SUCCESS' || status === 'FAILED';
	}, BUILD_PATIENCE_MS);
	if (status !== 'SUCCESS') return undefined;
	const token = signAgentToken(apiKey, secretKey, expiresAtS);
	const secret = await makeSecret({
		VIDEOSDK_AUTH_TOKEN: token,
		N8N_AGENT_ID: agentId,
		N8N_AGENT_HOST: '0.0.0.0',
	});
	await useSecret(send, deploymentId, secret.id);
	const versionId = await createVersion(send, image, {
		agentId,
		deploymentId,
		minReplica: 0,
		maxReplica: 2,
		profile: 'cpu-small',
		versionTag: tag,
		envSecret: secret.id,
	});
	evidence.agent.versionId = versionId;
	write('Waiting until the version is active ...');
	const query = { agentId, deploymentId, sort: '-1' };
	await evidence.until(async () => {
		await evidence.send('versions', `GET ${CLOUD}/versions`, { query });
		return evidence.rows('versions').some(({ id, active }) => id === versionId && active === true);
	});
	return agentId;
}

/** Sends the agent into a room, until it can come: its container has to start. */
async function dispatch({ evidence, makeRoom }: Trying, agentId: string): Promise<void> {
	const { id: meetingId, end } = await makeRoom('agentRoom', "Deactivating the agent's first room", {});
	if (!meetingId) return;
	await evidence.send('agentVersions', `GET ${CLOUD}/versions`, { query: { agentId } });
	evidence.plan.write('Sending the agent into a room ...');
	const beganMs = Date.now();
	await evidence.until(async () => {
		await evidence.send('dispatched', 'POST /v2/agent/dispatch', { body: { agentId, meetingId } });
		return evidence.record('dispatched').success === true;
	});
	evidence.agentCameAfterS = Math.round((Date.now() - beganMs) / 1_000);
	// An agent that still talks there couldn't be taken down.
	await end();
}

/** The rule gets the agent, and at last what it had before. */
async function setOnRule({ evidence, open }: Trying, ruleId: string, agentId: string): Promise<void> {
	const send = senderOf(evidence);
	const before = await fetchRule(send, ruleId);
	const change = changeOf(before, { agentId, task: { firstMessage: FIRST_MESSAGE } });
	open.set('Setting the routing rule back', async () => {
		await changeRule(senderOf(evidence, true), ruleId, changeOf(before, {}));
		if (!before.agentId) throw new Error('the rule had no agent');
	});
	await changeRule(send, ruleId, change);
	evidence.alsoChanged = differences(change, await fetchRule(send, ruleId));
}

/** @returns whether VideoSDK has taken the agent's version down */
async function takeDown(evidence: Evidence, step: string): Promise<boolean> {
	const { versionId: id } = evidence.agent!;
	const body = { activate: false, force: false };
	return isSuccess(await evidence.send(step, `PUT ${CLOUD}/versions/:id/activate`, { id, body }));
}

/** Hangs up as the agent does, by the REST API: with a token that has the role rtc, then, if that is refused, with the agent's own. */
async function hangUpAsAgent(evidence: Evidence, callId: string): Promise<void> {
	const { apiKey, secretKey } = evidence.plan;
	const expiresAtS = Math.floor(Date.now() / 1_000) + TOKEN_VALID_S;
	const claims = { apikey: apiKey, permissions: ['allow_join'], version: 2, roles: ['rtc'], exp: expiresAtS };
	const hangUp = async (step: string, token: string) =>
		isSuccess(await evidence.send(step, 'POST /v2/sip/call/end', { body: { callId }, token }));
	if (await hangUp('hungUpAsRtc', sign(claims, secretKey))) return;
	await hangUp('hungUpAsAgent', signAgentToken(apiKey, secretKey, expiresAtS));
}

/** Calls by that rule, and reads what the agent has said. */
async function listen(
	{ evidence, runId, makeRoom, makeCall, isAnswered }: Trying,
	call: NonNullable<Plan['call']>,
): Promise<void> {
	const { listenMs, write } = evidence.plan;
	const room = await makeRoom('talkRoom', "Deactivating the room of the agent's call", {
		autoStartConfig: { recording: { transcription: { enabled: true } } },
	});
	if (!room.id) return;
	write('Calling a second time: pick up, and say nothing ...');
	const metadata = { verify: runId };
	const { id, end } = await makeCall('agentCall', call, { destinationRoomId: room.id, metadata });
	if (!id) return;
	const wasAnswered = await isAnswered('agentCallAnswered', id);
	if (wasAnswered) {
		await evidence.until(() => false, listenMs);
		await takeDown(evidence, 'downWhileTalking');
		await hangUpAsAgent(evidence, id);
	}
	await end();
	if (!wasAnswered) return;
	// It may take a moment until VideoSDK knows that the conversation is over.
	await evidence.until(async () => await takeDown(evidence, 'downAfterwards'));
	write('Waiting for what was said ...');
	const query = { roomId: room.id };
	await evidence.send('talkSession', 'GET /v2/sessions', { query });
	let url: string | undefined;
	await evidence.until(async () => {
		await evidence.send('talkText', 'GET /ai/v1/post-transcriptions', { query });
		const [transcription] = evidence.rows('talkText') as IDataObject[];
		if (!transcription || !isReady(transcription)) return false;
		url = textFileOf(transcription, 'transcript');
		return true;
	});
	if (url) evidence.transcript = await evidence.textAt(url);
}

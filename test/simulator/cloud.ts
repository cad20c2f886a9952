/** Agents in the cloud: their secrets, builds, and versions, as VideoSDK's CLI and SDK use them, and sending one into a room. */
import { randomBytes } from 'node:crypto';
import { verifyToken } from '@videosdk.live/server-sdk';
import type { FastifyInstance } from 'fastify';
import { matches, page } from './lists';
import { ApiError, type Call } from './request';
import { filesIn } from './tar';
import { talkOf } from './transcriptText';
import type { World } from './world';

/** An agent's deployment, as the API answers it, too. */
interface CloudDeployment {
	id: string;
	agentId: string;
	name: string;
	status: string;
	/** The ID of the secret with its environment variables. */
	envSecret?: string;
}

interface Secret {
	id: string;
	name: string;
	keys: Record<string, string>;
}

type BuildStatus = 'PENDING' | 'QUEUED' | 'BUILDING' | 'SUCCESS' | 'FAILED';

interface Build {
	buildId: string;
	deploymentId: string;
	image: string;
	status: BuildStatus;
	failureReason?: string;
	/** What was uploaded, unpacked. */
	files?: Map<string, string>;
	log: string[];
}

interface Version {
	id: string;
	agentId: string;
	deploymentId: string;
	name: string;
	image: string;
	versionTag?: string;
	envSecret?: string;
	active: boolean;
	/** What it talks in: calls and rooms. */
	talks: Map<string, Talk>;
	[more: string]: unknown;
}

/** A conversation of a version. */
interface Talk {
	/** Takes the agent out of it. */
	leave: () => void;
	isOver: () => boolean;
}

/** What becomes of builds. */
export interface BuildBehaviour {
	/** Milliseconds; null: until it is changed by hand. */
	takesMs: number | null;
	/** Why they fail, whatever was uploaded. */
	failureReason?: string;
	/** The lines that their log ends with. */
	log: string[];
}

/** What becomes of versions. */
export interface VersionBehaviour {
	/** Milliseconds until the row of a new one says that it is active; null: never. */
	activeAfterMs: number | null;
	/** Whether, of several that are active, the oldest takes the next conversation. VideoSDK doesn't say which one does. */
	oldestTalks: boolean;
	/** Whether the lists of agents and versions ignore their filters. */
	ignoresFilters: boolean;
}

const CLOUD = '/ai/v1/cloud';
const UPLOADS = '/uploads';
const NUMBERS = Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, '0'));
const id = (prefix: string) => `${prefix}_${randomBytes(5).toString('hex')}`;

/** The first agent has two deployments, so that lists must tell agents from deployments. */
function defaultDeployments(): CloudDeployment[] {
	const agents = NUMBERS.map((number) => ({
		id: `cd_${number}`,
		agentId: `agent_${number}`,
		name: `Cloud agent ${number}`,
		status: 'deployed',
	}));
	return [...agents, { ...agents[0]!, id: 'cd_13' }];
}

export class Cloud {
	readonly deployments = new Map(defaultDeployments().map((one) => [one.id, one]));
	readonly secrets = new Map<string, Secret>();
	readonly builds = new Map<string, Build>();
	/** The latest last. Those that are there from the beginning were made by others. */
	versions: Version[];
	behaviour: BuildBehaviour = { takesMs: 300, log: [] };
	/** A new version is active at once, as VideoSDK's clients say. */
	versionBehaviour: VersionBehaviour = { activeAfterMs: 0, oldestTalks: false, ignoresFilters: false };

	constructor(private readonly world: World) {
		this.versions = [...this.deployments.values()].map(({ id: deploymentId, agentId, name }) => ({
			id: id('ver'),
			agentId,
			deploymentId,
			name,
			image: `registry.example/${deploymentId}:1`,
			versionTag: 'v1',
			active: true,
			talks: new Map(),
		}));
	}

	/** The version that takes an agent's next conversation: several may be active, since a new one doesn't end those before. */
	private next(agentId: string): Version | undefined {
		const active = this.versions.filter((version) => version.agentId === agentId && version.active);
		return active.at(this.versionBehaviour.oldestTalks ? 0 : -1);
	}

	/**
	 * An agent comes into a conversation, if it is deployed here.
	 *
	 * @param id of the call or room
	 */
	join(agentId: string, id: string, talk: Talk): void {
		this.next(agentId)?.talks.set(id, talk);
	}

	/** @returns the version that an agent talks with in a call or room */
	talkingIn(id: string): Version | undefined {
		return this.versions.find((version) => version.talks.get(id)?.isOver() === false);
	}

	/**
	 * @returns why an agent that was deployed here doesn't come; undefined if it does. Its program needs a token and the ID under which it
	 * registers
	 */
	absence(agentId: string): string | undefined {
		// Others run elsewhere, such as those of the dashboard.
		if (![...this.deployments.values()].some((one) => one.agentId === agentId)) return undefined;
		const version = this.next(agentId);
		if (version === undefined) return 'it has no active version';
		// Whatever those of others need, they have.
		if (version.envSecret === undefined && version.versionTag === 'v1') return undefined;
		const { keys = {} } = this.secrets.get(version.envSecret ?? '') ?? {};
		if (keys.N8N_AGENT_ID !== agentId) return 'it registers under another ID';
		const { apiKey, secret } = this.world.account;
		try {
			const { apikey, permissions } = verifyToken(String(keys.VIDEOSDK_AUTH_TOKEN), secret);
			return apikey === apiKey && permissions?.includes('allow_join') ? undefined : 'its token is of others';
		} catch (error) {
			return `its token is rejected: ${(error as Error).message}`;
		}
	}

	routes(app: FastifyInstance): void {
		app.get<Call>(`${CLOUD}/deployments`, (request) => {
			const { query } = request;
			const wanted = [...this.deployments.values()].filter(
				({ id: deploymentId, agentId, name, status }) =>
					// The name is a regular expression, says the SDK.
					this.versionBehaviour.ignoresFilters ||
					(matches({ deploymentId, agentId, status }, query) && new RegExp(query.name ?? '', 'i').test(name)),
			);
			return page(request, wanted, { key: 'deployments' });
		});
		app.post<Call<{ name: string; agentId?: string; envSecret?: string }>>(
			`${CLOUD}/deployments`,
			({ body }) => {
				const { name, agentId = id('ag'), envSecret } = body;
				const made = { id: id('ddv'), agentId, name, status: 'created', ...(envSecret && { envSecret }) };
				this.deployments.set(made.id, made);
				return made;
			},
		);
		app.get<Call>(`${CLOUD}/deployments/:id/latest`, ({ params }) => {
			const { id: deploymentId } = this.deployment(params.id);
			const version = this.versions.filter((one) => one.deploymentId === deploymentId).at(-1);
			if (!version) throw new ApiError(404, 'No version found');
			return shown(version);
		});
		app.put<Call<{ envSecret: string }>>(`${CLOUD}/deployments/:id/update`, ({ params, body }) => {
			const secret = this.secret(body.envSecret);
			const changed = Object.assign(this.deployment(params.id), { envSecret: secret.id });
			return { message: 'Deployment updated successfully', data: changed };
		});
		app.post<Call>(`${CLOUD}/deployments/:id/delete`, ({ params }) => {
			const { id: deploymentId } = this.deployment(params.id);
			this.deployments.delete(deploymentId);
			this.versions = this.versions.filter((version) => version.deploymentId !== deploymentId);
			return { message: 'Deployment deleted successfully' };
		});
		app.post<Call<{ name: string; keys: Record<string, string> }>>(`${CLOUD}/secrets`, ({ body }) => {
			// As the CLI has it.
			if (!/^[a-z0-9_-]+$/.test(body.name)) throw new ApiError(400, 'Invalid secret name');
			if ([...this.secrets.values()].some(({ name }) => name === body.name)) {
				throw new ApiError(409, 'A secret of this name exists');
			}
			const secret = { id: id('sec'), name: body.name, keys: body.keys };
			this.secrets.set(secret.id, secret);
			return { message: 'Secret created successfully', data: { id: secret.id, name: secret.name } };
		});
		app.get<Call>(`${CLOUD}/secrets`, () => ({
			data: [...this.secrets.values()].map(({ id: secretId, name }) => ({
				id: secretId,
				name,
				type: 'NORMAL',
			})),
		}));
		app.delete<Call>(`${CLOUD}/secrets/name/:id`, ({ params }) => {
			const secret = [...this.secrets.values()].find(({ name }) => name === params.id);
			this.secrets.delete(found(secret, 'Secret').id);
			return { message: 'Secret deleted successfully' };
		});
		this.buildRoutes(app);
		app.get<Call>(`${CLOUD}/versions`, (request) => {
			const { ignoresFilters } = this.versionBehaviour;
			const wanted = this.versions.filter(
				({ agentId, deploymentId }) => ignoresFilters || matches({ agentId, deploymentId }, request.query),
			);
			return page(request, wanted.map(shown).reverse(), { key: 'versions' });
		});
		app.post<Call<VersionInput>>(`${CLOUD}/versions`, ({ body }) => shown(this.addVersion(body)));
		app.put<Call<{ envSecret?: string }>>(`${CLOUD}/versions/:id`, ({ params, body }) => {
			if (body.envSecret !== undefined) this.secret(body.envSecret);
			return shown(Object.assign(this.version(params.id), body));
		});
		app.put<Call<{ activate: boolean; force?: boolean }>>(
			`${CLOUD}/versions/:id/activate`,
			({ params, body: { activate, force = false } }) => {
				const version = this.version(params.id);
				const talks = [...version.talks.values()].filter(({ isOver }) => !isOver());
				if (!activate && talks.length > 0 && !force) {
					throw new ApiError(409, 'The version has active sessions');
				}
				version.active = activate;
				if (!activate) talks.forEach(({ leave }) => leave());
				return { message: `Version ${activate ? 'activated' : 'deactivated'} successfully` };
			},
		);
		this.dispatchRoute(app);
	}

	/** Where what is to be built is uploaded: whoever knows the address may, and no one shows a token. */
	openRoutes(app: FastifyInstance): void {
		app.put<Call>(`${UPLOADS}/:id`, (request) => {
			const build = this.builds.get(request.params.id);
			const { authorization, 'content-type': type } = request.headers;
			if (!build) throw new ApiError(404, 'No such upload');
			if (authorization !== undefined)
				throw new ApiError(400, 'Only one authentication mechanism is allowed');
			if (type !== 'application/gzip') throw new ApiError(403, 'SignatureDoesNotMatch');
			build.files = filesIn(request.recorded.rawBody);
			return '';
		});
	}

	private buildRoutes(app: FastifyInstance): void {
		app.post<Call<{ deploymentId: string; imageName?: string; tag?: string }>>(
			`${CLOUD}/builds`,
			({ body }) => {
				const { id: deploymentId } = this.deployment(body.deploymentId);
				// Without a tag, each build has the reference of the one before, as the CLI shows it.
				const { imageName = deploymentId, tag = 'latest' } = body;
				const build: Build = {
					buildId: id('bld'),
					deploymentId,
					image: `registry.videosdk.example/sim/${imageName}:${tag}`,
					status: 'PENDING',
					log: [],
				};
				this.builds.set(build.buildId, build);
				const { buildId, image } = build;
				return {
					buildId,
					image,
					uploadUrl: `${this.world.baseUrl}${UPLOADS}/${buildId}?X-Amz-Signature=${id('s')}`,
				};
			},
		);
		app.post<Call>(`${CLOUD}/builds/:id/start`, ({ params }) => {
			const build = this.build(params.id);
			if (build.status !== 'PENDING') throw new ApiError(409, 'The build has already started');
			if (!build.files) throw new ApiError(400, 'Nothing was uploaded');
			this.begin(build);
			return { message: 'Build started', buildId: build.buildId, status: build.status };
		});
		app.get<Call>(`${CLOUD}/builds/:id`, ({ params }) => {
			const { buildId, status, failureReason, image } = this.build(params.id);
			return { buildId, status, image, ...(failureReason && { failureReason }) };
		});
		app.get<Call>(`${CLOUD}/builds/:id/logs`, ({ params }) => {
			const { buildId, log } = this.build(params.id);
			const content = log.map((line) => `${line}\n`).join('');
			const cdnUrl = this.world.files.add({ name: `${buildId}.log`, content, contentType: 'text/plain' });
			return { cdnUrl };
		});
	}

	/** A build looks for what every build needs; it runs nothing of it. */
	private begin(build: Build): void {
		const { takesMs, failureReason, log } = this.behaviour;
		const { files = new Map<string, string>() } = build;
		build.status = 'QUEUED';
		build.log.push('#1 [internal] load build definition from Dockerfile');
		const missing = ['Dockerfile', 'requirements.txt'].find((name) => !files.has(name));
		const fault = failureReason ?? (missing && `failed to read ${missing}: no such file or directory`);
		build.log.push(...log, fault ? `ERROR: ${fault}` : '#2 exporting to image');
		if (takesMs === null) return;
		this.world.timers.after(takesMs / 2, () => (build.status = 'BUILDING'));
		this.world.timers.after(takesMs, () => {
			build.status = fault ? 'FAILED' : 'SUCCESS';
			build.failureReason = fault;
		});
	}

	private addVersion({ image, ...input }: VersionInput): Version {
		const { agentId, name } = this.deployment(input.deploymentId);
		if (agentId !== input.agentId) throw new ApiError(400, 'The deployment belongs to a different agent');
		if (input.envSecret !== undefined) this.secret(input.envSecret);
		if (input.maxReplica < input.minReplica) throw new ApiError(400, 'maxReplica is less than minReplica');
		const built = [...this.builds.values()].filter((build) => build.image === image.imageUrl);
		if (built.length > 0 && !built.some(({ status }) => status === 'SUCCESS')) {
			throw new ApiError(400, 'The image does not exist');
		}
		const { activeAfterMs } = this.versionBehaviour;
		const version: Version = {
			...input,
			id: id('ver'),
			name,
			image: image.imageUrl,
			active: activeAfterMs === 0,
			talks: new Map(),
		};
		this.versions.push(version);
		if (activeAfterMs) this.world.timers.after(activeAfterMs, () => (version.active = true));
		return version;
	}

	private dispatchRoute(app: FastifyInstance): void {
		app.post<
			Call<{ agentId: string; meetingId: string; roomId?: string; metadata?: Record<string, unknown> }>
		>('/v2/agent/dispatch', (request) => {
			const { agentId, meetingId, roomId = meetingId, metadata } = request.body;
			if (roomId !== meetingId) throw new ApiError(400, 'meetingId and roomId must be equal');
			const isAbsent = agentId === 'agent-busy' || this.absence(agentId) !== undefined;
			let isOver = () => false;
			if (isAbsent || this.world.capacity.take(agentId, () => isOver()) === undefined) {
				return { message: 'No workers available', data: { success: false } };
			}
			const session = this.world.rooms.join(roomId, { participantId: agentId });
			isOver = () => session.end !== null;
			this.join(agentId, roomId, {
				leave: () => this.world.rooms.leave(roomId, agentId),
				isOver,
			});
			this.world.transcriptions.setTalk(roomId, talkOf(metadata?.n8nAgent));
			const data = { success: true, status: 'assigned', roomId, agentId };
			return { message: 'Agent dispatched successfully', data };
		});
	}

	private deployment(deploymentId: string): CloudDeployment {
		return found(this.deployments.get(deploymentId), 'Deployment');
	}

	private version(versionId: string): Version {
		return found(
			this.versions.find((version) => version.id === versionId),
			'Version',
		);
	}

	private secret(secretId: string): Secret {
		return found(this.secrets.get(secretId), 'Secret');
	}

	private build(buildId: string): Build {
		return found(this.builds.get(buildId), 'Build');
	}
}

interface VersionInput {
	agentId: string;
	deploymentId: string;
	image: { imageUrl: string };
	minReplica: number;
	maxReplica: number;
	envSecret?: string;
	versionTag?: string;
}

function found<T>(item: T | undefined, what: string): T {
	if (item === undefined) throw new ApiError(404, `${what} not found`);
	return item;
}

function shown({ id: versionId, ...version }: Version): object {
	const { agentId, deploymentId, name, image, versionTag, active, minReplica, maxReplica } = version;
	const replicas = { minReplica, maxReplica };
	return {
		id: versionId,
		agentId,
		deploymentId,
		name,
		image,
		versionTag,
		active,
		...replicas,
		status: 'deployed',
	};
}

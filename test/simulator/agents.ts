/** What can be started: deployments of the older generation, and the agents of the newer one. */
import type { FastifyInstance } from 'fastify';
import { matches, olderPage, page } from './lists';
import { ApiError, type Call } from './request';
import type { World } from './world';

/** A deployment; each of its tags is a row of its own in the API's list. */
export interface SimulatedDeployment {
	id: string;
	name: string;
	tags: string[];
}

const DEPLOYMENTS = '/ai/v1/ai-deployments';
const CREATED_AT = '2026-01-15T10:00:00.000Z';
/** Several pages of each. */
const NUMBERS = Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, '0'));

/** One has several tags. */
const defaultDeployments = (): SimulatedDeployment[] => [
	{ id: 'ddv_support', name: 'Support agent', tags: ['latest', 'v1'] },
	{ id: 'ddv_sales', name: 'Sales agent', tags: ['latest'] },
	...NUMBERS.map((number) => ({
		id: `ddv_campaign_${number}`,
		name: `Outbound campaign ${number}`,
		tags: ['latest'],
	})),
];

const agents = NUMBERS.map((number) => ({
	id: `cd_${number}`,
	agentId: `agent_${number}`,
	name: `Cloud agent ${number}`,
	status: 'deployed',
}));
/** The first agent has two, so that lists must tell agents from deployments. */
const cloudDeployments = [...agents, { ...agents[0]!, id: 'cd_13' }];

/** Deployments of the older generation, in the shapes in which the API answers them. */
export class Deployments {
	readonly byId: Map<string, SimulatedDeployment>;

	constructor(deployments = defaultDeployments()) {
		this.byId = new Map(deployments.map((deployment) => [deployment.id, deployment]));
	}

	routes(app: FastifyInstance): void {
		app.get<Call>(DEPLOYMENTS, (request) => {
			// One row per tag.
			const rows = [...this.byId.values()].flatMap(({ id, name, tags }) =>
				tags.map((tag) => ({
					id,
					name,
					description: name,
					status: 'available',
					tag,
					created_at: CREATED_AT,
				})),
			);
			return olderPage(request, rows);
		});
	}
}

/** Agents of the newer generation: what there is, and sending one into a room. */
export function agentRoutes(app: FastifyInstance, { rooms }: World): void {
	app.get<Call>('/ai/v1/cloud/deployments', (request) => {
		const { query } = request;
		const wanted = cloudDeployments.filter(
			({ id, agentId, name, status }) =>
				// The name is a regular expression, says the SDK.
				matches({ deploymentId: id, agentId, status }, query) && new RegExp(query.name ?? '', 'i').test(name),
		);
		return page(request, wanted, { key: 'deployments' });
	});
	app.post<Call<{ agentId: string; meetingId: string; roomId?: string }>>('/v2/agent/dispatch', (request) => {
		const { agentId, meetingId, roomId = meetingId } = request.body;
		if (roomId !== meetingId) throw new ApiError(400, 'meetingId and roomId must be equal');
		if (agentId === 'agent-busy') return { message: 'No workers available', data: { success: false } };
		rooms.join(roomId, { participantId: agentId });
		const data = { success: true, status: 'assigned', roomId, agentId };
		return { message: 'Agent dispatched successfully', data };
	});
}

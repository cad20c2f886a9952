import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { SimulatedAgent } from '../state/agents';
import type { Rooms } from '../state/rooms';
import { ApiError } from '../validate';
import { matches } from './filters';
import { page } from './pages';

interface Dispatch {
	agentId: string;
	meetingId: string;
	roomId?: string;
}

const CLOUD = '/ai/v1/cloud/deployments';
/** Agents of the newer generation: what there is, and sending one into a room. */
export function agentRoutes(app: FastifyInstance, agents: SimulatedAgent[], rooms: Rooms): void {
	app.get<Call>(CLOUD, (request) => {
		const { query } = request;
		const wanted = agents.filter(
			({ id, agentId, name, status }) =>
				// The name is a regular expression, says the SDK.
				matches({ deploymentId: id, agentId, status }, query) && new RegExp(query.name ?? '', 'i').test(name),
		);
		return page(
			request,
			wanted.map(({ versions: _versions, ...deployment }) => deployment),
			{ key: 'deployments' },
		);
	});
	app.get<Call>('/ai/v1/agents/:id/versions', (request) => {
		const agent = agents.find(({ agentId }) => agentId === request.params.id);
		if (!agent) throw new ApiError(404, 'Agent not found');
		return { versions: agent.versions };
	});
	app.post<Call<Dispatch>>('/v2/agent/dispatch', (request) => {
		const { agentId, meetingId, roomId = meetingId } = request.body;
		if (roomId !== meetingId) throw new ApiError(400, 'meetingId and roomId must be equal');
		if (agentId === 'agent-busy') {
			const message = 'No workers available';
			request.note = `agent ${agentId}: ${message}`;
			return { message, data: { success: false } };
		}
		rooms.join(roomId, { participantId: agentId });
		request.note = `agent ${agentId} sent to room ${roomId}`;
		return {
			message: 'Agent dispatched successfully',
			data: { success: true, status: 'assigned', roomId, agentId },
		};
	});
}

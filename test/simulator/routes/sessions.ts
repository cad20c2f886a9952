import type { FastifyInstance } from 'fastify';
import { short } from '../courier';
import type { Call } from '../request';
import type { Deployments } from '../state/deployments';
import { isTerminal, type Sessions } from '../state/sessions';
import type { SimulatedSession } from '../types';
import { ApiError } from '../validate';
import { olderPage } from './pages';

const PATH = '/ai/v1/ai-deployment-sessions';

type StartBody = Pick<SimulatedSession, 'deploymentId' | 'env' | 'metaData' | 'webhook'> & { tag?: string };

/** Sessions of agents: start, end, read. */
export function sessionRoutes(app: FastifyInstance, sessions: Sessions, deployments: Deployments): void {
	app.post<Call<StartBody>>(`${PATH}/start`, (request) => {
		const session = sessions.start(startInput(request.body, deployments));
		const { sessionId, status, deploymentId, tag, start, createdAt, updatedAt } = session;
		request.note = `session ${short(sessionId)} queued (deployment ${deployments.name(deploymentId)})`;
		return {
			message: 'Session started successfully',
			data: { sessionId, status, deploymentId, tag, start, createdAt, updatedAt },
		};
	});
	app.post<Call<{ sessionId: string }>>(`${PATH}/end`, (request) => {
		const session = found(sessions, request.body.sessionId);
		if (isTerminal(session.status)) throw new ApiError(409, 'Session has already ended');
		sessions.end(session);
		request.note = `session ${short(session.sessionId)} ${session.status}`;
		return { message: 'Session ended successfully', data: shown(session) };
	});
	app.get<Call>(PATH, (request) => olderPage(request, [...sessions.byId.values()].reverse().map(listed)));
	app.get<Call>(`${PATH}/:id`, (request) => {
		const session = found(sessions, request.params.id);
		request.note = `session ${short(session.sessionId)} ${session.status}`;
		return shown(session);
	});
}

function startInput(body: StartBody, deployments: Deployments) {
	const { deploymentId, tag = deployments.defaultTag(deploymentId), ...rest } = body;
	if (!deployments.has(deploymentId)) throw new ApiError(404, 'Deployment not found');
	return { deploymentId, tag, ...rest };
}

function found(sessions: Sessions, sessionId: string): SimulatedSession {
	const session = sessions.byId.get(sessionId);
	if (!session) throw new ApiError(404, 'Session not found');
	return session;
}

/** JSON omits `end` and `duration` until the session has ended. */
function shown(session: SimulatedSession) {
	const { sessionId, status, deploymentId, tag, start, end, duration, createdAt, updatedAt } = session;
	return { sessionId, status, deploymentId, tag, start, end, duration, createdAt, updatedAt };
}

/** In the list the API spells `endpoint` and `metadata`. */
function listed(session: SimulatedSession): object {
	const { webhook, metaData = {} } = session;
	return {
		...shown(session),
		webhook: webhook && { endpoint: webhook.endPoint, events: webhook.events },
		metadata: metaData,
	};
}

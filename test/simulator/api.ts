import { randomUUID } from 'node:crypto';
import type { Deployments } from './deployments';
import { short } from './events';
import { isTerminal, type Sessions } from './sessions';
import type { RecordedRequest, SimulatedSession } from './types';
import {
	ApiError,
	checkRoomOptions,
	onlyFields,
	optionalObject,
	optionalText,
	optionalTexts,
	optionalWebhook,
	pageOf,
	requiredText,
} from './validate';

/** A successful answer, and what the log says about it. */
export interface Answer {
	body: unknown;
	note?: string;
}

/** A request as a handler sees it. */
export interface Call {
	params: string[];
	query: RecordedRequest['query'];
	/** Of a POST; else empty. */
	body: Record<string, unknown>;
}

/** An endpoint; `*` in its path is a parameter. */
export interface Route {
	method: 'GET' | 'POST';
	path: string;
	handle: (call: Call) => Answer;
}

/** The endpoints that need a token. */
export function apiRoutes(sessions: Sessions, deployments: Deployments): Route[] {
	return [
		{
			method: 'POST',
			path: '/ai/v1/ai-deployment-sessions/start',
			handle: ({ body }) => startSession(sessions, deployments, body),
		},
		{
			method: 'POST',
			path: '/ai/v1/ai-deployment-sessions/end',
			handle: ({ body }) => endSession(sessions, body),
		},
		{
			method: 'GET',
			path: '/ai/v1/ai-deployment-sessions',
			handle: ({ query }) => page([...sessions.byId.values()].reverse(), query, listed),
		},
		{
			method: 'GET',
			path: '/ai/v1/ai-deployment-sessions/*',
			handle: ({ params: [sessionId = ''] }) => {
				const session = sessions.byId.get(sessionId);
				if (!session) throw new ApiError(404, 'Session not found');
				return { body: shown(session), note: `session ${short(sessionId)} ${session.status}` };
			},
		},
		{
			method: 'POST',
			path: '/ai/v1/ai-deployments',
			handle: ({ body }) => {
				onlyFields(body, ['name', 'description']);
				const name = requiredText(body, 'name');
				return {
					body: deployments.create(name, requiredText(body, 'description')),
					note: `deployment ${name} created`,
				};
			},
		},
		{
			method: 'GET',
			path: '/ai/v1/ai-deployments',
			handle: ({ query }) => page(deployments.rows(), query, (row) => row),
		},
		{
			method: 'GET',
			path: '/ai/v1/ai-deployments/*/*',
			handle: ({ params: [id = '', tag = ''] }) => {
				const deployment = deployments.get(id, tag);
				if (!deployment) throw new ApiError(404, 'Deployment not found');
				return { body: deployment, note: `deployment ${deployments.name(id)}` };
			},
		},
		{ method: 'POST', path: '/v2/agent/dispatch', handle: ({ body }) => dispatch(body) },
		{ method: 'POST', path: '/v2/rooms', handle: () => createRoom() },
	];
}

function startSession(sessions: Sessions, deployments: Deployments, body: Call['body']): Answer {
	onlyFields(body, ['deploymentId', 'tag', 'env', 'metaData', 'webhook']);
	const deploymentId = requiredText(body, 'deploymentId');
	const tag = optionalText(body, 'tag');
	const env = optionalTexts(body, 'env');
	const metaData = optionalObject(body, 'metaData');
	const webhook = optionalWebhook(body);
	if (!deployments.has(deploymentId)) throw new ApiError(404, 'Deployment not found');
	const session = sessions.start({
		deploymentId,
		tag: tag ?? deployments.defaultTag(deploymentId),
		env,
		metaData,
		webhook,
	});
	const { sessionId, status, start, createdAt, updatedAt } = session;
	return {
		body: {
			message: 'Session started successfully',
			data: { sessionId, status, deploymentId, tag: session.tag, start, createdAt, updatedAt },
		},
		note: `session ${short(sessionId)} queued (deployment ${deployments.name(deploymentId)})`,
	};
}

function endSession(sessions: Sessions, body: Call['body']): Answer {
	onlyFields(body, ['sessionId']);
	const session = sessions.byId.get(requiredText(body, 'sessionId'));
	if (!session) throw new ApiError(404, 'Session not found');
	if (isTerminal(session.status)) throw new ApiError(409, 'Session has already ended');
	sessions.end(session);
	return {
		body: { message: 'Session ended successfully', data: shown(session) },
		note: `session ${short(session.sessionId)} ${session.status}`,
	};
}

function dispatch(body: Call['body']): Answer {
	onlyFields(body, [
		'agentId',
		'meetingId',
		'roomId',
		'metadata',
		'versionId',
		'versionTag',
		'roomOptions',
		'sipOptions',
	]);
	const agentId = requiredText(body, 'agentId');
	const roomId = requiredText(body, 'meetingId');
	if (requiredText(body, 'roomId') !== roomId) throw new ApiError(400, 'meetingId and roomId must be equal');
	optionalObject(body, 'metadata');
	optionalObject(body, 'sipOptions');
	optionalText(body, 'versionId');
	optionalText(body, 'versionTag');
	checkRoomOptions(body);
	if (agentId === 'agent-busy') {
		const message = 'No workers available';
		return { body: { message, data: { success: false } }, note: `agent ${agentId}: ${message}` };
	}
	return {
		body: {
			message: 'Agent dispatched successfully',
			data: { success: true, status: 'assigned', roomId, agentId },
		},
		note: `agent ${agentId} sent to room ${roomId}`,
	};
}

/** Not called by our nodes, but by an example's HTTP Request node. */
function createRoom(): Answer {
	const roomId = randomUUID().slice(9, 23);
	const createdAt = new Date().toISOString();
	return {
		body: { roomId, disabled: false, createdAt, updatedAt: createdAt },
		note: `room ${roomId} created`,
	};
}

/** `end` and `duration` are left out by JSON until the session has ended. */
function shown({
	sessionId,
	status,
	deploymentId,
	tag,
	start,
	end,
	duration,
	createdAt,
	updatedAt,
}: SimulatedSession) {
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

function page<T>(all: T[], query: Call['query'], show: (item: T) => object): Answer {
	const { page: currentPage, perPage } = pageOf(query);
	const data = all.slice((currentPage - 1) * perPage, currentPage * perPage).map(show);
	return {
		body: { data, pageInfo: { totalItems: all.length, currentPage, perPage, total: all.length } },
		note: `page ${currentPage}: ${data.length} of ${all.length}`,
	};
}

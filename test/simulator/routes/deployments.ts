import type { FastifyInstance } from 'fastify';
import type { Call } from '../request';
import type { Deployments } from '../state/deployments';
import { ApiError } from '../validate';
import { olderPage } from './pages';

const PATH = '/ai/v1/ai-deployments';

/** Deployments of the older generation. */
export function deploymentRoutes(app: FastifyInstance, deployments: Deployments): void {
	app.post<Call<{ name: string; description: string }>>(PATH, (request) => {
		const { name, description } = request.body;
		request.note = `deployment ${name} created`;
		return deployments.create(name, description);
	});
	app.get<Call>(PATH, (request) => olderPage(request, deployments.rows()));
	app.get<Call>(`${PATH}/:id/:tag`, (request) => {
		const { id, tag } = request.params;
		const deployment = deployments.get(id, tag);
		if (!deployment) throw new ApiError(404, 'Deployment not found');
		request.note = `deployment ${deployments.name(id)}`;
		return deployment;
	});
}

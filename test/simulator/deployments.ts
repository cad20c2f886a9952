/** What sessions are started of: deployments of the older generation. */
import type { FastifyInstance } from 'fastify';
import { olderPage } from './lists';
import type { Call } from './request';

/** A deployment; each of its tags is a row of its own in the API's list. */
export interface SimulatedDeployment {
	id: string;
	name: string;
	tags: string[];
}

const DEPLOYMENTS = '/ai/v1/ai-deployments';
const CREATED_AT = '2026-01-15T10:00:00.000Z';
/** Several pages. */
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

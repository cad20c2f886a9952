import type { FastifyInstance } from 'fastify';
import { ApiError } from './validate';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Answers 405 where a path has an endpoint, but not for the method: "GET /start" must not find a session "start". */
export function refuseOtherMethods(app: FastifyInstance, addRoutes: () => void): void {
	const known = new Map<string, Set<string>>();
	app.addHook('onRoute', ({ url, method }) => {
		const methods = known.get(url) ?? new Set();
		for (const name of [method].flat()) methods.add(name);
		known.set(url, methods);
	});
	addRoutes();
	void app.register(async (scope) => {
		for (const [url, methods] of [...known]) {
			const method = METHODS.filter((name) => !methods.has(name));
			if (method.length === 0) continue;
			scope.route({
				method,
				url,
				handler: () => {
					throw new ApiError(405, 'Method not allowed');
				},
			});
		}
	});
}

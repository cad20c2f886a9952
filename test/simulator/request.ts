import type { Fault, RecordedRequest } from './types';
import type { Json } from './validate';

declare module 'fastify' {
	interface FastifyRequest {
		recorded: RecordedRequest;
		fault: Fault | undefined;
		/** What the log says about the answer. */
		note: string | undefined;
	}
}

/** What the handlers of the API see of a request, which is as `test/schemas` describes it. */
export interface Call<Body = Json> {
	Params: { id: string; tag: string; participantId: string };
	Querystring: Record<string, string>;
	/** Empty unless the method has a body. */
	Body: Body;
}

import type { FastifyInstance } from 'fastify';
import type { SigningKey } from '../signingKey';
import type { KeyFaultMode } from '../types';
import { ApiError } from '../validate';

/** The key that verifies events, and what can be wrong with it. */
export function publicKeyRoutes(app: FastifyInstance, key: SigningKey, mode: () => KeyFaultMode): void {
	app.get('/v2/public/rsa-public-key', (request, reply) => {
		switch (mode()) {
			case 'hang':
				// Never answered; closing the simulator ends it.
				reply.hijack();
				return undefined;
			case 'down':
				throw new ApiError(503, 'Service unavailable');
			case 'garbage':
				request.note = 'a key that is none';
				return { publicKey: '-----BEGIN RSA PUBLIC KEY-----\nbm90IGEga2V5\n-----END RSA PUBLIC KEY-----\n' };
			case 'ok':
				request.note = 'public key';
				// The real key comes with stray new lines around it.
				return { publicKey: `\n${key.publicKeyPem}\n` };
		}
	});
}

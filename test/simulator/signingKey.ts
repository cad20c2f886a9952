import { createSign, generateKeyPairSync } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from './request';

function newKeyPair() {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	return { privateKey, publicKeyPem: publicKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
}

type KeyPair = ReturnType<typeof newKeyPair>;
// Making a key takes up to a few tenths of a second, so the simulators of one process share the first.
let sharedKeyPair: KeyPair | undefined;

/** The RSA key that signs events. */
export class SigningKey {
	/** What its endpoint does. */
	mode: 'ok' | 'down' | 'garbage' = 'ok';
	private own: KeyPair | undefined;

	private get pair(): KeyPair {
		return this.own ?? (sharedKeyPair ??= newKeyPair());
	}

	get publicKeyPem(): string {
		return this.pair.publicKeyPem;
	}

	/** @returns base64 of RSA-SHA256, PKCS#1 v1.5 */
	sign(body: Buffer | string): string {
		return createSign('RSA-SHA256').update(body).sign(this.pair.privateKey, 'base64');
	}

	rotate(): void {
		this.own = newKeyPair();
	}

	routes(app: FastifyInstance): void {
		app.get('/v2/public/rsa-public-key', () => {
			if (this.mode === 'down') throw new ApiError(503, 'Service unavailable');
			const garbage = '-----BEGIN RSA PUBLIC KEY-----\nbm90IGEga2V5\n-----END RSA PUBLIC KEY-----\n';
			// The real key comes with stray new lines around it.
			return { publicKey: this.mode === 'garbage' ? garbage : `\n${this.publicKeyPem}\n` };
		});
	}
}

import { createSign } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { rsaKeyPair } from './keyPair';
import { ApiError } from './request';

let rotations = 100;

/** The RSA key that signs events. */
export class SigningKey {
	/** What its endpoint does. */
	mode: 'ok' | 'down' | 'garbage' = 'ok';
	private pair = rsaKeyPair();

	get publicKeyPem(): string {
		return this.pair.publishedPem.trim();
	}

	/** @returns base64 of RSA-SHA256, PKCS#1 v1.5 */
	sign(body: Buffer | string): string {
		return createSign('RSA-SHA256').update(body).sign(this.pair.privateKey, 'base64');
	}

	rotate(): void {
		this.pair = rsaKeyPair(++rotations);
	}

	routes(app: FastifyInstance): void {
		app.get('/v2/public/rsa-public-key', () => {
			if (this.mode === 'down') throw new ApiError(503, 'Service unavailable');
			const garbage = '-----BEGIN RSA PUBLIC KEY-----\nbm90IGEga2V5\n-----END RSA PUBLIC KEY-----\n';
			return { publicKey: this.mode === 'garbage' ? garbage : this.pair.publishedPem };
		});
	}
}

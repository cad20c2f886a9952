import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

interface KeyPair {
	privateKey: KeyObject;
	publicKeyPem: string;
}

function newKeyPair(): KeyPair {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	return { privateKey, publicKeyPem: publicKey.export({ type: 'pkcs1', format: 'pem' }).toString() };
}

// Making a key takes up to a few tenths of a second, so the simulators of one process share the first.
let sharedKeyPair: KeyPair | undefined;

/** The RSA key that signs events. */
export class SigningKey {
	private own: KeyPair | undefined;

	private get pair(): KeyPair {
		return this.own ?? (sharedKeyPair ??= newKeyPair());
	}

	get publicKeyPem(): string {
		return this.pair.publicKeyPem;
	}

	sign(body: Buffer | string): string {
		return createSign('RSA-SHA256').update(body).sign(this.pair.privateKey, 'base64');
	}

	rotate(): void {
		this.own = newKeyPair();
	}
}

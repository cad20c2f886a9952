import { generateKeyPairSync } from 'node:crypto';

/** Made once for all test files of a process: one takes a third of a second. */
const keyPairs: Record<string, ReturnType<typeof makeKeyPair>> = (Object(process)[
	Symbol.for('key pairs of tests')
] ??= {});

/** @param number the same number gives the same pair */
export const rsaKeyPair = (number = 0, modulusLength = 2_048) =>
	(keyPairs[`${number} ${modulusLength}`] ??= makeKeyPair(modulusLength));

function makeKeyPair(modulusLength: number) {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
	const pem = String(publicKey.export({ type: 'pkcs1', format: 'pem' }));
	// As VideoSDK publishes its key: PKCS#1, with newlines around.
	return { privateKey, publicKey, publishedPem: `\n${pem}\n` };
}

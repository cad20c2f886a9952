import type { IWebhookFunctions } from 'n8n-workflow';
import { contextKey, signContext } from '../../../nodes/VideoSdkAgentCloud/webhook/context';
import { readEventContext } from '../../../nodes/VideoSdkAgentCloud/webhook/eventContext';
import { NODE } from '../support';

const SECRET = 'the secret';
let workflow = 0;

/** A delivery with a query, and what was logged. */
function delivery(query: object, secretKey: unknown = SECRET, workflowId = `workflow-${++workflow}`) {
	const logged: Array<[string, string]> = [];
	let reads = 0;
	const context = {
		getNode: () => NODE,
		getWorkflow: () => ({ id: workflowId }),
		getQueryData: () => query,
		getCredentials: async () => {
			reads += 1;
			if (secretKey instanceof Error) throw secretKey;
			return { secretKey };
		},
		logger: {
			warn: (text: string) => logged.push(['warn', text]),
			debug: (text: string) => logged.push(['debug', text]),
		},
	} as unknown as IWebhookFunctions;
	return { read: async () => await readEventContext(context), logged, reads: () => reads };
}

const signed = (secret = SECRET) => signContext({ customerId: 4711 }, contextKey(secret));

describe('The context of an event', () => {
	it('is read, and nothing is logged', async () => {
		const { read, logged } = delivery({ context: signed(), other: '1' });
		expect(await read()).toEqual({ customerId: 4711 });
		expect(logged).toEqual([]);
	});

	it('is signed by the secret without the white space around it', async () => {
		expect(await delivery({ context: signed() }, ` ${SECRET}\n`).read()).toEqual({ customerId: 4711 });
	});

	it('that is not there reads no credential', async () => {
		const { read, logged, reads } = delivery({ contexts: 'x' });
		expect(await read()).toBeUndefined();
		expect([logged, reads()]).toEqual([[], 0]);
	});

	it.each<[string, unknown, unknown, RegExp]>([
		[
			'signed by another secret',
			signed('another'),
			SECRET,
			/left the context.*'Secret Key' in the credential was changed/,
		],
		['changed', `${signed().slice(0, -2)}AA`, SECRET, /left the context.*Its signature does not fit/],
		['of another form', 'x', SECRET, /left the context.*not one that this package has written/],
		['given twice', [signed(), signed()], SECRET, /left the context.*not one that this package has written/],
		[
			'of a credential that is gone',
			signed(),
			new Error('No such credential'),
			/left the context.*No such credential/,
		],
		[
			'of a credential without a secret',
			signContext({ a: 1 }, contextKey('')),
			'  ',
			/'Secret Key' .* is empty/,
		],
	])('that is %s is left out, and the log says why', async (_what, text, secret, reason) => {
		const { read, logged } = delivery({ context: text }, secret);
		expect(await read()).toBeUndefined();
		expect(logged).toEqual([['warn', expect.stringMatching(reason)]]);
		expect(JSON.stringify(logged)).not.toContain(SECRET);
		if (typeof text === 'string' && text.length > 5) expect(JSON.stringify(logged)).not.toContain(text);
	});

	it('is warned of once a minute', async () => {
		const { read, logged } = delivery({ context: 'x' });
		for (let count = 0; count < 5; count += 1) await read();
		expect(logged.map(([level]) => level)).toEqual(['warn', 'debug', 'debug', 'debug', 'debug']);
	});

	it('reads the credential once for many', async () => {
		const { read, reads } = delivery({ context: signed() });
		await Promise.all(Array.from({ length: 20 }, read));
		expect(reads()).toBe(1);
	});
});

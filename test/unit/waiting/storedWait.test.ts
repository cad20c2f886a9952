import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import {
	hasKey,
	hasProof,
	proofOf,
	readWait,
	storeWait,
} from '../../../nodes/VideoSdkAgentCloud/waiting/storedWait';
import { NODE } from '../support';

/** An execution that waits, as the node sees it while it runs and when it is resumed. */
function waitingExecution() {
	const nodeContext: IDataObject = {};
	const running = { getContext: () => nodeContext } as unknown as IExecuteFunctions;
	const resumed = {
		getNode: () => NODE,
		evaluateExpression: (expression: string) =>
			nodeContext[/^\{\{ \$node\["VideoSDK Agent Cloud"\]\.context\.(\w+) \}\}$/.exec(expression)?.[1] ?? ''],
	} as unknown as IWebhookFunctions;
	return { nodeContext, running, resumed };
}

const WAIT = {
	kind: 'session' as const,
	executionId: '1',
	resumeUrl: 'http://n8n/1',
	deadlineMs: 5,
	endIds: ['a'],
};

describe('A stored wait', () => {
	it('is read again as it was stored', () => {
		const { running, resumed } = waitingExecution();
		expect(readWait(resumed)).toBeUndefined();
		const { wait } = storeWait(running, WAIT);
		expect(readWait(resumed)).toEqual({ ...WAIT, keyHash: wait.keyHash });
	});

	it('takes the place of an earlier wait of the same node', () => {
		const { running, resumed } = waitingExecution();
		const first = storeWait(running, WAIT);
		const second = storeWait(running, { ...WAIT, deadlineMs: 7 });
		expect(readWait(resumed)).toEqual(second.wait);
		expect(hasKey(second.wait, first.key)).toBe(false);
	});
});

describe('The key of our requests', () => {
	it('is recognized by the wait for which it was made, and by no other', () => {
		const [one, other] = [waitingExecution(), waitingExecution()].map(({ running }) =>
			storeWait(running, WAIT),
		) as [ReturnType<typeof storeWait>, ReturnType<typeof storeWait>];
		expect(hasKey(one.wait, one.key)).toBe(true);
		expect(hasKey(one.wait, other.key)).toBe(false);
		expect(hasKey(one.wait, one.wait.keyHash)).toBe(false);
		for (const none of [undefined, '', [], one.key.slice(1)]) expect(hasKey(one.wait, none)).toBe(false);
	});

	it('is random, long, and not stored with the execution', () => {
		const { nodeContext, running } = waitingExecution();
		const { key } = storeWait(running, WAIT);
		expect(key).toMatch(/^[0-9a-f]{64}$/);
		expect(storeWait(waitingExecution().running, WAIT).key).not.toBe(key);
		expect(JSON.stringify(nodeContext)).not.toContain(key);
	});
});

it('A proof is good for one wait and one secret', () => {
	const { wait } = storeWait(waitingExecution().running, WAIT);
	const { wait: otherWait } = storeWait(waitingExecution().running, WAIT);
	const proof = proofOf(wait, 'secret');
	expect(hasProof(wait, 'secret', proof)).toBe(true);
	expect(hasProof(wait, 'other', proof)).toBe(false);
	expect(hasProof(otherWait, 'secret', proof)).toBe(false);
	for (const none of [undefined, '', [], proof.slice(1)]) expect(hasProof(wait, 'secret', none)).toBe(false);
	// A credential without a secret proves nothing.
	for (const secret of [undefined, '']) expect(hasProof(wait, secret, proofOf(wait, secret))).toBe(false);
});

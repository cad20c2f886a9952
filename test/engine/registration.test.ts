import fc from 'fast-check';
import { type SimulatedCallWebhook } from '../simulator';
import { EVENT_NAMES, expectNoSecrets, passTime, useRig } from './rig';
import { checkAsync } from '../unit/support';
import { StoredTrigger } from './triggerHooks';

const CALLS = ['call-answered', 'call-hangup'];

const rig = useRig();
const stored = (events: string[] = CALLS, name?: string) => new StoredTrigger(rig.engine, { events }, name);
const active = (): SimulatedCallWebhook[] =>
	[...rig.simulator.callWebhooks.values()].filter(({ deletedAt }) => deletedAt === undefined);
const registered = () => active().map(({ url, events }) => ({ url, events: [...events].sort() }));
const lists = () => rig.requests.filter(({ method }) => method === 'GET');
const goDown = () => rig.simulator.addFault({ kind: 'status', status: 503, match: { times: 999 } });

/** Waits for what a trigger does in the background. */
async function eventually(isSo: () => boolean): Promise<void> {
	for (const endMs = performance.now() + 20_000; !isSo() && performance.now() < endMs;) {
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	expect(isSo()).toBe(true);
}
const eventuallyRegistered = async (...wanted: Array<{ url: string; events: string[] }>) => {
	const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort();
	await eventually(() => JSON.stringify(sorted(registered())) === JSON.stringify(sorted(wanted)));
};

async function failureOf(action: Promise<unknown>): Promise<{ message: string; description: string }> {
	const error: unknown = await action.then(
		() => {
			throw new Error('It was expected to fail');
		},
		(reason: unknown) => reason,
	);
	expectNoSecrets(rig, error);
	return error as { message: string; description: string };
}

/** What may happen to a trigger, or to its webhooks at VideoSDK. */
type Step = {
	who: number;
	what: 'listen' | 'restart' | 'someone deletes' | 'someone doubles' | 'unpublish' | { publish: string[] };
};

it('Whatever happens, a published trigger has one webhook with its events, and no other is touched', async () => {
	const events = fc.constantFrom(
		CALLS,
		['call-missed'],
		['call-ended', 'call-summary', 'participant-joined'],
		EVENT_NAMES,
	);
	const step: fc.Arbitrary<Step> = fc.record({
		who: fc.nat(1),
		what: fc.oneof(
			events.map((publish) => ({ publish })),
			fc.constantFrom('restart', 'unpublish', 'listen', 'someone deletes', 'someone doubles'),
		),
	});
	await checkAsync(
		fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), fc.boolean(), async (steps, isCopy) => {
			rig.simulator.callWebhooks.clear();
			const foreign = { url: 'https://elsewhere.example/', events: ['call-hangup'] };
			rig.simulator.addCallWebhook(foreign.url, foreign.events);
			const original = stored();
			if (isCopy) await original.publish();
			// n8n's public API and CLI copy static data, too.
			const triggers = [original, isCopy ? original.copy() : stored()];
			const published: Array<string[] | undefined> = [isCopy ? CALLS : undefined, undefined];
			/** Whether someone has changed the webhooks since the trigger last looked. */
			const isSpoiled = [false, false];
			const wanted = () =>
				triggers.flatMap(({ url }, index) => {
					const own = (published[index] ?? []).map((event) => event.replace('call-ended', 'call-hangup'));
					const calls = own.filter((event) => /^call-(?!summary)/.test(event));
					return calls.length > 0 && !isSpoiled[index] ? [{ url, events: calls.sort() }] : [];
				});
			const isRight = () => {
				const rows = registered().filter(
					({ url }) => !triggers.some((trigger, index) => isSpoiled[index] && trigger.url === url),
				);
				const sorted = (all: object[]) =>
					all
						.map((row) => JSON.stringify(row))
						.sort()
						.join();
				return sorted(rows) === sorted([foreign, ...wanted()]);
			};
			for (const { who, what } of steps) {
				const trigger = triggers[who] as StoredTrigger;
				const own = active().filter(({ url }) => url === trigger.url);
				if (typeof what === 'object') {
					trigger.setParameters({ events: what.publish });
					// n8n 1.x publishes another version without unpublishing the former one.
					await trigger.publish(published[who] ? 'update' : 'activate');
					published[who] = what.publish;
				} else if (what === 'unpublish') {
					await trigger.unpublish();
					published[who] = undefined;
				} else if (what === 'restart') {
					if (published[who] === undefined) continue;
					await trigger.restart();
				} else if (what === 'listen') {
					const end = await trigger.listen();
					await end();
					continue;
				} else {
					if (own.length === 0) continue;
					if (what === 'someone deletes') for (const { id } of own) rig.simulator.callWebhooks.delete(id);
					else rig.simulator.addCallWebhook(trigger.url, ['call-started']);
					isSpoiled[who] = true;
					continue;
				}
				isSpoiled[who] = false;
				await eventually(isRight);
				await trigger.stop();
			}
			for (const trigger of triggers) await trigger.unpublish();
			expect(registered()).toEqual([foreign]);
			expect(triggers.map(({ staticData, name }) => staticData[`node:${name}`] ?? {})).toEqual([{}, {}]);
		}),
		30,
	);
});

describe('A trigger with call events', () => {
	it('is registered once if two processes of n8n register it at the same time, and both keep the same', async () => {
		const [one, other] = [stored(), stored()];
		Object.assign(other, { node: one.node, workflowId: one.workflowId });
		// Both find none, and both have registered it before either looks again. Neither condition may cease to hold: one of the two
		// webhooks is deleted as soon as the first looks again.
		const [twoLists, twoWebhooks] = [
			() => rig.requests.length > 1,
			() => rig.simulator.callWebhooks.size > 1,
		];
		rig.simulator.addFault({ kind: 'delay', until: twoLists, match: { method: 'GET', times: 2 } });
		rig.simulator.addFault({ kind: 'delay', until: twoWebhooks, match: { method: 'POST', times: 2 } });
		await Promise.all([one.publish(), other.publish()]);
		expect(registered()).toEqual([{ url: one.url, events: CALLS }]);
		expect(other.staticData).toEqual(one.staticData);
	});

	it('is registered once if the answer to its registration was lost', async () => {
		rig.simulator.addFault({ kind: 'reset', match: { method: 'POST', times: 1 } });
		const trigger = stored();
		await failureOf(trigger.publish());
		await trigger.publish();
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});

	it('ends to listen although VideoSDK does not answer', async () => {
		const end = await stored().listen();
		goDown();
		await expect(end()).resolves.toBeUndefined();
	});
});

describe('A trigger without call events', () => {
	it('makes no request, and registers nothing', async () => {
		const trigger = stored([...EVENT_NAMES, 'call-summary', 'participant-joined']);
		await trigger.publish();
		await trigger.restart();
		await trigger.unpublish();
		expect(rig.requests).toHaveLength(0);
		expect(active()).toEqual([]);
	});
});

describe('When n8n starts', () => {
	const restarted = async (trigger: StoredTrigger) => {
		rig.simulator.requests.length = 0;
		await trigger.restart();
	};

	it('at another address, it is registered there, and the former registration is left alone', async () => {
		const trigger = stored();
		await trigger.publish();
		const former = { url: trigger.url, events: CALLS };
		trigger.webhookBaseUrl = 'http://localhost:9999/webhook';
		await restarted(trigger);
		await eventuallyRegistered(former, { url: trigger.url, events: CALLS });
		await trigger.unpublish();
		expect(registered()).toEqual([former]);
	});

	it('with a credential of another project, it is registered there', async () => {
		const trigger = stored();
		await trigger.publish();
		const other = await rig.addSimulator({ apiKey: 'other-key', secret: 'other-secret' });
		rig.engine.setCredentials({ apiKey: 'other-key', secretKey: 'other-secret', baseUrl: other.url });
		await restarted(trigger);
		await eventually(() => other.callWebhooks.size === 1);
		expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
		// Nothing that the new key signed goes to the former host.
		expect(rig.requests).toEqual([]);
	});

	it('no hook waits for an API that hangs', async () => {
		const many = Array.from({ length: 5 }, (_, index) => stored(CALLS, `Trigger ${index}`));
		for (const trigger of many) await trigger.publish();
		rig.simulator.callWebhooks.clear();
		rig.simulator.requests.length = 0;
		let isHanging = true;
		rig.simulator.addFault({ kind: 'delay', until: () => !isHanging, match: { method: 'GET', times: 1 } });
		for (const trigger of many) await trigger.restart();
		expect(registered()).toEqual([]);
		isHanging = false;
		await eventuallyRegistered(...many.map(({ url }) => ({ url, events: CALLS })));
	});

	it.each<[string, () => void]>([
		['answers with 503', goDown],
		['resets connections', () => void rig.simulator.addFault({ kind: 'reset', match: { times: 999 } })],
		['rejects the keys', () => rig.engine.setCredentials(rig.credentials({ secretKey: 'another' }))],
	])('and VideoSDK %s, it tries again until the registration is right', async (_what, fail) => {
		const trigger = stored();
		await trigger.publish();
		rig.simulator.callWebhooks.clear();
		fail();
		await restarted(trigger);
		await eventually(() => trigger.warnings.some((text) => text.includes('n8n will retry in 5 s')));
		expectNoSecrets(rig, trigger.warnings);
		rig.simulator.clearFaults();
		rig.engine.setCredentials(rig.credentials());
		passTime(6_000);
		await eventuallyRegistered({ url: trigger.url, events: CALLS });
	});

	it('and VideoSDK stays down, it tries again ever less often, but every five minutes', async () => {
		const trigger = stored();
		goDown();
		await restarted(trigger);
		const pauses = () =>
			trigger.warnings
				.join()
				.match(/(?<=retry in )\d+(?= s)/g)
				?.map(Number) ?? [];
		const expected = [5, 10, 20, 40, 80, 160, 300, 300];
		for (const [index, seconds] of expected.entries()) {
			await eventually(() => pauses().length > index);
			passTime(seconds * 1_000);
		}
		expect(pauses().slice(0, expected.length)).toEqual(expected);
	});

	it('listening for a test event does not end the check of the Production URL', async () => {
		const trigger = stored();
		rig.simulator.addFault({ kind: 'status', status: 503, match: { times: 1 } });
		await restarted(trigger);
		await eventually(() => trigger.warnings.length > 0);
		await (
			await trigger.listen()
		)();
		passTime(6_000);
		await eventuallyRegistered({ url: trigger.url, events: CALLS });
	});

	it('and VideoSDK is down, an unpublished trigger is not registered later', async () => {
		const trigger = stored();
		goDown();
		await restarted(trigger);
		await eventually(() => trigger.warnings.length > 0);
		await trigger.unpublish();
		rig.simulator.clearFaults();
		rig.simulator.requests.length = 0;
		passTime(6_000);
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		expect(rig.requests).toEqual([]);
	});

	it.each([
		['stops the trigger after its hook', false],
		['stops the trigger before its hook', true],
	])(
		'a trigger that is unpublished while it is being registered leaves nothing behind: n8n %s',
		async (_order, stopsFirst) => {
			const trigger = stored();
			let isHanging = true;
			rig.simulator.addFault({ kind: 'delay', until: () => !isHanging, match: { method: 'GET', times: 1 } });
			await restarted(trigger);
			await eventually(() => lists().length === 1);
			if (stopsFirst) await trigger.stop();
			const unpublished = trigger.unpublish();
			// The hook is about to list what there is.
			await new Promise((resolve) => setTimeout(resolve, 300));
			isHanging = false;
			await unpublished;
			// What was still on its way has arrived.
			await eventually(() => rig.simulator.callWebhooks.size === 1);
			expect(registered()).toEqual([]);
		},
	);

	it('a main process that does not lead checks nothing, until it takes over', async () => {
		const trigger = stored();
		await trigger.publish('init', false);
		expect(rig.requests).toEqual([]);
		goDown();
		// Neither of them throws.
		await trigger.restart('leadershipChange');
		await eventually(() => lists().length === 1);
	});

	it('a main process that takes over goes by what is published now', async () => {
		const follower = stored();
		await follower.publish('init', false);
		follower.setParameters({ events: ['session-ended'] });
		await follower.publish('leadershipChange');
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect(registered()).toEqual([]);
	});

	it('n8n may run the trigger before it calls the hooks', async () => {
		const trigger = stored();
		await trigger.run('init');
		await trigger.publish('init', false);
		await eventuallyRegistered({ url: trigger.url, events: CALLS });
	});

	it('a broken credential or expression takes no trigger off the air', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.engine.setCredentials(rig.credentials({ baseUrl: 'nowhere' }));
		await trigger.restart();
		expect(trigger.warnings.join()).toMatch(/couldn't check its registration .*'Base URL'/);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});
});

describe('A copy with its static data', () => {
	it.each<[string, (original: StoredTrigger) => StoredTrigger]>([
		['in another workflow', (original) => original.copy()],
		[
			'on another instance, with the same IDs',
			(original) => {
				const { workflowId, node } = original;
				const copy = original.copy({ workflowId, webhookId: node.webhookId });
				return Object.assign(copy, {
					instanceId: 'instance-2',
					webhookBaseUrl: 'http://localhost:9999/webhook',
				});
			},
		],
		[
			'on a clone of the instance, at another address',
			(original) => {
				const { workflowId, node } = original;
				const copy = original.copy({ workflowId, webhookId: node.webhookId });
				return Object.assign(copy, { webhookBaseUrl: 'http://localhost:9999/webhook' });
			},
		],
		[
			'as another node of the workflow',
			(original) => original.copy({ workflowId: original.workflowId, nodeId: 'other' }),
		],
	])('%s has a registration of its own, and leaves the one of the original alone', async (_where, copied) => {
		const original = stored();
		await original.publish();
		const copy = copied(original);
		await copy.publish();
		const both = [original, copy].map(({ url }) => ({ url, events: CALLS }));
		expect(registered()).toEqual(both);
		await copy.restart();
		await copy.unpublish();
		expect(registered()).toEqual(both.slice(0, 1));
		await original.unpublish();
		expect(registered()).toEqual([]);
	});
});

describe('Publishing fails at once, in words', () => {
	it.each<[string, () => void, RegExp, RegExp]>([
		[
			'VideoSDK is down',
			goDown,
			/^Check the credential, or publish again later.*can't send call events to this trigger yet.*having trouble/,
			/Try again later/,
		],
		[
			'the keys are wrong',
			() => rig.engine.setCredentials(rig.credentials({ secretKey: 'another' })),
			/^Check the credential, or publish again later.*can't send call events to this trigger yet.*didn't accept the API key and secret/,
			/Copy 'API Key' and 'Secret Key' again/,
		],
		[
			'the host cannot be reached',
			() => rig.engine.setCredentials(rig.credentials({ baseUrl: 'http://127.0.0.1:9' })),
			/^Check the credential, or publish again later.*can't send call events to this trigger yet.*can't reach/,
			/Base URL/,
		],
		[
			'the address is a local one',
			() => rig.engine.setCredentials(rig.credentials({ baseUrl: 'https://api.example.com' })),
			/^To receive call events, give n8n a public URL.*http:\/\/localhost:5678$/,
			/Trigger On/,
		],
	])('if %s', async (_what, prepare, message, description) => {
		prepare();
		const trigger = stored();
		const error = await failureOf(trigger.publish());
		expect(error.message).toMatch(message);
		expect(error.description).toMatch(description);
		// n8n then calls `delete`.
		await trigger.unpublish();
		rig.simulator.clearFaults();
		expect(active()).toEqual([]);
	});
});

describe('Unpublishing', () => {
	it.each<[string, () => void]>([
		['removed by somebody else', () => rig.simulator.callWebhooks.clear()],
		['402', () => void rig.simulator.addFault({ kind: 'status', status: 402, match: { method: 'DELETE' } })],
	])('is no failure if the registration is gone: %s', async (_how, lose) => {
		const trigger = stored();
		await trigger.publish();
		lose();
		await trigger.unpublish();
		expect(trigger.staticData[`node:${trigger.name}`]).toEqual({});
	});

	it('while VideoSDK does not answer is tried again by n8n, and n8n 1.x logs what to do', async () => {
		const trigger = stored();
		await trigger.publish();
		goDown();
		const toDo = `the webhook ${trigger.url}`;
		expect((await failureOf(trigger.unpublish())).message).toContain(toDo);
		expect(trigger.warnings.join()).toContain(`Delete ${toDo}`);
		rig.simulator.clearFaults();
		await trigger.unpublish();
		expect(registered()).toEqual([]);
	});

	it('what had no call events any more, while VideoSDK does not answer, is published and says what to do', async () => {
		const trigger = stored();
		await trigger.publish();
		goDown();
		trigger.setParameters({ events: EVENT_NAMES });
		await trigger.publish('update');
		expect(trigger.warnings.join()).toContain(`Delete the webhook ${trigger.url}`);
	});
});

describe('After a change of the credential', () => {
	it('to another project elsewhere, nothing that the new key signed goes to the former host', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.simulator.requests.length = 0;
		const other = await rig.addSimulator({ apiKey: 'other-key', secret: 'other-secret' });
		rig.engine.setCredentials({ apiKey: 'other-key', secretKey: 'other-secret', baseUrl: other.url });
		await trigger.publish('update');
		expect(rig.requests).toEqual([]);
		expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
	});

	it('the trigger can be unpublished, also if the API rejects the new key', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.engine.setCredentials(rig.credentials({ apiKey: 'other-key' }));
		await trigger.unpublish();
		expect(trigger.warnings.join()).toContain(`Delete the webhook ${trigger.url}`);
	});
});

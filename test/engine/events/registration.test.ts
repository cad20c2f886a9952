import fc from 'fast-check';
import { type SimulatedCallWebhook } from '../../simulator';
import { type Engine } from '../rig/engine';
import { EVENT_NAMES, expectNoSecrets, later, passTime, thrownBy, useRig } from '../rig/rig';
import { checkAsync } from '../../unit/support';
import { StoredTrigger } from '../rig/triggerHooks';

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
	for (const endMs = performance.now() + 60_000; !isSo() && performance.now() < endMs;) await later(10);
	expect(isSo()).toBe(true);
}
const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort();

async function failureOf(action: Promise<unknown>) {
	const error = await thrownBy(action);
	expectNoSecrets(rig, error);
	return error;
}

const TROUBLES = {
	none: () => undefined,
	down: goDown,
	reset: () => void rig.simulator.addFault({ kind: 'reset', status: 500, match: { times: 999 } }),
	'no answer': () => void rig.simulator.addFault({ kind: 'hang', match: { times: 999 } }),
	'nothing new': () =>
		void rig.simulator.addFault({ kind: 'status', status: 503, match: { method: 'POST', times: 999 } }),
	'lost answer': () => void rig.simulator.addFault({ kind: 'reset', match: { method: 'POST', times: 1 } }),
	'wrong keys': () => useKeys({ secretKey: 'another' }),
};
const useKeys = (more = {}) => {
	for (const engine of [rig.engine, elsewhere]) engine.setCredentials(rig.credentials(more));
};
const recover = () => {
	rig.simulator.clearFaults();
	useKeys();
};
/** What listening could not remove while VideoSDK did not answer. */
const forgetTestUrls = () => {
	for (const { id, url } of active())
		if (url.includes('/webhook-test/')) rig.simulator.callWebhooks.delete(id);
};
/** Another process of n8n, with the same credential. */
let elsewhere: Engine;
const OTHER_BASE = 'http://localhost:9999/webhook';
/** A second trigger: of its own, or a copy with static data, as n8n's public API, CLI and backups make them. */
const SECONDS = {
	own: () => stored(),
	'in another workflow': (original: StoredTrigger) => original.copy(),
	'another node of the workflow': (original: StoredTrigger) =>
		original.copy({ workflowId: original.workflowId, nodeId: 'other' }),
	'with the same IDs at another address': (original: StoredTrigger) => {
		const { workflowId, node } = original;
		const copy = original.copy({ workflowId, webhookId: node.webhookId });
		// Another process, which remembers nothing of the original.
		return Object.assign(copy, { webhookBaseUrl: OTHER_BASE, engine: elsewhere });
	},
};

/** How VideoSDK lists the events that were sent. */
const SPELLINGS: Record<string, (events: string[]) => string[]> = {
	'as sent': (events) => events,
	'in upper case': (events) => events.map((name) => name.toUpperCase()),
	'with one more': (events) => [...events, 'call-transfer-failed'],
	'without one': (events) => events.slice(0, -1),
};

const chosenEvents = fc.constantFrom(
	...[CALLS, ['call-missed'], EVENT_NAMES, ['call-ended', 'call-summary', 'participant-joined']],
);
const step = fc.record({
	who: fc.constantFrom(0, 0, 1),
	what: fc.oneof(
		{ weight: 3, arbitrary: chosenEvents.map((publish) => ({ publish })) },
		{
			weight: 8,
			arbitrary: fc.constantFrom(
				...(['restart', 'restart', 'lead', 'lead', 'move'] as const),
				...(['unpublish', 'listen', 'someone deletes', 'someone doubles'] as const),
			),
		},
	),
	trouble: fc.constantFrom('none', 'none', ...(Object.keys(TROUBLES) as Array<keyof typeof TROUBLES>)),
});

it('Whatever happens, a published trigger has one webhook with its events, and no other is touched', async () => {
	elsewhere = await rig.addEngine({ credentialId: rig.engine.credentialId });
	const run = async (
		steps: Array<typeof step extends fc.Arbitrary<infer T> ? T : never>,
		kind: keyof typeof SECONDS,
		spelling: string,
	) => {
		const { callWebhooks } = rig.simulator;
		const spell = SPELLINGS[spelling] as (events: string[]) => string[];
		callWebhooks.clear();
		callWebhooks.set = (id, webhook) =>
			Map.prototype.set.call(callWebhooks, id, { ...webhook, events: spell(webhook.events) }) as never;
		rig.simulator.addCallWebhook('https://elsewhere.example/', ['call-hangup']);
		const others = registered();
		const original = stored();
		await original.publish();
		const triggers = [original, SECONDS[kind](original)];
		const published: Array<string[] | undefined> = [CALLS, undefined];
		/** Whether someone has changed the webhooks since the trigger last looked. */
		const isSpoiled = [false, false];
		const callsOf = (events: string[] = []) =>
			events
				.map((event) => event.replace('call-ended', 'call-hangup'))
				.filter((event) => /^call-(?!summary)/.test(event))
				.sort();
		const isRight = () => {
			const own = triggers.flatMap(({ url }, index) => {
				const events = callsOf(published[index]);
				return events.length > 0 && !isSpoiled[index] ? [{ url, events: spell(events).sort() }] : [];
			});
			const rows = registered().filter(
				({ url }) => !triggers.some((trigger, index) => isSpoiled[index] && trigger.url === url),
			);
			return sorted(rows).join() === sorted([...others, ...own]).join();
		};
		for (const { who, what, trouble } of steps) {
			const trigger = triggers[who] as StoredTrigger;
			const own = active().filter(({ url }) => url === trigger.url);
			const isPublished = published[who] !== undefined;
			const hasWebhook = own.length > 0;
			if (typeof what === 'object') {
				trigger.setParameters({ events: what.publish });
				if (isPublished && trouble !== 'none') {
					TROUBLES[trouble]();
					await trigger.publish('update').catch(() => undefined);
					recover();
					// The former one stays until there is a new one.
					const isThere = active().some(({ url }) => url === trigger.url);
					if (hasWebhook && callsOf(what.publish).length > 0) expect(isThere).toBe(true);
				}
				if (isPublished || trouble === 'none') {
					// n8n publishes another version also if it could not unpublish the former one.
					await trigger.publish(isPublished ? 'update' : 'activate');
					published[who] = what.publish;
				} else if (callsOf(what.publish).length > 0) {
					TROUBLES[trouble]();
					await failureOf(trigger.publish());
					recover();
					// n8n then takes back what there may be.
					await trigger.unpublish();
				}
			} else if (what === 'unpublish') {
				TROUBLES[trouble]();
				// n8n has just started, and looks at what is registered.
				if (isPublished && trouble !== 'lost answer') await trigger.restart();
				// n8n tries again later.
				await trigger.unpublish().catch(() => undefined);
				recover();
				passTime(6_000);
				await trigger.unpublish();
				published[who] = undefined;
			} else if (['restart', 'lead', 'move'].includes(what)) {
				if (!isPublished) continue;
				if (what === 'move') {
					// The former registration is left alone.
					others.push(...own.map(({ url, events }) => ({ url, events: [...events].sort() })));
					trigger.webhookBaseUrl = `http://localhost:${1_000 + others.length}/webhook`;
				}
				TROUBLES[trouble]();
				const { length } = trigger.warnings;
				const startedAtMs = Date.now();
				await trigger.restart(what === 'lead' ? 'leadershipChange' : 'init');
				// A start of n8n waits for no answer.
				expect(Date.now() - startedAtMs).toBeLessThan(1_000);
				if (!['none', 'lost answer', 'nothing new'].includes(trouble) && callsOf(published[who]).length > 0) {
					await eventually(() => trigger.warnings.length > length);
					expect(trigger.warnings.at(-1)).toContain("couldn't check its registration");
				}
				// Listening for a test event comes after the check.
				const end = await trigger.listen().catch(() => undefined);
				await end?.();
				if (trouble !== 'none') forgetTestUrls();
				recover();
				if (trouble !== 'none') {
					// What was registered stays as it is until n8n starts again.
					isSpoiled[who] ||= what === 'move';
					expect(isRight()).toBe(true);
					continue;
				}
			} else if (what === 'listen') {
				const end = await trigger.listen();
				TROUBLES[trouble]();
				await end();
				recover();
				if (trouble !== 'none') forgetTestUrls();
				continue;
			} else {
				if (!hasWebhook) continue;
				if (what === 'someone deletes') for (const { id } of own) rig.simulator.callWebhooks.delete(id);
				else rig.simulator.addCallWebhook(trigger.url, ['call-started']);
				isSpoiled[who] = true;
				continue;
			}
			isSpoiled[who] = false;
			await eventually(isRight);
		}
		for (const trigger of triggers) await trigger.unpublish();
		expect(sorted(registered())).toEqual(sorted(others));
		for (const { staticData, name, warnings } of triggers) {
			expect(staticData[`node:${name}`] ?? {}).toEqual({});
			expectNoSecrets(rig, warnings);
		}
	};
	const kinds = fc.constantFrom(...(Object.keys(SECONDS) as Array<keyof typeof SECONDS>));
	const spellings = fc.constantFrom('as sent', ...Object.keys(SPELLINGS));
	const steps = fc.array(step, { minLength: 3, maxLength: 9 });
	await checkAsync(fc.asyncProperty(steps, kinds, spellings, run), 40);
});

it.each([
	['the same version of it', CALLS],
	['two versions of it', ['call-missed']],
])(
	'A trigger is registered once if two processes of n8n register %s at the same time',
	async (_what, events) => {
		const [one, other] = [stored(), stored(events)];
		const { parameters } = other.node;
		Object.assign(other, { node: { ...one.node, parameters }, workflowId: one.workflowId });
		const hold = (method: string, until: () => boolean) =>
			rig.simulator.addFault({ kind: 'delay', until, match: { method, times: 2 } });
		// Both find none, and both have registered it before either looks again. Neither condition may cease to hold: one of the two
		// webhooks is deleted as soon as the first looks again.
		hold('GET', () => rig.requests.length > 1);
		hold('POST', () => rig.simulator.callWebhooks.size > 1);
		hold('GET', () => lists().length > 3);
		await Promise.all([one.publish(), other.publish()]);
		// Of two versions both may stay until the next start, but never none.
		expect(registered()).toHaveLength(events === CALLS ? 1 : 2);
		for (const webhook of registered()) {
			expect(webhook.url).toBe(one.url);
			expect([CALLS, events]).toContainEqual(webhook.events);
		}
		expect(other.staticData).toEqual(one.staticData);
	},
);

it('A trigger without call events makes no request, and registers nothing', async () => {
	const trigger = stored([...EVENT_NAMES, 'call-summary', 'participant-joined']);
	await trigger.publish();
	await trigger.restart();
	await trigger.unpublish();
	expect(rig.requests).toHaveLength(0);
	expect(active()).toEqual([]);
});

describe('When n8n starts', () => {
	it('and VideoSDK is down, what is registered stays, and nothing more is asked', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.simulator.requests.length = 0;
		goDown();
		await trigger.restart();
		await eventually(() => trigger.warnings.length > 0);
		expect(trigger.warnings.join()).toMatch(/couldn't check its registration .*publish its workflow again/);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
		passTime(3_600_000);
		await later(300);
		expect(rig.requests).toHaveLength(3);
	});

	it('a trigger unpublished while being registered leaves nothing behind', async () => {
		const trigger = stored();
		let isHanging = true;
		rig.simulator.addFault({ kind: 'delay', until: () => !isHanging, match: { method: 'GET', times: 1 } });
		await trigger.restart();
		await eventually(() => lists().length === 1);
		const unpublished = trigger.unpublish();
		await later(300);
		isHanging = false;
		await unpublished;
		// It was registered, and then removed.
		expect(rig.simulator.callWebhooks.size).toBe(1);
		expect(registered()).toEqual([]);
	});

	it('a main process that takes over goes by what is published now', async () => {
		const trigger = stored();
		await trigger.restart();
		await eventually(() => active().length > 0);
		trigger.setParameters({ events: ['call-missed'] });
		await trigger.restart('leadershipChange');
		await eventually(() => registered().some(({ events }) => events.join() === 'call-missed'));
		expect(registered()).toHaveLength(1);
	});

	it('a broken credential or expression takes no trigger off the air', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.use({ baseUrl: 'nowhere' });
		await trigger.restart();
		expect(trigger.warnings.join()).toMatch(/couldn't check its registration .*'Base URL'/);
		expect(registered()).toEqual([{ url: trigger.url, events: CALLS }]);
	});
});

describe('Publishing fails at once, in words', () => {
	const LATER = "^Check the credential, or publish again later.*can't send call events to this trigger yet.*";
	it.each<[string, () => void, message: string, description: string]>([
		['VideoSDK is down', goDown, `${LATER}having trouble`, 'Try again later'],
		[
			'the keys are wrong',
			() => rig.use({ secretKey: 'another' }),
			`${LATER}didn't accept the API key and secret`,
			"Copy 'API Key' and 'Secret Key' again",
		],
		['no host is there', () => rig.use({ baseUrl: 'http://127.0.0.1:9' }), `${LATER}can't reach`, 'Base URL'],
		[
			'the address is a local one',
			() => rig.use({ baseUrl: 'https://api.example.com' }),
			'^To receive call events, give n8n a public URL.*http://localhost:5678$',
			'Trigger On',
		],
	])('if %s', async (_what, prepare, message, description) => {
		prepare();
		const trigger = stored();
		const error = await failureOf(trigger.publish());
		expect(error.message).toMatch(new RegExp(message));
		expect(error.description).toContain(description);
		// n8n then calls `delete`.
		await trigger.unpublish();
		rig.simulator.clearFaults();
		expect(active()).toEqual([]);
	});
});

it.each([true, false])(
	'A URL that VideoSDK cannot reach is logged, with Verify Signature %s',
	async (verifySignature) => {
		rig.use({ baseUrl: 'https://api.videosdk.live' });
		const trigger = new StoredTrigger(rig.engine, { events: EVENT_NAMES, verifySignature });
		await trigger.publish();
		expect(trigger.warnings).toEqual([expect.stringContaining(`${trigger.url}. VideoSDK can't reach it`)]);
	},
);

describe('Unpublishing', () => {
	it('while VideoSDK does not answer is tried again by n8n, and the log says what to do', async () => {
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
	it.each<[string, (trigger: StoredTrigger) => Promise<void>]>([
		['it is published', async (trigger) => await trigger.publish('update')],
		['n8n starts', async (trigger) => await trigger.restart()],
	])(
		'to another project elsewhere, it is registered there when %s, and nothing that the new key signed goes to the former host',
		async (_when, act) => {
			const trigger = stored();
			await trigger.publish();
			rig.simulator.requests.length = 0;
			const other = await rig.addSimulator({ apiKey: 'other-key', secret: 'other-secret' });
			rig.engine.setCredentials({ apiKey: 'other-key', secretKey: 'other-secret', baseUrl: other.url });
			await act(trigger);
			await eventually(() => other.callWebhooks.size === 1);
			expect([...other.callWebhooks.values()]).toMatchObject([{ url: trigger.url, events: CALLS }]);
			expect(rig.requests).toEqual([]);
		},
	);

	it('the trigger can be unpublished, also if the API rejects the new key', async () => {
		const trigger = stored();
		await trigger.publish();
		rig.use({ apiKey: 'other-key' });
		await trigger.unpublish();
		expect(trigger.warnings.join()).toContain(`Delete the webhook ${trigger.url}`);
	});
});

import fc from 'fast-check';
import { type CallWebhook, isSameUrl } from '../../../nodes/VideoSdkAgentCloud/api/callWebhooks';
import { reconcile, type Wanted } from '../../../nodes/VideoSdkAgentCloud/trigger/reconcile';
import { CALL_EVENTS, callEventsOf } from '../../../nodes/VideoSdkAgentCloud/webhook/eventNames';
import { check } from '../support';

const URL_ = 'https://n8n.example.com/webhook/a/webhook';
const webhook = (id: string, url = URL_, events = ['call-hangup']): CallWebhook => ({ id, url, events });
const wanted = (more: Partial<Wanted> = {}): Wanted => ({ url: URL_, events: ['call-hangup'], ...more });

const NONE = wanted({ events: [] });
const OTHERS = [
	...[URL_.replace('/webhook/', '/webhook-test/'), URL_.replace('/a/', '/b/'), `${URL_}?x=1`, `${URL_}2`],
	URL_.replace('example', 'former'),
].map((address, index) => webhook(`other-${index}`, address));

it.each<[what: string, given: Wanted, listed: CallWebhook[], keep: string, create: boolean, remove: string]>([
	['published for the first time', wanted(), [], '', true, ''],
	['registered as wanted', wanted(), [webhook('1')], '1', false, ''],
	['an alias', wanted(), [webhook('1', URL_, ['call-ended'])], '1', false, ''],
	['other events', wanted(), [webhook('1', URL_, ['call-missed'])], '', true, '1'],
	['more events than wanted', wanted(), [webhook('1', URL_, ['call-hangup', 'new-event'])], '', true, '1'],
	['registered twice', wanted(), [webhook('2'), webhook('1')], '1', false, '2'],
	['spelled otherwise', wanted(), [webhook('1', URL_.replace('n8n', 'N8N'))], '1', false, ''],
	['the test URL, the original of a copy, a former address', wanted(), OTHERS, '', true, ''],
	['unpublished', NONE, [webhook('1'), ...OTHERS], '', false, '1'],
	['gone before it is unpublished', NONE, [], '', false, ''],
])('reconcile: %s', (_what, given, listed, ...expected) => {
	const { keep, create, remove } = reconcile(given, listed);
	expect([keep?.id ?? '', create, remove.map(({ id }) => id).join()]).toEqual(expected);
});

const url = fc.constantFrom(
	...['https://a.example/x', 'https://A.example:443/x', 'https://b.example/x', 'https://a.example/y'],
);
const events = fc.subarray([...CALL_EVENTS, 'call-ended', 'unknown']);
const listed = fc.uniqueArray(fc.record({ id: fc.integer({ max: 99 }).map(String), url, events }), {
	selector: ({ id }) => id,
	maxLength: 8,
});
const anyWanted: fc.Arbitrary<Wanted> = fc.record({
	url,
	events: events.map(callEventsOf),
});

/** @returns what there is after the changes */
function apply(given: Wanted, before: CallWebhook[], id = 'new'): CallWebhook[] {
	const { create, remove } = reconcile(given, before);
	const left = before.filter((one) => !remove.includes(one));
	return create ? [...left, { id, url: given.url, events: given.events }] : left;
}

it('reconcile leaves what is not of the trigger alone, and one right webhook or none, whatever there is', () => {
	check(
		fc.property(listed, anyWanted, (before, given) => {
			const after = apply(given, before);
			const isOwn = (one: CallWebhook) => isSameUrl(one.url, given.url);
			expect(after.filter((one) => !isOwn(one))).toEqual(before.filter((one) => !isOwn(one)));
			const own = after.filter(isOwn);
			expect(own.map((one) => callEventsOf(one.events))).toEqual(
				given.events.length > 0 ? [given.events] : [],
			);
			// Done again, it changes nothing.
			const again = reconcile(given, after);
			expect(again).toEqual({ ...(own[0] && { keep: own[0] }), create: false, remove: [] });
		}),
		2_000,
	);
});

it('reconcile: of two processes that both register the trigger at the same time, both keep the same webhook', () => {
	check(
		fc.property(listed, anyWanted, (before, given) => {
			const both = [apply(given, before, 'new-1'), apply(given, before, 'new-2')];
			// What each has removed is gone, and what each has made is there.
			const all = [...new Set(both.flat())].filter(
				(one) => one.id.startsWith('new') || both.every((list) => list.includes(one)),
			);
			const left = apply(given, all).filter((one) => isSameUrl(one.url, given.url));
			expect(left).toHaveLength(given.events.length > 0 ? 1 : 0);
			expect(left).toEqual(apply(given, [...all].reverse()).filter((one) => isSameUrl(one.url, given.url)));
		}),
		1_000,
	);
});

import fc from 'fast-check';
import { type CallWebhook, isSameUrl } from '../../../nodes/VideoSdkAgentCloud/api/webhooks';
import { reconcile, type WantedWebhook } from '../../../nodes/VideoSdkAgentCloud/trigger/reconcile';
import { CALL_EVENTS, callEventsOf } from '../../../nodes/VideoSdkAgentCloud/webhook/eventNames';
import { checkTimes } from '../support';

/** The trigger's own in two spellings, its test URL, that of a copy, a former address, and others. */
const url = fc.constantFrom(
	...['https://a.example/webhook/x', 'https://A.example:443/webhook/x', 'https://a.example/webhook-test/x'],
	...['https://a.example/webhook/y', 'https://b.example/webhook/x', 'https://a.example/webhook/x?y=1'],
	'https://a.example/webhook/x2',
);
const events = fc.subarray([...CALL_EVENTS, 'call-ended', 'unknown']);
const listed = fc.uniqueArray(fc.record({ id: fc.integer({ max: 99 }).map(String), url, events }), {
	selector: ({ id }) => id,
	maxLength: 8,
});
const anyWanted: fc.Arbitrary<WantedWebhook> = fc.record({ url, events: events.map(callEventsOf) });

function apply(given: WantedWebhook, before: CallWebhook[], id = 'new'): CallWebhook[] {
	const { create, remove } = reconcile(given, before);
	const left = before.filter((one) => !remove.includes(one));
	return create ? [...left, { id, url: given.url, events: given.events }] : left;
}

it('reconcile leaves what is not of the trigger alone, and one right webhook or none, whatever there is', () => {
	checkTimes(2_000)([listed, anyWanted], (before, given) => {
		const after = apply(given, before);
		const isOwn = (one: CallWebhook) => isSameUrl(one.url, given.url);
		expect(after.filter((one) => !isOwn(one))).toEqual(before.filter((one) => !isOwn(one)));
		const own = after.filter(isOwn);
		const isRight = ({ events: ofOne }: CallWebhook) =>
			ofOne.length === given.events.length && callEventsOf(ofOne).join() === given.events.join();
		expect(own.map(isRight)).toEqual(given.events.length > 0 ? [true] : []);
		// One that is right already stays.
		const isThere = before.some((one) => isOwn(one) && isRight(one));
		expect(reconcile(given, before).create).toBe(given.events.length > 0 && !isThere);
		// Done again, it changes nothing.
		const again = reconcile(given, after);
		expect(again).toEqual({ ...(own[0] && { keep: own[0] }), create: false, remove: [] });
	});
});

it('reconcile: of two processes that both register the trigger at the same time, both keep the same webhook', () => {
	checkTimes(1_000)([listed, anyWanted], (before, given) => {
		const both = [apply(given, before, 'new-1'), apply(given, before, 'new-2')];
		// What each has removed is gone, and what each has made is there.
		const all = [...new Set(both.flat())].filter(
			(one) => one.id.startsWith('new') || both.every((list) => list.includes(one)),
		);
		const left = apply(given, all).filter((one) => isSameUrl(one.url, given.url));
		expect(left).toHaveLength(given.events.length > 0 ? 1 : 0);
		expect(left).toEqual(apply(given, [...all].reverse()).filter((one) => isSameUrl(one.url, given.url)));
	});
});

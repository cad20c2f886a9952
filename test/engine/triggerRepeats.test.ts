/** Which deliveries repeat an event, and which are of the same event that occurred again. */
import { type PublishedTrigger } from './publishedTrigger';
import { passTime, useRig } from './rig';

const MINUTE = 60_000;

const rig = useRig({ callBehaviour: false });

const ROOM = { meetingId: 'abcd', sessionId: 's-1' };
const ADA = { ...ROOM, participantId: 'p-ada', participantName: 'Ada' };
const joined = { webhookType: 'participant-joined', data: ADA };
const left = { webhookType: 'participant-left', data: ADA };
const bobLeft = { webhookType: 'participant-left', data: { ...ADA, participantId: 'p-bob' } };
const recording = (name: string) => ({ webhookType: `recording-${name}`, data: ROOM });

/** Delivers one after another, each handled to its end. @returns the names of the events that came out */
async function deliver(trigger: PublishedTrigger, ...bodies: object[]): Promise<string[]> {
	for (const body of bodies) {
		expect((await rig.simulator.deliver(trigger.url, body)).status).toBe(200);
		await trigger.settled();
	}
	return (await trigger.received()).map(({ event }) => String(event));
}
const publish = async (...events: string[]) => await rig.engine.publish({ events });
const BOTH = ['participant-joined', 'participant-left'];

/** The same workflow in another process of n8n. */
const elsewhere = async (trigger: PublishedTrigger) =>
	await (await rig.addEngine()).publish({ events: BOTH }, { copyOf: trigger });

describe('A participant', () => {
	it('who comes back joins again, however often each delivery is repeated', async () => {
		const trigger = await publish(...BOTH);
		const twice = [joined, joined, left, left, joined, joined, left, left];
		expect(await deliver(trigger, ...twice)).toEqual([...BOTH, ...BOTH]);
		const items = await trigger.received();
		expect(Object.keys(items[2] ?? {})).toEqual(Object.keys(items[0] ?? {}));
		expect(items[2]?.eventId).toBe(items[0]?.eventId);
	});

	it('joins again also if leaving was not chosen', async () => {
		const trigger = await publish('participant-joined');
		expect(await deliver(trigger, joined, left, joined, joined)).toHaveLength(2);
	});

	it('does not join again because someone else left', async () => {
		const trigger = await publish('participant-joined');
		expect(await deliver(trigger, joined, bobLeft, joined)).toHaveLength(1);
	});

	it('joins again after the minutes in which deliveries are repeated', async () => {
		const trigger = await publish('participant-joined');
		await deliver(trigger, joined);
		passTime(4 * MINUTE);
		expect(await deliver(trigger, joined)).toHaveLength(1);
		passTime(2 * MINUTE);
		expect(await deliver(trigger, joined, joined)).toHaveLength(2);
	});
});

it('A transfer that is delivered again after the hang-up is the same one', async () => {
	const data = { callId: 'c-1', to: '+1' };
	const [transferred, hungUp] = ['call-transferred', 'call-hangup'].map((webhookType) => ({
		webhookType,
		data,
	}));
	const trigger = await publish('call-transferred', 'call-hangup');
	expect(await deliver(trigger, transferred!, hungUp!, transferred!)).toEqual([
		'call-transferred',
		'call-hangup',
	]);
});

it('Events that name no session are all taken', async () => {
	const trigger = await publish('ai-deployment-session-started');
	const body = { webhookType: 'ai-deployment-session-started' };
	expect(await deliver(trigger, body, body)).toHaveLength(2);
});

describe('In another process, or after a restart,', () => {
	it('a repeated delivery goes no further than the trigger', async () => {
		const trigger = await publish(...BOTH);
		await deliver(trigger, joined, left, joined);
		const other = await elsewhere(trigger);
		expect(await deliver(other, joined)).toEqual([]);
	});

	it.each([
		['a participant', BOTH, joined, left],
		['a recording', ['recording-started', 'recording-stopped'], recording('started'), recording('stopped')],
	])(
		'%s is not missed because another process received what came in between',
		async (_what, events, first, second) => {
			const trigger = await rig.engine.publish({ events }, { withHooks: false });
			const other = await (await rig.addEngine()).publish({ events }, { copyOf: trigger, withHooks: false });
			await deliver(trigger, first);
			await deliver(other, second);
			expect(await deliver(trigger, first, first)).toEqual([events[0], events[0]]);
		},
	);

	it('a participant who left and comes back joins again', async () => {
		const trigger = await publish(...BOTH);
		await deliver(trigger, joined);
		await deliver(await elsewhere(trigger), left);
		expect(await deliver(await elsewhere(trigger), joined)).toEqual(['participant-joined']);
	});

	it('the same event counts again after ten minutes, and not because it was repeated in between', async () => {
		const trigger = await publish(...BOTH);
		await deliver(trigger, joined);
		passTime(4 * MINUTE);
		expect(await deliver(await elsewhere(trigger), joined)).toEqual([]);
		passTime(6.5 * MINUTE);
		expect(await deliver(await elsewhere(trigger), joined)).toEqual(['participant-joined']);
	});

	it('an event that occurs once is still known', async () => {
		const body = { webhookType: 'session-ended', data: ROOM };
		const trigger = await publish('session-ended');
		await deliver(trigger, body);
		passTime(60 * MINUTE);
		const other = await (await rig.addEngine()).publish({ events: ['session-ended'] }, { copyOf: trigger });
		expect(await deliver(other, body)).toEqual([]);
	});
});

describe('A recording', () => {
	it('that is the second of its session is an event, and so is its failure', async () => {
		const events = ['started', 'failed', 'started', 'failed', 'failed'].map(recording);
		const trigger = await publish('recording-started', 'recording-failed');
		expect(await deliver(trigger, ...events)).toHaveLength(4);
	});
});

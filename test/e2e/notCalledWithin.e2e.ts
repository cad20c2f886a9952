/** The option Not Called Within in a real n8n: two members with credentials of their own, and a list that was ended in the middle. */
import { waitFor } from '../n8n/processes';
import { N8nRest, outputOf, OWNER } from '../n8n/rest';
import { untilWaiting } from './deliveries';
import { actionNode, BY_RULE, chain, itemNodes, loop, MANUAL } from './nodes';
import { createCredential, PATIENT, setUpAll } from './setup';

const SECONDS = 1_000;
/** Until VideoSDK's lists show a call. */
const LAG_MS = 12 * SECONDS;

const setup = setUpAll({
	n8n: {},
	simulator: { callBehaviour: { ringForMs: 0, talkMs: 100 }, ...PATIENT },
});
/** Another user of the same n8n. */
let colleague: { rest: N8nRest; credentialId: string };

beforeAll(async () => {
	const { n8n, simulator } = setup;
	const { email, ...more } = { ...OWNER, email: 'colleague@example.com' };
	const invitation = [{ email, role: 'global:member' }];
	const [invited] = await n8n.rest.call<Array<{ user: { inviteAcceptUrl: string } }>>(
		'POST',
		'/invitations',
		invitation,
	);
	const token = new URL(String(invited?.user.inviteAcceptUrl)).searchParams.get('token');
	const rest = new N8nRest(n8n.url, n8n.rest.version);
	await rest.call('POST', '/invitations/accept', { ...more, token });
	colleague = { rest, credentialId: (await createCredential(rest, simulator)).id };
});

/** Numbers that no other test calls. */
const people = (series: number): string[] =>
	Array.from({ length: 6 }, (_, index) => `+155500${series}${index}`);
const listOf = (phones: string[]) => [MANUAL, ...itemNodes(phones.map((phone) => ({ phone })))];
const call = (operation: 'make' | 'makeAndWait', credentialId: string) =>
	actionNode(
		{ credentialId },
		'Call',
		{ ...BY_RULE, operation, to: '={{ $json.phone }}', options: { notCalledWithin: 24 } },
		{ onError: 'continueRegularOutput' },
	);
const callsTo = (phone: string) => [...setup.simulator.calls.values()].filter(({ to }) => to === phone);

/** A list of the owner's, called two at a time, and one of the colleague's, all at once. @returns what starts them */
async function makeLists(phones: string[]) {
	const { rest } = setup.n8n;
	const own = await rest.createWorkflow(
		loop('Own list', listOf(phones), call('makeAndWait', setup.credentialId), 2),
	);
	const other = await colleague.rest.createWorkflow(
		chain("A colleague's list", [...listOf(phones), call('make', colleague.credentialId)]),
	);
	const startOwn = async () => await rest.startWorkflow(own.id);
	/** Starts both in the same second. @returns who was called by which, and why the others weren't */
	const runBoth = async () => {
		const ids = await Promise.all([startOwn(), colleague.rest.startWorkflow(other.id)]);
		const [ownRun, otherRun] = await Promise.all([
			rest.untilEnded(ids[0], 'After'),
			colleague.rest.untilEnded(ids[1], 'Call'),
		]);
		return [outputOf(ownRun, 'After'), outputOf(otherRun, 'Call')].map((items) =>
			Object.fromEntries(
				items.map(({ to, outcome, reasonCode }) => [String(to), reasonCode ?? outcome] as const),
			),
		);
	};
	return { startOwn, runBoth };
}

it('one of two workflows calls each person that start in the same second', async () => {
	setup.simulator.setListing({ lagMs: LAG_MS });
	const phones = people(401);
	const outcomes = await (await makeLists(phones)).runBoth();
	setup.simulator.setListing({ lagMs: 0 });
	expect(phones.map((phone) => callsTo(phone).length)).toEqual(phones.map(() => 1));
	for (const phone of phones) {
		const called = outcomes.map((list) => list[phone]).filter((outcome) => outcome !== 'calledBefore');
		expect(called).toEqual([expect.stringMatching(/^(answered|running)$/)]);
	}
});

it.each(['Stop', 'the end of n8n'])(
	'a list calls no one again after %s, nor does that of a colleague',
	async (what) => {
		const { n8n, simulator } = setup;
		const isKilled = what !== 'Stop';
		const phones = people(isKilled ? 403 : 402);
		const [, , third = '', fourth = ''] = phones;
		for (const phone of [third, fourth]) simulator.setCallBehaviour({ ringForMs: null }, phone);
		const lists = await makeLists(phones);
		const executionId = await lists.startOwn();
		const bothRing = async () => callsTo(third).length + callsTo(fourth).length === 2;
		await waitFor('the second pair', bothRing);
		if (isKilled) {
			await n8n.kill();
			await n8n.restart();
		} else {
			await untilWaiting(n8n, executionId);
			await n8n.rest.call('POST', `/executions/${executionId}/stop`);
		}
		await simulator.moveCall(callsTo(third)[0]!.callId, 'missed');

		const outcomes = await lists.runBoth();
		expect(phones.map((phone) => callsTo(phone).length)).toEqual(phones.map(() => 1));
		for (const list of outcomes) {
			for (const phone of phones.slice(0, 4)) expect([phone, list[phone]]).toEqual([phone, 'calledBefore']);
		}
	},
);

/** The simulated people of `npm start` do what their table says, and the simulator does what a user types. */
import { PassThrough } from 'node:stream';
import type { IDataObject } from 'n8n-workflow';
import { inWords } from '../../simulator';
import { CALL_NUMBERS } from '../../simulator/people';
import { COMMANDS, obey } from '../../simulator/commands';
import { byRule, callParameters, makeAndWait } from '../rig/callRig';
import { failureOf, later, useRig } from '../rig/rig';

const rig = useRig({ callBehaviour: { ringForMs: 300, talkMs: 1_000 } });
const MAX_WAIT_MS = 600_000;
const FIELDS = {
	responseType: 'fields',
	responseFields: {
		fields: [
			{ name: 'size', type: 'options', options: 'small, large' },
			{ name: 'amount', type: 'number' },
		],
	},
};

/** Asks someone. @returns the node's output item */
async function ask(to: string, more: IDataObject = {}): Promise<IDataObject | undefined> {
	const parameters = byRule({ operation: 'sendAndWait', to, message: 'Does Monday work?', ...more });
	const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, parameters);
	return (await waiting.jsonWithin(MAX_WAIT_MS))?.[0];
}

const YES = { outcome: 'answered', responded: true, data: { approved: true } };
const UNANSWERED = { outcome: 'answered', responded: false, data: { approved: false } };
const SEEN: Record<keyof typeof CALL_NUMBERS, object> = {
	yes: YES,
	no: { ...YES, data: { approved: false, comment: expect.stringContaining("doesn't suit") as string } },
	but: {
		...YES,
		data: { approved: false, condition: 'Not more than 50.', quote: 'Yes, but not more than 50.' },
	},
	unfitting: { ...UNANSWERED, reasonCode: 'noFit' },
	doNotCall: { ...YES, data: { approved: false } },
	voicemail: { ...UNANSWERED, reasonCode: 'voicemail' },
	hangsUp: { ...UNANSWERED, reasonCode: 'notAsked' },
	busy: { outcome: 'noAnswer', responded: false },
	missed: { outcome: 'noAnswer', responded: false },
	rejected: { outcome: 'rejected', responded: false },
	failed: { outcome: 'failed', responded: false },
	slow: YES,
};

it.each(Object.entries(SEEN))('Ask and Wait gets what the table says of %s', async (name, seen) => {
	const beganMs = Date.now();
	expect(await ask(CALL_NUMBERS[name as keyof typeof SEEN])).toMatchObject(seen);
	if (name === 'slow') expect(Date.now() - beganMs).toBeGreaterThan(45_000);
	const errors = rig.simulator.toolUses.map(({ isError }) => isError);
	expect(errors).toEqual(
		name === 'unfitting' ? [true, true] : 'responded' in seen && seen.responded ? [false] : [],
	);
});

it('Voicemail is told by itself, whatever else the question asks for', async () => {
	for (const more of [FIELDS, { responseType: 'freeText' }])
		expect(await ask(CALL_NUMBERS.voicemail, more)).toEqual({
			outcome: 'answered',
			responded: false,
			data: {},
			reasonCode: 'voicemail',
			to: CALL_NUMBERS.voicemail,
			callId: expect.any(String) as string,
			roomId: expect.any(String) as string,
		});
});

it('Whoever says yes on a condition has said yes to nothing', async () => {
	const fields = [
		{ name: 'agreed', type: 'boolean' },
		{ name: 'coming', type: 'boolean' },
	];
	const asked = { responseType: 'fields', responseFields: { fields } };
	expect(await ask(CALL_NUMBERS.but, asked)).toMatchObject({
		responded: true,
		data: { agreed: false, coming: false, condition: 'Not more than 50.' },
	});
	// As an agent does whose model takes the condition for a comment.
	rig.simulator.heard.comment = 'Only on Mondays';
	expect(await ask(CALL_NUMBERS.yes)).toMatchObject({
		data: { approved: false, condition: 'Only on Mondays' },
	});
	delete rig.simulator.heard.comment;
});

it('People answer what has fields, too, or not', async () => {
	expect(await ask(CALL_NUMBERS.yes, FIELDS)).toMatchObject({ data: { size: 'small', amount: 7 } });
	expect(await ask(CALL_NUMBERS.no, FIELDS)).toMatchObject({ data: { size: 'large', amount: 0 } });
	for (const more of [FIELDS, { responseType: 'freeText' }])
		expect(await ask(CALL_NUMBERS.unfitting, more)).toMatchObject({ responded: false });
});

it('What they say is in the transcript, and voicemail in the summary', async () => {
	const said = async (to: string) => {
		const waiting = await rig.engine.startAndWait(MAX_WAIT_MS, makeAndWait({ to, recording: 'summarize' }));
		const [call] = (await waiting.jsonWithin(MAX_WAIT_MS)) ?? [];
		return call;
	};
	expect(await said(CALL_NUMBERS.voicemail)).toMatchObject({
		summary: expect.stringMatching(/^VOICEMAIL/) as string,
		transcript: expect.stringContaining('leave a message') as string,
	});
	expect(await said(CALL_NUMBERS.no)).toMatchObject({
		transcript: expect.stringMatching(/Caller: No, /) as string,
	});
	expect(await said(CALL_NUMBERS.busy)).toMatchObject({ outcome: 'noAnswer', status: 'busy' });
});

it('An agent says an answer as sentences', () => {
	const order = { customer: 'Ada Lovelace', order: 'A-17', status: 'shipped' };
	expect(inWords(JSON.stringify(order))).toBe(
		'The customer is Ada Lovelace, the order is A-17, and the status is shipped.',
	);
	expect(inWords(JSON.stringify([{ time: 'Monday' }, { time: 'Tuesday', free: false }]))).toBe(
		'The time is Monday. The time is Tuesday and it is not free.',
	);
	expect(inWords('There are no orders.')).toBe('There are no orders.');
});

it('When that is typed, the API is down or slow for a minute, and someone calls', async () => {
	const typed = new PassThrough();
	const told: string[] = [];
	obey(rig.simulator, typed, (line) => void told.push(line));
	const list = callParameters('getAll', { options: { timeout: 5_000 } });
	const type = async (word: string) => {
		typed.write(`${word}\n`);
		await later(10);
	};
	await type('Down');
	expect(failureOf(await rig.run(list)).message).toContain('status 503');
	await later(60_000);
	await rig.json(list);
	await type('slow');
	expect(failureOf(await rig.run(list)).message).toContain("didn't respond in time");
	await later(60_000);
	await rig.json(list);
	await type('call');
	await type(`call ${CALL_NUMBERS.missed}`);
	const calls = [...rig.simulator.calls.values()];
	expect(calls.map(({ type, from }) => [type, from])).toEqual([
		['inbound', '+14155550123'],
		['inbound', CALL_NUMBERS.missed],
	]);
	await later(1_000);
	expect(calls[1]?.status).toBe('missed');
	await type('help');
	expect(told).toEqual([
		'For a minute, the API answers every request with status 503.',
		'The API works again.',
		'For a minute, the API takes ten seconds for every answer.',
		'The API works again.',
		...calls.map(({ callId, from }) => `${from} calls +15550102001 (call ${callId}).`),
		...COMMANDS.map((command) => `  ${command}`),
	]);
});

import { apiSessionId, bareSessionId } from '../../../nodes/VideoSdkAgentCloud/api/sessionId';

const UUID = '6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b';

it.each<[id: unknown, bare: string]>([
	['session-6f1c', '6f1c'],
	['6f1c', '6f1c'],
	[' session-6f1c\n', '6f1c'],
	['session-session-6f1c', 'session-6f1c'],
	['SESSION-6f1c', 'SESSION-6f1c'],
	...['', undefined, 5].map((none): [unknown, string] => [none, '']),
])('bareSessionId reads %j as %j', (id, bare) => expect(bareSessionId(id)).toBe(bare));

it('apiSessionId takes the prefix of an event off a UUID, and leaves any other ID as it is', () => {
	for (const id of [UUID, UUID.toUpperCase()]) {
		expect([apiSessionId(`session-${id}`), apiSessionId(id)]).toEqual([id, id]);
		for (const other of [`session-session-${id}`, `session-${id}x`, `session-${id}\n`, `xsession-${id}`])
			expect(apiSessionId(other)).toBe(other);
	}
	for (const other of ['session-6f1c', 'session-', `SESSION-${UUID}`, ''])
		expect(apiSessionId(other)).toBe(other);
});

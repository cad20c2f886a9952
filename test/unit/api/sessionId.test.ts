import { apiSessionId, bareSessionId } from '../../../nodes/VideoSdkAgentCloud/api/sessionId';

describe('bareSessionId', () => {
	it.each([
		['session-6f1c', '6f1c'],
		['6f1c', '6f1c'],
		[' session-6f1c\n', '6f1c'],
		['session-session-6f1c', 'session-6f1c'],
		['SESSION-6f1c', 'SESSION-6f1c'],
		['', ''],
		[undefined, ''],
		[5, ''],
	])('reads %j', (id, bare) => {
		expect(bareSessionId(id)).toBe(bare);
	});
});

describe('apiSessionId', () => {
	const uuid = '6f1c2d3e-4b5a-6978-8a9b-0c1d2e3f4a5b';

	it.each([
		[`session-${uuid}`, uuid],
		[`session-${uuid.toUpperCase()}`, uuid.toUpperCase()],
		[uuid, uuid],
	])('takes the prefix of an event off a UUID: %s', (id, bare) => {
		expect(apiSessionId(id)).toBe(bare);
	});

	it.each([
		'session-6f1c',
		'session-',
		`session-session-${uuid}`,
		`session-${uuid}x`,
		`session-${uuid}\n`,
		`SESSION-${uuid}`,
		`xsession-${uuid}`,
		'',
	])('leaves any other ID as it is: %j', (id) => {
		expect(apiSessionId(id)).toBe(id);
	});
});

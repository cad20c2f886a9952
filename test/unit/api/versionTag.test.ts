/** What a version's tag says, and what the tags of others don't. */
import { readFileSync } from 'node:fs';
import {
	CONVERSATIONS_PER_COPY,
	conversationsAtOnce,
	tokenEndOf,
	versionTag,
} from '../../../nodes/VideoSdkAgentCloud/api/versionTag';

// The build puts it there.
jest.mock('../../../nodes/VideoSdkAgentCloud/api/filledByBuild', () => ({ PACKAGE_VERSION: '0.1.0' }));

const ENDS_MS = Date.UTC(2027, 11, 3);

it("A version's tag says when its token ends, and how many conversations its copies take at once", () => {
	const tag = versionTag(ENDS_MS + 3_600_000, 'abcdef12');
	expect(tokenEndOf(tag)).toBe(ENDS_MS);
	expect(conversationsAtOnce({ versionTag: tag, maxReplica: 3 })).toBe(3 * CONVERSATIONS_PER_COPY);
	expect(conversationsAtOnce({ versionTag: tag })).toBeUndefined();
	// A container registry takes it as an image's tag.
	expect(tag).toMatch(/^[\w][\w.-]{0,127}$/);
});

it.each(['n8n-0.1.0-20271203-abcdef12', 'n8n-0.1.0-20271203-12345678', 'n8n-1.0.0-rc-4-20271203-87654321'])(
	"An older package's version has the end of its token alone: %s",
	(tag) => {
		expect(tokenEndOf(tag)).toBe(ENDS_MS);
		expect(conversationsAtOnce({ versionTag: tag, maxReplica: 3 })).toBeUndefined();
	},
);

it.each(['v1', 'production-20271203-4-abcdef12', 'n8n-20271203', '', undefined])(
	"The tag of another's version says nothing: %s",
	(tag) => {
		expect([tokenEndOf(tag), conversationsAtOnce({ versionTag: tag, maxReplica: 3 })]).toEqual([
			undefined,
			undefined,
		]);
	},
);

it("The agent's program takes as many conversations as its tag says", () => {
	const program = readFileSync('agent/agent.py', 'utf8');
	expect(/^CONVERSATIONS_AT_ONCE = (\d+)$/m.exec(program)?.[1]).toBe(String(CONVERSATIONS_PER_COPY));
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const agent = readFileSync(join(__dirname, '../../../examples/agent/agent.py'), 'utf8');
const sdk = readFileSync(join(__dirname, 'videosdk-agents.txt'), 'utf8');

/** Names that are Python's own, or defined in the example itself. */
const OWN = new Set(
	[...agent.matchAll(/^\s*(?:async )?(?:def|class) (\w+)/gm)].map(([, name]) => String(name)),
);

it('imports only what the SDK exports', () => {
	const imported = [...agent.matchAll(/from (videosdk[\w.]*) import (?:\(([^)]*)\)|(.+))/g)].flatMap(
		([, , block, line]) => String(block ?? line).split(','),
	);
	const names = imported.map((name) => name.trim()).filter(Boolean);
	const exported = new Set(
		[...sdk.matchAll(/^from \S+ import (.+)$/gm)].flatMap(([, list]) => String(list).split(', ')),
	);
	expect(names.length).toBeGreaterThan(10);
	expect(names.filter((name) => !exported.has(name))).toEqual([]);
});

it('passes only arguments that the SDK takes', () => {
	const signatures = [...sdk.matchAll(/^(\w+)\((.*)\)$/gm)].map(([, name, parameters]) => [
		String(name),
		[...String(parameters).matchAll(/(?:^|, )(\w+)(?=[:=,]|$)/g)].map(([, parameter]) => String(parameter)),
	]);
	const parametersOf = new Map(signatures as Array<[string, string[]]>);
	for (const [name, parameters] of parametersOf) {
		const caller = name === 'Agent' ? 'super\\(\\).__init__' : `(?:\\.|\\b)${name}`;
		const calls = [...agent.matchAll(new RegExp(`${caller}\\(((?:[^()]|\\([^()]*\\))*)\\)`, 'g'))];
		const given = calls.flatMap(([, list]) =>
			[
				...String(list)
					.replace(/\([^()]*\)/g, '')
					.matchAll(/(\w+)=/g),
			].map(([, argument]) => String(argument)),
		);
		expect([name, given.filter((argument) => !parameters.includes(argument))]).toEqual([name, []]);
	}
	expect([...OWN].filter((name) => name.startsWith('on_') && name !== 'on_voicemail')).toEqual([
		'on_enter',
		'on_exit',
	]);
});

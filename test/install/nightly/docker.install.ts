/** The steps of docker/Dockerfile, without Docker: its scripts are run, and then n8n with what they made. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../../e2e/nodes';
import { startN8n } from '../../n8n/instance';
import { repositoryRoot, run, temporaryFolder } from '../../n8n/processes';
import { checkN8n } from '../../start/check';

const dockerfile = readFileSync(join(repositoryRoot, 'docker', 'Dockerfile'), 'utf8');

/** What the image has in /opt/agent-cloud, put together by what the Dockerfile says. */
async function image(): Promise<string> {
	const folder = temporaryFolder('videosdk-image');
	expect(dockerfile).toContain('RUN sh docker/build.sh /package');
	expect(dockerfile).toContain('COPY --from=build /package /opt/agent-cloud/package');
	const build = ['docker/build.sh', join(folder, 'package')];
	const { code, output } = await run('sh', build, { cwd: repositoryRoot, env: process.env });
	if (code !== 0) throw new Error(output);
	const [, copied = ''] = /^COPY (.+) \/opt\/agent-cloud\/$/m.exec(dockerfile) ?? [];
	for (const file of copied.split(' '))
		cpSync(join(repositoryRoot, file), join(folder, file.split('/').pop() ?? ''));
	return folder;
}

test('a container puts the package into its volume at each start, and n8n works with it', async () => {
	// In a form that Dependabot finds, and that a build argument replaces.
	expect(dockerfile).toMatch(
		/^ARG N8N_IMAGE=n8n\n(#.*\n)*FROM docker\.n8n\.io\/n8nio\/n8n:\d+\.\d+\.\d+ AS n8n$/m,
	);
	expect(dockerfile).toContain('\nFROM ${N8N_IMAGE}\n');
	const opt = await image();
	const userFolder = temporaryFolder('videosdk-volume');
	const installed = join(userFolder, '.n8n', 'nodes', 'node_modules', PACKAGE);
	const next = join(opt, 'entrypoint-of-n8n.sh');
	writeFileSync(next, '#!/bin/sh\necho "n8n $*"\n', { mode: 0o755 });
	const [, program = ''] =
		/^ENTRYPOINT \["tini", "--", "sh", "\/opt\/agent-cloud\/(.+)"\]$/m.exec(dockerfile) ?? [];
	const start = async (...command: string[]) =>
		await run('sh', [join(opt, program), ...command], {
			env: { PATH: process.env.PATH, HOME: userFolder, N8N_ENTRYPOINT: next },
		});

	expect((await start('worker', '--concurrency=10')).output).toContain('n8n worker --concurrency=10');
	// The volume as an older image left it.
	mkdirSync(join(installed, 'old'));
	const packageFile = join(installed, 'package.json');
	const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
	writeFileSync(packageFile, JSON.stringify({ name: PACKAGE, version: '0.0.1' }));
	const { code, output } = await start();
	expect(output).toContain(`${PACKAGE} ${version} is in`);
	expect(code).toBe(0);
	expect(existsSync(join(installed, 'old'))).toBe(false);

	const n8n = await startN8n({ tarball: null, userFolder });
	try {
		expect(await checkN8n(n8n.url)).toMatch(/session .* started; its signed event started an execution/);
	} finally {
		await n8n.stop();
	}
});

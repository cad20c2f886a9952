/** `npm run install:n8n -- <user folder>`: builds the package and puts it into an n8n on this machine; `--remove` removes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackage } from '../test/n8n/package';
import { PlainError, repositoryRoot, runMain, write } from '../test/n8n/processes';
import { findN8nFolder, placePackage, removePackage } from './placePackage';

const USAGE = `Usage: npm run install:n8n -- <folder> [--remove]

  <folder>   ~/.n8n, or the folder in N8N_USER_FOLDER
  --remove   removes the package`;

const RESTART = `Now restart n8n, and in queue mode every webhook process and worker (each needs the package in its own user folder):
  docker: docker restart <container>    pm2: pm2 restart n8n    systemd: systemctl restart n8n
  terminal: press Ctrl+C where n8n is running, then start it again
Reload the editor in the browser.`;

runMain(async () => {
	const programArguments = process.argv.slice(2);
	const isRemoval = programArguments.includes('--remove');
	const [folder, ...more] = programArguments.filter((argument) => argument !== '--remove');
	if (!folder || folder.startsWith('-') || more.length > 0) throw new PlainError(USAGE);
	let n8nFolder: string;
	try {
		n8nFolder = findN8nFolder(folder);
	} catch (error) {
		throw new PlainError((error as Error).message);
	}

	if (isRemoval) {
		const packageJson = readFileSync(join(repositoryRoot, 'package.json'), 'utf8');
		const { name } = JSON.parse(packageJson) as { name: string };
		if (!removePackage(name, n8nFolder)) throw new PlainError(`${name} is not in ${n8nFolder}.`);
		write(`Removed ${name} from ${n8nFolder}. Your workflows and credentials are still there, and work again once you reinstall it.
Until then, n8n's API returns the API keys and secrets of these credentials in plain text, because n8n no longer knows which fields to hide. If you don't plan to reinstall, delete the credentials in n8n.

${RESTART}`);
		return 0;
	}

	write('Building the package ...');
	const { name, version, former } = placePackage(await unpackPackage(), n8nFolder);
	const replacing = former === undefined ? '' : `, replacing ${former}`;
	write(`Installed ${name} ${version} into ${n8nFolder}${replacing}.
Your workflows, credentials and other community packages haven't changed.

${RESTART}

To update: git pull, run the same command again, and restart n8n.
To remove: npm run install:n8n -- ${folder} --remove, and restart n8n.`);
	return 0;
});

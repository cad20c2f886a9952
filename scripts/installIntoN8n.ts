/**
 * `npm run install:n8n -- <user folder>`: builds the package and puts it into an n8n of this machine; `--remove` takes it away.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packPackage } from '../test/n8n/package';
import { PlainError, repositoryRoot, run, runMain, temporaryFolder } from '../test/n8n/processes';
import { findN8nFolder, placePackage, removePackage } from './placePackage';

const USAGE = `Usage: npm run install:n8n -- <folder> [--remove]

  <folder>   ~/.n8n, or what N8N_USER_FOLDER holds
  --remove   takes the package away again`;

const write = (line = '') => process.stdout.write(`${line}\n`);

const RESTART = `Now restart n8n, and in queue mode every webhook process and worker (each needs the package in its own user folder):
  docker: docker restart <container>    pm2: pm2 restart n8n    systemd: systemctl restart n8n
  by hand: Ctrl+C where n8n runs, then start it again
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
		const { name } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
			name: string;
		};
		if (!removePackage(name, n8nFolder)) throw new PlainError(`${name} is not in ${n8nFolder}.`);
		write(
			`Removed ${name} from ${n8nFolder}. Workflows and credentials stay, and work again once it is installed again.`,
		);
		write();
		write(RESTART);
		return 0;
	}

	write('Building the package ...');
	const unpacked = temporaryFolder('videosdk-install');
	const { code, output } = await run('tar', [
		'-xzf',
		await packPackage(),
		'-C',
		unpacked,
		'--strip-components=1',
	]);
	if (code !== 0) throw new PlainError(`${output.trim()}\nThe package could not be unpacked.`);
	const { name, version, former } = placePackage(unpacked, n8nFolder);
	write(
		`Installed ${name} ${version} into ${n8nFolder}${former === undefined ? '' : `, in place of ${former}`}.`,
	);
	write('Workflows, credentials and other community packages there are as they were.');
	write();
	write(RESTART);
	write();
	write('Update: git pull, then the same command again, and restart n8n.');
	write(`Remove: npm run install:n8n -- ${folder} --remove, and restart n8n.`);
	return 0;
});

const { readdir, readFile } = require('node:fs/promises');
const { join } = require('node:path');
const { gzipSync } = require('node:zlib');

/** The agent that Agent: Deploy deploys, and those of its files that go there: no README, no caches, no .env. */
const AGENT_FOLDER = join(__dirname, '..', 'agent');
const AGENT_FILES = /^(?:\w+\.py|requirements\.txt|Dockerfile)$/;

const TAR_BLOCK = 512;

/** @returns one file of a tar archive (POSIX ustar): mode 644, owner 0, time 0 */
function tarEntry(name, content) {
	const header = Buffer.alloc(TAR_BLOCK);
	const octal = (number, length) => `${number.toString(8).padStart(length - 1, '0')}\0`;
	const fields = [
		[0, name],
		[100, octal(0o644, 8)],
		[108, octal(0, 8)],
		[116, octal(0, 8)],
		[124, octal(content.length, 12)],
		[136, octal(0, 12)],
		// The checksum counts its own field as blanks.
		[148, ' '.repeat(8)],
		[156, '0'],
		[257, 'ustar\x0000'],
	];
	for (const [offset, text] of fields) header.write(text, offset);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return Buffer.concat([header, content, Buffer.alloc(-content.length & (TAR_BLOCK - 1))]);
}

/** @returns the agent's files as a tar.gz, the same for the same files */
async function packAgent() {
	const names = (await readdir(AGENT_FOLDER)).filter((name) => AGENT_FILES.test(name)).sort();
	const entries = await Promise.all(
		names.map(async (name) => tarEntry(name, await readFile(join(AGENT_FOLDER, name)))),
	);
	return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * TAR_BLOCK)]), { level: 9 });
}

module.exports = { packAgent };

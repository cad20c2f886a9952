import { gunzipSync } from 'node:zlib';

const BLOCK = 512;
const textAt = (header: Buffer, from: number, length: number): string =>
	/^[^\0]*/.exec(header.toString('utf8', from, from + length))![0];

/** @returns the plain files of a tar.gz, by name; none of what is no such archive */
export function filesIn(archive: Buffer): Map<string, string> {
	const files = new Map<string, string>();
	let tar: Buffer;
	try {
		tar = gunzipSync(archive);
	} catch {
		return files;
	}
	for (let offset = 0; offset + BLOCK <= tar.length && tar[offset] !== 0;) {
		const header = tar.subarray(offset, offset + BLOCK);
		const size = parseInt(textAt(header, 124, 12), 8) || 0;
		const isPlain = ['0', ''].includes(textAt(header, 156, 1));
		const content = tar.toString('utf8', offset + BLOCK, offset + BLOCK + size);
		if (isPlain) files.set(textAt(header, 0, 100).replace(/^\.\//, ''), content);
		offset += BLOCK * (1 + Math.ceil(size / BLOCK));
	}
	return files;
}

/** @returns a text as UTF-8, compressed. By the Web's interface, since a node may not load 'zlib' */
export async function gzip(text: string): Promise<Buffer> {
	const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
	return Buffer.from(await new Response(compressed).arrayBuffer());
}

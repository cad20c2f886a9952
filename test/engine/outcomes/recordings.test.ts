/** Files of recordings, from hosts that must learn nothing, and their deletion. Their lists: see officialClient and whatWasSaid. */
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import { once } from 'node:events';
import type http from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import type { IBinaryData, IDataObject, INodeParameters } from 'n8n-workflow';
import type { Fault } from '../../simulator';
import type { RunResult } from '../rig/engine';
import { expectNoSecrets, failureOf, jsonOf, parametersOf, useRig } from '../rig/rig';

const rig = useRig();
const download = (url: string, more: INodeParameters = {}) =>
	parametersOf('recording', 'download', { url, ...more });
const run = async (parameters: INodeParameters): Promise<RunResult> => await rig.run(parameters);
const fileRequests = () => rig.requests.filter(({ path }) => path.startsWith('/files/'));
const fileOf = ({ output }: RunResult, field = 'data') => output[0]?.[0]?.binary?.[field] as IBinaryData;

describe.each(['memory', 'filesystem'])('Recording: Download to %s', (mode) => {
	const service = Container.get(BinaryDataService);
	beforeAll(async () => {
		if (mode === 'memory') return;
		await service.init();
	});
	const bytesOf = async (file: IBinaryData): Promise<Buffer> =>
		file.id ? await buffer(await service.getAsStream(file.id)) : Buffer.from(file.data, 'base64');

	it('keeps content, size, type and name, and sends no token', async () => {
		const content = Buffer.from('grüezi '.repeat(50_000));
		const fileName = 'talk é.mp4';
		const url = rig.simulator.addFile({ fileName, content, contentType: 'video/mp4; x=y' });
		const result = await run(download(url, { binaryPropertyName: 'film' }));
		const told = { fileName, mimeType: 'video/mp4' };
		expect(jsonOf(result)).toEqual([{ ...told, fileSize: content.length }]);
		const file = fileOf(result, 'film');
		expect(file).toMatchObject({ ...told, fileExtension: 'mp4' });
		expect(Boolean(file.id)).toBe(mode === 'filesystem');
		expect((await bytesOf(file)).equals(content)).toBe(true);
		expect(fileRequests()).toHaveLength(1);
		expect(fileRequests()[0]?.headers).not.toHaveProperty('authorization');
		expectNoSecrets(rig, result.run, fileRequests());
	});

	it('refuses a file that is too large by what is announced', async () => {
		const url = rig.simulator.addFile({ sizeBytes: 2_000_001 });
		const result = await run(download(url, { options: { maxFileSize: 2 } }));
		expect(failureOf(result).message).toBe("The file is larger than 2 MB (it's 3 MB) [item 0]");
		expect(failureOf(result).description).toContain("Raise 'Max File Size' under 'Options'");
		const exact = rig.simulator.addFile({ sizeBytes: 2_000_000 });
		const whole = await run(download(exact, { options: { maxFileSize: 2 } }));
		expect(jsonOf(whole)).toMatchObject([{ fileSize: 2_000_000 }]);
	});

	it.each<[string, http.OutgoingHttpHeaders, string]>([
		['is announced as too large', { 'content-length': 5_000_000 }, "larger than 1 MB (it's 5 MB)"],
		['turns out to be too large', {}, 'larger than 1 MB [item 0]'],
		['leads elsewhere', { location: 'http://127.0.0.1:1/' }, "didn't send the file"],
	])('keeps no connection open for a file that %s', async (_what, headers, message) => {
		const status = headers.location === undefined ? 200 : 302;
		const sockets: Socket[] = [];
		const url = await rig.serve(({ socket }, response) => {
			sockets.push(socket);
			response.writeHead(status, headers).write(Buffer.alloc(2_000_000));
		});
		const result = await run(download(`${url}/f.mp4`, { options: { maxFileSize: 1 } }));
		expect(failureOf(result).message).toContain(message);
		expect(sockets).toHaveLength(1);
		for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
	});

	it('takes what is packed for whole, also if packing made it larger', async () => {
		const content = Buffer.from('x');
		const url = await rig.serve((_request, response) =>
			response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 21 }).end(gzipSync(content)),
		);
		const result = await run(download(`${url}/f.mp4`));
		expect(jsonOf(result)).toMatchObject([{ fileSize: 1 }]);
		expect((await bytesOf(fileOf(result))).equals(content)).toBe(true);
	});

	it('does not take a part for the whole', async () => {
		const url = rig.simulator.addFile({ content: 'x'.repeat(10_000) });
		rig.simulator.addFault({ kind: 'truncate', match: { path: /^\/files/ } });
		expect(failureOf(await run(download(url))).message).toMatch(/sent only part of the file \[item 0\]$/);
	});
});

describe('Recording: Download', () => {
	it('gives up on redirects without end', async () => {
		const url = rig.simulator.addFile({ name: 'loop', redirectTo: `${rig.simulator.url}/files/loop` });
		expect(failureOf(await run(download(url))).message).toContain('too many times');
		expect(fileRequests()).toHaveLength(6);
	});

	it('tells that the file is not there', async () => {
		const gone = await run(download(rig.simulator.addFile({ status: 403 })));
		expect(failureOf(gone).message).toMatch(/didn't send the file \(status 403\) \[item 0\]$/);
		expect(failureOf(gone).description).toContain('Recording: Get Many');
	});

	it.each<[string, http.RequestListener, number]>([
		['never answers', () => undefined, 300],
		['breaks off', (_request, response) => void response.destroy(), 30_000],
	])('gives up on a host that %s', async (_what, handler, timeout) => {
		const url = await rig.serve(handler);
		const { message } = failureOf(await run(download(`${url}/f.mp4`, { options: { timeout } })));
		expect(message).toMatch(/127.0.0.1:\d+ didn't send the file \[item 0\]$/);
	});

	it('does not store a login page as the recording', async () => {
		const url = await rig.serve((_request, response) =>
			response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
		);
		const { message, description } = failureOf(await run(download(`${url}/f.mp4`)));
		expect(message).toMatch(/^127.0.0.1:\d+ sent a web page instead of the file \[item 0\]$/);
		expect(description).toContain('It may ask for a login');
	});
});

describe('Recording: Delete', () => {
	const remove = (recordingId: string) => parametersOf('recording', 'delete', { recordingId });
	const added = () => rig.simulator.addRecording({ roomId: 'room', readyAfterMs: 0 }).id;

	it('deletes the recording that Get Many has found, and finds none the second time', async () => {
		const [recordingId, other] = [added(), added()];
		const all = parametersOf('recording', 'getAll', { filters: { roomId: 'room' } });
		expect(jsonOf(await run(all)).map(({ id }) => id)).toEqual([other, recordingId]);
		const first = await rig.run(remove('={{ $json.id }}'), { items: [{ id: recordingId }] });
		expect(jsonOf(first)).toEqual([{ recordingId, deleted: true }]);
		expect([...rig.simulator.recordings.keys()]).toEqual([other]);
		const again = await run(remove(recordingId));
		expect(jsonOf(again)).toEqual([{ recordingId, deleted: true, alreadyOver: true }]);
	});

	it.each<[string, Fault, IDataObject | null]>([
		['no JSON', { kind: 'status', status: 200, body: 'Recording deleted' }, {}],
		['nothing', { kind: 'empty' }, {}],
		['words in JSON', { kind: 'noData', body: { message: 'Deleted' } }, {}],
		['402', { kind: 'status', status: 402 }, { alreadyOver: true }],
		["a proxy's page", { kind: 'status', status: 200, body: '<html>Sign in</html>' }, null],
		['a refusal', { kind: 'noData', body: { success: false, message: 'Not now' } }, null],
		['403', { kind: 'status', status: 403 }, null],
		['no whole answer', { kind: 'reset' }, null],
	])('answered with %s', async (_what, fault, more) => {
		const recordingId = added();
		rig.simulator.addFault({ ...fault, match: { method: 'DELETE', times: 3 } });
		const result = await run(remove(recordingId));
		if (more === null) expect(failureOf(result).message).toBeTruthy();
		else expect(jsonOf(result)).toEqual([{ recordingId, deleted: true, ...more }]);
	});
});

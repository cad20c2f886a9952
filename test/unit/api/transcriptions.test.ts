import type { Send } from '../../../nodes/VideoSdkAgentCloud/api/client';
import { findTranscription } from '../../../nodes/VideoSdkAgentCloud/api/transcriptions';

it.each([
	['another room', { extension: { extensionConfig: { roomId: 'room-b' } } }, undefined],
	['no room', {}, undefined],
	['this room', { extension: { extensionConfig: { roomId: 'room-a' } } }, 'rt'],
])('takes no realtime transcription for a room but its own: one of %s', async (_name, of, id) => {
	const send: Send = async (request, read) => {
		const rows = request.path.join('/').includes('realtime') ? [{ id: 'rt', ...of }] : [];
		return read({ transcriptions: rows, pageInfo: { total: rows.length } }, {}) as never;
	};
	expect((await findTranscription(send, 'room-a'))?.id).toBe(id);
});

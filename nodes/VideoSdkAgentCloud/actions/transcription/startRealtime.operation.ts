import { startRealtime } from '../../api/transcriptions';
import { asText, readCollection, readRequired } from '../../fields/read';
import { summaryPromptField } from '../../fields/recording';
import { optionsField } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/room';
import { asWebhookUrl } from '../../fields/readWebhook';
import type { Operation } from '../operation';

export const operation: Operation = {
	value: 'startRealtime',
	name: 'Start Realtime',
	action: 'Start realtime transcription (costs money)',
	description:
		'Transcribe what is said in a room from now on. Somebody must be in the room. This costs money.',
	starts: 'transcription',
	fields: [
		roomIdField,
		optionsField([
			{
				displayName: 'Language',
				name: 'language',
				type: 'string',
				default: '',
				placeholder: 'e.g. en-US',
				description: 'The language that is spoken. Leave empty to let VideoSDK choose.',
			},
			{
				...summaryPromptField,
				description: 'How to summarize the conversation when it is over. Leave empty for no summary.',
			},
			{
				displayName: 'Webhook URL',
				name: 'webhookUrl',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
				description:
					'Where VideoSDK sends the events of this transcription: the Production URL of a published VideoSDK Agent Cloud Trigger',
			},
		]),
	],
	prepare(context, itemIndex) {
		const options = readCollection(context, 'options', itemIndex);
		const prompt = asText(context, options.summaryPrompt, 'Summary Prompt', itemIndex);
		const body = {
			roomId: readRequired(context, 'roomId', 'Room ID', itemIndex),
			language: asText(context, options.language, 'Language', itemIndex),
			webhookUrl: asWebhookUrl(context, options.webhookUrl, itemIndex),
			summary: prompt === undefined ? undefined : { enabled: true as const, prompt },
		};
		return async (send) => await startRealtime(send, body);
	},
};

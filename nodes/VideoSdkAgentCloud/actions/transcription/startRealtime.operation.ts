import { type INodeProperties } from 'n8n-workflow';
import { startRealtime } from '../../api/transcriptions';
import { readWebhookUrl } from '../../fields/readWebhook';
import { summaryPromptField } from '../../fields/recording';
import { optionsField, readOptions } from '../../fields/requestOptions';
import { roomIdField } from '../../fields/roomId';
import { type Operation } from '../operation';

const languageField: INodeProperties = {
	displayName: 'Language',
	name: 'language',
	type: 'string',
	default: '',
	placeholder: 'e.g. en-US',
	description: 'The language that is spoken. Leave empty to let VideoSDK choose.',
};

const webhookUrlField: INodeProperties = {
	displayName: 'Webhook URL',
	name: 'webhookUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	description:
		'Where VideoSDK sends the events of this transcription: the Production URL of a published VideoSDK Agent Cloud Trigger',
};

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
			languageField,
			{
				...summaryPromptField,
				description: 'How to summarize the conversation when it is over. Leave empty for no summary.',
			},
			webhookUrlField,
		]),
	],
	prepare(read) {
		const options = readOptions(read);
		const prompt = options.optional(summaryPromptField);
		const body = {
			roomId: read.required(roomIdField),
			language: options.optional(languageField),
			webhookUrl: readWebhookUrl(options, webhookUrlField),
			summary: prompt === undefined ? undefined : { enabled: true as const, prompt },
		};
		return async (send) => await startRealtime(send, body);
	},
};

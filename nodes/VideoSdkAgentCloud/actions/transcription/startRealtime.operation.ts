import { textField } from '../../fields/kit/field';
import { readWebhookUrl } from '../../fields/triggers/webhook';
import { summaryPromptField } from '../../fields/recording';
import { dryRunField, readOptions } from '../../fields/kit/requestOptions';
import { roomIdField } from '../../fields/room';
import { type Operation } from '../operation';

const languageField = textField('default', 'Language', 'language', {
	placeholder: 'e.g. en-US',
	description: 'The spoken language. Leave empty to let VideoSDK choose.',
});

const webhookUrlField = textField('refused', 'Webhook URL', 'webhookUrl', {
	placeholder: 'e.g. https://n8n.example.com/webhook/.../webhook',
	description:
		"The Production URL of the VideoSDK Agent Cloud Trigger that receives this transcription's events",
});

export const operation: Operation = {
	value: 'startRealtime',
	action: 'Start realtime transcription',
	description:
		"Start transcribing what's said in a room. Someone must already be in the room. This costs money.",
	consequence: 'costs money',
	starts: 'transcription',
	fields: [roomIdField],
	options: [
		dryRunField,
		languageField,
		{
			...summaryPromptField,
			description:
				"Instructions for the summary that's created after the conversation. Leave empty for no summary.",
		},
		webhookUrlField,
	],
	prepare(read) {
		const options = readOptions(read);
		const prompt = options.text(summaryPromptField);
		const body = {
			roomId: read.text(roomIdField),
			language: options.text(languageField),
			webhookUrl: readWebhookUrl(options, webhookUrlField),
			summary: prompt === undefined ? undefined : { enabled: true as const, prompt },
		};
		return { request: { kind: 'transcription', body } };
	},
};

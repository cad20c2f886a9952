import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../../fields/inputError';
import { readCollection, readCount, readRequired } from '../../fields/read';
import { optionsField, readRequestOptions } from '../../fields/requestOptions';
import type { Operation } from '../operation';
import { RecordWithFile } from '../operation';
import { withFile } from '../withFile';

/** About an hour of video. n8n keeps files in memory unless it is set up to keep them on disk. */
const DEFAULT_MAX_SIZE_MB = 500;
const MAX_DOWNLOADS_IN_FLIGHT = 4;

function readUrl(context: IExecuteFunctions, itemIndex: number): string {
	const url = readRequired(context, 'url', 'URL', itemIndex);
	if (URL.canParse(url) && /^https?:\/\//i.test(url)) return url;
	throw inputError(
		context,
		"'URL' is not an absolute https URL",
		'Use the <code>fileUrl</code> of a recording, as Recording: Get Many returns it.',
		itemIndex,
	);
}

export const operation: Operation = {
	value: 'download',
	name: 'Download',
	action: 'Download recording',
	description: 'Download the file of a recording',
	maxInFlight: MAX_DOWNLOADS_IN_FLIGHT,
	fields: [
		{
			displayName: 'URL',
			name: 'url',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://cdn.videosdk.live/recordings/abcd.mp4',
			description:
				'The <code>fileUrl</code> of a recording, as Recording: Get Many and room events contain it',
		},
		{
			displayName: 'Put Output File in Field',
			name: 'binaryPropertyName',
			type: 'string',
			default: 'data',
			required: true,
			hint: 'The name of the output binary field to put the file in',
		},
		optionsField([
			{
				displayName: 'Max File Size',
				name: 'maxFileSize',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: DEFAULT_MAX_SIZE_MB,
				hint: 'In megabytes (MB)',
				description: 'The size in megabytes (MB) above which a file is not downloaded',
			},
		]),
	],
	prepare(context, itemIndex) {
		const url = readUrl(context, itemIndex);
		const field = readRequired(context, 'binaryPropertyName', 'Put Output File in Field', itemIndex);
		const { maxFileSize = DEFAULT_MAX_SIZE_MB } = readCollection(context, 'options', itemIndex);
		const maxSizeMb = readCount(context, maxFileSize, 'Max File Size', itemIndex);
		const { timeoutMs } = readRequestOptions(context, itemIndex);
		return async (_send, { stopSignal, inTurn }) =>
			await inTurn(
				async () =>
					await withFile(context, itemIndex, url, { timeoutMs, maxSizeMb, stopSignal }, async (file) => {
						const { stream, fileName, mimeType, receivedBytes } = file;
						const binary = await context.helpers.prepareBinaryData(stream, fileName, mimeType);
						return new RecordWithFile(
							{ fileName, mimeType: binary.mimeType, fileSize: receivedBytes() },
							{ [field]: binary },
						);
					}),
			);
	},
};

import { fileNameOf, type OpenFile } from '../../api/files';
import { numberField, textField } from '../../fields/kit/field';
import { readOptions } from '../../fields/kit/requestOptions';
import { type Operation, RecordWithFile } from '../operation';
import { useFile } from '../itemFiles';

/** An hour of video has about this size. */
const DEFAULT_MAX_SIZE_MB = 500;
const MAX_DOWNLOADS_IN_FLIGHT = 4;
const TOO_LARGE_ADVICE = "Raise 'Max File Size' under 'Options' if n8n has the memory or disk space for it.";

const urlField = textField('required', 'URL', 'url', {
	placeholder: 'e.g. https://cdn.videosdk.live/recordings/abcd.mp4',
	description: 'The <code>fileUrl</code> of the recording, from Recording: Get Many or a room event',
});

const binaryPropertyField = textField('required', 'Put Output File in Field', 'binaryPropertyName', {
	default: 'data',
	hint: 'The name of the output binary field to put the file in',
});

const maxFileSizeField = numberField('default', 'Max File Size', 'maxFileSize', {
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_SIZE_MB,
	hint: 'In megabytes (MB)',
	description: "Larger files aren't downloaded",
});

export const operation: Operation = {
	value: 'download',
	action: 'Download recording',
	description: 'Download a recording as a file',
	maxInFlight: MAX_DOWNLOADS_IN_FLIGHT,
	fields: [urlField, binaryPropertyField],
	options: [maxFileSizeField],
	prepare(read) {
		const { context } = read;
		const url = read.url(urlField, 'Use the fileUrl that Recording: Get Many returns.', "'URL'", 'https://');
		const field = read.text(binaryPropertyField);
		const maxSizeMb = readOptions(read).count(maxFileSizeField);
		const limits = { maxSizeMb, tooLargeAdvice: TOO_LARGE_ADVICE };
		const store = async (file: OpenFile) => {
			const fileName = fileNameOf(file);
			const binary = await context.helpers.prepareBinaryData(file.stream, fileName, file.mimeType);
			const json = { fileName, mimeType: binary.mimeType, fileSize: file.receivedBytes() };
			return new RecordWithFile(json, { [field]: binary });
		};
		return async (_send, tools) => await useFile(read, url, tools, limits, store);
	},
};

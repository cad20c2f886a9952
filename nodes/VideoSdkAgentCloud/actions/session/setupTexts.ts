/** What came of a check: nothing is wrong, or what is and how to fix it. */
export type Finding = { ok: true; message: string } | { ok: false; message: string; fix: string };

/**
 * What Check Setup may find, in the order of its checks; words in braces are filled in. What a failed request says (api/messages.ts)
 * comes on top. docs/troubleshooting.md holds the same table, which a test compares.
 */
export const PROBLEMS = {
	clockWrong: {
		check: 'clock',
		message: 'The clock of the machine that runs n8n is {difference}',
		fix: 'Synchronize that clock, for example with NTP (for a container, the clock of its host). VideoSDK rejects requests while it is wrong.',
	},
	clockUnknown: {
		check: 'clock',
		message: 'The clock was not checked: VideoSDK gave no answer that tells the time',
		fix: "First fix what the check 'publicKey' found.",
	},
	keyUnusable: {
		check: 'publicKey',
		message: 'VideoSDK publishes no usable public key, so no event can be verified',
		fix: "Check 'Base URL' in the credential: another service may be answering there. If it is right, try again later.",
	},
	keyUnreadable: {
		check: 'publicKey',
		message: "'Webhook Public Key' in the credential cannot be read, so every event will be rejected",
		fix: "Clear 'Webhook Public Key' in the credential: the key that VideoSDK publishes is then used.",
	},
	keyDiffers: {
		check: 'publicKey',
		message:
			"'Webhook Public Key' in the credential is not the key that VideoSDK publishes, so every event will be rejected",
		fix: "Clear 'Webhook Public Key' in the credential: the key that VideoSDK publishes is then used.",
	},
	deploymentUnknown: {
		check: 'deployment',
		message: 'The deployment was not checked: the list of deployments could not be fetched',
		fix: "First fix what the check 'credential' found.",
	},
	deploymentMissing: {
		check: 'deployment',
		message: "There is no deployment '{deployment}' in the project of the credential",
		fix: "Select 'Deployment' from the list. If it is not there, the agent is not deployed yet, or the credential belongs to another project.",
	},
	tagUnknown: {
		check: 'tag',
		message: 'The tag was not checked: its deployment was not found',
		fix: "First fix what the check 'deployment' found.",
	},
	tagAlone: {
		check: 'tag',
		message: 'The tag was not checked: no deployment was selected',
		fix: "Select the 'Deployment' that the tag belongs to.",
	},
	tagMissing: {
		check: 'tag',
		message: "The deployment has no tag '{tag}'",
		fix: 'Select one of its tags: {tags}.',
	},
	tagsNone: {
		check: 'tag',
		message: 'The deployment has no tags at all',
		fix: 'Push a version of the agent to Agent Cloud first.',
	},
	addressPrivate: {
		check: 'webhookPublic',
		message: 'VideoSDK cannot reach {host} from the internet, so no events will arrive',
		fix: 'Give n8n a public address (N8N_WEBHOOK_URL; before n8n 2.35: WEBHOOK_URL), restart it, and select the trigger again. Or do without events: Start and Wait polls instead.',
	},
	urlTest: {
		check: 'webhookProduction',
		message: 'This is a Test URL: it takes one event, and only while the trigger listens in the editor',
		fix: 'Select the trigger from the list, or enter its Production URL.',
	},
	urlWaiting: {
		check: 'webhookProduction',
		message: 'This is the URL of a waiting execution, not that of a trigger',
		fix: 'Select the trigger from the list, or enter its Production URL.',
	},
	notAsked: {
		check: 'webhookPublished',
		message: 'The trigger was not checked: this is not the Production URL of a VideoSDK Agent Cloud Trigger',
		fix: 'Select the trigger from the list, or enter its Production URL. It ends with /webhook.',
	},
	unreachable: {
		check: 'webhookPublished',
		message: 'n8n got no answer from this URL: {reason}',
		fix: 'Check the URL, and that the tunnel or proxy before n8n is running. Some networks do not let a machine reach its own public address: if events arrive, ignore this.',
	},
	notPublished: {
		check: 'webhookPublished',
		message: 'The trigger is not published: n8n does not know this URL',
		fix: 'Publish the workflow of the trigger (n8n 1.x: activate it). If it is published, select the trigger again: its URL is another one.',
	},
	otherAnswer: {
		check: 'webhookPublished',
		message: 'Something other than a VideoSDK Agent Cloud Trigger answers at this URL (status {status})',
		fix: 'Check the URL. A login page or proxy before n8n must pass requests to /webhook/ on unchanged, and not redirect them.',
	},
} as const;

export const good = (message: string): Finding => ({ ok: true, message });

/** @param values for the words in braces */
export function problem(name: keyof typeof PROBLEMS, values: Record<string, string | number> = {}): Finding {
	const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, word: string) => String(values[word]));
	return { ok: false, message: fill(PROBLEMS[name].message), fix: fill(PROBLEMS[name].fix) };
}

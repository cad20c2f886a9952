import type { IDataObject } from 'n8n-workflow';
import { readPublicKey } from '../../webhook/verify';
import { CALL_CHECKS } from './callChecks';
import { type Check, failed, good, missing, problem, type Setup } from './setup';
import { TRIGGER_CHECKS } from './triggerChecks';

/** How far n8n's clock may be off before VideoSDK rejects its tokens: see CLOCK_SKEW_S and TOKEN_LIFETIME_S in credentials/signToken.ts. */
const MAX_CLOCK_AHEAD_MS = 60_000;
const MAX_CLOCK_BEHIND_MS = 5 * 60_000;

const PINNED = "'Webhook Public Key' in the credential";
/** The checks that users who make no calls can ignore. */
const OF_CALLS = ['routingRule', 'number'];

/** @returns the tags of a deployment, for each of which the API's list has a row; undefined if there is no such deployment */
async function tagsOf({ deployments, deploymentId }: Setup): Promise<unknown[] | undefined> {
	const rows = (await deployments()).filter(({ id }) => id === deploymentId);
	return rows.length === 0 ? undefined : rows.map(({ tag }) => tag).filter(Boolean);
}

/** The time zone of n8n, unless it's changed for an instance (GENERIC_TIMEZONE) or a workflow. */
const N8N_TIME_ZONE = 'America/New_York';
const DEFAULT_ZONE_ADVICE =
	" That's n8n's default. If you aren't there, change it in the workflow's settings, or agents take \"tomorrow at nine\" for a different time.";

/** The checks, by the names and in the order of the output. */
const CHECKS: Record<string, Check> = {
	/** Checks the API key and secret with a list that other checks need as well. */
	async credential({ deployments }) {
		await deployments();
		return good('VideoSDK accepts the API key and secret');
	},

	async clock({ key }) {
		const { aheadMs, failure } = await key();
		if (aheadMs === undefined) {
			return failure ?? good("VideoSDK's response didn't include the time, so the clock wasn't checked");
		}
		if (aheadMs <= MAX_CLOCK_AHEAD_MS && -aheadMs <= MAX_CLOCK_BEHIND_MS) {
			return good('The clock is accurate enough');
		}
		const seconds = Math.round(Math.abs(aheadMs) / 1000);
		const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
		return problem(
			`The clock on the machine that runs n8n is ${amount} ${aheadMs > 0 ? 'fast' : 'slow'}. VideoSDK may reject requests`,
			'Synchronize the clock, for example with NTP. A container uses the clock of its host.',
		);
	},

	/** Checks the key by which events are verified: the one in the credential, else VideoSDK's own. */
	async publicKey({ key, credential }) {
		const { pem, failure } = await key();
		const pinnedKey = String((await credential()).webhookPublicKey ?? '').trim();
		const published = readPublicKey(pem);
		if (pinnedKey === '') {
			if (published) return good("n8n can fetch VideoSDK's public key");
			return (
				failure ??
				problem(
					"VideoSDK doesn't provide a usable public key, so events can't be verified",
					"Check 'Base URL' in the credential. A different service may be responding there. If it's right, try again later.",
				)
			);
		}
		const pinned = readPublicKey(pinnedKey);
		// If VideoSDK's key couldn't be fetched, there's nothing to compare with.
		if (pinned && (!published || pinned.equals(published))) return good(`${PINNED} is a usable key`);
		return problem(
			`${PINNED} isn't ${pinned ? 'the key that VideoSDK publishes' : 'a usable key'}, so its events are rejected`,
			"Unless VideoSDK gave you this key, clear 'Webhook Public Key' in the credential.",
		);
	},

	async deployment(setup) {
		const { deploymentId } = setup;
		if (deploymentId === undefined) return undefined;
		const tags = await tagsOf(setup);
		if (tags === undefined) return missing('deployment', deploymentId, 'Deployment');
		return tags.length > 0
			? good('The deployment exists and has a version to run')
			: problem(
					'The deployment has no tag, so there is no version of the agent to run',
					'Push a version of the agent to Agent Cloud.',
				);
	},

	async tag(setup) {
		const { deploymentId, tag } = setup;
		if (tag === undefined) return undefined;
		if (deploymentId === undefined) {
			return problem("The tag wasn't checked, because no deployment is selected", "Select its 'Deployment'.");
		}
		const tags = (await tagsOf(setup)) ?? [];
		if (tags.includes(tag)) return good('The deployment has this tag');
		return problem(
			`The deployment has no tag '${tag}'`,
			tags.length === 0 ? 'Correct the deployment first.' : `Select one of its tags: ${tags.join(', ')}.`,
		);
	},

	...TRIGGER_CHECKS,
	...CALL_CHECKS,

	/** Shows the time zone in which agents understand times, and when calling hours begin, if none is entered there. */
	async timeZone({ timeZone }) {
		const now = new Intl.DateTimeFormat('en-US', {
			timeZone,
			weekday: 'long',
			hour: '2-digit',
			minute: '2-digit',
			hourCycle: 'h23',
		}).format();
		const isDefault = timeZone === N8N_TIME_ZONE ? DEFAULT_ZONE_ADVICE : '';
		return good(`The workflow's time zone is ${timeZone}, where it's ${now}.${isDefault}`);
	},
};

/** @returns an output item for each check of something that the user gave */
export async function runChecks(setup: Setup): Promise<IDataObject[]> {
	const findings = await Promise.all(
		Object.entries(CHECKS).map(async ([check, run]) => {
			const finding = await run(setup).catch(failed);
			if (finding === undefined) return [];
			const isIgnorable = !finding.ok && setup.isOpen && OF_CALLS.includes(check);
			const fix = isIgnorable ? `${finding.fix} If you don't make calls, ignore this.` : finding.fix;
			return [{ check, ...finding, fix }];
		}),
	);
	return findings.flat();
}

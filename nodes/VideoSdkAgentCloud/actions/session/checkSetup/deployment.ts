import { type IDataObject } from 'n8n-workflow';
import { type Finding, good, problem } from './finding';

/** VideoSDK documents `available` only. A status that is not known to be bad counts as good. */
const BAD_STATUS = /fail|error|unavailable|disabled|deleted/i;

const isBad = ({ status }: IDataObject) => BAD_STATUS.test(String(status ?? ''));

/** @param deployments the rows of the list, one for each tag; undefined if it could not be fetched */
export function checkDeployment(deploymentId: string, deployments?: IDataObject[]): Finding {
	if (deployments === undefined) {
		return problem(
			"The deployment wasn't checked because n8n couldn't fetch the list of deployments",
			"Fix the 'credential' check first.",
		);
	}
	const rows = deployments.filter(({ id }) => id === deploymentId);
	if (rows.length === 0) {
		return problem(
			`The credential's VideoSDK project has no deployment '${deploymentId}'`,
			"Select a deployment in 'Deployment'. If yours isn't listed, the agent isn't deployed yet, or the credential belongs to a different VideoSDK project.",
		);
	}
	if (!rows.some(({ tag }) => Boolean(tag))) {
		return problem(
			'The deployment has no tag, so there is no version of the agent to run',
			'Push a version of the agent to Agent Cloud.',
		);
	}
	if (rows.every(isBad)) {
		return problem(
			`The deployment's status is '${String(rows[0]?.status)}'`,
			"Check the deployment's logs in the VideoSDK dashboard, and deploy the agent again.",
		);
	}
	return good('The deployment exists and has a version to run');
}

/**
 * @param deploymentId the deployment that the tag belongs to
 * @param deployments as for `checkDeployment`
 */
export function checkTag(
	deploymentId: string | undefined,
	tag: string,
	deployments: IDataObject[] = [],
): Finding {
	if (deploymentId === undefined) {
		return problem(
			"The tag wasn't checked because no deployment is selected",
			"Select the tag's 'Deployment'.",
		);
	}
	const rows = deployments.filter(({ id }) => id === deploymentId);
	const tags = rows.map((row) => row.tag).filter(Boolean);
	if (tags.length === 0) {
		return problem(
			`The tag wasn't checked because ${rows.length === 0 ? "its deployment wasn't found" : 'the deployment has no tags'}`,
			"Fix the 'deployment' check first.",
		);
	}
	const row = rows.find((candidate) => candidate.tag === tag);
	if (row === undefined) {
		return problem(`The deployment has no tag '${tag}'`, `Select one of its tags: ${tags.join(', ')}.`);
	}
	if (isBad(row)) {
		return problem(
			`The status of tag '${tag}' is '${String(row.status)}'`,
			"Check the deployment's logs in the VideoSDK dashboard, and push this version again or select a different tag.",
		);
	}
	return good('The deployment has this tag');
}

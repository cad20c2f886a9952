import { type Facts, type Finding, good, missing, problem } from './facts';

export function checkDeployment({ given: { deploymentId }, deployments }: Facts): Finding | undefined {
	if (deploymentId === undefined) return undefined;
	if (deployments.failure) return deployments.failure;
	// A row for each tag.
	const versions = deployments.rows.filter(({ id }) => id === deploymentId);
	if (versions.length === 0) return missing('deployment', deploymentId, 'Deployment');
	if (!versions.some(({ tag }) => Boolean(tag))) {
		return problem(
			'The deployment has no tag, so there is no version of the agent to run',
			'Push a version of the agent to Agent Cloud.',
		);
	}
	return good('The deployment exists and has a version to run');
}

export function checkTag({ given: { deploymentId, tag }, deployments }: Facts): Finding | undefined {
	if (tag === undefined) return undefined;
	if (deploymentId === undefined) {
		return problem("The tag wasn't checked, because no deployment is selected", "Select its 'Deployment'.");
	}
	if (deployments.failure) return deployments.failure;
	const versions = deployments.rows.filter((row) => row.id === deploymentId && row.tag);
	if (versions.some((row) => row.tag === tag)) return good('The deployment has this tag');
	const tags = versions.map((row) => row.tag).join(', ');
	return problem(
		`The deployment has no tag '${tag}'`,
		tags === '' ? 'Correct the deployment first.' : `Select one of its tags: ${tags}.`,
	);
}

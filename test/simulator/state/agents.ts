/** An agent that runs in VideoSDK's cloud, of the newer generation. */
export interface SimulatedAgent {
	/** Of its deployment. */
	id: string;
	agentId: string;
	name: string;
	status: string;
	/** The latest first. */
	versions: Array<{ versionId: string; versionTag: string }>;
}

/** Several pages; the first has two deployments, so that lists must tell agents from deployments. */
export function defaultAgents(): SimulatedAgent[] {
	const agents = Array.from({ length: 12 }, (_, index) => {
		const number = String(index + 1).padStart(2, '0');
		return {
			id: `cd_${number}`,
			agentId: `agent_${number}`,
			name: `Cloud agent ${number}`,
			status: 'deployed',
			versions: [
				{ versionId: `ver_${number}_2`, versionTag: 'v2' },
				{ versionId: `ver_${number}_1`, versionTag: 'v1' },
			],
		};
	});
	return [...agents, { ...agents[0]!, id: 'cd_13' }];
}

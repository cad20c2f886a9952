import { randomBytes } from 'node:crypto';
import type { SimulatedDeployment } from '../types';

/** One with several tags, and enough of them for several pages. */
export function defaultDeployments(): SimulatedDeployment[] {
	const campaigns = Array.from({ length: 12 }, (_, index) => {
		const number = String(index + 1).padStart(2, '0');
		return { id: `ddv_campaign_${number}`, name: `Outbound campaign ${number}`, tags: ['latest'] };
	});
	return [
		{ id: 'ddv_support', name: 'Support agent', tags: ['latest', 'v1'] },
		{ id: 'ddv_sales', name: 'Sales agent', tags: ['latest'] },
		...campaigns,
	];
}

interface Row {
	id: string;
	name: string;
	tag: string;
	description: string;
	status: string;
}

/** The deployments, in the shapes in which the API answers them. */
export class Deployments {
	private readonly byId = new Map<string, Required<SimulatedDeployment>>();

	constructor(deployments: SimulatedDeployment[]) {
		for (const deployment of deployments) this.add(deployment);
	}

	has(id: string): boolean {
		return this.byId.has(id);
	}

	name(id: string): string {
		return this.byId.get(id)?.name ?? id;
	}

	/** The tag that runs when a start names none. */
	defaultTag(id: string): string {
		const tags = this.byId.get(id)?.tags ?? [];
		return tags.includes('latest') ? 'latest' : (tags[0] ?? 'latest');
	}

	create(name: string, description: string): object {
		const id = `ddv_${randomBytes(8).toString('hex')}`;
		const { status, createdAt, updatedAt } = this.add({ id, name, description, tags: ['latest'] });
		return { id, name, description, status, createdAt, updatedAt };
	}

	get(id: string, tag: string): object | undefined {
		const deployment = this.byId.get(id);
		if (!deployment?.tags.includes(tag)) return undefined;
		return { ...row(deployment, tag), createdAt: deployment.createdAt };
	}

	/** One row per tag, and `created_at` instead of `createdAt`. */
	rows(): object[] {
		return [...this.byId.values()].flatMap((deployment) =>
			deployment.tags.map((tag) => ({ ...row(deployment, tag), created_at: deployment.createdAt })),
		);
	}

	private add(deployment: SimulatedDeployment): Required<SimulatedDeployment> {
		const now = new Date().toISOString();
		const full = {
			description: deployment.name,
			status: 'available',
			createdAt: now,
			updatedAt: now,
			...deployment,
		};
		this.byId.set(full.id, full);
		return full;
	}
}

function row({ id, name, description, status }: Required<SimulatedDeployment>, tag: string): Row {
	return { id, name, tag, description, status };
}

import type { N8n } from '../n8n/instance';
import { OWNER } from '../n8n/rest';

/** Part of a node type, as the editor gets it. */
export interface ServedNodeType {
	name: string;
	version: number | number[];
	displayName: string;
	description: string;
	credentials?: Array<{ name: string }>;
	properties: Array<{
		name: string;
		description?: string;
		options?: Array<{ value: string; displayOptions?: { hide?: Record<string, unknown[]> } }>;
	}>;
}

/** All node types, as the editor loads them after login. */
export async function servedNodeTypes(n8n: N8n): Promise<ServedNodeType[]> {
	const login = await fetch(`${n8n.url}/rest/login`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ emailOrLdapLoginId: OWNER.email, password: OWNER.password }),
	});
	const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
	const response = await fetch(`${n8n.url}/types/nodes.json`, { headers: { cookie: cookies.join('; ') } });
	return (await response.json()) as ServedNodeType[];
}

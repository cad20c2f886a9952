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

/** Gets a page of n8n as the editor does after login. */
export async function signedIn(n8n: N8n, path: string): Promise<Response> {
	const login = await fetch(`${n8n.url}/rest/login`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ emailOrLdapLoginId: OWNER.email, password: OWNER.password }),
	});
	const cookies = login.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
	return await fetch(`${n8n.url}${path}`, { headers: { cookie: cookies.join('; ') } });
}

/** All node types, as the editor loads them after login. */
export async function servedNodeTypes(n8n: N8n): Promise<ServedNodeType[]> {
	return (await (await signedIn(n8n, '/types/nodes.json')).json()) as ServedNodeType[];
}

import { VideoSDK } from '@videosdk.live/server-sdk';
import type { RecordedRequest } from '../simulator';
import type { Rig } from './rig';

/** What of a request VideoSDK's own client and this package must agree on. */
type Wire = Pick<RecordedRequest, 'method' | 'path' | 'query' | 'body'>;

const wireOf = ({ method, path, query, body }: RecordedRequest): Wire => ({ method, path, query, body });

/** The requests that VideoSDK's own client makes: the judge of ours. Failures do not matter, since the request was made. */
export async function officialRequests(
	rig: Rig,
	use: (client: VideoSDK) => Promise<unknown>,
): Promise<Wire[]> {
	const { apiKey, secret, url } = rig.simulator;
	const before = rig.requests.length;
	await use(new VideoSDK({ apiKey, secret, apiEndpoint: url, maxRetries: 0 })).catch(() => undefined);
	const official = rig.requests.slice(before).map(wireOf);
	expect(official.length).toBeGreaterThan(0);
	return official;
}

/** The requests that the package has made so far; forgets them. */
export function ownRequests(rig: Rig): Wire[] {
	return rig.simulator.requests.splice(0).map(wireOf);
}

import { PlainError } from '../n8n/processes';
import { startSimulator } from '../simulator';

/** The service that sessions are started on: the simulator, or the real one. */
export interface Target {
	isReal: boolean;
	apiKey: string;
	secretKey: string;
	baseUrl: string;
	deploymentId: string;
	tag: string;
	/** The public address of this n8n; with the simulator its local address serves. */
	publicUrl?: string;
	/** How long an event may take to come. */
	eventTimeoutMs: number;
	/** Why an event may not have come, as far as this side knows. */
	explain(sessionId: string): string;
	close(): Promise<void>;
}

const REAL_BASE_URL = 'https://api.videosdk.live';
const REAL_EVENT_TIMEOUT_MS = 180_000;
const SIMULATED_EVENT_TIMEOUT_MS = 30_000;

/** What the real service needs, or undefined if the simulator is to be used. */
export function realTarget(env: NodeJS.ProcessEnv): Target | undefined {
	const apiKey = env.VIDEOSDK_API_KEY?.trim();
	const secretKey = env.VIDEOSDK_SECRET?.trim();
	if (!apiKey && !secretKey) return undefined;
	const publicUrl = env.N8N_WEBHOOK_URL?.trim().replace(/\/+$/, '');
	const deploymentId = env.VIDEOSDK_DEPLOYMENT_ID?.trim();
	const missing = [
		!apiKey && '  VIDEOSDK_API_KEY        the API key of your project (https://app.videosdk.live/api-keys)',
		!secretKey && '  VIDEOSDK_SECRET         its secret',
		!deploymentId && '  VIDEOSDK_DEPLOYMENT_ID  the ID of a deployed agent in that project',
		!publicUrl &&
			'  N8N_WEBHOOK_URL         the public https address that leads to n8n on this machine (for instance of a tunnel to port 5678)',
	].filter(Boolean);
	if (!apiKey || !secretKey || !publicUrl || !deploymentId) {
		throw new PlainError(
			`To use the real VideoSDK, these have to be set as well:\n${missing.join('\n')}\nOptional: VIDEOSDK_DEPLOYMENT_TAG. To use the simulator, unset VIDEOSDK_API_KEY and VIDEOSDK_SECRET.`,
		);
	}
	if (!/^https?:\/\/[^/]+/.test(publicUrl)) {
		throw new PlainError(
			`N8N_WEBHOOK_URL is "${publicUrl}", which is not an absolute http or https address.`,
		);
	}
	return {
		isReal: true,
		apiKey,
		secretKey,
		baseUrl: env.VIDEOSDK_BASE_URL?.trim() || REAL_BASE_URL,
		deploymentId,
		tag: env.VIDEOSDK_DEPLOYMENT_TAG?.trim() ?? '',
		publicUrl,
		eventTimeoutMs: REAL_EVENT_TIMEOUT_MS,
		explain: () => `VideoSDK has to reach ${publicUrl} from the internet.`,
		close: async () => {},
	};
}

/** Starts the simulator. */
export async function simulatedTarget(): Promise<Target> {
	const simulator = await startSimulator();
	return {
		isReal: false,
		apiKey: simulator.apiKey,
		secretKey: simulator.secret,
		baseUrl: simulator.url,
		deploymentId: 'ddv_support',
		tag: 'latest',
		eventTimeoutMs: SIMULATED_EVENT_TIMEOUT_MS,
		explain: (sessionId) => {
			const sent = simulator.deliveries.filter((delivery) => delivery.sessionId === sessionId);
			if (sent.length === 0) return 'The simulator sent no event.';
			const outcomes = sent.map(
				({ event, status, error, responseText }) =>
					`"${event}" was answered ${status ?? error ?? 'nothing'}${responseText ? ` ${responseText.slice(0, 200)}` : ''}`,
			);
			return `What the simulator sent: ${outcomes.join('; ')}.`;
		},
		close: async () => await simulator.close(),
	};
}

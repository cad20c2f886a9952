import { type Mail, type Mailbox, startMailbox } from './mailbox';
import { PATIENT } from '../e2e/setup';
import { PlainError } from '../n8n/processes';
import { type Simulator, startSimulator, type ToolUse } from '../simulator';

/** The service on which a session is started and a call made: the simulator, or the real one. */
export interface Target {
	isReal: boolean;
	apiKey: string;
	secretKey: string;
	baseUrl: string;
	deploymentId: string;
	tag: string;
	/** Whom to call, and how; without it no call is made. */
	call?: { to: string; routingRuleId: string; from: string };
	/** A room in which someone was. */
	roomId?: string;
	/** An email account, for n8n's credential, and from whom and to whom it sends. */
	email?: { account: Record<string, unknown>; parties: { fromEmail: string; toEmail: string } };
	/** The public address of this n8n; with the simulator its local address serves. */
	publicUrl?: string;
	/** How long an event may take to come. */
	eventTimeoutMs: number;
	/** What the agent of a call asked n8n, as far as this side knows. */
	toolUse(callId: string): ToolUse | undefined;
	/** Why an event may not have come, as far as this side knows. */
	explain(sessionId: string): string;
	close(): Promise<void>;
}

export const REAL_BASE_URL = 'https://api.videosdk.live';
const REAL_EVENT_TIMEOUT_MS = 180_000;
const SIMULATED_EVENT_TIMEOUT_MS = 60_000;

/** What a call needs: all of it, or none. */
function realCall(env: NodeJS.ProcessEnv): Target['call'] {
	const names = ['VIDEOSDK_CALL_TO', 'VIDEOSDK_ROUTING_RULE_ID', 'VIDEOSDK_CALL_FROM'];
	const [to, routingRuleId, from] = names.map((name) => env[name]?.trim());
	if (!to && !routingRuleId && !from) return undefined;
	if (to && routingRuleId && from) return { to, routingRuleId, from };
	throw new PlainError(
		`To make a call, set all three of ${names.join(', ')}. They are your own phone number, the ID of an outbound routing rule, and one of your project's numbers.`,
	);
}

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
			'  N8N_WEBHOOK_URL         the public https URL of n8n on this machine, such as that of a tunnel to port 5678',
	].filter(Boolean);
	if (!apiKey || !secretKey || !publicUrl || !deploymentId) {
		throw new PlainError(
			`To use the real VideoSDK, also set:\n${missing.join('\n')}\nOptional: VIDEOSDK_DEPLOYMENT_TAG; for a call VIDEOSDK_CALL_TO, VIDEOSDK_ROUTING_RULE_ID, and VIDEOSDK_CALL_FROM. To use the simulator, unset VIDEOSDK_API_KEY and VIDEOSDK_SECRET.`,
		);
	}
	if (!/^https?:\/\/[^/]+/.test(publicUrl)) {
		throw new PlainError(
			`N8N_WEBHOOK_URL is "${publicUrl}", but must be a URL that starts with https:// or http://.`,
		);
	}
	return {
		isReal: true,
		apiKey,
		secretKey,
		baseUrl: env.VIDEOSDK_BASE_URL?.trim() || REAL_BASE_URL,
		deploymentId,
		tag: env.VIDEOSDK_DEPLOYMENT_TAG?.trim() ?? '',
		call: realCall(env),
		publicUrl,
		eventTimeoutMs: REAL_EVENT_TIMEOUT_MS,
		toolUse: () => undefined,
		explain: () => `VideoSDK has to reach ${publicUrl} from the internet.`,
		close: async () => {},
	};
}

/** The simulated service, and what can be done to it. */
export interface SimulatedTarget extends Target {
	simulator: Simulator;
	mailbox: Mailbox;
}

/**
 * Starts the simulator, and a mail server that delivers nothing.
 *
 * @param onMail told of each email that n8n sends
 */
export async function simulatedTarget(onMail?: (mail: Mail) => void): Promise<SimulatedTarget> {
	// Long enough to be told, and over before n8n polls for the first time.
	const simulator = await startSimulator({ callBehaviour: { ringForMs: 300, talkMs: 1_000 }, ...PATIENT });
	// What the agents of the examples take out of their calls.
	Object.assign(simulator.heard, {
		...{ agreed: true, answer: 'Yes, in the morning' },
		...{ coming: true, guests: 2 },
	});
	const mailbox = await startMailbox(onMail);
	const { roomId } = simulator.joinRoom('abcd-efgh-ijkl', { participantId: 'ada', name: 'Ada Lovelace' });
	simulator.leaveRoom(roomId, 'ada');
	return {
		simulator,
		mailbox,
		isReal: false,
		apiKey: simulator.apiKey,
		secretKey: simulator.secret,
		baseUrl: simulator.url,
		deploymentId: 'ddv_support',
		tag: 'latest',
		call: { to: '+14155550123', routingRuleId: 'rule_out_01', from: '+15550102001' },
		roomId,
		email: {
			account: {
				...{ user: '', password: '', host: '127.0.0.1', port: mailbox.port },
				...{ secure: false, disableStartTls: true },
			},
			parties: { fromEmail: 'n8n@example.com', toEmail: 'team@example.com' },
		},
		eventTimeoutMs: SIMULATED_EVENT_TIMEOUT_MS,
		toolUse: (callId) => simulator.toolUses.find(({ id }) => id === callId),
		explain: (sessionId) => {
			const sent = simulator.deliveries.filter((delivery) => delivery.sessionId === sessionId);
			if (sent.length === 0) return 'The simulator sent no event.';
			const outcomes = sent.map(
				({ event, status, error, responseText }) =>
					`"${event}" got the response ${status ?? error ?? '(none)'}${responseText ? ` ${responseText.slice(0, 200)}` : ''}`,
			);
			return `What the simulator sent: ${outcomes.join('; ')}.`;
		},
		close: async () => {
			await simulator.close();
			await mailbox.close();
		},
	};
}

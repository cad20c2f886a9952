import { chatAnswer } from './chatModel';
import { type Mail, startMailbox } from './mailbox';
import { startScriptedModel } from '../e2e/scriptedModel';
import { PATIENT } from '../e2e/setup';
import { startSimulator } from '../simulator';

/** The simulated service, and what the examples are filled in with. */
export type Target = Awaited<ReturnType<typeof startTarget>>;

/** Starts the simulator, a chat model, and a mail server that delivers nothing. @param onMail told of each email that n8n sends */
export async function startTarget(onMail?: (mail: Mail) => void) {
	// Long enough to be told, and over before n8n polls for the first time.
	const simulator = await startSimulator({ callBehaviour: { ringForMs: 300, talkMs: 1_000 }, ...PATIENT });
	// What the agents of the examples take out of their calls.
	Object.assign(simulator.heard, { agreed: true, answer: 'Yes, in the morning', coming: true, guests: 2 });
	// And what a model takes out of the transcript.
	const told = { interest: 'A table at eight', people: 2, callBack: false };
	const model = await startScriptedModel((request) => chatAnswer(request, told));
	const mailbox = await startMailbox(onMail);
	const { roomId } = simulator.joinRoom('abcd-efgh-ijkl', { participantId: 'ada', name: 'Ada Lovelace' });
	simulator.leaveRoom(roomId, 'ada');
	return {
		simulator,
		model,
		mailbox,
		deploymentId: 'ddv_support',
		tag: 'latest',
		call: { to: '+14155550123', routingRuleId: 'rule_out_01', from: '+15550102001' },
		/** Of incoming calls. */
		inboundRuleId: 'rule_in_01',
		/** A room in which someone was. */
		roomId,
		/** An email account, for n8n's credential, and from whom and to whom it sends. */
		email: {
			account: {
				user: '',
				password: '',
				host: '127.0.0.1',
				port: mailbox.port,
				secure: false,
				disableStartTls: true,
			},
			parties: { fromEmail: 'n8n@example.com', toEmail: 'team@example.com' },
		},
		close: async () => {
			await simulator.close();
			await model.close();
			await mailbox.close();
		},
	};
}

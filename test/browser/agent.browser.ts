/** From nothing but the credential to a call in which one's own agent says what it was told, by mouse alone, in clicks. */
import { onStage } from './browserTest';
import type { Editor } from './editor';

const MAX_CLICKS = 27;
const TO = '+15550003001';
const INSTRUCTIONS = 'Ask whether the reservation for Tuesday at seven still stands.';

// As in `npm start`.
const { stage, inBrowser } = onStage({ callBehaviour: { ringForMs: 300, talkMs: 1_000 } });

async function run(editor: Editor): Promise<void> {
	await editor.runStep();
	await editor.output.getByText('1 item').waitFor({ timeout: 60_000 });
}

async function addNext(editor: Editor, action: string): Promise<void> {
	await editor.closePanel();
	await editor.searchNext('videosdk');
	await editor.add('Actions', action);
}

inBrowser(
	`an agent that is deployed, and says on the phone what it was told, in at most ${MAX_CLICKS} clicks`,
	async (editor) => {
		await editor.newWorkflow();
		const count = await editor.countClicks();
		await editor.search('videosdk');
		await editor.add('Actions', 'Deploy agent');
		await run(editor);
		await addNext(editor, 'Set agent of routing rule');
		await editor.pick('routingRuleId', 'Outbound rule 03');
		await editor.pick('agentId', 'n8n agent');
		await run(editor);
		await addNext(editor, 'Make call and wait');
		await editor.type('to', TO);
		await editor.type('instructions', INSTRUCTIONS);
		await editor.pick('routingRuleId', 'Outbound rule 03');
		await editor.pick('from', 'Line 03');
		await editor.choose('recording', 'Recording and Transcript');
		await run(editor);
		const clicks = await count();
		process.stdout.write(`From the credential to the agent's first call: ${clicks} clicks\n`);
		expect(clicks).toBeLessThanOrEqual(MAX_CLICKS);

		const row = await editor.firstRow();
		expect(row).toMatchObject({ outcome: 'answered', to: TO });
		expect(row.transcript).toContain(INSTRUCTIONS);
		const { cloud, calls } = stage.simulator;
		const agent = [...cloud.deployments.values()].at(-1)!;
		expect([...calls.values()]).toMatchObject([{ agentId: agent.agentId }]);
		expect(cloud.absence(agent.agentId)).toBeUndefined();
		// Nothing ran twice.
		expect(cloud.builds.size).toBe(1);
		expect(await stage.n8n.rest.listExecutions({ status: ['error'] })).toEqual([]);
	},
);

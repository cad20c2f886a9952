/**
 * `npm run recording`: remakes the moving picture at the top of the README, docs/images/calls.webp and calls.dark.webp: the people in a
 * table are called, in a real editor, and what they said is read. Needs img2webp (Debian: apt-get install webp), which no test needs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { chain, n8nNode, ourNode } from '../e2e/setup';
import { createDataTable } from '../n8n/dataTables';
import { commandExists, PlainError, run, runMain, temporaryFolder } from '../n8n/processes';
import { checkSize, IMAGES, type Stage, startStage } from './browserTest';
import { newContext } from './chromium';
import { Editor } from './editor';

const SIZE = { width: 1280, height: 680 };
const MAX_BYTES = 600_000;
const MAX_LENGTH_MS = 10_000;
/** A picture that stays longer than this, since n8n or the machine is busy, is cut to it. */
const MAX_STILL_MS = 1_300;
const MIN_STILL_MS = 40;
const LAST_STILL_MS = 1_800;

/** Whom the film calls: how long they talk, and what about. Without a summary, the phone rings until it stops. */
const LEADS = [
	{ name: 'Ada Lovelace', phone: '+14155550120', seconds: 74, summary: 'Wants a demo on Tuesday at 10.' },
	{ name: 'Grace Hopper', phone: '+14155550121' },
	{ name: 'Edsger Dijkstra', phone: '+14155550122', seconds: 132, summary: 'Interested. Call back in May.' },
];
/** In the film a call takes some seconds. */
const FILMED_TALK_MS = 2_000;
const TICK_MS = 20;

interface Frame {
	png: Buffer;
	atMs: number;
}

/** Films a page: what Chromium draws, as often as it draws. @returns stops it, and yields what was filmed */
async function startFilm(page: Page): Promise<() => Promise<Frame[]>> {
	const frames: Frame[] = [];
	const session = await page.context().newCDPSession(page);
	session.on('Page.screencastFrame', ({ data, sessionId, metadata }) => {
		frames.push({ png: Buffer.from(data, 'base64'), atMs: (metadata.timestamp ?? 0) * 1000 });
		void session.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
	});
	await session.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 });
	return async () => {
		await session.send('Page.stopScreencast');
		return frames;
	};
}

/** A headless browser draws no mouse pointer: a dot that follows it. */
async function showPointer(page: Page): Promise<void> {
	await page.evaluate(`{
		const dot = document.createElement('div');
		dot.style.cssText = 'position:fixed;left:-40px;top:-40px;width:18px;height:18px;border-radius:50%;background:rgba(255,109,90,.75);' +
			'border:2px solid white;box-shadow:0 0 4px rgba(0,0,0,.5);transform:translate(-50%,-50%);z-index:99999;pointer-events:none';
		document.body.append(dot);
		addEventListener('mousemove', ({ clientX, clientY }) => { dot.style.left = clientX + 'px'; dot.style.top = clientY + 'px'; }, true);
		addEventListener('mousedown', () => { dot.style.background = 'rgba(255,40,20,1)'; }, true);
		addEventListener('mouseup', () => { dot.style.background = 'rgba(255,109,90,.75)'; }, true);
	}`);
}

/** Moves the pointer to the middle of something, so that it is seen. @returns where it is then */
async function moveTo(page: Page, target: Locator): Promise<[number, number]> {
	const box = await target.boundingBox();
	if (!box) throw new PlainError('What is to be pointed at is not shown.');
	const middle: [number, number] = [box.x + box.width / 2, box.y + box.height / 2];
	await page.mouse.move(...middle, { steps: 8 });
	await page.waitForTimeout(200);
	return middle;
}

/** Has the simulator say that the calls took as long as they would, and what they were about. @returns stops it */
function tellAsInLife({ calls, transcriptions }: Stage['simulator']): () => void {
	const told = new Set<object>();
	const leadOf = (call?: { to: string }) => LEADS.find(({ phone }) => phone === call?.to);
	const timer = setInterval(() => {
		for (const call of calls.values()) {
			if (call.status !== 'answered' || told.has(call)) continue;
			told.add(call);
			const earlier = (time: string) =>
				new Date(Date.parse(time) - 1000 * (leadOf(call)?.seconds ?? 0)).toISOString();
			call.start = earlier(call.start);
			for (const entry of call.timelog) entry.timestamp = earlier(entry.timestamp);
		}
		for (const made of transcriptions.values()) {
			const summary = leadOf([...calls.values()].find(({ roomId }) => roomId === made.roomId))?.summary;
			if (made.status === 'pending' && summary !== undefined) made.summary = summary;
		}
	}, TICK_MS);
	return () => clearInterval(timer);
}

/** The workflow of the film: the people in a table are called, and what came of it is looked at. */
async function createWorkflow(stage: Stage): Promise<string> {
	const { rest } = stage.n8n;
	const name = 'Leads';
	const rows = LEADS.map(({ name: person, phone }) => ({ name: person, phone }));
	const { id } = await createDataTable(rest, name, { name: 'string', phone: 'string' }, rows);
	const picked = (value: string, cachedResultName = value) => ({
		...{ __rl: true, mode: 'list', value, cachedResultName },
	});
	const assignments = Object.entries({
		name: "={{ $('My leads').item.json.name }}",
		outcome: '={{ $json.outcome }}',
		summary: "={{ $json.summary || '-' }}",
	}).map(([field, value]) => ({ id: field, name: field, value, type: 'string' }));
	const nodes = [
		n8nNode('Start', 'manualTrigger'),
		n8nNode('My leads', 'dataTable', { operation: 'get', dataTableId: picked(id, name), returnAll: true }),
		ourNode(stage, 'Make call and wait', 'videoSdkAgentCloud', {
			...{ resource: 'call', operation: 'makeAndWait', recording: 'summarize' },
			...{ routingRuleId: picked('rule_out_01', 'Sales calls'), from: picked('+15550102001') },
			to: '={{ $json.phone }}',
			metaData: { entries: [{ key: 'name', value: '={{ $json.name }}' }] },
		}),
		n8nNode('What they said', 'set', { assignments: { assignments } }, 3.4),
	];
	return (await rest.createWorkflow(chain('Call my leads', nodes))).id;
}

/** Plays the scene, and yields what was filmed. */
async function film(stage: Stage, workflowId: string, colorScheme: 'light' | 'dark'): Promise<Frame[]> {
	const context = await newContext(stage.browser, { storageState: stage.login, colorScheme, viewport: SIZE });
	const page = await context.newPage();
	const editor = new Editor(page, stage.n8n);
	await editor.openWorkflow(workflowId);
	await page.addStyleTag({ content: '.el-notification { display: none !important }' });
	// So that the form shows the number that is going to be called.
	await editor.open('My leads');
	await editor.runStep();
	await editor.closePanel();
	await page.getByTestId('zoom-to-fit').click();
	await showPointer(page);
	const node = editor.node('Make call and wait');
	await page.waitForTimeout(1_500);

	const stop = await startFilm(page);
	await page.mouse.dblclick(...(await moveTo(page, node)));
	await editor.panel.waitFor();
	await page.waitForTimeout(1_500);
	await moveTo(page, page.getByTestId('ndv-close-button'));
	await editor.closePanel();
	await page.waitForTimeout(400);
	const execute = page.getByTestId('execute-workflow-button').first();
	await moveTo(page, execute);
	await execute.click();
	const outcome = editor.node('What they said');
	await outcome.locator('[data-test-id=canvas-node-status-success]').waitFor();
	await page.waitForTimeout(700);
	await page.mouse.dblclick(...(await moveTo(page, outcome)));
	await editor.panel.waitFor();
	await editor.output.getByTestId('radio-button-table').click();
	await editor.output.locator('table tr').nth(3).waitFor();
	await page.waitForTimeout(1_000);
	const frames = await stop();
	await context.close();
	return frames;
}

/**
 * Makes one file of the frames: shown as long as in life, but for long stills; the whole in at most ten seconds. Those that would
 * be shown too briefly, or show the same as the one before, are dropped.
 */
async function save(frames: Frame[], path: string): Promise<void> {
	const folder = temporaryFolder('videosdk-recording');
	const stills = frames.map(({ atMs }, index) => {
		const next = frames[index + 1];
		return next === undefined ? LAST_STILL_MS : Math.min(next.atMs - atMs, MAX_STILL_MS);
	});
	const factor = Math.min(1, MAX_LENGTH_MS / stills.reduce((sum, still) => sum + still, 0));
	const kept: Array<{ png: Buffer; ms: number }> = [];
	let carriedMs = 0;
	for (const [index, { png }] of frames.entries()) {
		carriedMs += Math.round(stills[index]! * factor);
		const last = kept.at(-1);
		if (last?.png.equals(png)) last.ms += carriedMs;
		else if (carriedMs < MIN_STILL_MS && index < frames.length - 1) continue;
		else kept.push({ png, ms: carriedMs });
		carriedMs = 0;
	}
	const imageArguments = kept.flatMap(({ png, ms }, index) => {
		const file = join(folder, `${index}.png`);
		writeFileSync(file, png);
		return ['-d', String(ms), file];
	});
	const options = '-loop 0 -min_size -lossy -q 75 -m 6'.split(' ');
	const { code, output } = await run('img2webp', [...options, ...imageArguments, '-o', path]);
	if (code !== 0) throw new PlainError(`${output.slice(-1000)}\nimg2webp failed.`);
	const totalMs = kept.reduce((sum, { ms }) => sum + ms, 0);
	checkSize(path, MAX_BYTES, `, ${kept.length} frames, ${(totalMs / 1000).toFixed(1)} s`);
}

runMain(async () => {
	if (!commandExists('img2webp', ['-version'])) {
		throw new PlainError('img2webp is missing (Debian: apt-get install webp).');
	}
	mkdirSync(IMAGES, { recursive: true });
	// The summaries are pending long enough to be told.
	const stage = await startStage({ transcriptionReadyMs: 500 });
	const stopTelling = tellAsInLife(stage.simulator);
	try {
		for (const { phone, summary } of LEADS)
			stage.simulator.setCallBehaviour(
				{ outcome: summary === undefined ? 'missed' : 'answered', talkMs: FILMED_TALK_MS },
				phone,
			);
		const workflowId = await createWorkflow(stage);
		for (const colorScheme of ['light', 'dark'] as const) {
			const frames = await film(stage, workflowId, colorScheme);
			await save(frames, join(IMAGES, `calls${colorScheme === 'dark' ? '.dark' : ''}.webp`));
		}
	} finally {
		stopTelling();
		await stage.stop();
	}
	return 0;
});

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PATIENT, setUp } from '../e2e/setup';
import { repositoryRoot } from '../n8n/processes';
import type { SimulatorOptions } from '../simulator';
import { newContext, startBrowser } from './chromium';
import { Editor } from './editor';

/** Where the pictures of failed tests are kept; git ignores it. */
const FAILURES = join(repositoryRoot, '.cache', 'browser-failures');
/** A real n8n, the simulator and a browser that is signed in. */
export type Stage = Awaited<ReturnType<typeof startStage>>;

/** Starts everything and signs in by hand. */
export async function startStage(simulator: SimulatorOptions = {}, env = {}) {
	const setup = await setUp({ simulator: { ...PATIENT, ...simulator }, n8n: { env } });
	const browser = await startBrowser();
	/** Keeps n8n's editor, which a browser takes seconds to load and compile. */
	const context = await newContext(browser);
	const page = await context.newPage();
	await new Editor(page, setup.n8n).signIn();
	const login = await context.storageState();
	await page.close();
	const stop = async () => {
		await browser.close();
		await setup.stop();
	};
	return { ...setup, browser, context, login, stop };
}

/** Starts a stage for the tests of one file, each in a window of its own. A picture is kept of the moment one failed. */
export function onStage(
	simulator: SimulatorOptions,
	prepare: (stage: Stage) => Promise<unknown> = async () => {},
) {
	const stage = {} as Stage;
	beforeAll(async () => {
		Object.assign(stage, await startStage(simulator));
		await prepare(stage);
	});
	// It may not have started.
	afterAll(async () => await (stage as Partial<Stage>).stop?.());
	const inBrowser = (name: string, body: (editor: Editor) => Promise<void>): void =>
		test(name, async () => {
			await stage.context.setStorageState(stage.login);
			const page = await stage.context.newPage();
			try {
				await body(new Editor(page, stage.n8n));
			} catch (error) {
				mkdirSync(FAILURES, { recursive: true });
				const path = join(FAILURES, `${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}.png`);
				await page.screenshot({ path }).catch(() => undefined);
				if (error instanceof Error) error.message += `\n\nPicture of this moment: ${path}`;
				throw error;
			} finally {
				await page.close();
			}
		});
	return { stage, inBrowser };
}

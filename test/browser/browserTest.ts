import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { PATIENT, setUp, type Setup } from '../e2e/setup';
import { repositoryRoot } from '../n8n/processes';
import type { SimulatorOptions } from '../simulator';
import { newContext, startBrowser } from './chromium';
import { Editor } from './editor';

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

/** A real n8n, the simulator and a browser that is signed in; shared by the tests of one file. */
export interface Stage extends Setup {
	browser: Browser;
	/** Keeps n8n's editor, which a browser takes seconds to load and compile. */
	context: BrowserContext;
	login: StorageState;
}

/** Where the pictures of failed tests are kept; git ignores it. */
const FAILURES = join(repositoryRoot, '.cache', 'browser-failures');

/** Starts everything and signs in by hand. */
export async function startStage(
	simulator: SimulatorOptions = {},
	env: Record<string, string> = {},
): Promise<Stage> {
	const setup = await setUp({ simulator: { ...PATIENT, ...simulator }, n8n: { env } });
	const browser = await startBrowser();
	const context = await newContext(browser, LOOK);
	const page = await context.newPage();
	await new Editor(page, setup.n8n).signIn();
	const login = await context.storageState();
	await page.close();
	return {
		...setup,
		browser,
		context,
		login,
		async stop() {
			await browser.close();
			await setup.stop();
		},
	};
}

/**
 * For people who want to look: `PICTURES=<folder>` keeps pictures, `COLOR_SCHEME=dark` and `ZOOM=1.5` change how the editor looks.
 */
const { PICTURES, COLOR_SCHEME, ZOOM = '1' } = process.env;
const LOOK: BrowserContextOptions = {
	colorScheme: COLOR_SCHEME === 'dark' ? 'dark' : 'light',
	viewport: { width: Math.round(1440 / Number(ZOOM)), height: Math.round(900 / Number(ZOOM)) },
	deviceScaleFactor: Number(ZOOM),
};

/** Keeps a picture of the window, if pictures are wanted. */
export async function keepPicture({ page }: Editor, name: string): Promise<void> {
	if (!PICTURES) return;
	mkdirSync(PICTURES, { recursive: true });
	await page.mouse.move(0, 0);
	// n8n fades things in.
	await page.waitForTimeout(700);
	await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** One test in a window of its own, in which nothing is left of the others. A picture is kept of the moment it failed. */
export function browserTest(
	name: string,
	stage: () => Stage,
	body: (editor: Editor, stage: Stage) => Promise<void>,
): void {
	test(name, async () => {
		const { context, login, n8n } = stage();
		await context.setStorageState(login);
		const page = await context.newPage();
		try {
			await body(new Editor(page, n8n), stage());
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
}

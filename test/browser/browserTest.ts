import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { PATIENT, setUp } from '../e2e/setup';
import { PlainError, repositoryRoot } from '../n8n/processes';
import type { SimulatorOptions } from '../simulator';
import { newContext, startBrowser } from './chromium';
import { Editor } from './editor';

export const IMAGES = join(repositoryRoot, 'docs', 'images');
/** Where the pictures of failed tests are kept; git ignores it. */
const FAILURES = join(repositoryRoot, '.cache', 'browser-failures');
/** For people who want to look: `PICTURES=<folder>` keeps pictures, `COLOR_SCHEME=dark` and `ZOOM=1.5` change them. */
const { PICTURES, COLOR_SCHEME, ZOOM = '1' } = process.env;
const LOOK: BrowserContextOptions = {
	colorScheme: COLOR_SCHEME === 'dark' ? 'dark' : 'light',
	viewport: { width: Math.round(1440 / Number(ZOOM)), height: Math.round(900 / Number(ZOOM)) },
	deviceScaleFactor: Number(ZOOM),
};

/** A real n8n, the simulator and a browser that is signed in. */
export type Stage = Awaited<ReturnType<typeof startStage>>;

/** Starts everything and signs in by hand. */
export async function startStage(simulator: SimulatorOptions = {}, env = {}) {
	const setup = await setUp({ simulator: { ...PATIENT, ...simulator }, n8n: { env } });
	const browser = await startBrowser();
	/** Keeps n8n's editor, which a browser takes seconds to load and compile. */
	const context = await newContext(browser, LOOK);
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

export async function keepPicture({ page }: Editor, name: string): Promise<void> {
	if (!PICTURES) return;
	mkdirSync(PICTURES, { recursive: true });
	await page.mouse.move(0, 0);
	// n8n fades things in.
	await page.waitForTimeout(700);
	await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/** Tells how large a picture is. @throws PlainError if it is too large */
export function checkSize(path: string, maxBytes: number, more = ''): void {
	const { size } = statSync(path);
	process.stdout.write(`${path}: ${Math.round(size / 1000)} kB${more}\n`);
	if (size > maxBytes) throw new PlainError(`${path} is larger than ${maxBytes / 1000} kB.`);
}

import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { chromium as playwright, selectors } from 'playwright-core';
import { PlainError } from '../n8n/processes';
import { aptInstall } from '../n8n/services';

const KNOWN_PLACES = [
	'/usr/bin/chromium',
	'/usr/bin/chromium-browser',
	'/usr/bin/google-chrome',
	'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
	'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** n8n is slow to draw on a machine that is busy with other tests. */
const ACTION_TIMEOUT_MS = 60_000;

const find = () => KNOWN_PLACES.find((path) => existsSync(path));

/**
 * Finds a Chromium or Chrome; `CHROMIUM_PATH` names another one. Installs Debian's if there is none and this is root.
 *
 * @returns the path of the program
 */
export async function ensureChromium(log: (line: string) => void = () => undefined): Promise<string> {
	const given = process.env.CHROMIUM_PATH;
	if (given) {
		if (!existsSync(given)) throw new PlainError(`CHROMIUM_PATH names ${given}, which does not exist.`);
		return given;
	}
	const found = find();
	if (found) return found;
	await aptInstall(['chromium'], log);
	const installed = find();
	if (!installed) throw new PlainError('chromium was installed, and is not in any of the known places.');
	return installed;
}

/**
 * Starts a headless browser with an empty profile, which reaches this machine only: the editor asks for pages of n8n.io and npm.
 * Routes of Playwright could do that as well, but turn the browser's cache off.
 */
export async function startBrowser(): Promise<Browser> {
	selectors.setTestIdAttribute('data-test-id');
	return await playwright.launch({
		executablePath: await ensureChromium(),
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--no-proxy-server',
			'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
}

/** A window's worth of state. */
export async function newContext(
	browser: Browser,
	options: BrowserContextOptions = {},
): Promise<BrowserContext> {
	const context = await browser.newContext({
		viewport: { width: 1440, height: 900 },
		reducedMotion: 'reduce',
		...options,
	});
	context.setDefaultTimeout(ACTION_TIMEOUT_MS);
	return context;
}

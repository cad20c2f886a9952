import { existsSync } from 'node:fs';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { chromium as playwright, selectors } from 'playwright-core';
import { aptInstall } from '../n8n/services';

const KNOWN_PLACES = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);

/** n8n is slow to draw on a machine that is busy with other tests. */
const ACTION_TIMEOUT_MS = 60_000;

/** The path of a Chromium or Chrome; `CHROMIUM_PATH` names one. Installs Debian's if there is none and this is root. */
export async function ensureChromium(log: (line: string) => void = () => undefined): Promise<string> {
	const given = process.env.CHROMIUM_PATH ?? KNOWN_PLACES.find((path) => existsSync(path));
	if (given) return given;
	await aptInstall(['chromium'], log);
	return KNOWN_PLACES[0]!;
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

export async function newContext(browser: Browser, options: BrowserContextOptions = {}) {
	const context = await browser.newContext({
		viewport: { width: 1440, height: 900 },
		reducedMotion: 'reduce',
		...options,
	});
	context.setDefaultTimeout(ACTION_TIMEOUT_MS);
	return context;
}

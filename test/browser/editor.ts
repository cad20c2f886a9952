import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { N8n } from '../n8n/instance';
import { OWNER, type WorkflowJson } from '../n8n/rest';

const NODE_NAME = 'VideoSDK Agent Cloud';
/** After this time something that had no effect is done again. */
const RETRY_MS = 10_000;

/** n8n's editor takes up what was typed after 100 ms. */
export const TAKE_UP_MS = 300;

/** Repeats what may fail for a while because the editor has not yet caught up; at the end its own failure counts. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
	const deadline = Date.now() + 60_000;
	for (;;) {
		try {
			return await attempt();
		} catch (error) {
			if (Date.now() > deadline) throw error;
			await sleep(200);
		}
	}
}

/** n8n's editor as a user handles it. Knows the editor's own names for its parts, so that the tests need not. */
export class Editor {
	constructor(
		readonly page: Page,
		private readonly n8n: N8n,
	) {}

	async signIn(): Promise<void> {
		await this.page.goto(`${this.n8n.url}/signin`);
		await this.page.locator('input[name=emailOrLdapLoginId]').fill(OWNER.email);
		await this.page.locator('input[type=password]').fill(OWNER.password);
		await this.page.getByTestId('form-submit-button').click();
		await this.page.waitForURL((url) => !url.pathname.includes('signin'));
	}

	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.n8n.url}/workflow/new`);
		await this.page.getByTestId('canvas-plus-button').waitFor();
	}

	/** @returns what tells the presses of the mouse from now on, in this page */
	async countClicks(): Promise<() => Promise<number>> {
		const { page } = this;
		await page.evaluate('window.clicks = 0; addEventListener("mousedown", () => window.clicks++, true)');
		return async () => await page.evaluate<number>('window.clicks');
	}

	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.n8n.url}/workflow/${id}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** Stores a workflow, and opens it, and one of its nodes. @returns its ID */
	async openNew(workflow: WorkflowJson, node?: string): Promise<string> {
		const { id } = await this.n8n.rest.createWorkflow(workflow);
		await this.openWorkflow(id);
		if (node) await this.open(node);
		return id;
	}

	/** Opens a node's panel. The canvas may move while it is clicked. */
	async open(name: string): Promise<void> {
		const node = this.page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`);
		await eventually(async () => {
			if (!(await this.panel.isVisible())) await node.dblclick({ timeout: RETRY_MS });
			await this.panel.waitFor({ timeout: RETRY_MS });
		});
	}

	searchResult(): Locator {
		return this.page
			.getByTestId('item-iterator-item')
			.filter({ hasText: new RegExp(`${NODE_NAME}(?! Tool)`) });
	}

	async search(text: string): Promise<void> {
		const bar = this.page.getByTestId('node-creator-search-bar');
		if (!(await bar.isVisible()))
			await this.page
				.getByTestId('canvas-plus-button')
				.or(this.page.getByTestId('node-creator-plus-button'))
				.first()
				.click();
		await bar.fill(text);
	}

	/** Searches for a node to follow the last one. */
	async searchNext(text: string): Promise<void> {
		await this.page.getByTestId('canvas-handle-plus').first().click();
		await this.page.getByTestId('node-creator-search-bar').fill(text);
	}

	/** Unfolds the triggers or actions of our entry until a line of theirs is shown, a moment later, and yields that. */
	async line(category: 'Actions' | 'Triggers', name: string): Promise<Locator> {
		const line = this.page.getByTestId('node-creator-item-name').getByText(name, { exact: true });
		await eventually(async () => {
			await this.unfold(category);
			await line.first().waitFor({ timeout: RETRY_MS });
		});
		return line;
	}

	async unfold(category: 'Actions' | 'Triggers'): Promise<void> {
		const heading = this.page.getByTestId('node-creator-category-item').filter({ hasText: category });
		const section = this.page.locator('[data-category-collapsed]').filter({ has: heading }).last();
		if ((await section.getAttribute('data-category-collapsed')) === 'true') await heading.click();
	}

	/** Adds an action or trigger by its line in the node creator, in which ours was found; it is opened. */
	async add(category: 'Actions' | 'Triggers', line: string): Promise<void> {
		await this.searchResult().first().click();
		await (await this.line(category, line)).click();
		await this.panel.waitFor();
	}

	get panel(): Locator {
		return this.page.getByTestId('ndv');
	}

	parameter(name: string, within: Locator = this.panel): Locator {
		return within.getByTestId(`parameter-input-${name}`);
	}

	async fill(name: string, value: string, within: Locator = this.panel): Promise<void> {
		await this.write(this.parameter(name, within), value);
	}

	/** Types into a field as a user does, who clicks into it. */
	async type(name: string, text: string): Promise<void> {
		await this.parameter(name).locator('input, textarea').first().click();
		await this.page.keyboard.insertText(text);
		await this.page.waitForTimeout(TAKE_UP_MS);
	}

	private async write(field: Locator, value: string): Promise<void> {
		const input = field.locator('input, textarea').first();
		await input.fill(value);
		// A field in use shows a hint, which covers what is below.
		await input.blur();
	}

	async fillCode(name: string, value: string): Promise<void> {
		await this.parameter(name).locator('.cm-content').click();
		await this.page.keyboard.press('ControlOrMeta+A');
		await this.page.keyboard.insertText(value);
	}

	/** Adds an entry to a group of pairs, and yields the group; its entries stand in the order added. */
	async addEntry(name: string): Promise<Locator> {
		const group = this.panel.getByTestId(`fixed-collection-${name}`);
		await group.getByTestId('fixed-collection-add').click();
		return group;
	}

	async fillEntry(group: Locator, position: number, name: string, value: string): Promise<void> {
		await this.write(this.parameter(name, group).nth(position), value);
	}

	async addOption(name: string): Promise<void> {
		const options = this.page.getByTestId('collection-parameter-option');
		await this.gone(options);
		await this.panel.getByTestId('collection-parameter-add').last().click();
		await options.getByText(name, { exact: true }).click();
	}

	/** Waits until a list has faded out: the next one may have lines of the same names. */
	private async gone(lines: Locator): Promise<void> {
		await lines.filter({ visible: true }).first().waitFor({ state: 'hidden' });
	}

	async toggle(name: string): Promise<void> {
		await this.parameter(name).locator('.el-switch, [role=switch]').first().click();
	}

	async openList(name: string): Promise<void> {
		await this.locator(name).getByTestId('rlc-input').click();
	}

	private locator(name: string): Locator {
		return this.panel.getByTestId(`resource-locator-${name}`);
	}

	get listed(): Locator {
		return this.page.getByTestId('rlc-item').filter({ visible: true });
	}

	get listSearch(): Locator {
		return this.page.getByTestId('rlc-search').filter({ visible: true });
	}

	/** Picks the entry of a locator's list that contains a text. */
	async pick(name: string, text: string): Promise<void> {
		await this.openList(name);
		const entry = this.listed.filter({ hasText: text }).first();
		await entry.click();
		await entry.waitFor({ state: 'hidden' });
	}

	/** Enters a value into a locator, in one of its modes as the user reads it. */
	async enter(name: string, mode: string, value: string): Promise<void> {
		await this.gone(this.options);
		await this.locator(name).getByTestId('rlc-mode-selector').click();
		await this.option(mode).click();
		await this.write(this.locator(name).getByTestId('rlc-input-container'), value);
	}

	async choose(name: string, option: string): Promise<void> {
		await this.gone(this.options);
		await this.parameter(name).locator('input').first().click();
		await this.option(option).click();
	}

	private get options(): Locator {
		return this.page.locator('.el-select-dropdown__item');
	}

	option(name: string): Locator {
		return this.page
			.locator('.el-select-dropdown__item:visible')
			.filter({ has: this.page.getByText(name, { exact: true }) });
	}

	async runStep(): Promise<void> {
		// n8n takes up what was typed after 100 ms of the page's own time.
		await this.page.evaluate('new Promise((resolve) => setTimeout(resolve, 150))');
		await this.page.getByTestId('node-execute-button').click();
	}

	get output(): Locator {
		return this.page.getByTestId('output-panel');
	}

	/** Shows the output as a table, and yields its heads and cells, row by row. */
	async outputTable(): Promise<string[][]> {
		await this.output.getByTestId('radio-button-table').click();
		const rows = this.output.locator('table tr');
		await rows.nth(1).waitFor();
		const count = await rows.count();
		const table: string[][] = [];
		for (let row = 0; row < count; row++) table.push(await rows.nth(row).locator('th, td').allInnerTexts());
		return table.map((cells) => cells.map((cell) => cell.trim()));
	}

	/** The first row of the output, once there is one, by the names of its columns. */
	async firstRow(): Promise<Record<string, string>> {
		// Before, the buttons above the table move, and a tooltip may come between.
		await this.output.getByText(/^\d+ items?$/).waitFor();
		const [head = [], row = []] = await this.outputTable();
		return Object.fromEntries(head.map((name, column) => [name, row[column] ?? '']));
	}

	async newCredential(): Promise<void> {
		await this.page.getByTestId('node-credentials-select').first().click();
		await this.page.getByTestId('node-credentials-select-item-new').click();
		await this.credential.waitFor();
	}

	get credential(): Locator {
		return this.page.getByTestId('editCredential-modal');
	}

	/** Saves the form, by which it is tested; a new credential that passes is closed. */
	async saveCredential(): Promise<void> {
		await this.credential.getByTestId('credential-save-button').click();
	}

	async credentialFailure(): Promise<string> {
		await this.credential.getByText('More details').click();
		return await this.credential.getByTestId('node-credentials-config-container').innerText();
	}

	async closePanel(): Promise<void> {
		await this.page.getByTestId('ndv-close-button').click();
		await this.panel.waitFor({ state: 'hidden' });
	}

	async publish(): Promise<string> {
		await this.page.getByTestId('workflow-open-publish-modal-button').click();
		await this.page.getByTestId('workflow-publish-button').click();
		const done = this.page.getByTestId('activation-modal');
		await done.waitFor();
		const text = await done.innerText();
		await done.getByText('Got it').click();
		return text;
	}
}

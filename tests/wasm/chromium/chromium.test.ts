import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {build} from 'esbuild';
import type {Browser, Page} from 'playwright-core';
import {accessibilityViolations} from '../support/axe.js';
import {complaints, launchChromium} from '../support/chromium.js';
import {serve} from '../support/static-server.js';
import type {StaticServer} from '../support/static-server.js';

let browser: Browser;
let server: StaticServer;

/** The pages of this folder, each as one script. */
async function scripts(...names: string[]): Promise<Record<string, string>> {
    const folder = process.env['SYNCLINE_TESTS'] ?? '';
    const {outputFiles} = await build({
        entryPoints: names.map((name) => `${folder}/chromium/${name}.ts`),
        nodePaths: [`${folder}/../../wasm/node_modules`],
        outdir: '/',
        bundle: true,
        write: false,
        format: 'esm',
        target: 'es2022',
        tsconfigRaw: {},
    });
    return Object.fromEntries(outputFiles.map(({path, text}) => [path, text]));
}

const html = (script: string): string =>
    `<!doctype html><html lang="en"><title>Test</title><main><h1>Test</h1></main><script type="module" src="/${script}.js"></script></html>`;

before(async () => {
    const names = ['editors-page', 'inspector-page'];
    const pages = Object.fromEntries(names.map((name) => [`/${name}.html`, html(name)]));
    [browser, server] = await Promise.all([
        launchChromium(),
        serve('/nonexistent', {...(await scripts(...names)), ...pages}),
    ]);
});

after(async () => {
    await browser?.close();
    await server?.close();
});

async function visit(
    name: string,
    options: Parameters<Browser['newPage']>[0] = {},
): Promise<{page: Page; found: readonly string[]}> {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(30_000);
    const found = complaints(page);
    await page.goto(`${server.origin}/${name}.html`);
    return {page, found};
}

test('two editors in shadow roots work under a policy that forbids inline styles', async () => {
    const {page, found} = await visit('editors-page');
    const [ada, bo] = [page.getByLabel('Notes of Ada'), page.getByLabel('Notes of Bo')];
    await ada.click();
    await page.keyboard.type('milk and bread');
    await page.waitForFunction(() => window.editors[1]?.state.sliceDoc() === 'milk and bread');
    await page.keyboard.press('Shift+Home');
    const caret = bo.locator('.cm-syncline-caret');
    await caret.waitFor();
    assert.equal(await caret.textContent(), 'Ada');
    assert.equal(await bo.locator('.cm-syncline-selection').textContent(), 'milk and bread');
    // Styled, though nothing inline was allowed.
    assert.equal(await caret.evaluate((element) => getComputedStyle(element).borderLeftStyle), 'solid');
    assert.equal(await ada.evaluate((element) => getComputedStyle(element).whiteSpaceCollapse), 'preserve');
    assert.deepEqual(await accessibilityViolations(page), []);
    await bo.click();
    await page.keyboard.type('2 ');
    await page.waitForFunction(() => window.editors.every((view) => view.state.doc.length === 16));
    assert.equal(await caret.count(), 0, 'who looks elsewhere has no caret here');
    assert.deepEqual(found, []);
    await page.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
    test(`the inspector is accessible by keyboard and by screen reader (${colorScheme})`, async () => {
        const {page, found} = await visit('inspector-page', {colorScheme});
        const panel = page.getByRole('region', {name: 'Syncline inspector'});
        await panel.getByText('12', {exact: true}).waitFor();
        const online = panel.getByRole('switch', {name: 'Online'});
        assert.equal(await online.getAttribute('aria-checked'), 'false');
        await online.focus();
        await page.keyboard.press('Space');
        await panel.getByRole('status').getByText('in sync').waitFor();
        assert.equal(await online.getAttribute('aria-checked'), 'true');
        const tasks = panel.locator('summary', {hasText: 'tasks'});
        await tasks.focus();
        await page.keyboard.press('Enter');
        await panel.getByText('2 documents', {exact: true}).waitFor();
        await panel.locator('summary', {hasText: 't1'}).press('Enter');
        await panel.getByText('title: also "Butter"').waitFor();
        assert.deepEqual(await accessibilityViolations(page), []);
        await page.evaluate(() =>
            window.store.space('team-42').apply((tx) => tx.document('tasks', 't1').set('title', 'Oat milk')),
        );
        await panel.getByLabel('Value').getByText('Oat milk').waitFor();
        await panel.getByText('tasks: 1 document changed').waitFor();
        await panel.getByLabel('Filter documents of tasks').fill('bread');
        await panel.getByText('1 of 2 documents').waitFor();
        await panel.getByLabel('Space').selectOption('home');
        await panel.locator('summary', {hasText: 'lists'}).click();
        await panel.getByText('12345678901234567890n').waitFor();
        assert.deepEqual(found, []);
        const left = await page.evaluate(() => {
            document.querySelector('syncline-inspector')?.remove();
            return [
                window.store.listeners.size,
                window.store.space('home').statusListeners.size,
                window.store.space('home').collection('lists').listeners.size,
            ];
        });
        assert.deepEqual(left, [0, 0, 0], 'a panel that is gone listens to nothing');
        await page.close();
    });
}

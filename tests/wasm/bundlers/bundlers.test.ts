import assert from 'node:assert/strict';
import {cp, mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {Browser, Page} from 'playwright-core';
import {accessibilityViolations} from '../support/axe.js';
import {complaints, launchChromium} from '../support/chromium.js';
import {install, pack} from '../support/package.js';
import {program, root, run, startRelay} from '../support/programs.js';
import type {Relay} from '../support/programs.js';
import {serve} from '../support/static-server.js';

const here = join(root, 'tests/wasm/bundlers');
const work = join(root, 'build/wasm-bundlers');
const app = join(work, 'app');
const tools = join(work, 'node_modules/.bin');
const plain = join(work, 'plain');
const deadlineMs = 30_000;

let browser: Browser;
let relay: Relay;
let tarball: string;
/** The digest that each kind of page ended with. */
const digests = new Map<string, string>();

interface Report {
    readonly digest: string;
    readonly visits: readonly string[];
    readonly storage: string;
}

before(async () => {
    await rm(plain, {recursive: true, force: true});
    tarball = await pack(work);
    await install(here, work, tarball);
    await rm(app, {recursive: true, force: true});
    for (const folder of ['app', 'types']) await cp(join(here, folder), join(work, folder), {recursive: true});
    await makePlain();
    [browser, relay] = await Promise.all([launchChromium(), startRelay(['--static', plain])]);
});

after(async () => {
    await browser?.close();
    await relay?.stop();
});

/** The app as files for a browser without any bundler: beside it the package's files, by their path. */
async function makePlain(): Promise<void> {
    const installed = join(work, 'node_modules/syncline');
    const {exports} = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
        exports: {'.': {default: {default: string}}};
    };
    const entry = exports['.'].default.default.replace('./dist/', './syncline/');
    await mkdir(plain, {recursive: true});
    await cp(join(installed, 'dist'), join(plain, 'syncline'), {recursive: true});
    await cp(join(app, 'index.html'), join(plain, 'index.html'));
    const main = await readFile(join(app, 'main.js'), 'utf8');
    await writeFile(join(plain, 'main.js'), main.replace("from 'syncline'", `from '${entry}'`));
}

/** Opens the page as somebody new, twice, and waits until it is in sync. */
async function visit(origin: string, by: string): Promise<Report> {
    const context = await browser.newContext();
    try {
        const page = await context.newPage();
        page.setDefaultTimeout(deadlineMs);
        const found = complaints(page);
        const url = `${origin}/?${new URLSearchParams({relay: relay.url, by})}`;
        for (const round of [1, 2]) {
            // The second time, what the first one wrote comes from its own file.
            await page.goto(url);
            const status = page.locator('#status');
            await page.waitForFunction(() => document.querySelector('#status')?.textContent !== 'opening');
            assert.equal(await status.textContent(), 'open', `round ${round}: ${found.join('\n')}`);
        }
        const report = await page.evaluate(() => (window as unknown as {report: () => Promise<Report>}).report());
        assert.deepEqual(
            found.filter((line) => !line.includes('not_persistent')),
            [],
        );
        assert.ok(report.visits.includes(by));
        assert.equal(report.storage, 'opfs');
        for (const earlier of digests.keys())
            assert.ok(report.visits.includes(earlier), `${by} has what ${earlier} wrote`);
        return report;
    } finally {
        await context.close();
    }
}

/** Serves a build under a strict policy, and visits it. */
async function visitBuild(folder: string, by: string): Promise<void> {
    const server = await serve(folder);
    try {
        const {digest} = await visit(server.origin, by);
        assert.deepEqual(server.missing, []);
        digests.set(by, digest);
    } finally {
        await server.close();
    }
}

test('a production build by Vite opens, writes and syncs', async () => {
    await run(join(tools, 'vite'), ['build', '--outDir', 'dist-vite', '--logLevel', 'warn'], {cwd: app});
    await visitBuild(join(app, 'dist-vite'), 'vite');
});

/** Waits until the editor shows the text. The carets of others are in it, too, with their names. */
async function reads(page: Page, text: string): Promise<void> {
    await page.waitForFunction((wanted) => {
        const content = document
            .querySelector('#root > div')
            ?.shadowRoot?.querySelector('.cm-content')
            ?.cloneNode(true) as Element;
        for (const caret of content.querySelectorAll('.cm-syncline-caret')) caret.remove();
        return content.textContent === wanted;
    }, text);
}

test('hooks, an editor and the inspector work together in one build', async () => {
    const server = await serve(join(app, 'dist-vite'));
    const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
    try {
        const [ada, bo] = await Promise.all(
            contexts.map(async (context, index) => {
                const page = await context.newPage();
                page.setDefaultTimeout(deadlineMs);
                const found = complaints(page);
                const by = index === 0 ? 'Ada' : 'Bo';
                await page.goto(`${server.origin}/ui.html?${new URLSearchParams({relay: relay.url, by})}`);
                await page.getByRole('button', {name: 'Add'}).click();
                return {page, found};
            }),
        );
        assert.ok(ada !== undefined && bo !== undefined);
        for (const {page} of [ada, bo]) {
            await page.getByRole('listitem').filter({hasText: 'of Ada'}).waitFor();
            await page.getByRole('listitem').filter({hasText: 'of Bo'}).waitFor();
        }
        await ada.page.getByLabel('Notes').click();
        await ada.page.keyboard.type('milk and bread');
        await reads(bo.page, 'milk and bread');
        await bo.page.getByLabel('Notes').click();
        await bo.page.keyboard.press('Home');
        await bo.page.keyboard.type('2 litres of ');
        await reads(ada.page, '2 litres of milk and bread');
        await ada.page.getByLabel('Notes').locator('.cm-syncline-caret').getByText('Bo').waitFor();
        await ada.page.getByRole('button', {name: 'Undo'}).click();
        await bo.page.getByRole('listitem').filter({hasText: 'of Ada'}).waitFor({state: 'detached'});
        const panel = bo.page.getByRole('region', {name: 'Syncline inspector'});
        await panel.locator('summary', {hasText: 'pages'}).click();
        await panel.locator('summary', {hasText: 'p1'}).click();
        await panel.getByLabel('Value').getByText('2 litres of milk and bread').waitFor();
        assert.deepEqual(await accessibilityViolations(bo.page), []);
        assert.deepEqual(
            [...ada.found, ...bo.found].filter((line) => !line.includes('not_persistent')),
            [],
        );
    } finally {
        await Promise.all(contexts.map((context) => context.close()));
        await server.close();
    }
});

test('a production build by webpack opens, writes and syncs', async () => {
    await run(join(tools, 'webpack'), ['--config', 'webpack.config.js'], {cwd: app});
    await visitBuild(join(app, 'dist-webpack'), 'webpack');
});

test('a production build by esbuild opens, writes and syncs', async () => {
    await run(process.execPath, ['esbuild.config.js'], {cwd: app});
    await visitBuild(join(app, 'dist-esbuild'), 'esbuild');
});

test('plain modules from a static server open, write and sync', async () => {
    await visitBuild(plain, 'plain');
});

test('plain modules from the relay itself open, write and sync', async () => {
    const {digest} = await visit(`http://127.0.0.1:${relay.port}`, 'relay');
    digests.set('relay', digest);
});

test('a native client has what the browsers wrote, and all end equal', async () => {
    const store = join(work, 'native.db');
    for (const suffix of ['', '-wal', '-shm']) await rm(store + suffix, {force: true});
    const syncline = (...words: string[]): Promise<string> =>
        run(program('syncline'), ['--store', store, '--space', 'team-42', ...words]);
    await syncline('sync', relay.url);
    const native = (await syncline('digest')).trim();
    const {digest} = await visit(`http://127.0.0.1:${relay.port}`, 'last');
    await syncline('sync', relay.url);
    assert.equal((await syncline('digest')).trim(), digest);
    assert.notEqual(native, digest, 'the last visit counts');
    assert.equal(digests.size, 5);
});

test('the types hold for a strict consumer, by the rules of Node and of bundlers', async () => {
    for (const [module, resolution] of [
        ['nodenext', 'nodenext'],
        ['esnext', 'bundler'],
    ] as const) {
        const options = ['--module', module, '--moduleResolution', resolution];
        await run(join(tools, 'tsc'), ['-p', join(work, 'types'), ...options], {cwd: work});
    }
});

test('every export of the tarball resolves, with types, for every kind of importer', async () => {
    // The package is modules only: CommonJS importers are told so by Node.
    await run(
        join(tools, 'attw'),
        [tarball, '--profile', 'esm-only', '--exclude-entrypoints', './package.json', './syncline.wasm'],
        {cwd: work},
    );
    await run(join(tools, 'publint'), ['run', tarball, '--strict'], {cwd: work});
});

test('the hooks work with the oldest React that they allow', async () => {
    const printed = await run(process.execPath, [
        join(root, 'tests/wasm/run.mjs'),
        'react',
        `--modules=${join(work, 'node_modules')}`,
    ]);
    assert.match(printed, /# fail 0/);
    const {version} = JSON.parse(await readFile(join(work, 'node_modules/react/package.json'), 'utf8')) as {
        version: string;
    };
    assert.match(version, /^18\./);
});

test('the tarball holds what an app needs and nothing else', async () => {
    const installed = join(work, 'node_modules/syncline');
    // npm puts a dependency of ours there when another version of it is in the app.
    const names = (await readdir(installed)).filter((name) => name !== 'node_modules');
    assert.deepEqual(names.sort(), ['LICENSE', 'README.md', 'dist', 'package.json']);
    const files = (await readdir(join(installed, 'dist'), {recursive: true})).map(String);
    assert.ok(files.includes('syncline.wasm'));
    assert.deepEqual(
        files.filter((file) => /\.test\.|support|\.cpp$/.test(file)),
        [],
    );
});

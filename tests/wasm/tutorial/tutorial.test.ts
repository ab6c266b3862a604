import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {mkdir, mkdtemp, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after, before, test} from 'node:test';
import type {Browser, Page} from 'playwright-core';
import {accessibilityViolations} from '../support/axe.js';
import {complaints, launchChromium} from '../support/chromium.js';
import {pack} from '../support/package.js';
import {program, root, run, until} from '../support/programs.js';
import {serve} from '../support/static-server.js';
import {blocksOf} from './blocks.js';

const deadlineMs = 30_000;
/** The one thing that the test changes in what it reads: the tutorial's ports may be taken. */
const relayPort = '8787';

let folder: string;
let browser: Browser;
const services: ChildProcess[] = [];

before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'syncline-tutorial-'));
    browser = await launchChromium();
});

after(async () => {
    await browser?.close();
    await Promise.all(services.map(end));
    await rm(folder, {recursive: true, force: true});
});

/** Ends a service with all that its shell started. */
async function end(service: ChildProcess): Promise<void> {
    if (service.exitCode !== null || service.signalCode !== null || service.pid === undefined) return;
    const ended = new Promise<void>((resolve) => service.once('exit', () => resolve()));
    process.kill(-service.pid, 'SIGTERM');
    await ended;
}

async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const {port} = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}

function start(command: string, env: NodeJS.ProcessEnv): void {
    const service = spawn('bash', ['-euc', command], {
        cwd: folder,
        env,
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit'],
    });
    services.push(service);
}

async function reachable(url: string): Promise<void> {
    await until(
        () =>
            fetch(url).then(
                () => true,
                () => undefined,
            ),
        url,
        deadlineMs,
    );
}

/** A browser of its own, with the app open. */
async function device(url: string): Promise<{page: Page; found: readonly string[]; titles: () => Promise<string[]>}> {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(deadlineMs);
    const found = complaints(page);
    await page.goto(url);
    return {
        page,
        found,
        titles: async () =>
            (await page.getByRole('listitem').locator('label').allTextContents()).map((text) => text.trim()),
    };
}

async function shows(page: Page, titles: readonly string[]): Promise<void> {
    await page.waitForFunction(
        (wanted) =>
            JSON.stringify([...document.querySelectorAll('li label')].map((label) => label.textContent?.trim())) ===
            wanted,
        JSON.stringify(titles),
    );
}

async function add(page: Page, title: string): Promise<void> {
    await page.getByLabel('New task').fill(title);
    await page.getByRole('button', {name: 'Add'}).click();
}

test('the tutorial, as it is written, ends in a to-do list that syncs', {timeout: 150_000}, async () => {
    const {files, commands, services: lasting} = blocksOf(await readFile(join(root, 'docs/tutorial-web.md'), 'utf8'));
    assert.deepEqual(
        [files.size, commands.length, lasting.length],
        [3, 2, 2],
        'the blocks that this test knows how to run',
    );
    const [relay, vite] = [await freePort(), await freePort()];
    const env: NodeJS.ProcessEnv = {
        ...process.env,
        PATH: `${dirname(program('syncline-relay'))}:${process.env['PATH']}`,
        SYNCLINE_RELAY_LISTEN: `127.0.0.1:${relay}`,
        SYNCLINE_RELAY_LOG_LEVEL: 'warning',
        npm_config_audit: 'false',
        npm_config_fund: 'false',
    };

    // 1 to 4
    await rename(await pack(folder), join(folder, 'syncline-0.1.0.tgz'));
    const [setUp = '', ship = ''] = commands;
    await run('bash', ['-euc', setUp], {cwd: folder, env});
    for (const [path, body] of files) {
        await mkdir(dirname(join(folder, path)), {recursive: true});
        await writeFile(join(folder, path), body.replaceAll(relayPort, String(relay)));
    }

    // 5
    const [runRelay = '', runVite = ''] = lasting;
    start(runRelay, env);
    start(runVite.replace('npx vite', `npx vite --host 127.0.0.1 --port ${vite} --strictPort --logLevel warn`), env);
    const url = `http://127.0.0.1:${vite}/`;
    await reachable(url);
    const [ada, bo] = [await device(url), await device(url)];
    await add(ada.page, 'Milk');
    await shows(bo.page, ['Milk']);
    await add(bo.page, 'Bread');
    await shows(ada.page, ['Milk', 'Bread']);
    await ada.page.getByLabel('Milk', {exact: true}).check();
    await bo.page.locator('input:checked').waitFor();
    assert.deepEqual(await accessibilityViolations(ada.page), []);

    // 6
    await ada.page.getByRole('button', {name: 'Go offline'}).click();
    await ada.page.getByRole('button', {name: 'Go online'}).waitFor();
    await add(ada.page, 'Soap');
    await bo.page.getByRole('button', {name: 'Remove Milk'}).click();
    await add(bo.page, 'Tea');
    await shows(ada.page, ['Milk', 'Bread', 'Soap']);
    await shows(bo.page, ['Bread', 'Tea']);
    await ada.page.getByRole('button', {name: 'Go online'}).click();
    await shows(ada.page, ['Bread', 'Soap', 'Tea']);
    await shows(bo.page, ['Bread', 'Soap', 'Tea']);
    for (const {page} of [ada, bo]) await page.getByText('Everything is synced').waitFor();
    await ada.page.reload();
    await shows(ada.page, ['Bread', 'Soap', 'Tea']);
    assert.deepEqual([...ada.found, ...bo.found], []);

    // 7
    await run('bash', ['-euc', ship], {cwd: folder, env});
    const server = await serve(join(folder, 'todo/dist'));
    try {
        const cy = await device(`${server.origin}/`);
        await shows(cy.page, ['Bread', 'Soap', 'Tea']);
        assert.deepEqual([cy.found, server.missing], [[], []]);
    } finally {
        await server.close();
    }
});

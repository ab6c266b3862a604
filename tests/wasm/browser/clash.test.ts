// Tabs of two versions of the package that talk otherwise, in one browser: they do not share the store, and nothing is lost.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type {Page} from 'playwright-core';
import {VERSION} from '../../../wasm/js/protocol.js';
import {startRelay} from '../engine/support.js';
import type {StaticServer} from '../support/static-server.js';
import {converged, native} from './agreement.js';
import {add, count, shows, start, startBrowser} from './chromium.js';
import {nextVersionName, serveSite} from './site.js';

let site: StaticServer;
before(async () => {
    site = await serveSite();
});
after(() => site?.close());

const refusal = (page: Page, options: {name: string}): Promise<{code: string; message: string} | null> =>
    page.evaluate((options) => window.syncline.start(options).then(() => null, ({code, message}: {code: string; message: string}) => ({code, message})), options);
const clashes = (page: Page): Promise<unknown[]> =>
    page.evaluate(() => window.syncline.events.filter(({event}) => event === 'version_clash').map(({detail}) => detail));

const cannot = (theirs: string, ours: string): string => `another tab runs version ${theirs} of the library, this one ${ours}, and they cannot share the store`;

test('a newer version waits for the older tabs to go; both are told what to do, and what was written is there', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const browser = await startBrowser(t, site.origin);
    const options = {name: 'clash', url};
    const [a, b] = [await browser.open(options), await browser.open(options)];
    for (const [id, page] of Object.entries({a, b})) await page.evaluate((id) => window.syncline.load(id, 2), id);

    const newer = await browser.tab(browser.context, '/next/');
    const advice = `${cannot(VERSION, nextVersionName)}: the other is the older, reload or close it`;
    assert.deepEqual(await refusal(newer, options), {code: 'version_clash', message: advice});
    await a.waitForFunction(() => window.syncline.events.some(({event}) => event === 'version_clash'));
    assert.deepEqual(await clashes(a), [
        {ours: VERSION, theirs: nextVersionName, message: `${cannot(nextVersionName, VERSION)}: this one is the older, reload it`},
    ]);

    // The newer one must not come in between two older leaders either, however often it tries.
    let trying = true;
    const tries = (async () => {
        const codes = new Set<string | undefined>();
        while (trying) codes.add((await refusal(newer, options))?.code);
        return [...codes];
    })();
    const ofA = await a.evaluate(() => window.syncline.stop());
    await a.close();
    await b.waitForFunction(() => window.syncline.store.role === 'leader');
    await b.waitForFunction((before) => window.syncline.confirmed > before + 20, await b.evaluate(() => window.syncline.confirmed));
    trying = false;
    assert.deepEqual(await tries, ['version_clash']);
    const ofB = await b.evaluate(() => window.syncline.stop());
    assert.deepEqual([await count(b, 'a'), await count(b, 'b')], [ofA, ofB]);
    const replica = await b.evaluate(() => window.syncline.store.replica);
    await b.close();

    assert.deepEqual(await start(newer, options), {role: 'leader', storage: 'opfs', replica});
    await Promise.all([shows(newer, 'a', ofA), shows(newer, 'b', ofB)]);
    await add(newer, 'a');
    await converged([newer], tool, url);

    const older = await browser.tab();
    assert.deepEqual(await refusal(older, options), {
        code: 'version_clash',
        message: `${cannot(nextVersionName, VERSION)}: this one is the older, reload it`,
    });
    await newer.waitForFunction(() => window.syncline.events.some(({event}) => event === 'version_clash'));
    await newer.close();
    await start(older, options);
    await shows(older, 'a', ofA + 1);
    await converged([older], tool, url);
});

test('an older tab beside a newer leader keeps what it is writing until that one is gone', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const browser = await startBrowser(t, site.origin);
    const options = {name: 'between', url};
    const older = await browser.open(options);
    await add(older, 't');
    // The older worker hangs up in the midst: its page ends it and starts another, which stands behind the newer one.
    const newer = await browser.tab(browser.context, '/next/');
    await older.evaluate(() => {
        // A leader that is about to be ended hears nothing.
        const worker = window.workers[0] as Worker;
        worker.terminate();
    });
    assert.equal((await start(newer, options)).role, 'leader');
    await older.evaluate(() => {
        window.workers[0]?.onmessage?.(new MessageEvent('message', {data: {t: 'broken', problem: {code: 'engine_failed', message: 'ended by the test'}}}));
    });
    const pending = older.evaluate(() => window.syncline.add('t'));
    await older.waitForFunction(() => window.syncline.events.some(({event}) => event === 'version_clash'));
    assert.equal((await clashes(older)).length, 1);
    await add(newer, 't', 10);
    assert.equal(await count(newer, 't'), 11);
    assert.equal(await count(older, 't'), 1, 'what a page shows stays');
    await newer.close();
    await pending;
    assert.equal(await count(older, 't'), 12);
    await converged([older], tool, url);
});

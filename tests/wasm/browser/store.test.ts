// The package in Chromium: files, tabs, fallbacks.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, test} from 'node:test';
import type {Page} from 'playwright-core';
import type {StaticServer} from '../support/static-server.js';
import {add, count, shows, start, startBrowser, TestBrowser} from './chromium.js';
import {serveSite, type WorkerName} from './site.js';

let site: StaticServer;
let shared: TestBrowser;

before(async () => {
    site = await serveSite();
    shared = await new TestBrowser(site.origin).start();
});
after(async () => {
    await shared?.close();
    await site?.close();
});

const name = (): string => `store-${randomUUID()}`;
const workerUrl = (worker: WorkerName): string => `${site.origin}/${worker}.js`;
const role = (page: Page): Promise<string> => page.evaluate(() => window.syncline.store.role);
const leads = (page: Page): Promise<unknown> => page.waitForFunction(() => window.syncline.store.role === 'leader');
const events = (page: Page, event: string): Promise<unknown[]> =>
    page.evaluate((event) => window.syncline.events.filter((each) => each.event === event).map(({detail}) => detail), event);

test('what was written is there after a reload, from a file, under a strict policy', async () => {
    const options = {name: name()};
    const page = await shared.tab();
    const {storage, role: first, replica} = await start(page, options);
    assert.deepEqual([storage, first], ['opfs', 'leader']);
    await add(page, 't', 3);
    await page.evaluate(() =>
        window.syncline.store.space('s').transact((tx) => {
            const task = tx.document('tasks', 'full');
            task.set('title', 'Buy milk');
            task.set('bytes', new Uint8Array([0, 255]));
            task.set('big', 2n ** 62n);
            task.setOf('tags').insert('home');
            task.flag('done').enable();
            task.map('address').set('city', 'Oslo');
            task.list('steps').push('open', 'pour');
            task.list('steps').move(1, 0);
            task.text('notes').insert(0, 'two 😀 litres');
            task.text('notes').splice(4, 2, '2');
        }),
    );
    const read = (): Promise<unknown> =>
        page.evaluate(() => {
            const task = window.syncline.store.space('s').collection('tasks').get('full') ?? {};
            return {...task, bytes: [...(task['bytes'] as Uint8Array)], big: String(task['big'])};
        });
    const full = {
        title: 'Buy milk', bytes: [0, 255], big: '4611686018427387904', tags: ['home'], done: true,
        address: {city: 'Oslo'}, steps: ['pour', 'open'], notes: 'two 2 litres',
    };
    assert.deepEqual(await read(), full);
    await page.reload();
    const again = await start(page, options);
    assert.equal(again.replica, replica);
    assert.equal(await count(page, 't'), 3);
    assert.deepEqual(await read(), full);
    assert.deepEqual(shared.complaints, []);
    await page.close();
});

test('two tabs are one replica, and the second leads when the first is closed', async () => {
    const options = {name: name()};
    const a = await shared.open(options);
    const b = await shared.open(options);
    assert.deepEqual([await role(a), await role(b)], ['leader', 'follower']);
    await add(b, 't', 2);
    await shows(a, 't', 2);
    await a.close();
    await leads(b);
    await add(b, 't');
    assert.equal(await count(b, 't'), 3);
    await b.close();
});

test('five tabs under load: whoever leads crashes or closes, and each confirmed add counts once', async () => {
    const options = {name: name()};
    const tabs: Page[] = [];
    for (let n = 0; n < 5; n++) tabs.push(await shared.open(options));
    for (const [at, tab] of tabs.entries()) await tab.evaluate((id) => window.syncline.load(id, 3), `t${at}`);
    const confirmed: number[] = [];
    for (let n = 0; n < 4; n++) {
        const tab = tabs[n] as Page;
        assert.equal(await role(tab), 'leader');
        await tab.waitForFunction(() => window.syncline.confirmed > 20);
        if (n % 2 === 0) {
            const crashed = tab.waitForEvent('crash');
            const session = await shared.context.newCDPSession(tab);
            confirmed[n] = await tab.evaluate(() => window.syncline.confirmed);
            session.send('Page.crash').catch(() => undefined);
            await crashed;
        } else {
            confirmed[n] = await tab.evaluate(() => window.syncline.stop());
            await tab.close();
        }
        await leads(tabs[n + 1] as Page);
    }
    const last = tabs[4] as Page;
    confirmed[4] = await last.evaluate(() => window.syncline.stop());
    await last.reload();
    await start(last, options);
    for (let n = 0; n < 5; n++) {
        const there = await count(last, `t${n}`);
        // One that crashed may have had up to three on their way.
        if (n === 0 || n === 2) assert.ok(there >= (confirmed[n] as number), `${there} of tab ${n}, ${confirmed[n]} confirmed`);
        else assert.equal(there, confirmed[n]);
    }
    await last.close();
});

test('a worker that hangs is ended by its own page, and another goes on', async () => {
    const options = {name: name()};
    const a = await shared.tab();
    // Its page waits for 30 seconds; here a hundred times less.
    await a.evaluate(() => {
        const [timeout, interval] = [window.setTimeout, window.setInterval];
        window.setTimeout = ((run: () => void, ms = 0) => timeout(run, ms / 100)) as typeof setTimeout;
        window.setInterval = ((run: () => void, ms = 0) => interval(run, ms / 100)) as typeof setInterval;
    });
    await start(a, {...options, workerUrl: workerUrl('worker-that-hangs')});
    const b = await shared.open(options);
    await add(b, 't');
    await b.evaluate(() => new BroadcastChannel('hang').postMessage(0));
    await add(b, 't');
    await add(a, 't');
    assert.equal(await count(a, 't'), 3);
    await shows(b, 't', 3);
    await a.close();
    await b.close();
});

test('where workers have no files the store is in IndexedDB, and says so', async () => {
    const options = {name: name(), workerUrl: workerUrl('worker-without-files')};
    const page = await shared.tab();
    assert.equal((await start(page, options)).storage, 'indexeddb');
    assert.match(JSON.stringify(await events(page, 'warning')), /storage_fallback/);
    for (let n = 0; n < 30; n++) await add(page, 't');
    const crashed = page.waitForEvent('crash');
    (await shared.context.newCDPSession(page)).send('Page.crash').catch(() => undefined);
    await crashed;
    await page.close();
    const again = await shared.open(options);
    assert.equal(await count(again, 't'), 30);
    await again.close();
});

test('where nothing can be stored the store is in memory, for all tabs, and says so', async () => {
    const options = {name: name(), workerUrl: workerUrl('worker-without-storage')};
    const a = await shared.tab();
    assert.equal((await start(a, options)).storage, 'memory');
    assert.equal((await events(a, 'warning')).length >= 2, true);
    const b = await shared.open(options);
    await add(b, 't', 7);
    await shows(a, 't', 7);
    await a.close();
    await b.close();
});

test('without room a transaction fails with storage_full, nothing of it is there, and it goes on when there is room', async () => {
    const options = {name: name()};
    const page = await shared.open(options);
    await add(page, 't');
    const session = await shared.context.newCDPSession(page);
    const {usage} = await session.send('Storage.getUsageAndQuota', {origin: site.origin});
    await session.send('Storage.overrideQuotaForOrigin', {origin: site.origin, quotaSize: usage + 600_000});
    const failure = await page.evaluate(async () => {
        const space = window.syncline.store.space('s');
        try {
            for (let n = 0; n < 200; n++) {
                await space.transact((tx) => tx.document('tasks', `big${n}`).set('x', 'y'.repeat(100_000)));
            }
            return 'none';
        } catch (error) {
            return (error as {code: string}).code;
        }
    });
    assert.equal(failure, 'storage_full');
    const there = await page.evaluate(() => window.syncline.store.space('s').collection('tasks').entries().length);
    await session.send('Storage.overrideQuotaForOrigin', {origin: site.origin});
    await add(page, 't');
    assert.equal(await count(page, 't'), 2);
    await page.reload();
    await start(page, options);
    assert.equal(await page.evaluate(() => window.syncline.store.space('s').collection('tasks').entries().length), there);
    await page.close();
});

test('without room in IndexedDB neither, and what could not be stored is not shown for long', async () => {
    const options = {name: name(), workerUrl: workerUrl('worker-without-room')};
    const a = await shared.open(options);
    const b = await shared.open(options);
    await add(a, 't');
    const full = (is: boolean): Promise<void> => b.evaluate((is) => new BroadcastChannel('full').postMessage(is), is);
    await full(true);
    for (const page of [a, b]) {
        const failure = await page.evaluate(() => window.syncline.add('t').then(() => 'none', ({code}: {code: string}) => code));
        assert.equal(failure, 'storage_full');
    }
    await full(false);
    // The engine began anew from what is stored.
    await add(a, 't');
    await Promise.all([shows(a, 't', 2), shows(b, 't', 2)]);
    await a.reload();
    await start(a, options);
    assert.equal(await count(a, 't'), 2);
    await a.close();
    await b.close();
});

test('a private window has a store of its own, until it is closed', async () => {
    const options = {name: name()};
    const page = await shared.open(options);
    await add(page, 't', 2);
    const window = await shared.privateWindow();
    const hidden = await shared.tab(window);
    const {replica} = await start(hidden, options);
    assert.notEqual(replica, await page.evaluate(() => globalThis.window.syncline.store.replica));
    await add(hidden, 't', 5);
    await hidden.reload();
    await start(hidden, options);
    assert.equal(await count(hidden, 't'), 5);
    await window.close();
    assert.equal(await count(page, 't'), 2);
    await page.close();
});

test('a wiped store is gone, in all tabs, and its name can be used again', async () => {
    const options = {name: name()};
    const a = await shared.open(options);
    const b = await shared.open(options);
    await add(a, 't');
    await b.evaluate(() => window.syncline.store.wipe().catch(() => undefined));
    for (const page of [a, b]) await page.waitForFunction(() => window.syncline.events.some(({event}) => event === 'wiped'));
    const again = await start(a, options);
    assert.equal(again.role, 'leader');
    assert.equal(await count(a, 't'), 0);
    await a.close();
    await b.close();
});

test('two editors in two tabs show the same text, whoever types when', async () => {
    const options = {name: name()};
    const tabs = [await shared.open(options), await shared.open(options)];
    const type = (page: Page, words: string): Promise<string> =>
        page.evaluate(async (words) => {
            const text = await window.syncline.store.space('s').document('notes', 'n').text(['body']);
            (window as unknown as {text: typeof text}).text = text;
            const typing: Promise<void>[] = [];
            for (const letter of words) {
                typing.push(text.edit([{retain: Math.floor(text.value.length / 2)}, {insert: letter}]));
                await new Promise((resolve) => setTimeout(resolve));
            }
            await Promise.all(typing);
            return text.value;
        }, words);
    await Promise.all([type(tabs[0] as Page, 'abcdefghijklmnopqrstuvwxyz'), type(tabs[1] as Page, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')]);
    for (const tab of tabs) await tab.waitForFunction(() => (window as unknown as {text: {value: string}}).text.value.length === 52);
    const [one, two] = await Promise.all(tabs.map((tab) => tab.evaluate(() => (window as unknown as {text: {value: string}}).text.value)));
    assert.equal(one, two);
    for (const tab of tabs) await tab.close();
});

test('an exported file is a database', async (t) => {
    const browser = await startBrowser(t, site.origin);
    const page = await browser.open({name: name()});
    await add(page, 't', 5);
    const head = await page.evaluate(async () => String.fromCharCode(...(await window.syncline.store.export()).subarray(0, 15)));
    assert.equal(head, 'SQLite format 3');
});

// The package in Chromium: files, tabs, fallbacks.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {CDPSession, Page} from 'playwright-core';
import {run, startRelay, temporaryDirectory} from '../engine/support.js';
import type {StaticServer} from '../support/static-server.js';
import {converged, native} from './agreement.js';
import {add, count, digest, shows, start, startBrowser, TestBrowser} from './chromium.js';
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
const warned = (page: Page, code: string): Promise<unknown> =>
    page.waitForFunction((code) => window.syncline.events.some(({event, detail}) => event === 'warning' && (detail as {code: string}).code === code), code);
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

test('two tabs are one replica, and the second leads when the first is closed', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name(), url};
    const a = await shared.open(options);
    const b = await shared.open(options);
    assert.deepEqual([await role(a), await role(b)], ['leader', 'follower']);
    await add(b, 't', 2);
    await shows(a, 't', 2);
    await a.close();
    await leads(b);
    await add(b, 't');
    assert.equal(await count(b, 't'), 3);
    await converged([b], native(t), url);
    await b.close();
});

test('five tabs under load: whoever leads is killed or closes, and each confirmed add counts once', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name(), url};
    const tabs: Page[] = [];
    for (let n = 0; n < 5; n++) tabs.push(await shared.open(options));
    for (const [at, tab] of tabs.entries()) await tab.evaluate((id) => window.syncline.load(id, 3), `t${at}`);
    const confirmed: number[] = [];
    for (let n = 0; n < 4; n++) {
        const tab = tabs[n] as Page;
        assert.equal(await role(tab), 'leader');
        await tab.waitForFunction(() => window.syncline.confirmed > 20);
        if (n % 2 === 0) {
            confirmed[n] = await tab.evaluate(() => window.syncline.confirmed);
            await shared.killProcessOf(tab);
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
        // One that was killed went on writing until then.
        if (n === 0 || n === 2) assert.ok(there >= (confirmed[n] as number), `${there} of tab ${n}, ${confirmed[n]} confirmed`);
        else assert.equal(there, confirmed[n]);
    }
    const another = await shared.open(options);
    await converged([last, another], native(t), url);
    for (const tab of [last, another]) await tab.close();
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
    await shared.killProcessOf(page);
    await page.close();
    const again = await shared.open(options);
    assert.equal(await count(again, 't'), 30);
    await again.close();
});

test('where nothing can be stored the store is in memory, for all tabs, says so, and syncs', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name(), url, workerUrl: workerUrl('worker-without-storage')};
    const a = await shared.tab();
    assert.equal((await start(a, options)).storage, 'memory');
    assert.equal((await events(a, 'warning')).length >= 2, true);
    const b = await shared.open(options);
    await add(b, 't', 7);
    await shows(a, 't', 7);
    await converged([a, b], native(t), url);
    await a.close();
    await b.close();
});

/** Writes until there is no room; the error's code. What it is told of is the quota of the whole origin. */
async function fill(page: Page, session: CDPSession): Promise<string> {
    const {usage} = await session.send('Storage.getUsageAndQuota', {origin: site.origin});
    await session.send('Storage.overrideQuotaForOrigin', {origin: site.origin, quotaSize: usage + 600_000});
    return page.evaluate(async () => {
        const space = window.syncline.store.space('s');
        try {
            for (let n = 0; n < 200; n++) {
                await space.transact((tx) => tx.document('tasks', `big${n}`).set('x', 'y'.repeat(50_000)));
            }
            return 'none';
        } catch (error) {
            return (error as {code: string}).code;
        }
    });
}
const documents = (page: Page): Promise<number> => page.evaluate(() => window.syncline.store.space('s').collection('tasks').entries().length);

test('without room a transaction fails with storage_full, nothing of it is there, and it goes on when there is room', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name()};
    const page = await shared.open(options);
    await add(page, 't');
    const session = await shared.context.newCDPSession(page);
    assert.equal(await fill(page, session), 'storage_full');
    await warned(page, 'quota');
    const there = await documents(page);
    await session.send('Storage.overrideQuotaForOrigin', {origin: site.origin});
    await add(page, 't');
    assert.equal(await count(page, 't'), 2);
    await page.reload();
    await start(page, {...options, url});
    assert.equal(await documents(page), there);
    await converged([page], native(t), url);
    await page.close();
});

test('what others write while there is no room comes when there is', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name(), url};
    const full = await shared.open(options);
    const other = await startBrowser(t, site.origin);
    const elsewhere = await other.open({name: name(), url});
    await add(full, 't');
    await shows(elsewhere, 't', 1);
    const session = await shared.context.newCDPSession(full);
    assert.equal(await fill(full, session), 'storage_full');
    const there = await documents(full);
    await elsewhere.evaluate(async () => {
        const space = window.syncline.store.space('s');
        for (let n = 0; n < 20; n++) await space.transact((tx) => tx.document('tasks', `theirs${n}`).set('x', 'z'.repeat(50_000)));
    });
    await full.waitForFunction(() => window.syncline.store.space('s').status().lastError?.code === 'storage_full');
    assert.equal(await count(full, 't'), 1, 'what is there can be read');
    await session.send('Storage.overrideQuotaForOrigin', {origin: site.origin});
    await converged([full, elsewhere], native(t), url);
    assert.equal(await documents(full), there + 20);
    await full.close();
});

test('without room in IndexedDB neither, and what could not be stored is not shown for long', async (t) => {
    const {url} = await startRelay(t);
    const options = {name: name(), url, workerUrl: workerUrl('worker-without-room')};
    const a = await shared.open(options);
    const b = await shared.open(options);
    await add(a, 't');
    /** Both workers know it: one that begins only now is told again. */
    const full = (is: boolean): Promise<void> =>
        b.evaluate(async (is) => {
            const workers = new BroadcastChannel('full');
            const told = new Set<unknown>();
            await new Promise<void>((done) => {
                const telling = setInterval(() => workers.postMessage(is), 20);
                workers.onmessage = ({data}) => {
                    told.add(data);
                    if (told.size < 2) return;
                    clearInterval(telling);
                    done();
                };
            });
            workers.close();
        }, is);
    await full(true);
    const fails = (page: Page): Promise<string> =>
        page.evaluate(() => window.syncline.add('t').then(() => 'none', ({code}: {code: string}) => code));
    assert.equal(await fails(a), 'storage_full');
    // The worker of the other tab leads, and is told of the same; there is no room for what it does to connect, either.
    await leads(b);
    assert.equal(await fails(a), 'storage_full');
    await full(true);
    assert.equal(await fails(b), 'storage_full');
    await Promise.all([shows(a, 't', 1), shows(b, 't', 1)]);
    await Promise.all([warned(a, 'quota'), warned(b, 'quota')]);
    await full(false);
    await add(a, 't');
    await Promise.all([shows(a, 't', 2), shows(b, 't', 2)]);
    await a.reload();
    await start(a, options);
    assert.equal(await count(a, 't'), 2);
    await converged([a, b], native(t), url);
    await a.close();
    await b.close();
});

test('a private window has a store of its own, until it is closed', async (t) => {
    const {url} = await startRelay(t);
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
    for (const each of [page, hidden]) await each.evaluate((url) => globalThis.window.syncline.store.connect(url), url);
    await Promise.all([shows(page, 't', 7), shows(hidden, 't', 7)]);
    await converged([page, hidden], native(t), url);
    await window.close();
    assert.equal(await count(page, 't'), 7);
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

test('a store that cannot be wiped says so, and is there again after a reload', async () => {
    const options = {name: name()};
    const page = await shared.tab();
    await start(page, {...options, workerUrl: workerUrl('worker-that-cannot-delete')});
    await add(page, 't', 3);
    const failure = await page.evaluate(() => window.syncline.store.wipe().then(() => null, ({code}: {code: string}) => code));
    assert.notEqual(failure, null);
    assert.deepEqual(await events(page, 'wiped'), []);
    await page.reload();
    await start(page, options);
    assert.equal(await count(page, 't'), 3);
    await page.close();
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

test('a file from here opens natively, and one that was written natively opens here', async (t) => {
    const directory = temporaryDirectory(t);
    const tool = (file: string, ...words: string[]): Promise<string> => run('syncline', '--store', join(directory, file), '--space', 's', ...words);
    const options = {name: name()};
    const page = await shared.open(options);
    await add(page, 't', 5);
    await page.evaluate(() =>
        window.syncline.store.space('s').transact((tx) => {
            tx.document('tasks', 'u').text('notes').insert(0, 'two 😀 litres');
            tx.document('tasks', 'u').list('steps').push('open', 'pour');
        }),
    );
    const bytes = await page.evaluate(async () => Array.from(await window.syncline.store.export()));
    writeFileSync(join(directory, 'browser.db'), Uint8Array.from(bytes));
    assert.equal(await tool('browser.db', 'digest'), await digest(page));
    assert.deepEqual(JSON.parse(await tool('browser.db', 'get', 'tasks/u')), {notes: 'two 😀 litres', steps: ['open', 'pour']});

    await tool('native.db', 'add', 'tasks/t', 'n', '7');
    await tool('native.db', 'set', 'tasks/t', 'title', '"Milk"');
    await tool('native.db', 'push', 'tasks/u', 'steps', '"by a native program"');
    // In the place of the page's own file, behind its header.
    await page.evaluate(() => window.syncline.store.close());
    await page.evaluate(
        async ([store, native]) => {
            let folder = await navigator.storage.getDirectory();
            for (const step of ['syncline', store]) folder = await folder.getDirectoryHandle(step);
            for await (const file of (folder as unknown as {values(): AsyncIterable<FileSystemFileHandle>}).values()) {
                const header = (await (await file.getFile()).slice(12, 4096).text()).replaceAll('\0', '');
                if (header !== '/store.db') continue;
                const writer = await file.createWritable({keepExistingData: true});
                await writer.truncate(4096);
                await writer.write({type: 'write', position: 4096, data: Uint8Array.from(native)});
                return writer.close();
            }
            throw new Error('the store has no file');
        },
        [options.name, [...readFileSync(join(directory, 'native.db'))]] as const,
    );
    await page.reload();
    await start(page, options);
    assert.equal(await digest(page), await tool('native.db', 'digest'));
    assert.deepEqual(await page.evaluate(() => window.syncline.store.space('s').collection('tasks').entries()), [
        ['t', {n: 7, title: 'Milk'}],
        ['u', {steps: ['by a native program']}],
    ]);
    await add(page, 't');
    assert.equal(await count(page, 't'), 8);
    await page.close();
});

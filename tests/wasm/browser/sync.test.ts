// Browsers and a native client on one relay: all end with equal digests.
import assert from 'node:assert/strict';
import {createHmac, randomUUID} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {Page} from 'playwright-core';
import {run, startRelay, temporaryDirectory, type Test} from '../engine/support.js';
import type {StaticServer} from '../support/static-server.js';
import {converged, native} from './agreement.js';
import {add, count, digest, inSync, shows, start, TestBrowser} from './chromium.js';
import {serveSite, type WorkerName} from './site.js';

let site: StaticServer;
let one: TestBrowser;
let two: TestBrowser;

before(async () => {
    site = await serveSite();
    [one, two] = await Promise.all([new TestBrowser(site.origin).start(), new TestBrowser(site.origin).start()]);
});
after(async () => {
    await Promise.all([one?.close(), two?.close()]);
    await site?.close();
});

const name = (): string => `sync-${randomUUID()}`;
const workerUrl = (worker: WorkerName): string => `${site.origin}/${worker}.js`;

const connect = (page: Page, url: string): Promise<void> => page.evaluate((url) => window.syncline.store.connect(url), url);
const disconnect = (page: Page): Promise<void> => page.evaluate(() => window.syncline.store.disconnect());

test('two browsers and a native client come to the same', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const [a, b] = await Promise.all([one.open({name: name(), url}), two.open({name: name(), url})]);
    await Promise.all([add(a, 't', 1), add(b, 't', 10), tool('add', 'tasks/t', 'n', '100')]);
    await tool('sync', url);
    await Promise.all([shows(a, 't', 111), shows(b, 't', 111)]);
    await converged([a, b], tool, url);
    assert.equal(await tool('get', 'tasks/t', 'n'), '111');
    await a.close();
    await b.close();
});

test('edits made offline, over a reload while offline, and in two tabs, arrive', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const options = {name: name()};
    const [a, b] = await Promise.all([one.open(options), two.open({name: name(), url})]);
    await add(a, 't', 1);
    await a.reload();
    await start(a, options);
    const second = await one.open(options);
    await add(second, 't', 2);
    await add(b, 't', 4);
    await connect(second, url);
    await Promise.all([shows(a, 't', 7), shows(b, 't', 7)]);
    await disconnect(a);
    assert.equal(await second.evaluate(() => window.syncline.store.space('s').status().connection), 'offline');
    await add(b, 't', 8);
    await add(second, 't', 16);
    assert.equal(await count(a, 't'), 23);
    await connect(a, url);
    await shows(b, 't', 31);
    await converged([a, b, second], tool, url);
    for (const page of [a, b, second]) await page.close();
});

test('the leader is killed while all sync and write: nothing that was confirmed is missing anywhere', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const options = {name: name(), url};
    const a = await one.open(options);
    const b = await one.open(options);
    const c = await two.open({name: name(), url});
    for (const [at, page] of [a, b, c].entries()) await page.evaluate((id) => window.syncline.load(id, 2), `t${at}`);
    for (const page of [a, b, c]) await page.waitForFunction(() => window.syncline.confirmed > 30);
    const confirmed = await a.evaluate(() => window.syncline.confirmed);
    await one.killProcessOf(a);
    await b.waitForFunction(() => window.syncline.store.role === 'leader');
    const [ofB, ofC] = await Promise.all([b, c].map((page) => page.evaluate(() => window.syncline.stop())));
    await converged([b, c], tool, url);
    for (const page of [b, c]) {
        assert.ok((await count(page, 't0')) >= confirmed);
        assert.deepEqual([await count(page, 't1'), await count(page, 't2')], [ofB, ofC]);
    }
    await b.close();
    await c.close();
});

test('a browser whose clock is days off syncs as any other', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const a = await one.open({name: name(), url, workerUrl: workerUrl('worker-of-tomorrow')});
    const b = await two.open({name: name(), url, workerUrl: workerUrl('worker-of-last-week')});
    const c = await one.open({name: name()});
    await Promise.all([add(a, 't', 1), add(b, 't', 2), add(c, 't', 4)]);
    await connect(c, url);
    await Promise.all([shows(a, 't', 7), shows(b, 't', 7), shows(c, 't', 7)]);
    const days = async (page: Page): Promise<number> => {
        const skewed = await page.waitForFunction(() => window.syncline.events.find(({detail}) => (detail as {code?: string}).code === 'clock_skew')?.detail);
        return Math.round(((await skewed.jsonValue()) as {offsetMs: number}).offsetMs / (24 * 3600 * 1000));
    };
    assert.deepEqual([await days(a), await days(b)], [-3, 7]);
    // Written before it knew of the relay's clock, too.
    const d = await two.open({name: name(), workerUrl: workerUrl('worker-of-tomorrow')});
    await add(d, 't', 8);
    await connect(d, url);
    await shows(b, 't', 15);
    await converged([a, b, c, d], tool, url);
    for (const page of [a, b, c, d]) await page.close();
});

test('what is in IndexedDB syncs as well', async (t) => {
    const {url} = await startRelay(t);
    const tool = native(t);
    const a = await one.open({name: name(), url, workerUrl: workerUrl('worker-without-files')});
    const b = await two.open({name: name(), url, workerUrl: workerUrl('worker-without-files')});
    for (let n = 0; n < 10; n++) await Promise.all([add(a, 't'), add(b, 't')]);
    await Promise.all([shows(a, 't', 20), shows(b, 't', 20)]);
    await converged([a, b], tool, url);
    await a.close();
    await b.close();
});

interface GuardedRelay {
    readonly url: string;
    /** A token that is good for so many seconds. */
    token(seconds: number): Promise<string>;
    /** One that has ended, of which the relay takes no notice for so many seconds more: it allows clocks a minute. */
    ending(seconds: number): Promise<string>;
}
async function guardedRelay(t: Test): Promise<GuardedRelay> {
    const key = join(temporaryDirectory(t), 'key');
    writeFileSync(key, randomUUID().repeat(2), {mode: 0o600});
    const {url} = await startRelay(t, '--key', key);
    const token = (seconds: number): Promise<string> =>
        run('syncline-relay', 'token', '--key', key, '--subject', 'ada', '--space', 's=rw', '--ttl', String(seconds));
    const ending = async (seconds: number): Promise<string> => {
        const [head, body] = (await token(1)).split('.') as [string, string];
        const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as {exp: number; iat?: number};
        claims.exp = Math.floor(Date.now() / 1000) - 60 + seconds;
        delete claims.iat;
        const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
        return `${signed}.${createHmac('sha256', readFileSync(key)).update(signed).digest('base64url')}`;
    };
    return {url, token, ending};
}

test('a token that the relay refuses is an error that the page sees; a good one is taken', async (t) => {
    const {url, token} = await guardedRelay(t);
    const options = {name: name(), url};
    const a = await one.open(options, ['nonsense']);
    await a.waitForFunction(() => window.syncline.store.space('s').status().lastError?.code === 'unauthorized');
    await add(a, 't', 3);
    const b = await two.open({name: name(), url}, [await token(60)]);
    await add(b, 't', 4);
    await inSync(b);
    await a.reload();
    await start(a, options, [await token(60)]);
    await Promise.all([shows(a, 't', 7), shows(b, 't', 7)]);
    await converged([a, b], native(t), url, '--token', await token(60));
    await a.close();
    await b.close();
});

test('a token is renewed before it ends, on the connection as it is', async (t) => {
    const {url, token} = await guardedRelay(t);
    const a = await one.open({name: name(), url}, [await token(3), await token(60)]);
    await inSync(a);
    const ends = Date.now() + 3_000;
    const seen = await a.evaluate(() => {
        const seen: string[] = [];
        window.syncline.store.space('s').observeStatus(({connection}) => seen.push(connection));
        return ((window as unknown as {seen: string[]}).seen = seen);
    });
    assert.deepEqual(seen, []);
    await a.waitForFunction((ends) => Date.now() > ends + 1_000 && window.syncline.tokensGiven === 2, ends);
    await add(a, 't');
    await inSync(a);
    assert.equal(await a.evaluate(() => (window as unknown as {seen: string[]}).seen.every((connection) => connection === 'connected')), true);
    await converged([a], native(t), url, '--token', await token(60));
    await a.close();
});

/** A page that got in sync with a token that ends soon. On a busy machine it may have ended before: then with one that lives longer. */
async function connectedUntilItEnds(url: string, ending: GuardedRelay['ending']): Promise<Page> {
    for (let seconds = 2; ; seconds *= 2) {
        const page = await one.open({name: name(), url}, [await ending(seconds), 'none yet']);
        const gotInSync = await page.evaluate(() => {
            const space = window.syncline.store.space('s');
            const codes: unknown[] = [];
            (window as unknown as {codes: unknown[]}).codes = codes;
            return new Promise<boolean>((resolve) => {
                const look = ({inSync, lastError}: ReturnType<typeof space.status>): void => {
                    if (lastError !== null) codes.push(lastError.code);
                    if (inSync || lastError !== null) resolve(inSync);
                };
                space.observeStatus(look);
                look(space.status());
            });
        });
        if (gotInSync) return page;
        await page.close();
    }
}

test('a token that ends is an error that the page sees, and what was written then goes with the next one', async (t) => {
    const {url, token, ending} = await guardedRelay(t);
    const a = await connectedUntilItEnds(url, ending);
    await a.waitForFunction(() => (window as unknown as {codes: unknown[]}).codes.includes('token_expired'));
    await add(a, 't', 5);
    await a.waitForFunction(() => window.syncline.store.space('s').status().lastError?.code === 'unauthorized');
    await a.evaluate((token) => window.syncline.tokens.push(token), await token(60));
    await connect(a, url);
    const b = await two.open({name: name(), url}, [await token(60)]);
    await shows(b, 't', 5);
    await converged([a, b], native(t), url, '--token', await token(60));
    await a.close();
    await b.close();
});

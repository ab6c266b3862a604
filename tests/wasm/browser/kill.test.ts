// The browser's processes are killed while it writes, over and over: nothing that was confirmed is lost, nothing is there twice, and
// the relay and the browser's file agree afterwards.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import type {Page} from 'playwright-core';
import {run, scaled, startRelay, temporaryDirectory} from '../engine/support.js';
import type {StaticServer} from '../support/static-server.js';
import {converged, native} from './agreement.js';
import {count, digest, start, TestBrowser} from './chromium.js';
import {serveSite, type WorkerName} from './site.js';

const kills = scaled(20);

let site: StaticServer;
before(async () => {
    site = await serveSite();
});
after(() => site?.close());
const workerUrl = (worker: WorkerName): string => `${site.origin}/${worker}.js`;

/** What was confirmed to this process, which nobody kills: adds of one, by document. */
class Ledger {
    private readonly confirmed = new Map<string, number>();

    note(id: string, adds = 1): void {
        this.confirmed.set(id, (this.confirmed.get(id) ?? 0) + adds);
    }
    /** That each is there, and the one that was on its way at most once. */
    async compare(page: Page, when: string): Promise<void> {
        for (const [id, confirmed] of this.confirmed) {
            const there = await count(page, id);
            assert.ok(there === confirmed || there === confirmed + 1, `${when}: ${there} adds to ${id} are there, ${confirmed} were confirmed`);
            this.confirmed.set(id, there);
        }
    }
    of(id: string): number {
        return this.confirmed.get(id) ?? 0;
    }
    get adds(): number {
        return [...this.confirmed.values()].reduce((sum, adds) => sum + adds, 0);
    }
    /** Each tab writes to a document of its own; resolves when all of them were confirmed so many. */
    async written(tabs: Readonly<Record<string, Page>>, wanted: number): Promise<void> {
        const writing = Object.entries(tabs).map(async ([id, tab]) => {
            let left = wanted;
            let enough: () => void = () => undefined;
            const written = new Promise<void>((resolve) => {
                enough = resolve;
            });
            await tab.exposeFunction('confirmed', (id: string) => {
                this.note(id);
                if (--left === 0) enough();
            });
            await tab.evaluate((id) => window.syncline.load(id, 1), id);
            await written;
        });
        await Promise.all(writing);
    }
}

test(`a browser that is killed ${kills} times has all that it confirmed, once, and so has the relay`, {timeout: kills * 20_000}, async (t) => {
    const {url, process: relay} = await startRelay(t);
    const tool = native(t);
    const browser = new TestBrowser(site.origin);
    t.after(() => browser.close());
    const ledger = new Ledger();
    const options = {name: 'killed', url};
    const replicas = new Set<string>();
    /** Both tabs, the first of which leads; what they show is compared with what was confirmed. */
    const tabs = async (when: string, worker: WorkerName = 'worker'): Promise<{a: Page; b: Page}> => {
        await browser.start();
        const [a, b] = [await browser.tab(), await browser.tab()];
        const {role, replica} = await start(a, {...options, workerUrl: workerUrl(worker)});
        assert.equal(role, 'leader');
        replicas.add(replica);
        await ledger.compare(a, when);
        replicas.add((await start(b, options)).replica);
        return {a, b};
    };
    const leads = (page: Page): Promise<unknown> => page.waitForFunction(() => window.syncline.store.role === 'leader');

    let processes = 0;
    const ways: readonly ((wanted: number, when: string) => Promise<void>)[] = [
        async function inTheMidstOfWriting(wanted, when) {
            const {a, b} = await tabs(when);
            await ledger.written({a, b}, wanted);
        },
        async function afterTheLeadersProcess(wanted, when) {
            const {a, b} = await tabs(when);
            await ledger.written({a, b}, wanted);
            await browser.killProcessOf(a);
            processes++;
            await leads(b);
            await b.evaluate(() => window.syncline.stop());
            // The follower asked again for what the dead leader did not answer.
            await ledger.compare(b, `${when}, and its leader's`);
            await ledger.written({c: await browser.open(options)}, 3);
        },
        async function whileTheRelayDoesNotAnswer(wanted, when) {
            const {a, b} = await tabs(when);
            relay.kill('SIGSTOP');
            try {
                await ledger.written({a, b}, wanted);
            } finally {
                await browser.kill();
                // Now it takes what nobody will hear the acknowledgement of.
                relay.kill('SIGCONT');
            }
        },
        async function betweenCommitAndAnswer(wanted, when) {
            const {a, b} = await tabs(when, 'worker-that-keeps-answers');
            await a.evaluate(async () => {
                const worker = new BroadcastChannel('answers');
                (window as unknown as {kept: number}).kept = 0;
                await new Promise<void>((silent) => {
                    worker.onmessage = ({data}) => (data === 'silent' ? silent() : (window as unknown as {kept: number}).kept++);
                    worker.postMessage('keep them');
                });
            });
            for (const [id, page] of Object.entries({a, b})) {
                await page.evaluate((id) => {
                    (window as unknown as {asked: unknown}).asked = window.syncline.add(id);
                }, id);
                ledger.note(id);
            }
            await a.waitForFunction(() => (window as unknown as {kept: number}).kept >= 2);
            if (wanted % 2 === 0) return;
            await browser.killProcessOf(a);
            processes++;
            await leads(b);
            await b.evaluate(() => (window as unknown as {asked: unknown}).asked);
            assert.deepEqual([await count(b, 'a'), await count(b, 'b')], [ledger.of('a'), ledger.of('b')]);
        },
    ];
    let when = 'at first';
    /** Somebody else writes, too. */
    let byOther = 0;
    for (let kill = 0; kill < kills; kill++) {
        const way = ways[kill % ways.length] as (typeof ways)[number];
        // At another point each time.
        await way(1 + ((kill * 37) % 75), when);
        await browser.kill();
        when = `after kill ${kill} (${way.name})`;
        if (kill % 10 === 0) {
            await tool('add', 'tasks/n', 'n', '1');
            await tool('sync', url);
            byOther++;
        }
    }

    const {a, b} = await tabs(when);
    assert.equal(replicas.size, 1, `the store was one replica: ${[...replicas].join(', ')}`);
    await converged([a, b], tool, url);
    await ledger.compare(a, 'at the end');
    assert.equal(await tool('get', 'tasks/n', 'n'), String(byOther));
    assert.equal(await count(a, 'n'), byOther);
    const {versionVector} = await a.evaluate(() => window.syncline.store.space('s').inspect());
    const known = Object.keys(versionVector);
    assert.equal(known.length, 2, `two replicas wrote, the browser and the native client: ${known.join(', ')}`);
    const file = join(temporaryDirectory(t), 'browser.db');
    writeFileSync(file, Uint8Array.from(await a.evaluate(async () => Array.from(await window.syncline.store.export()))));
    assert.equal(await run('syncline', '--store', file, '--space', 's', 'digest'), await digest(a), 'the file has what the page shows');
    t.diagnostic(`${kills} kills of the browser, ${processes} of its leader's process, ${ledger.adds} adds`);
});

/** Opens the store in a browser that is started for it, and has it write until it is killed. */
async function writesAndIsKilled(browser: TestBrowser, ledger: Ledger, name: string, worker: WorkerName, wanted: number, when: string): Promise<void> {
    await browser.start();
    const page = await browser.open({name, workerUrl: workerUrl(worker)});
    await ledger.compare(page, when);
    await ledger.written({a: page}, wanted);
    await browser.kill();
}

const killsOfIndexedDb = scaled(4);

test(`a browser that is killed ${killsOfIndexedDb} times and has its store in IndexedDB has all that it confirmed`, {timeout: killsOfIndexedDb * 20_000 + 60_000}, async (t) => {
    const browser = new TestBrowser(site.origin);
    t.after(() => browser.close());
    const ledger = new Ledger();
    for (let kill = 0; kill < killsOfIndexedDb; kill++) {
        await writesAndIsKilled(browser, ledger, 'killed', 'worker-without-files', 1 + ((kill * 37) % 75), `before kill ${kill}`);
    }
    await browser.start();
    await ledger.compare(await browser.open({name: 'killed', workerUrl: workerUrl('worker-without-files')}), 'at the end');
    t.diagnostic(`${killsOfIndexedDb} kills, ${ledger.adds} adds`);
});

const lies: readonly (readonly [lying: WorkerName, honest: WorkerName])[] = [
    ['worker-with-a-lying-disk', 'worker'],
    ['worker-without-files-that-lies', 'worker-without-files'],
];
for (const [lying, honest] of lies) {
    test(`the loss is noticed if what was confirmed is not stored: ${lying}`, {timeout: 120_000}, async (t) => {
        const browser = new TestBrowser(site.origin);
        t.after(() => browser.close());
        const ledger = new Ledger();
        await writesAndIsKilled(browser, ledger, 'lying', honest, 1, 'at first');
        await writesAndIsKilled(browser, ledger, 'lying', lying, 20, 'after an honest start');
        const again = writesAndIsKilled(browser, ledger, 'lying', honest, 1, 'after lies');
        await assert.rejects(again, /^AssertionError.*after lies: \d+ adds to a are there, \d+ were confirmed/);
    });
}

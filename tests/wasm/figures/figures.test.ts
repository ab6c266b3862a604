// What a page waits for, in Chromium. Not a check: `tests/wasm/run.mjs figures` prints the figures.
// Environment: SYNCLINE_DOCUMENTS  how many documents (10000,100000)
import {test} from 'node:test';
import {startBrowser} from '../browser/chromium.js';
import {serveSite} from '../browser/site.js';
import {startRelay} from '../engine/support.js';

const sizes = (process.env['SYNCLINE_DOCUMENTS'] ?? '10000,100000').split(',').map(Number);

for (const documents of sizes) {
    test(`${documents} documents`, async (t) => {
        const {url} = await startRelay(t);
        const site = await serveSite();
        t.after(() => site.close());
        const browser = await startBrowser(t, site.origin);
        const options = {name: 'figures', url};
        const first = await browser.open(options);
        await first.evaluate(async (documents) => {
            const space = window.syncline.store.space('s');
            for (let at = 0; at < documents; at += 1000) {
                await space.transact((tx) => {
                    for (let n = at; n < Math.min(documents, at + 1000); n++) {
                        const task = tx.document('tasks', `task-${String(n).padStart(6, '0')}`);
                        task.set('title', `Task number ${n}`);
                        task.set('note', 'Something that somebody wrote about it, as long as such notes are.');
                        task.counter('votes').add(n % 7);
                    }
                });
            }
        }, documents);
        await first.evaluate(() => window.syncline.store.space('s').inSync(600_000));
        await first.close();
        const page = await browser.tab();
        const emptyMb = await browser.memoryOf(page);
        const figures = await page.evaluate(async (options) => {
            const began = performance.now();
            const store = await window.syncline.open(options);
            const space = store.space('s');
            const opened = performance.now();
            await space.document('tasks', 'task-000007').load();
            const firstRead = performance.now();
            const tasks = space.collection('tasks');
            let longest = 0;
            let last = performance.now();
            const ticking = setInterval(() => {
                longest = Math.max(longest, performance.now() - last);
                last = performance.now();
            });
            await tasks.load();
            clearInterval(ticking);
            const loaded = performance.now();
            tasks.entries();
            const listed = performance.now();
            const commits: number[] = [];
            const shown: number[] = [];
            for (let n = 0; n < 300; n++) {
                const asked = performance.now();
                const stop = tasks.observe(() => shown.push(performance.now() - asked));
                await space.transact((tx) => tx.document('tasks', `task-${String(n * 11).padStart(6, '0')}`).counter('votes').add(1));
                commits.push(performance.now() - asked);
                tasks.entries();
                stop();
            }
            const middle = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1] ?? 0;
            const round = (value: number): number => Math.round(value * 100) / 100;
            return {
                openMs: round(opened - began),
                firstReadMs: round(firstRead - began),
                collectionLoadedMs: round(loaded - began),
                longestPageBlockMs: round(longest),
                firstListMs: round(listed - loaded),
                commitP50Ms: round(middle(commits)),
                shownP50Ms: round(middle(shown)),
            };
        }, {name: 'figures'});
        const memoryMb = Math.round((await browser.memoryOf(page)) - emptyMb);
        t.diagnostic(JSON.stringify({documents, ...figures, memoryMb}));
    });
}

// The browser's processes are killed while it writes, over and over: nothing that was confirmed is lost.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {scaled} from '../engine/support.js';
import {count, TestBrowser} from './chromium.js';
import {serveSite} from './site.js';

const kills = scaled(20);

test(`a browser that is killed ${kills} times has all that it confirmed`, {timeout: kills * 20_000}, async (t) => {
    const site = await serveSite();
    t.after(() => site.close());
    const browser = new TestBrowser(site.origin);
    t.after(() => browser.close());
    let before = 0;
    for (let kill = 0; kill < kills; kill++) {
        await browser.start();
        const page = await browser.tab();
        let confirmed = 0;
        let enough: () => void = () => undefined;
        // At some point in the midst of writing, another one each time.
        const wanted = 1 + ((kill * 37) % 150);
        const written = new Promise<void>((resolve) => {
            enough = resolve;
        });
        await page.exposeFunction('confirmed', (now: number) => {
            confirmed = now;
            if (now >= wanted) enough();
        });
        await page.evaluate(() => window.syncline.start({name: 'killed'}));
        const there = await count(page, 't');
        // The one that was on its way may be there or not.
        assert.ok(there === before || there === before + 1, `after kill ${kill}: ${there}, confirmed were ${before}`);
        await page.evaluate(() => window.syncline.load('t', 1));
        await written;
        await browser.kill();
        before = there + confirmed;
    }
    await browser.start();
    const page = await browser.open({name: 'killed'});
    const there = await count(page, 't');
    assert.ok(there === before || there === before + 1, `at the end: ${there}, confirmed were ${before}`);
    t.diagnostic(`${kills} kills, ${there} adds`);
});

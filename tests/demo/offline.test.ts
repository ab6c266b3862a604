// The app without a network, and a new version of it.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {join} from 'node:path';
import type {Browser} from 'playwright-core';
import {launch, Person} from './support/person';
import {buildNextApp, Folder, putApp, Relay} from './support/place';

const folder = new Folder();
const relay = new Relay(folder.path);
let browser: Browser;

before(async () => {
    putApp(join(folder.path, 'app'));
    await relay.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await relay.kill();
    folder.remove();
});

/** The service worker has all files and answers for this page. */
async function installed({page}: Person): Promise<void> {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

test('a reload works while the relay is away, and what was done then is sent later', async () => {
    const ada = await Person.arrive(browser, 'Ada Lovelace', relay.url);
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.isInSync();
    await installed(ada);

    await relay.kill();
    await ada.page.reload();
    await ada.sees(['Tent']);
    await ada.adds('Canoe');
    await ada.reads('Reconnecting · 1 waiting');
    await ada.page.reload();
    await ada.sees(['Tent', 'Canoe']);
    await ada.opens('Canoe'); // the editor is loaded only now

    await relay.start();
    await ada.isInSync();
    const noor = await Person.arrive(browser, 'Noor', link);
    await noor.sees(['Tent', 'Canoe']);
    assert.deepEqual(ada.complaints, []);
    await ada.leaves();
    await noor.leaves();
});

test('a new version waits until it is asked for, and then all of it is new', async () => {
    const ada = await Person.arrive(browser, 'Ada Lovelace', relay.url);
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await installed(ada);
    const version = (): Promise<string> => ada.page.evaluate(async () => (await caches.keys()).join());
    const before = await version();

    await relay.kill();
    await buildNextApp(join(folder.path, 'app'));
    await relay.start(); // it reads its files once
    await ada.page.evaluate(() => dispatchEvent(new Event('focus')));
    await ada.page.getByText('A new version is ready.').waitFor();
    await ada.sees(['Tent']);
    await ada.page.getByRole('button', {name: 'Reload'}).click();
    await ada.page.getByText('A new version is ready.').waitFor({state: 'detached'});
    await ada.sees(['Tent']);
    const now = await version();
    assert.notEqual(now, before);
    assert.ok(!now.includes(','), `one version is kept: ${now}`);
    await ada.leaves();
});

test('erasing leaves nothing in this browser, and the link brings the board back', async () => {
    const ada = await Person.arrive(browser, 'Ada Lovelace', relay.url);
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.isInSync();
    const other = await ada.context.newPage();
    await other.goto(relay.url);
    await other.locator('.board-link', {hasText: 'Weekend by the lake'}).waitFor();

    await ada.page.getByLabel('All boards').click();
    await ada.page.getByRole('button', {name: 'Erase all boards'}).click();
    await ada.page.getByRole('button', {name: 'Erase', exact: true}).click();
    for (const page of [ada.page, other]) await page.locator('.board-link').waitFor({state: 'detached'});

    await ada.page.goto(link);
    await ada.sees(['Tent']);
    assert.deepEqual(ada.complaints, []);
    await ada.leaves();
});

test('the switch for offline outlives a reload', async () => {
    const ada = await Person.arrive(browser, 'Ada Lovelace', relay.url);
    await ada.makesBoard('Weekend by the lake');
    await ada.switchesTo('offline');
    await ada.adds('Tent');
    await ada.page.reload();
    await ada.sees(['Tent']);
    await ada.reads('Offline');
    await ada.switchesTo('online');
    await ada.leaves();
});

// The app without a network, and a new version of it.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Person} from './support/person';
import {buildNextApp} from './support/place';
import {setStage} from './support/stage';

const stage = setStage();

/** The service worker has all files and answers for this page. */
async function installed({page}: Person): Promise<void> {
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

test('a reload works while the relay is away, and what was done then is sent later', async () => {
    const ada = await stage.enter('Ada Lovelace');
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.isInSync();
    await installed(ada);

    await stage.relay.kill();
    await ada.page.reload();
    await ada.sees(['Tent']);
    await ada.adds('Canoe');
    await ada.reads('Reconnecting · 1 waiting');
    await ada.page.reload();
    await ada.sees(['Tent', 'Canoe']);
    await ada.opens('Canoe'); // the editor is loaded only now

    await stage.relay.start();
    await ada.isInSync();
    const noor = await stage.enter('Noor', link);
    await noor.sees(['Tent', 'Canoe']);
    assert.deepEqual(ada.complaints, []);
    await ada.leaves();
    await noor.leaves();
});

test('a new version waits until it is asked for, and then all of it is new', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await installed(ada);
    const version = (): Promise<string> => ada.page.evaluate(async () => (await caches.keys()).join());
    const before = await version();

    await stage.relay.kill();
    await buildNextApp(stage.app);
    await stage.relay.start(); // it reads its files once
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
    const ada = await stage.enter('Ada Lovelace');
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.isInSync();
    const other = await ada.context.newPage();
    await other.goto(stage.relay.url);
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

test('erasing that fails is said, and the boards are still there', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {serviceWorkers: 'block'});
    // The worker of this page cannot delete files, as where another program has them open. (It cannot connect either, since the
    // browser does not know where its script is from.)
    await ada.page.route(/worker.*\.js$/, async (route) => {
        const response = await route.fetch();
        const refuse = "FileSystemDirectoryHandle.prototype.removeEntry = () => Promise.reject(new DOMException('in use', 'NoModificationAllowedError'));";
        await route.fulfill({response, body: refuse + (await response.text())});
    });
    await ada.page.reload();
    await ada.makesBoard('Weekend by the lake');
    const link = ada.page.url();
    await ada.adds('Tent');
    await ada.page.getByLabel('All boards').click();
    await ada.page.getByRole('button', {name: 'Erase all boards'}).click();
    await ada.page.getByRole('button', {name: 'Erase', exact: true}).click();
    await ada.page.locator('[role=status]', {hasText: 'The boards could not be erased'}).waitFor();
    await ada.page.unroute(/worker.*\.js$/);

    await ada.page.reload();
    await ada.page.locator('.board-link', {hasText: 'Weekend by the lake'}).waitFor();
    await ada.page.goto(link);
    await ada.sees(['Tent']);
    await ada.leaves();
});

test('the switch for offline outlives a reload', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    await ada.switchesTo('offline');
    await ada.adds('Tent');
    await ada.page.reload();
    await ada.sees(['Tent']);
    await ada.reads('Offline');
    await ada.switchesTo('online');
    await ada.leaves();
});

// axe-core in each state of the app, in both themes, on a desk and on a phone.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {join} from 'node:path';
import type {Browser, BrowserContextOptions} from 'playwright-core';
import {accessibilityViolations} from '../wasm/support/axe';
import {launch, Person} from './support/person';
import {buildApp, Folder, Relay} from './support/place';

const folder = new Folder();
const relay = new Relay(folder.path);
let browser: Browser;

before(async () => {
    await buildApp(join(folder.path, 'app'));
    await relay.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await relay.kill();
    folder.remove();
});

const phone = {viewport: {width: 390, height: 780}, hasTouch: true, isMobile: true} as const;
const looks: readonly (readonly [string, BrowserContextOptions])[] = [
    ['light, on a desk', {colorScheme: 'light'}],
    ['dark, on a desk', {colorScheme: 'dark'}],
    ['light, on a phone', {colorScheme: 'light', ...phone}],
    ['dark, on a phone', {colorScheme: 'dark', ...phone}],
];

for (const [look, options] of looks) {
    test(`axe finds nothing: ${look}`, async () => {
        const found: string[] = [];
        const check = async (state: string, person: Person): Promise<void> => {
            for (const violation of await accessibilityViolations(person.page)) found.push(`${state}: ${violation}`);
        };
        const ada = await Person.arrive(browser, 'Ada Lovelace', relay.url, options);
        await check('no board yet', ada);
        const link = await ada.makesBoard('Weekend by the lake');
        await check('an empty board', ada);
        await ada.adds('Tent', 'Canoe', 'Pancakes');
        await check('a board', ada);

        const noor = await Person.arrive(browser, 'Noor', link);
        await noor.opens('Tent');
        await ada.switchesTo('offline');
        await noor.retitles('Tent for three');
        await noor.isInSync();
        await ada.opens('Tent');
        await ada.retitles('Tent for four');
        await ada.page.getByLabel('New tag').fill('gear');
        await ada.page.getByLabel('New tag').press('Enter');
        await ada.reads('Offline · 2 waiting');
        await check('offline, an item', ada);
        await ada.switchesTo('online');
        await ada.page.getByRole('heading', {name: 'Two titles at once'}).waitFor();
        await ada.page.locator('.panel .cm-content').click();
        await ada.page.keyboard.type('Miro has one');
        await noor.page.locator('.cm-syncline-caret').waitFor();
        await ada.page.getByRole('button', {name: 'History'}).click();
        await ada.page.locator('.history-entry').first().waitFor();
        await check('a conflict, notes and history', ada);
        await ada.closes();
        await ada.page.getByLabel('Search titles, notes and tags').fill('miro');
        await ada.page.locator('mark').first().waitFor();
        await check('a search', ada);
        await ada.page.getByLabel('Search titles, notes and tags').press('Escape');
        await ada.handle('Canoe').focus();
        await ada.page.keyboard.press('Space');
        await check('an item that is lifted', ada);
        await ada.page.keyboard.press('Escape');
        await ada.page.getByLabel('All boards').click();
        await ada.page.getByRole('button', {name: 'Erase all boards'}).click();
        await check('all boards, and a question', ada);

        await noor.leaves();
        await ada.leaves();
        assert.deepEqual(found, []);
    });
}

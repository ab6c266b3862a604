// axe-core in each state of the app, in both themes, on a desk and on a phone. With SYNCLINE_SCREENSHOTS=FOLDER each
// state is also kept as a picture, to be looked at; those of docs/demo.md are among them.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {join} from 'node:path';
import type {BrowserContextOptions} from 'playwright-core';
import {accessibilityViolations} from '../wasm/support/axe';
import type {Person} from './support/person';
import {setStage} from './support/stage';

const stage = setStage();

const desk = {viewport: {width: 1120, height: 780}} as const;
const phone = {viewport: {width: 390, height: 780}, deviceScaleFactor: 1.5, hasTouch: true, isMobile: true} as const;
const looks: readonly (readonly [string, BrowserContextOptions])[] = [
    ['light-desk', {colorScheme: 'light', ...desk}],
    ['dark-desk', {colorScheme: 'dark', ...desk}],
    ['light-phone', {colorScheme: 'light', ...phone}],
    ['dark-phone', {colorScheme: 'dark', ...phone}],
];

const titles = ['Tent for four', 'Book the cabin', 'Fire wood, and something dry to start with when it rains', 'Who drives?', 'Pancakes on Sunday', 'Swim to the island'];

/** Miro fills the board from a terminal. */
function fill(link: string): void {
    const store = `${link.slice(-12)}.db`;
    const does = (...command: readonly string[]): void => {
        stage.program('syncline-board', '--store', store, '--board', link, '--name', 'Miro Kask', ...command);
    };
    for (const title of titles) does('add', title);
    for (const [item, tag] of [['1', 'gear'], ['1', 'saturday'], ['2', 'booking'], ['3', 'gear'], ['4', 'travel'], ['5', 'food']] as const) {
        does('tag', item, tag);
    }
    for (const [item, votes] of [['1', '5'], ['2', '3'], ['3', '2'], ['4', '7'], ['5', '11'], ['6', '1']] as const) {
        does('vote', item, votes);
    }
    does('done', '2');
    does('note', '4', 'Two cars: Ada has 4 seats, Noor 3.');
    does('note', '5', 'Flour, eggs, milk, blueberries');
}

for (const [look, options] of looks) {
    test(`axe finds nothing: ${look}`, async () => {
        const found: string[] = [];
        const check = async (state: string, {page}: Person): Promise<void> => {
            const pictures = process.env['SYNCLINE_SCREENSHOTS'];
            if (pictures !== undefined) await page.screenshot({path: join(pictures, `${state}-${look}.png`)});
            for (const violation of await accessibilityViolations(page)) found.push(`${state}: ${violation}`);
        };
        const ada = await stage.enter('Ada Lovelace', stage.relay.url, options);
        await check('first', ada);
        const link = await ada.makesBoard('Weekend by the lake');
        await ada.page.getByText('Nothing here yet').waitFor();
        await check('empty', ada);

        fill(link);
        const noor = await stage.enter('Noor', link, desk);
        await noor.sees(titles);
        await noor.opens('Who drives?');
        await ada.sees(titles);
        await ada.page.locator('.item .avatar').waitFor();
        await check('board', ada);
        await ada.page.getByRole('button', {name: /^Who is here/}).click();
        await check('people', ada);
        await ada.page.getByRole('button', {name: 'Close', exact: true}).click();

        await ada.switchesTo('offline');
        await ada.item('Pancakes on Sunday').getByRole('button', {name: /Vote for/}).click();
        await ada.adds('Bring a guitar');
        await ada.reads('Offline · 2 waiting');
        await ada.page.evaluate(() => scrollTo(0, 0)); // what is scrolled half below the head is no target
        await check('offline', ada);

        await noor.retitles('Who drives on Friday?');
        await noor.isInSync();
        await ada.opens('Who drives?');
        await ada.retitles('Who drives, and when?');
        await check('item', ada);
        await ada.switchesTo('online');
        await ada.page.getByRole('heading', {name: 'Two titles at once'}).waitFor();
        await noor.page.locator('.panel .cm-content').click();
        await noor.page.keyboard.press('Control+End');
        await noor.page.keyboard.type('\nLeaving at eight');
        await ada.page.locator('.panel .cm-content').click();
        await ada.page.keyboard.press('Control+Home');
        await ada.page.keyboard.type('Ada drives. ');
        await ada.page.locator('.cm-syncline-caret').waitFor();
        await ada.isInSync();
        await check('conflict', ada);
        await ada.page.getByRole('button', {name: 'History'}).click();
        await ada.page.locator('.history-entry').nth(2).scrollIntoViewIfNeeded();
        await check('history', ada);

        await ada.closes();
        await ada.page.getByLabel('Search titles, notes and tags').fill('ear');
        await ada.page.locator('mark').first().waitFor();
        await check('search', ada);
        await ada.page.getByLabel('Search titles, notes and tags').fill('zzz');
        await ada.page.getByRole('button', {name: 'Show all'}).waitFor();
        await check('none', ada);
        await ada.page.getByLabel('Search titles, notes and tags').press('Escape');
        await ada.handle('Pancakes on Sunday').focus();
        await ada.page.keyboard.press('Space');
        await ada.page.keyboard.press('ArrowUp');
        await check('lifted', ada);
        await ada.page.keyboard.press('Escape');

        await ada.page.getByLabel('All boards').click();
        await ada.page.locator('.board-link').waitFor();
        await check('boards', ada);
        await ada.page.getByRole('button', {name: 'Look inside'}).click();
        await ada.page.locator('syncline-inspector').waitFor();
        await check('inside', ada);
        await ada.page.getByRole('button', {name: 'Erase all boards'}).click();
        await check('question', ada);

        await noor.leaves();
        await ada.leaves();
        assert.deepEqual(found, []);
    });
}

// Friends at two browsers and one at a terminal, over a real relay.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {join} from 'node:path';
import type {Person} from './support/person';
import {until} from './support/place';
import {setStage} from './support/stage';

const stage = setStage();

/** Ada with a new board, and Noor who joined it. */
async function together(...items: readonly string[]): Promise<{ada: Person; noor: Person; link: string}> {
    const ada = await stage.enter('Ada Lovelace');
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds(...items);
    const noor = await stage.enter('Noor', link);
    await noor.sees(items);
    return {ada, noor, link};
}
async function part(...people: readonly Person[]): Promise<void> {
    for (const person of people) {
        assert.deepEqual(person.complaints, []);
        await person.leaves();
    }
}

test('two browsers and the desktop program edit one board and end with the same', async () => {
    const {ada, noor, link} = await together('Tent', 'Pancakes');
    const desktop = (...command: readonly string[]): string =>
        stage.program('syncline-board', '--store', 'miro.db', '--board', link, '--name', 'Miro', ...command);

    desktop('add', 'Canoe');
    desktop('vote', '2', '3');
    await ada.sees(['Tent', 'Pancakes', 'Canoe']);
    await noor.item('Canoe').getByRole('button', {name: /Vote for/}).click();
    await ada.item('Tent').getByLabel('Tent: done').click();
    await ada.item('Canoe').getByRole('button', {name: 'Vote for Canoe, 1 so far'}).waitFor();
    await noor.item('Pancakes').getByRole('button', {name: 'Vote for Pancakes, 3 so far'}).waitFor();
    await ada.isInSync();
    await noor.isInSync();

    await until('the desktop program sees what the browsers did', () => {
        const shown = desktop('list');
        return shown.includes('[x] Tent') && /Canoe +1 vote/.test(shown);
    });
    assert.match(desktop('list'), /^Weekend by the lake\n\n 1\. \[x\] Tent +0 votes\n 2\. \[ \] Pancakes +3 votes\n 3\. \[ \] Canoe +1 vote\n$/);

    // The browser's file opens on the desktop, and has the digest of the desktop's own.
    await ada.page.getByLabel('All boards').click();
    const download = ada.page.waitForEvent('download');
    await ada.page.getByRole('button', {name: 'Save a copy'}).click();
    await (await download).saveAs(join(stage.folder, 'browser.db'));
    const space = link.slice(link.lastIndexOf('/') + 1);
    const digest = (store: string): string => stage.program('syncline', '--store', store, '--space', space, 'digest');
    assert.equal(digest('browser.db'), digest('miro.db'));
    await part(ada, noor);
});

test('what two do offline comes together, and a title that lost is one click away', async () => {
    const {ada, noor} = await together('Tent', 'Canoe');
    await ada.switchesTo('offline');
    await noor.switchesTo('offline');
    await ada.opens('Tent');
    await ada.retitles('Tent for four');
    await noor.opens('Tent');
    await noor.retitles('Tent for three');
    await noor.adds('Guitar');
    await noor.reads('Offline · 2 waiting');
    await ada.switchesTo('online');
    await noor.switchesTo('online');

    await ada.sees(['Tent for three', 'Canoe', 'Guitar']);
    await ada.item('Tent for three').getByText('2 titles').waitFor();
    await noor.page.getByRole('heading', {name: 'Two titles at once'}).waitFor();
    await ada.page.getByRole('button', {name: 'Use this: Tent for four'}).click();
    await noor.sees(['Tent for four', 'Canoe', 'Guitar']);
    await noor.page.getByRole('heading', {name: 'Two titles at once'}).waitFor({state: 'detached'});
    await part(ada, noor);
});

test('an item is moved by keyboard and by pointer, and put back by Escape', async () => {
    const {ada, noor} = await together('a', 'b', 'c', 'd');
    const says = (text: string): Promise<void> => ada.page.locator('[role=status]', {hasText: text}).waitFor();
    await ada.handle('a').focus();
    await ada.page.keyboard.press('Space');
    await says('Lifted a, place 1 of 4');
    await ada.page.keyboard.press('ArrowDown');
    await ada.page.keyboard.press('ArrowDown');
    await says('a: place 3 of 4');
    await ada.sees(['b', 'c', 'a', 'd']);
    await noor.sees(['a', 'b', 'c', 'd']);
    await ada.page.keyboard.press('Escape');
    await ada.sees(['a', 'b', 'c', 'd']);

    await ada.page.keyboard.press('Space');
    await ada.page.keyboard.press('End');
    await ada.page.keyboard.press('Space');
    await noor.sees(['b', 'c', 'd', 'a']);
    assert.ok(await ada.handle('a').evaluate((handle) => handle === document.activeElement), 'the handle kept the focus');

    const from = await ada.handle('a').boundingBox();
    const to = await ada.handle('b').boundingBox();
    assert.ok(from !== null && to !== null);
    await ada.page.mouse.move(from.x + 10, from.y + 10);
    await ada.page.mouse.down();
    await ada.page.mouse.move(to.x + 10, to.y - 5, {steps: 5});
    await ada.page.mouse.up();
    await noor.sees(['a', 'b', 'c', 'd']);
    await part(ada, noor);
});

test('a board is made, filled, opened and left by keyboard alone', async () => {
    const ada = await stage.enter('Ada Lovelace');
    const {page} = ada;
    /** Tab, until this has the focus. */
    const tabTo = async (what: ReturnType<typeof page.getByLabel>): Promise<void> => {
        for (let tabs = 0; tabs < 40; tabs++) {
            if ((await what.count()) === 1 && (await what.evaluate((element) => element === document.activeElement))) return;
            await page.keyboard.press('Tab');
        }
        assert.fail('it cannot be reached by Tab');
    };
    await tabTo(page.getByLabel('New board'));
    await page.keyboard.type('Weekend by the lake');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name of this board').waitFor();
    await tabTo(page.getByLabel('New item'));
    for (const title of ['Tent', 'Canoe']) {
        await page.keyboard.type(title);
        await page.keyboard.press('Enter');
        await ada.item(title).waitFor();
    }
    await page.keyboard.press('Shift+Tab');
    assert.ok(await page.getByRole('button', {name: 'Vote for Canoe, 0 so far'}).evaluate((button) => button === document.activeElement));
    await page.keyboard.press('Enter');
    await page.locator('[role=status]', {hasText: /^Canoe: 1 vote$/}).waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('region', {name: 'Item: Canoe'}).waitFor();
    await tabTo(page.getByRole('checkbox', {name: 'Done', exact: true}));
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await page.getByRole('region', {name: 'Item: Canoe'}).waitFor({state: 'detached'});
    const opener = ada.item('Canoe').locator('.item-link');
    assert.ok(await opener.evaluate((link) => link === document.activeElement), 'the focus is where it was opened');
    assert.ok(await page.getByRole('checkbox', {name: 'Canoe: done'}).isChecked());
    await part(ada);
});

test('a second tab shows the same, undoes for itself, and goes on when the first is closed', async () => {
    const {ada, noor, link} = await together('Tent');
    const second = await ada.context.newPage();
    await second.goto(link);
    await second.getByRole('button', {name: 'Vote for Tent, 0 so far'}).click();
    await noor.item('Tent').getByRole('button', {name: 'Vote for Tent, 1 so far'}).waitFor();
    await ada.item('Tent').getByRole('button', {name: 'Vote for Tent, 1 so far'}).waitFor();
    await second.getByRole('button', {name: 'Undo', exact: true}).click();
    await noor.item('Tent').getByRole('button', {name: 'Vote for Tent, 0 so far'}).waitFor();
    await ada.page.close();
    await second.getByRole('button', {name: 'Vote for Tent, 0 so far'}).click();
    await noor.item('Tent').getByRole('button', {name: 'Vote for Tent, 1 so far'}).waitFor();
    await part(ada, noor);
});

test('each undoes and redoes what they did themselves', async () => {
    const {ada, noor} = await together('Tent');
    await noor.adds('Canoe');
    await ada.sees(['Tent', 'Canoe']);
    await ada.item('Canoe').getByRole('button', {name: /Vote for/}).click();
    await ada.opens('Tent');
    await ada.page.getByRole('button', {name: 'Remove', exact: true}).click();
    await noor.sees(['Canoe']);

    await ada.page.getByRole('button', {name: 'Undo', exact: true}).click();
    await noor.sees(['Tent', 'Canoe']);
    await ada.page.keyboard.press('Control+z');
    await noor.item('Canoe').getByRole('button', {name: 'Vote for Canoe, 0 so far'}).waitFor();
    await ada.page.keyboard.press('Control+Shift+z');
    await noor.item('Canoe').getByRole('button', {name: 'Vote for Canoe, 1 so far'}).waitFor();
    await part(ada, noor);
});

test('two write notes at once, and each sees where the other is', async () => {
    const {ada, noor} = await together('Tent');
    await ada.opens('Tent');
    await noor.opens('Tent');
    const editor = (person: Person): ReturnType<typeof person.page.locator> => person.page.locator('.panel .cm-content');
    await editor(ada).click();
    await ada.page.keyboard.type('Miro has one. ');
    await editor(noor).getByText('Miro has one.').waitFor();
    await editor(noor).click();
    await noor.page.keyboard.press('Control+End');
    await ada.page.keyboard.press('Control+Home');
    await Promise.all([ada.page.keyboard.type('Ask him. '), noor.page.keyboard.type('It leaks.')]);
    await ada.page.locator('.cm-syncline-caret-name', {hasText: 'Noor'}).waitFor();
    await noor.page.locator('.cm-syncline-caret-name', {hasText: 'Ada Lovelace'}).waitFor();
    const written = (person: Person): Promise<string> => editor(person).locator('.cm-line').evaluate((line) => {
        const text = line.cloneNode(true) as Element;
        text.querySelectorAll('.cm-syncline-caret').forEach((caret) => caret.remove());
        return text.textContent ?? '';
    });
    const agreed = 'Ask him. Miro has one. It leaks.';
    await until('both have the same notes', async () => (await written(ada)) === agreed && (await written(noor)) === agreed);
    await ada.page.getByText('Noor is here, too.').waitFor();
    await part(ada, noor);
});

test('the history tells who did what, and a search finds it', async () => {
    const {ada, noor} = await together('Tent', 'Canoe');
    await noor.item('Tent').getByRole('button', {name: /Vote for/}).click();
    await ada.item('Tent').getByRole('button', {name: 'Vote for Tent, 1 so far'}).waitFor();
    await ada.opens('Tent');
    await ada.page.getByLabel('New tag').fill('Gear');
    await ada.page.getByLabel('New tag').press('Enter');
    await ada.page.getByRole('button', {name: 'History'}).click();
    const told = (index: number): Promise<string> => ada.page.locator('.history-entry p').nth(index).innerText();
    await ada.page.locator('.history-entry').nth(2).waitFor();
    assert.match(await told(0), /^You tagged it “gear”/);
    assert.match(await told(1), /^Noor voted for it/);
    assert.match(await told(2), /^You called it “Tent”/);

    await noor.page.getByLabel('Search titles, notes and tags').fill('GEAR');
    await noor.sees(['Tent']);
    await noor.page.locator('mark', {hasText: 'gear'}).waitFor();
    await noor.page.getByLabel('Search titles, notes and tags').press('Escape');
    await noor.sees(['Tent', 'Canoe']);
    await part(ada, noor);
});

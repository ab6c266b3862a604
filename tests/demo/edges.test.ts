// Where things go wrong, or are larger or stranger than usual: nobody is left before an empty page.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Page} from 'playwright-core';
import {Folder, putApp, Relay} from './support/place';
import {setStage} from './support/stage';

const stage = setStage();

const phone = {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true} as const;

const hasFocus = (element: Element): boolean => element === document.activeElement;

/** What the worker's script is preceded by in this page. (The browser then does not know where it is from, so it cannot connect.) */
async function beforeWorker(page: Page, script: string): Promise<void> {
    await page.route(/worker.*\.js$/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({response, body: script + (await response.text())});
    });
    await page.reload();
}

test('an address that leads nowhere says so, and makes no board', async () => {
    const ada = await stage.enter('Ada Lovelace');
    const goTo = (hash: string): Promise<unknown> => ada.page.goto(stage.relay.url + hash);
    await goTo('#/b/half a link');
    await ada.page.getByRole('alert').getByText('That address leads to no board').waitFor();
    await goTo('#/b/nosuchboard');
    await ada.page.getByRole('heading', {name: 'No board at this address yet'}).waitFor();
    await ada.isInSync();
    await goTo('#/b/nosuchboard/%');
    await ada.page.getByText('This item is not on the board').waitFor();
    await ada.page.getByLabel('All boards').click();
    await ada.page.getByLabel('New board').waitFor();
    await ada.makesBoard('Weekend by the lake');
    await ada.page.getByLabel('All boards').click();
    await ada.page.locator('.board-link').first().waitFor();
    assert.deepEqual(await ada.page.locator('.board-link').allInnerTexts(), ['Weekend by the lake']);
    assert.deepEqual(ada.complaints, []);
    await ada.leaves();
});

test('a board that is on its way says so while there is no connection', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.switchesTo('offline');
    await ada.page.goto(`${stage.relay.url}#/b/friendsboard`);
    await ada.page.getByRole('heading', {name: 'This board is not on this device yet'}).waitFor();
    await ada.switchesTo('online');
    await ada.page.getByRole('heading', {name: 'No board at this address yet'}).waitFor();
    await ada.leaves();
});

test('a relay that refuses is told above the list, with what to do', async () => {
    const folder = new Folder();
    const key = join(folder.path, 'key');
    writeFileSync(key, 'a secret that is long enough to sign with', {mode: 0o600});
    putApp(join(folder.path, 'app'));
    const relay = new Relay(folder.path, ['--key', key]);
    await relay.start();
    const ada = await stage.enter('Ada Lovelace', relay.url);
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.reads('Not syncing');
    const notice = ada.page.getByRole('group', {name: 'Not syncing'});
    await notice.getByText('the relay asks for a sign-in').waitFor();
    await notice.getByRole('button', {name: 'Try again'}).waitFor();
    await ada.leaves();
    await relay.kill();
    folder.remove();
});

test('a browser that keeps nothing is told above each board', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {serviceWorkers: 'block'});
    const no = "() => { throw new DOMException('no', 'SecurityError'); }";
    await beforeWorker(ada.page, `Object.defineProperty(navigator.storage, 'getDirectory', {value: ${no}}); IDBFactory.prototype.open = ${no};`);
    await ada.page.getByText('This browser keeps nothing here').waitFor();
    await ada.makesBoard('Weekend by the lake');
    await ada.page.getByText('This browser keeps nothing here').waitFor();
    await ada.leaves();
});

test('notes can be read where their editor could not be fetched', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {serviceWorkers: 'block'});
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.page.route(/notes-editor.*\.js$/, (route) => route.abort());
    await ada.item('Tent').locator('.item-link').click();
    await ada.page.getByText('The editor for notes could not be fetched').waitFor();
    await ada.closes();
    await ada.sees(['Tent']);
    await ada.leaves();
});

test('nothing is wider than a phone, however long the words', async () => {
    const word = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte';
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, phone);
    await ada.makesBoard(word);
    await ada.adds(word + word);
    await ada.opens(word + word);
    for (const tag of [word, 'food', 'a tag of a good many words that goes on and on']) {
        await ada.page.getByLabel('New tag').fill(tag);
        await ada.page.getByLabel('New tag').press('Enter');
    }
    await ada.page.locator('.panel .cm-content').click();
    await ada.page.keyboard.type(word + word);
    // The first line of the notes is cut off in the list.
    const tooWide = (): Promise<readonly string[]> =>
        ada.page.evaluate(() =>
            [...document.querySelectorAll('main :not(.item-notes *)')]
                .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth)
                .map((element) => `${element.tagName} ${element.className} ${element.textContent}`),
        );
    assert.deepEqual(await tooWide(), [], 'the item');
    const title = ada.page.getByLabel('Title', {exact: true});
    assert.ok(await title.evaluate((field) => field.scrollHeight <= field.clientHeight), 'all of the title is shown');
    await ada.closes();
    await ada.item(word + word).waitFor();
    assert.deepEqual(await tooWide(), [], 'the list');
    await ada.leaves();
});

test('what is added is seen: among what was searched for, and below the rows on the screen', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {viewport: {width: 800, height: 600}});
    await ada.makesBoard('Weekend by the lake');
    const titles = Array.from({length: 12}, (_, at) => `Thing ${at}`);
    await ada.adds(...titles);
    await ada.page.getByLabel('Search titles, notes and tags').fill('nothing like it');
    await ada.page.getByText('No item has “nothing like it” in its title, notes or tags.').waitFor();
    await ada.adds('Canoe');
    await ada.sees([...titles, 'Canoe']);
    const inView = (): Promise<boolean> =>
        ada.item('Canoe').evaluate((row) => row.getBoundingClientRect().bottom <= (document.querySelector('.add')?.getBoundingClientRect().top ?? 0) + 16);
    assert.ok(await inView());
    await ada.page.evaluate(() => scrollTo(0, 0));
    assert.ok(!(await inView()), 'there are more rows than fit');

    // And taken back from where it was typed.
    await ada.page.getByLabel('New item').focus();
    await ada.page.keyboard.press('Control+z');
    await ada.sees(titles);
    await ada.leaves();
});

test('a search that fits nothing is left by a button, and a tag that nobody uses any more by its own', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.opens('Tent');
    await ada.page.getByLabel('New tag').fill('gear');
    await ada.page.getByLabel('New tag').press('Enter');
    await ada.page.getByRole('button', {name: 'gear', exact: true}).click();
    await ada.page.getByRole('button', {name: 'Take away the tag gear'}).click();
    await ada.page.getByText('There is no item tagged “gear”.').waitFor();
    await ada.page.getByRole('button', {name: 'gear', exact: true, pressed: true}).click();
    await ada.sees(['Tent']);
    await ada.page.getByLabel('Search titles, notes and tags').fill('zzz');
    await ada.page.getByRole('button', {name: 'Show all'}).click();
    await ada.sees(['Tent']);
    assert.ok(await ada.page.getByLabel('Search titles, notes and tags').evaluate(hasFocus));
    await ada.leaves();
});

test('the focus stays in the list when its row goes, and on Undo when there is no more to undo', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent', 'Canoe', 'Guitar');
    await ada.page.getByRole('button', {name: 'Open only'}).click();
    await ada.page.getByRole('checkbox', {name: 'Canoe: done'}).focus();
    await ada.page.keyboard.press('Space');
    await ada.sees(['Tent', 'Guitar']);
    assert.ok(await ada.page.getByRole('checkbox', {name: 'Guitar: done'}).evaluate(hasFocus));

    const undo = ada.page.getByRole('button', {name: 'Undo', exact: true});
    await undo.focus();
    for (let step = 0; step < 5; step++) await ada.page.keyboard.press('Enter');
    await ada.page.locator('[role=status]', {hasText: 'Nothing to undo'}).waitFor();
    assert.ok(await undo.evaluate(hasFocus));
    await ada.leaves();
});

test('the list does not take the focus from an item that somebody else removes', async () => {
    const ada = await stage.enter('Ada Lovelace');
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent', 'Canoe');
    const noor = await stage.enter('Noor', link);
    await noor.opens('Tent');
    await ada.opens('Tent');
    await ada.page.locator('.panel .cm-content').click();
    await noor.page.getByRole('button', {name: 'Remove', exact: true}).click();
    await ada.page.getByText('This item is not on the board').waitFor();
    await ada.sees(['Canoe']);
    assert.ok(await ada.page.evaluate(() => !document.querySelector('.items')?.contains(document.activeElement)));
    await noor.leaves();
    await ada.leaves();
});

test('what was removed comes back by the button that says so', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent', 'Canoe');
    await ada.opens('Tent');
    await ada.page.getByRole('button', {name: 'Remove', exact: true}).click();
    await ada.sees(['Canoe']);
    await ada.page.locator('.toast').getByRole('button', {name: 'Bring it back'}).click();
    await ada.sees(['Tent', 'Canoe']);
    // Once something else was done it would undo that.
    await ada.opens('Tent');
    await ada.page.getByRole('button', {name: 'Remove', exact: true}).click();
    await ada.page.locator('.toast').waitFor();
    await ada.adds('Guitar');
    await ada.page.locator('.toast').waitFor({state: 'detached'});
    await ada.leaves();
});

test('a row that is dragged to an edge of the page goes on from there, and Escape puts it back', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {viewport: {width: 800, height: 600}});
    await ada.makesBoard('Weekend by the lake');
    const titles = Array.from({length: 16}, (_, at) => `Thing ${at}`);
    await ada.adds(...titles);
    await ada.page.evaluate(() => scrollTo(0, 0));
    const handle = await ada.handle('Thing 0').boundingBox();
    assert.ok(handle !== null);
    const lift = async (): Promise<void> => {
        await ada.page.mouse.move(handle.x + 10, handle.y + 10);
        await ada.page.mouse.down();
        await ada.page.mouse.move(handle.x + 10, 560, {steps: 4});
    };
    const scrolledDown = (): Promise<unknown> =>
        ada.page.waitForFunction(() => scrollY > 0 && scrollY + innerHeight >= document.documentElement.scrollHeight - 1);
    await lift();
    await scrolledDown();
    await ada.page.keyboard.press('Escape');
    await ada.page.mouse.up();
    await ada.sees(titles);

    await ada.page.evaluate(() => scrollTo(0, 0));
    await lift();
    await scrolledDown();
    await ada.page.mouse.up();
    await ada.sees([...titles.slice(1), 'Thing 0']);
    await ada.leaves();
});

test('one finds out who is here, and is called as one likes', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, phone);
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    const noor = await stage.enter('Noor', link);
    await noor.opens('Tent');
    await ada.page.getByRole('button', {name: 'Who is here: Ada Lovelace (you), Noor'}).click();
    const dialog = ada.page.getByRole('dialog', {name: 'Who is here'});
    await dialog.getByLabel('Your name, as others see it').fill('Countess Lovelace');
    await dialog.getByLabel('Your name, as others see it').press('Enter');
    await noor.page.getByRole('button', {name: 'Who is here: Noor (you), Countess Lovelace'}).waitFor();
    await dialog.getByRole('link', {name: 'Tent'}).click();
    await ada.page.getByText('Noor is here, too.').waitFor();
    assert.deepEqual([...ada.complaints, ...noor.complaints], []);
    await noor.leaves();
    await ada.leaves();
});

test('going back from a board leads to the page before it, not to items that were closed', async () => {
    const ada = await stage.enter('Ada Lovelace');
    await ada.makesBoard('Weekend by the lake');
    assert.ok(await ada.page.getByLabel('New item').evaluate(hasFocus), 'a first item can be written at once');
    await ada.adds('Tent');
    for (let times = 0; times < 2; times++) {
        await ada.opens('Tent');
        await ada.closes();
        await ada.page.locator('.panel').waitFor({state: 'detached'});
    }
    await ada.page.goBack();
    await ada.page.getByLabel('New board').waitFor();
    assert.ok(await ada.page.getByRole('heading', {name: 'Boards'}).evaluate(hasFocus), 'and the focus is where it begins');
    await ada.leaves();
});

test('Tab leads past all rows to the field that adds one', async () => {
    const ada = await stage.enter('Ada Lovelace');
    const link = await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent');
    await ada.page.goto('about:blank');
    await ada.page.goto(link);
    await ada.sees(['Tent']);
    await ada.page.keyboard.press('Tab');
    assert.ok(await ada.page.getByRole('button', {name: 'Skip to adding an item'}).evaluate(hasFocus));
    await ada.page.keyboard.press('Enter');
    assert.ok(await ada.page.getByLabel('New item').evaluate(hasFocus));
    await ada.leaves();
});

test('what is ticked is told from what is not in colours of the person’s own', async () => {
    const ada = await stage.enter('Ada Lovelace', stage.relay.url, {forcedColors: 'active'});
    await ada.makesBoard('Weekend by the lake');
    await ada.adds('Tent', 'Canoe');
    await ada.page.getByLabel('Canoe: done').click();
    await ada.item('Canoe').locator('.tick-box .icon').waitFor({state: 'visible'});
    await ada.item('Tent').locator('.tick-box .icon').waitFor({state: 'hidden'});
    await ada.leaves();
});

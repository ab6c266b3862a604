import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import type {LiveText, TextContent, TextDelta} from '../../../wasm/js/api.js';
import {changed, contentDifference} from '../../../wasm/js/content.js';
import {apply, isIdle, transformPosition} from '../../../wasm/js/delta.js';
import {SynclineError} from '../../../wasm/js/errors.js';
import {FakeBrowser, until, type FakeTab} from './fake-browser.js';
import {Random} from './random.js';
import {someDelta, someText} from './some-deltas.js';

function browser(t: TestContext): FakeBrowser {
    const made = new FakeBrowser();
    t.after(() => made.close());
    return made;
}
const textOf = (made: FakeBrowser): string => made.engine.text('s', 'notes', 'n', ['body']) ?? '';
const liveText = (tab: FakeTab): Promise<LiveText> => tab.store.space('s').document('notes', 'n').text(['body']);

/** An editor: its own copy, changed by what it types and by what it is told. */
class Editor {
    shown: string;
    marked: TextContent;
    refused = 0;
    constructor(
        readonly tab: FakeTab,
        readonly text: LiveText,
    ) {
        this.shown = text.value;
        this.marked = text.content;
        text.observe((delta) => {
            this.shown = apply(this.shown, delta);
            this.marked = changed(this.marked, delta);
        });
    }
    type(delta: TextDelta): Promise<void> {
        this.shown = apply(this.shown, delta);
        this.marked = changed(this.marked, delta);
        return this.text.edit(delta);
    }
}

async function editors(made: FakeBrowser, count: number): Promise<Editor[]> {
    const all: Editor[] = [];
    for (let n = 0; n < count; n++) {
        const tab = await made.open();
        all.push(new Editor(tab, await liveText(tab)));
    }
    return all;
}

test('what is typed is in the text, and the other tab is told', async (t) => {
    const made = browser(t);
    const [a, b] = (await editors(made, 2)) as [Editor, Editor];
    await a.type([{insert: 'hello'}]);
    assert.equal(textOf(made), 'hello');
    await until(() => b.shown === 'hello', 'the other tab shows it');
    await b.type([{retain: 5}, {insert: ' 😀'}]);
    await until(() => a.shown === 'hello 😀', 'and the other way round');
    assert.equal(a.text.value, 'hello 😀');
    await assert.rejects(a.text.edit([{retain: 7}, {insert: 'x'}]), {code: 'invalid_argument'});
    assert.equal(a.text.value, 'hello 😀');
});

test('a transaction, or another device, changes the text beside what is typed', async (t) => {
    const made = browser(t);
    const [a] = (await editors(made, 1)) as [Editor];
    await a.type([{insert: 'one three'}]);
    const typing = a.type([{retain: 9}, {insert: '!'}]);
    made.engine.remote('s', '[{"op":"text_insert","doc":["notes","n"],"path":["body"],"index":4,"text":"two "}]');
    await typing;
    await until(() => a.shown === 'one two three!', 'both are there');
    await a.tab.store.space('s').transact((tx) => tx.document('notes', 'n').text('body').erase(0, 4));
    assert.equal(a.shown, 'two three!');
    assert.equal(textOf(made), 'two three!');
});

test('several tabs and others type and mark at once, and all come to the same marked text', async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
        const random = new Random(seed);
        const made = browser(t);
        const all = await editors(made, 2 + random.below(2));
        const typing: Promise<void>[] = [];
        for (let steps = 0; steps < 40; steps++) {
            const editor = random.pick(all);
            if (random.oneIn(5)) {
                const at = random.below([...textOf(made)].length + 1);
                const index = [...textOf(made)].slice(0, at).join('').length;
                const text = JSON.stringify(someText(random, 3));
                made.engine.remote('s', `[{"op":"text_insert","doc":["notes","n"],"path":["body"],"index":${index},"text":${text}}]`);
            } else {
                typing.push(editor.type(someDelta(random, editor.shown, 'marks')));
            }
            assert.equal(editor.shown, editor.text.value, `seed ${seed}`);
            assert.deepEqual(editor.marked, editor.text.content, `seed ${seed}`);
            if (random.oneIn(2)) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.all(typing);
        const marked = (): TextContent => made.engine.content('s', 'notes', 'n', ['body']);
        const same = (): boolean =>
            all.every(({shown, text}) => shown === textOf(made) && text.value === shown && isIdle(contentDifference(text.content, marked())));
        await until(same, `all show the same (seed ${seed})`);
        made.close();
    }
});

// The one whose edit came second found its letter behind what the other had typed at that place meanwhile, and its next
// letters with it: "AskI him.t leaks."
test('what one types in one place stays together while another types there', async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
        const random = new Random(seed);
        const made = browser(t);
        const all = await editors(made, 2);
        const lines = ['Ask him.', 'It leaks.'];
        const carets = [0, 0];
        all.forEach(({text}, who) =>
            text.observe((delta) => {
                carets[who] = transformPosition(carets[who] ?? 0, delta, 'left');
            }),
        );
        const typing: Promise<void>[] = [];
        const typed = [0, 0];
        while (typed.some((count, who) => count < (lines[who]?.length ?? 0))) {
            const who = random.below(2);
            const letter = lines[who]?.[typed[who] ?? 0];
            const caret = carets[who] ?? 0;
            if (letter !== undefined) {
                typing.push(all[who]?.type([{retain: caret}, {insert: letter}]) ?? Promise.resolve());
                carets[who] = caret + 1;
                typed[who] = (typed[who] ?? 0) + 1;
            }
            if (random.oneIn(3)) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.all(typing);
        await until(() => all.every(({shown}) => shown === textOf(made)), `all show the same (seed ${seed})`);
        assert.ok(['Ask him.It leaks.', 'It leaks.Ask him.'].includes(textOf(made)), `seed ${seed}: ${textOf(made)}`);
        made.close();
    }
});

test('leaders come and go while people type, and nothing is lost or there twice', async (t) => {
    for (let seed = 1; seed <= 30; seed++) {
        const random = new Random(seed);
        const made = browser(t);
        const all = await editors(made, 4);
        const staying = all.slice(3);
        const typing: Promise<void>[] = [];
        let typed = 0;
        for (let kills = 0; kills < 3; kills++) {
            for (let steps = random.below(12); steps > 0; steps--) {
                const [editor] = staying as [Editor];
                // Each letter is another one, so that one that is there twice, or not, is seen.
                const at = random.below(editor.shown.length + 1);
                typing.push(editor.type([{retain: at}, {insert: String.fromCharCode(0x4e00 + typed++)}]));
                if (random.oneIn(2)) await new Promise((resolve) => setImmediate(resolve));
            }
            const leader = made.leaders()[0];
            if (leader !== undefined && leader !== staying[0]?.tab) leader.kill();
        }
        await Promise.all(typing);
        const [editor] = staying as [Editor];
        await until(() => made.disk.openBy !== null && editor.shown === textOf(made), `they show the same (seed ${seed})`);
        assert.equal(editor.shown.length, typed, `seed ${seed}`);
        assert.equal(new Set(editor.shown).size, typed, `seed ${seed}`);
        made.close();
    }
});

test('an edit that is refused is taken back in the editor', async (t) => {
    const made = browser(t);
    const [a, b] = (await editors(made, 2)) as [Editor, Editor];
    await a.type([{insert: 'kept'}]);
    await until(() => b.shown === 'kept', 'it is there');
    made.engine.failWith = new SynclineError('storage_full', 'no room');
    const first = a.type([{retain: 4}, {insert: ' lost'}]);
    const second = a.type([{retain: 9}, {insert: ' too'}]);
    await assert.rejects(first, {code: 'storage_full'});
    await assert.rejects(second, {code: 'storage_full'});
    await until(() => a.shown === 'kept' && a.text.value === 'kept', 'it is taken back');
    await a.type([{insert: 'again '}]);
    await until(() => b.shown === 'again kept', 'it goes on');
    assert.equal(a.shown, 'again kept');
});

test('an anchor is taken where the engine has all that was typed', async (t) => {
    const made = browser(t);
    const [a] = (await editors(made, 1)) as [Editor];
    await a.type([{insert: 'abc'}]);
    const typing = a.type([{insert: 'xy'}]);
    const anchor = a.text.anchor(4);
    made.engine.remote('s', '[{"op":"text_insert","doc":["notes","n"],"path":["body"],"index":0,"text":"__"}]');
    await typing;
    assert.equal((JSON.parse(await anchor) as {position: number}).position, 6);
    assert.equal(await a.text.resolve(await anchor), 6);
    await assert.rejects(a.text.anchor(99), {code: 'out_of_range'});
});

test('a closed text has sent what was typed, and takes no more', async (t) => {
    const made = browser(t);
    const [a] = (await editors(made, 1)) as [Editor];
    const typing = a.type([{insert: 'last words'}]);
    a.text.close();
    await typing;
    assert.equal(textOf(made), 'last words');
    await assert.rejects(a.text.edit([{insert: 'x'}]), {code: 'closed'});
    await assert.rejects(a.text.anchor(0), {code: 'closed'});
});

const listEdit = (made: FakeBrowser, op: string): void => made.engine.remote('s', `[{${op},"doc":["notes","n"],"path":["parts"]}]`);
const part = async (tab: FakeTab, at: number): Promise<Editor> => new Editor(tab, await tab.store.space('s').document('notes', 'n').text(['parts', at]));

test('a text stays itself while its list is sorted, also when another opens the one that is there now', async (t) => {
    const made = browser(t);
    const [x, y] = [await made.open(), await made.open()];
    listEdit(made, '"op":"list_push","values":["first","second"]');
    const first = await part(x, 0);
    listEdit(made, '"op":"list_move","index":1,"to":0');
    const second = await part(y, 0);
    assert.deepEqual([first.shown, second.shown], ['first', 'second']);
    const type = (at: number): void =>
        made.engine.remote('s', `[{"op":"text_insert","doc":["notes","n"],"path":["parts",${at}],"index":0,"text":"the "}]`);
    type(1);
    await until(() => first.shown === 'the first', 'who has the one open hears of it');
    type(0);
    await until(() => second.shown === 'the second', 'and who has the other');
    // The one that is opened again is the same.
    const again = await part(y, 1);
    await again.type([{insert: 'now '}]);
    await until(() => first.shown === 'now the first', 'they follow one text');
    assert.equal(second.shown, 'the second');
});

test('a text can be opened where one was that is erased and still shown', async (t) => {
    const made = browser(t);
    const [x, y] = [await made.open(), await made.open()];
    listEdit(made, '"op":"list_push","values":["first","second"]');
    const first = await part(x, 0);
    listEdit(made, '"op":"list_erase","index":0');
    const second = await part(y, 0);
    assert.deepEqual([first.shown, second.shown], ['first', 'second']);
    await assert.rejects(first.type([{insert: 'x'}]), {code: 'not_found'});
    await second.type([{insert: 'the '}]);
    assert.equal(made.engine.text('s', 'notes', 'n', ['parts', 0]), 'the second');
});

test('a text whose element was erased has ended, and is never taken for the one that stands there now', async (t) => {
    const made = browser(t);
    const [a, b] = [await made.open(), await made.open()];
    listEdit(made, '"op":"list_push","values":["first","second","third"]');
    // Nobody holds the document: all that says which text it is are the elements it was opened at.
    const [first, second] = [await part(b, 0), await part(b, 1)];
    listEdit(made, '"op":"list_erase","index":0');
    await assert.rejects(first.type([{insert: 'x'}]), {code: 'not_found'});
    await assert.rejects(first.type([{insert: 'y'}]), {code: 'not_found'}, 'not even later');
    const third = await part(b, 1);
    listEdit(made, '"op":"list_erase","index":1');
    a.kill();
    await second.type([{insert: 'the '}]);
    assert.equal(b.store.role, 'leader');
    assert.equal(second.shown, 'the second');
    await assert.rejects(third.type([{insert: 'the '}]), {code: 'not_found'});
    assert.deepEqual(JSON.parse(made.engine.get('s', 'notes', 'n') ?? ''), {parts: ['the second']});
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {history, redo, undo} from '@codemirror/commands';
import {EditorState} from '@codemirror/state';
import type {Extension} from '@codemirror/state';
import {EditorView} from '@codemirror/view';
import type {Value} from '../../../wasm/js/api.js';
import {liveText, remoteCarets} from '../../../wasm/js/codemirror/index.js';
import {FakeLog} from '../support/fake-text.js';
import type {FakeText} from '../support/fake-text.js';
import {pairOfPresences} from '../support/fake-presence.js';
import {FakeSpace} from '../support/fake-space.js';
import {Random} from '../support/random.js';

function editor(live: FakeText, ...extensions: Extension[]): EditorView {
    return new EditorView({doc: live.value, extensions: [liveText(live), history({newGroupDelay: 0}), ...extensions]});
}

const type = (view: EditorView, from: number, insert: string, to = from): void =>
    view.dispatch({changes: {from, to, insert}, userEvent: 'input.type'});
const shown = (view: EditorView): string => view.state.sliceDoc();
/** All that waits only for promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is typed goes to the text, and what others do comes, once', () => {
    const log = new FakeLog();
    const [alice, bob] = [log.join(), log.join()];
    const [left, right] = [editor(alice), editor(bob)];
    type(left, 0, 'milk');
    log.settle();
    assert.equal(shown(right), 'milk');
    assert.deepEqual(bob.edits, [], 'nothing is echoed');
    type(right, 4, ' and bread');
    type(left, 0, '2 litres of ');
    log.settle();
    assert.deepEqual([shown(left), shown(right)], ['2 litres of milk and bread', '2 litres of milk and bread']);
});

test('several changes of one transaction, and several transactions at once, are sent in order', () => {
    const log = new FakeLog();
    const live = log.join();
    const view = editor(live);
    type(view, 0, 'one two three');
    const first = view.state.update({
        changes: [
            {from: 0, to: 3, insert: '1'},
            {from: 8, insert: 'or '},
        ],
    });
    const second = first.state.update({changes: {from: 0, insert: '> '}});
    view.dispatch([first, second]);
    assert.equal(shown(view), '> 1 two or three');
    assert.equal(live.value, shown(view));
});

test('a delta of several steps is shown as one change', () => {
    const live = new FakeLog().join();
    const view = editor(live);
    type(view, 0, 'one two three');
    live.listeners.tell([
        {delete: 3},
        {insert: '1'},
        {retain: 1},
        {delete: 4},
        {retain: 5, properties: {bold: true}},
        {insert: '!'},
    ]);
    assert.equal(shown(view), '1 three!');
});

test('lines keep their ends', () => {
    const log = new FakeLog();
    const [alice, bob] = [log.join(), log.join()];
    void alice.edit([{insert: 'a\r\nb\rc\nd'}]);
    const view = editor(alice);
    assert.equal(shown(view), alice.value);
    type(view, 8, '!');
    void bob.edit([{insert: 'x\r\n'}]);
    log.settle();
    assert.equal(shown(view), alice.value);
    assert.equal(alice.value, bob.value);
});

test('undo takes back what was typed here and nothing of the others', () => {
    const log = new FakeLog();
    const [alice, bob] = [log.join(), log.join()];
    const [left, right] = [editor(alice), editor(bob)];
    type(left, 0, 'bread');
    log.settle();
    type(right, 0, 'brown ');
    type(left, 5, ' rolls');
    log.settle();
    assert.ok(undo(left));
    assert.equal(shown(left), 'brown bread');
    assert.ok(undo(left));
    assert.equal(shown(left), 'brown ');
    assert.equal(undo(left), false);
    assert.ok(redo(left));
    log.settle();
    assert.deepEqual([shown(left), shown(right)], ['brown bread', 'brown bread']);
});

test('what others do comes into a read-only editor, too', () => {
    const log = new FakeLog();
    const [alice, bob] = [log.join(), log.join()];
    const view = editor(
        alice,
        EditorState.changeFilter.of(() => false),
    );
    void bob.edit([{insert: 'news'}]);
    log.settle();
    assert.equal(shown(view), 'news');
});

test('an edit that is refused is told, and the editor shows what there is', async () => {
    const told: unknown[] = [];
    const live = new FakeLog().join();
    const view = editor(
        live,
        EditorView.exceptionSink.of((error) => told.push(error)),
    );
    type(view, 0, 'kept');
    live.failure = new Error('storage_full');
    type(view, 4, ' lost');
    await settled();
    assert.equal(shown(view), 'kept');
    assert.equal(live.value, 'kept');
    assert.equal((told[0] as Error).message, 'storage_full');
    type(view, 4, '!');
    assert.equal(live.value, 'kept!');
});

test('an editor that was made with an older text shows the present one', async () => {
    const log = new FakeLog();
    const [alice, bob] = [log.join(), log.join()];
    void alice.edit([{insert: 'old'}]);
    const view = new EditorView({doc: 'o', extensions: liveText(alice)});
    log.settle();
    void bob.edit([{retain: 3}, {insert: ' and new'}]);
    log.settle();
    await settled();
    assert.equal(shown(view), 'old and new');
    assert.deepEqual(alice.edits.length, 1);
});

test('an editor that is gone is not told anything', async () => {
    const log = new FakeLog();
    const live = log.join();
    const space = new FakeSpace();
    const view = editor(live, remoteCarets(live, {presence: space.presence, text: 't', name: 'Ada'}));
    await settled();
    view.destroy();
    assert.equal(live.listeners.size, 0);
    assert.equal(space.presenceListeners.size, 0);
});

for (let seed = 1; seed <= 60; seed += 1) {
    test(`random typing in two editors ends equal (seed ${seed})`, () => {
        const random = new Random(seed);
        const log = new FakeLog();
        const texts = [log.join(), log.join()] as const;
        const views = texts.map((text) => editor(text));
        for (let step = 0; step < 120; step += 1) {
            const at = random.below(2);
            const [view, text] = [views[at] as EditorView, texts[at] as FakeText];
            const length = view.state.doc.length;
            const from = random.below(length + 1);
            const to = Math.min(length, from + random.below(4));
            const action = random.below(10);
            if (action < 4) type(view, from, ['a', 'bc', '\n', 'd\ne'][random.below(4)] as string);
            else if (action < 6) type(view, from, '', to);
            else if (action === 6)
                view.dispatch({
                    changes: [
                        {from: 0, insert: 'x'},
                        {from, to, insert: 'y'},
                    ],
                });
            else if (action === 7) (random.below(2) === 0 ? undo : redo)(view);
            else if (action === 8) text.push(random.below(4));
            else text.pull(random.below(6));
            assert.equal(shown(view), text.value, `after step ${step}`);
        }
        log.settle();
        assert.equal(shown(views[0] as EditorView), shown(views[1] as EditorView));
    });
}

// ---------------------------------------------------------------------------------------------------------------
// Carets

async function twoEditors(): Promise<{
    left: EditorView;
    right: EditorView;
    log: FakeLog;
    presences: ReturnType<typeof pairOfPresences>;
}> {
    const log = new FakeLog();
    const presences = pairOfPresences();
    const open = (index: 0 | 1, name: string): EditorView => {
        const live = log.join();
        const presence = presences[index];
        const view = editor(live, remoteCarets(live, {presence, text: 'tasks/t1/notes', name}));
        document.body.append(view.dom as unknown as never);
        return view;
    };
    const [left, right] = [open(0, 'Ada'), open(1, 'Bo')];
    await settled();
    return {left, right, log, presences};
}

const caretsIn = (view: EditorView): string[] =>
    [...view.contentDOM.querySelectorAll('.cm-syncline-caret')].map((caret) => caret.textContent ?? '');
const selectedIn = (view: EditorView): string[] =>
    [...view.contentDOM.querySelectorAll('.cm-syncline-selection')].map((mark) => mark.textContent ?? '');

test("the other's caret and selection are shown while they have the focus", async () => {
    const {left, right, log} = await twoEditors();
    type(left, 0, 'milk and bread');
    log.settle();
    left.focus();
    left.dispatch({selection: {anchor: 5, head: 8}});
    await settled();
    assert.deepEqual([caretsIn(right), selectedIn(right)], [['Ada'], ['and']]);
    assert.deepEqual(caretsIn(left), []);
    type(right, 0, 'some ');
    await settled();
    assert.deepEqual(selectedIn(right), ['and'], 'it moves with the text');
    left.contentDOM.blur();
    await settled();
});

test('a caret that comes before its text waits for it', async () => {
    const {left, right, log} = await twoEditors();
    left.focus();
    type(left, 0, 'milk');
    left.dispatch({selection: {anchor: 4}});
    await settled();
    assert.deepEqual(caretsIn(right), []);
    log.settle();
    await settled();
    assert.deepEqual(caretsIn(right), ['Ada']);
});

test('who comes and goes is announced, and carets are not read as text', async () => {
    const {left, right, log, presences} = await twoEditors();
    type(left, 0, 'milk');
    log.settle();
    left.focus();
    left.dispatch({selection: {anchor: 2}});
    await settled();
    assert.equal(right.contentDOM.querySelector('.cm-syncline-caret')?.getAttribute('aria-hidden'), 'true');
    assert.match(right.dom.textContent ?? '', /Ada is in this text/);
    presences[0].clear();
    await settled();
    assert.deepEqual(caretsIn(right), []);
    assert.match(right.dom.textContent ?? '', /Ada left this text/);
});

test('what others say by presence may be anything', async () => {
    const log = new FakeLog();
    const live = log.join();
    const space = new FakeSpace();
    const view = editor(live, remoteCarets(live, {presence: space.presence, text: 't', name: 'Ada'}));
    const values: Value[] = [
        null,
        7,
        'x',
        [],
        {name: 'Bo'},
        {name: 'Bo', caret: []},
        {name: 'Bo', caret: {text: 't', anchor: 1, head: 'start'}},
    ];
    space.setOthers(...values.map((value, at) => ({key: String(at), replica: 'r', subject: null, value})));
    await settled();
    assert.deepEqual(caretsIn(view), []);
    const caret = {text: 't', anchor: 'start', head: 'start'};
    space.setOthers({key: 'k', replica: 'r', subject: null, value: {name: '<b>Bo</b>', caret}});
    await settled();
    assert.deepEqual(caretsIn(view), ['<b>Bo</b>']);
    assert.equal(view.contentDOM.querySelector('b'), null);
});

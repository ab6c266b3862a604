import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Transaction} from 'syncline';
import {moveItem, removeItem, type Edit} from '../../demo/web/src/actions';
import {itemsInOrder, itemOf, tagsOf, type App} from '../../demo/web/src/model';
import {moved, placeOf, stepAside} from '../../demo/web/src/reorder';
import {boardIn, parseRoute} from '../../demo/web/src/route';
import {everything, matches, pieces} from '../../demo/web/src/search';
import {statusWords} from '../../demo/web/src/words';
import {deeds, tell} from '../../demo/web/src/history';

const named = (ids: string): (readonly [string, {title: string}])[] => [...ids].map((id) => [id, {title: id}]);

/** What an edit makes of the list `order`. */
function ordered(order: readonly string[], edit: Edit): readonly string[] {
    const list = [...order];
    const editor = {
        insert: (at: number, id: string) => void list.splice(at, 0, id),
        erase: (at: number) => void list.splice(at, 1),
        move: (from: number, to: number) => void list.splice(to, 0, ...list.splice(from, 1)),
    };
    const document = {list: () => editor, deleteDocument: () => undefined};
    edit({document: () => document} as unknown as Transaction<App>);
    return list;
}

test('items are shown in the order of the list, each once, and those that are in no list behind them', () => {
    const shown = itemsInOrder(['b', 'gone', 'a', 'b'], named('abcd'));
    assert.deepEqual(
        shown.map(({id}) => id),
        ['b', 'a', 'c', 'd'],
    );
});

test('an item keeps its identity while its document does', () => {
    const value = {title: 'Tent', votes: 3};
    assert.equal(itemOf('a', value), itemOf('a', value));
    assert.notEqual(itemOf('a', {...value}), itemOf('a', value));
});

test('what others wrote in another form than ours is read as nothing', () => {
    const item = itemOf('a', {title: 7, votes: 'many', tags: [1, 'x'], done: 'yes'});
    assert.deepEqual(item, {id: 'a', title: '', votes: 0, tags: ['x'], done: false, notes: ''});
});

test('a move ends where it was shown to end, whatever the list holds that is not shown', () => {
    const lists = [['a', 'b', 'c', 'd'], ['x', 'a', 'x', 'b', 'c', 'a', 'd', 'y'], ['c', 'x', 'a'], ['x']];
    for (const order of lists) {
        const ids = itemsInOrder(order, named('abcd')).map(({id}) => id);
        for (const [from, id] of ids.entries()) {
            // Behind an item that is in no list there is no place in it to move to.
            const listed = ids.filter((other) => other !== id && order.includes(other)).length;
            for (let to = 0; to <= listed; ++to) {
                const after = ordered(order, moveItem(id, to, ids, order));
                const shown = itemsInOrder(after, named('abcd')).map((item) => item.id);
                assert.deepEqual(shown, moved(ids, from, to), `${id} of ${order.join()} to ${to}`);
            }
        }
    }
});

test('a removed item leaves the list wherever it is in it', () => {
    assert.deepEqual(ordered(['a', 'b', 'a'], removeItem('a', ['a', 'b', 'a'])), ['b']);
});

test('a dragged row takes the place of those whose middle it has passed', () => {
    const rows = [40, 80, 40, 40].map((height, at, all) => ({
        height,
        top: all.slice(0, at).reduce((sum, before) => sum + before, 0),
    }));
    assert.equal(placeOf(rows, 0, 30), 0);
    assert.equal(placeOf(rows, 0, 45), 1);
    assert.equal(placeOf(rows, 0, 1000), 3);
    assert.equal(placeOf(rows, 3, -25), 2);
    assert.equal(placeOf(rows, 3, -1000), 0);
    assert.deepEqual([0, 1, 2, 3].map((at) => stepAside(at, 0, 2)), [0, -1, -1, 0]);
    assert.deepEqual([0, 1, 2, 3].map((at) => stepAside(at, 3, 1)), [0, 1, 1, 0]);
});

test('a search finds all words, in title, notes or tags, in whatever case', () => {
    const item = itemOf('a', {title: 'Tent for four', tags: ['gear'], notes: 'Miro has one', done: true});
    const search = (words: string): boolean => matches(item, {...everything, words});
    assert.ok(search('TENT miro'));
    assert.ok(search(' gear '));
    assert.ok(!search('tent five'));
    assert.ok(!matches(item, {...everything, open: true}));
    assert.ok(matches(item, {...everything, tag: 'gear'}));
    assert.ok(!matches(item, {...everything, tag: 'food'}));
});

test('what was searched for is marked, the longest where two begin', () => {
    const marked = (text: string, words: string): string =>
        pieces(text, {...everything, words})
            .map((piece) => (piece.found ? `[${piece.text}]` : piece.text))
            .join('');
    assert.equal(marked('Tent for four', 'fo'), 'Tent [fo]r [fo]ur');
    assert.equal(marked('Tent for four', 'fo four'), 'Tent [fo]r [four]');
    assert.equal(marked('Tent', ''), 'Tent');
    assert.equal(marked('İstanbul', 'bul'), 'İstanbul');
});

test('tags come with the most used first', () => {
    const items = [itemOf('a', {tags: ['x', 'y']}), itemOf('b', {tags: ['y']}), itemOf('c', {tags: ['a']})];
    assert.deepEqual(tagsOf(items), ['y', 'a', 'x']);
});

test('a board is found in its name and in a link to it', () => {
    assert.equal(boardIn(' k3v9 '), 'k3v9');
    assert.equal(boardIn('https://relay.example/#/b/k3v9/item'), 'k3v9');
    assert.equal(boardIn('two words'), null);
    assert.deepEqual(parseRoute('#/b/k3v9/a%20b'), {board: 'k3v9', item: 'a b', lost: false});
    assert.deepEqual(parseRoute('#/b/k3v9/50%'), {board: 'k3v9', item: '50%', lost: false});
    for (const nowhere of ['#/b/no spaces', '#/b/', '#/x']) assert.deepEqual(parseRoute(nowhere), {board: null, item: null, lost: true});
    for (const home of ['', '#', '#/']) assert.deepEqual(parseRoute(home), {board: null, item: null, lost: false});
});

test('the status says what waits and whether one is offline by choice', () => {
    const status = {connection: 'connected', inSync: true, pending: 0, cursor: 1, lastError: null} as const;
    assert.equal(statusWords(status, true).short, 'Up to date');
    assert.equal(statusWords({...status, inSync: false, pending: 2}, true).short, 'Sending 2');
    assert.equal(statusWords({...status, connection: 'offline', inSync: false, pending: 1}, false).short, 'Offline · 1 waiting');
    assert.equal(statusWords({...status, connection: 'connecting', inSync: false}, true).short, 'Reconnecting');
    const refused = {code: 'forbidden', message: 'no right to this space', final: true};
    assert.equal(statusWords({...status, inSync: false, lastError: refused}, true).mood, 'wrong');
    assert.match(statusWords({...status, inSync: false, lastError: refused}, true).long, /does not let you take part/);
    const full = {code: 'storage_full', message: 'the quota of this origin is used up', final: false};
    assert.equal(statusWords({...status, inSync: false, lastError: full}, true).short, 'No room');
});

test('history is told in words, each deed of a change once', () => {
    const entry = {sequence: 1, author: 'r', time: 0, message: ''};
    const said = (...edits: {readonly [key: string]: string | number | string[]}[]): readonly string[] => deeds({...entry, edits});
    assert.deepEqual(said({field: ['title'], op: 'set', value: 'Tent'}), ['called it “Tent”']);
    assert.deepEqual(said({field: ['votes'], op: 'add', amount: -2}), ['took 2 votes back']);
    assert.deepEqual(said({field: ['notes'], op: 'insert', value: 'a'}, {field: ['notes'], op: 'erase'}), ['wrote in its notes']);
});

test('history is told from the newest on, and what one typed without a pause is told once', () => {
    const minute = 60_000;
    const typed = {field: ['notes'], op: 'insert', value: 'a'};
    const entry = (author: string, time: number, edit: {readonly [key: string]: string | string[]} = typed) =>
        ({sequence: 1, author, time: time * minute, message: '', edits: [edit]});
    const told = tell([
        entry('ada', 0), entry('ada', 1), entry('noor', 2), entry('ada', 3), entry('ada', 4),
        entry('ada', 5, {field: ['title'], op: 'set', value: 'Tent'}), entry('ada', 30), entry('ada', 31), entry('ada', 60),
    ]);
    assert.deepEqual(
        told.map(({author, time}) => [author, time / minute]),
        [['ada', 60], ['ada', 31], ['ada', 5], ['ada', 4], ['noor', 2], ['ada', 1]],
    );
});

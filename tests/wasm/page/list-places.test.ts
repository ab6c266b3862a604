import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import type {Path, Transaction} from '../../../wasm/js/api.js';
import {decodeJson} from '../../../wasm/js/json.js';
import {placeOps as placeOpsOf, placePath as placePathOf, seenBelow, seenDocuments, type Lists, type ListsNow} from '../../../wasm/js/list-places.js';
import {record} from '../../../wasm/js/recorder.js';
import {SynclineError} from '../../../wasm/js/errors.js';
import {FakeBrowser, until, type FakeTab} from './fake-browser.js';
import {Random} from './random.js';

const document = ['boards', 'b'] as const;
const placeOps = (ops: string, seen: string | undefined, now: ListsNow): string => placeOpsOf(ops, seenDocuments(seen, now));
const placePath = (at: typeof document, path: Path, seen: string | undefined, now: ListsNow): Path => placePathOf(at, path, seenDocuments(seen, now));
const listOf = (ids: string): Lists => (ids === '' ? [] : [[['order'], [['r', ...[...ids].flatMap((id) => [id.charCodeAt(0), id.charCodeAt(0)])]]]]);
const seen = (lists: Lists): string => JSON.stringify([[document, seenBelow(lists, new Set(lists.map(([path]) => path[0] as string).concat('order')))]]);

/** What an edit of `then` makes of `now`: letters are elements, what is inserted are capitals. */
function made(then: string, now: string, edit: (tx: Transaction) => void): string {
    const {ops} = record(edit);
    const placed = decodeJson(placeOps(ops, seen(listOf(then)), () => JSON.stringify(listOf(now)))) as unknown as readonly {
        readonly op: string;
        readonly index: number;
        readonly to: number;
        readonly count?: number;
        readonly values: string[];
        readonly value: string;
    }[];
    const list = [...now];
    for (const {op, index, to, count = 1, values, value} of placed) {
        assert.ok(op === 'list_push' || (index >= 0 && index <= list.length), `${op} ${index}`);
        if (op === 'list_insert') list.splice(index, 0, ...values);
        else if (op === 'list_push') list.push(...values);
        else if (op === 'list_erase') list.splice(index, count);
        else if (op === 'list_move') list.splice(to, 0, ...list.splice(index, 1));
        else list[index] = value;
    }
    return list.join('');
}
const order = (tx: Transaction) => tx.document(...document).list('order');

test('an index means the element that the page saw, wherever it is now', () => {
    assert.equal(made('abcd', 'xabcd', (tx) => order(tx).erase(2)), 'xabd');
    assert.equal(made('abcd', 'dcba', (tx) => order(tx).erase(0, 2)), 'dc');
    assert.equal(made('abcd', 'cbxa', (tx) => order(tx).set(1, 'B')), 'cBxa');
    assert.equal(made('abcd', 'xabcdy', (tx) => order(tx).move(3, 0)), 'xdabcy');
    assert.equal(made('abcd', 'bcd', (tx) => order(tx).move(2, 1)), 'cbd');
    assert.equal(made('abcd', 'xabycd', (tx) => order(tx).insert(2, 'N')), 'xabNycd');
    assert.equal(made('abcd', 'acd', (tx) => order(tx).insert(2, 'N')), 'aNcd');
    assert.equal(made('ab', 'xy', (tx) => order(tx).insert(0, 'N')), 'Nxy');
    assert.equal(made('', 'xy', (tx) => order(tx).insert(0, 'N')), 'Nxy');
    assert.equal(made('ab', 'abx', (tx) => order(tx).push('N')), 'abxN');
});

test('what was erased meanwhile needs no erasing, is not moved, and cannot be edited', () => {
    assert.equal(made('abc', 'ac', (tx) => order(tx).erase(0, 2)), 'c');
    assert.equal(made('abc', 'ac', (tx) => order(tx).move(1, 0)), 'ac');
    assert.throws(() => made('abc', 'ac', (tx) => order(tx).set(1, 'B')), {code: 'not_found'});
    assert.throws(() => made('abc', 'ac', (tx) => order(tx).map(1).set('x', 1)), {code: 'not_found'});
    assert.throws(() => made('abc', 'abcdef', (tx) => order(tx).erase(3)), {code: 'out_of_range'});
});

test('an index is a whole number from 0 on: the same error where the list is as it was and where it moved', () => {
    const wrong: readonly ((tx: Transaction) => void)[] = [-1, 1.5, NaN, Infinity, 2 ** 53, -1e300].flatMap((bad) => [
        (tx: Transaction): void => order(tx).erase(bad),
        (tx: Transaction): void => order(tx).erase(0, bad),
        (tx: Transaction): void => order(tx).move(bad, 0),
        (tx: Transaction): void => order(tx).move(0, bad),
        (tx: Transaction): void => order(tx).insert(bad, 'N'),
        (tx: Transaction): void => void order(tx).insertMap(bad),
        (tx: Transaction): void => order(tx).set(bad, 'N'),
        (tx: Transaction): void => order(tx).map(bad).set('x', 1),
        (tx: Transaction): void => order(tx).list(bad).push(1),
        (tx: Transaction): void => order(tx).text(bad).insert(0, 'x'),
        (tx: Transaction): void => order(tx).counter(bad).add(1),
        (tx: Transaction): void => tx.document(...document).text('notes').insert(bad, 'x'),
        (tx: Transaction): void => tx.document(...document).text('notes').erase(0, bad),
    ]);
    for (const edit of wrong) assert.throws(() => record(edit), {code: 'out_of_range'}, String(edit));
    // Nor does the leader believe a page.
    for (const bad of ['-1', '1.5', '1e300', '9007199254740993', '"0"', 'null']) {
        for (const members of [
            `"op":"list_erase","index":${bad}`,
            `"op":"list_erase","index":0,"count":${bad}`,
            `"op":"list_move","index":${bad},"to":0`,
            `"op":"list_move","index":0,"to":${bad}`,
            `"op":"list_insert","index":${bad},"values":["N"]`,
            `"op":"list_set","index":${bad},"value":"N"`,
        ]) {
            // A count that is left out is 1.
            if (members.endsWith('"count":null')) continue;
            const ops = `[{${members},"doc":["boards","b"],"path":["order"]}]`;
            assert.throws(() => placeOps(ops, seen(listOf('abc')), () => JSON.stringify(listOf('xabc'))), {code: 'out_of_range'}, ops);
        }
    }
});

test('later indexes of one transaction count what it did before', () => {
    const both = (tx: Transaction): void => {
        const list = order(tx);
        list.insert(1, 'N', 'M');
        list.erase(3);
        list.move(1, 0);
    };
    assert.equal(made('abc', 'abc', both), 'NaMc');
    assert.equal(made('abc', 'xabcy', both), 'xNaMcy');
    const again = (tx: Transaction): void => {
        tx.document(...document).delete('order');
        order(tx).push('N');
        order(tx).insert(0, 'M');
    };
    assert.deepEqual(decodeJson(placeOps(record(again).ops, seen(listOf('abc')), () => JSON.stringify(listOf('abcd')))), JSON.parse(record(again).ops));
});

test('where nothing crossed, the ops stay what they are; where something did, they do what they did there', () => {
    for (let seed = 1; seed <= 300; seed++) {
        const random = new Random(seed);
        const then = [...'abcdefgh'].slice(0, random.below(9)).join('');
        let length = then.length;
        const steps: ((tx: Transaction) => void)[] = [];
        for (let n = 1 + random.below(6); n > 0; n--) {
            const [at, to, name] = [random.below(length), random.below(length), String.fromCharCode(65 + n)];
            const kind = length === 0 ? 0 : random.below(4);
            if (kind === 0) {
                const place = random.below(length + 1);
                steps.push((tx) => order(tx).insert(place, name));
                length++;
            } else if (kind === 1) {
                steps.push((tx) => order(tx).erase(at));
                length--;
            } else if (kind === 2) {
                steps.push((tx) => order(tx).move(at, to));
            } else {
                steps.push((tx) => order(tx).set(at, name));
            }
        }
        const edit = (tx: Transaction): void => steps.forEach((step) => step(tx));
        const {ops} = record(edit);
        assert.equal(placeOps(ops, seen(listOf(then)), () => JSON.stringify(listOf(then))), ops);
        assert.equal(placeOps(ops, undefined, () => assert.fail()), ops);
        // Others put something in front of each element: without that it is as if they had not.
        const now = [...then].map((id) => `.${id}`).join('');
        const alone = made(then, `${then}`, edit);
        assert.equal(made(then, now.replaceAll('.', String.fromCharCode(0xe000)), edit).replaceAll(String.fromCharCode(0xe000), ''), alone, `seed ${seed}`);
    }
});

test('paths into lists are found by element, also lists in lists', () => {
    const then: Lists = [[['items'], [['r', 1, 3]]], [['items', 1, 'steps'], [['r', 7, 8]]]];
    const now: Lists = [[['items'], [['r', 2, 3, 9, 9]]], [['items', 0, 'steps'], [['q', 1, 1], ['r', 7, 8]]]];
    const listsNow = (): string => JSON.stringify(now);
    const saw = JSON.stringify([[document, then]]);
    assert.deepEqual(placePath(document, ['items', 1, 'steps', 0, 'what'], saw, listsNow), ['items', 0, 'steps', 1, 'what']);
    assert.throws(() => placePath(document, ['items', 0, 'steps'], saw, listsNow), {code: 'not_found'});
    assert.deepEqual(placePath(document, ['items', 5], undefined, listsNow), ['items', 5]);
});

function browser(t: TestContext): FakeBrowser {
    const made = new FakeBrowser();
    t.after(() => made.close());
    return made;
}
const shown = (tab: FakeTab): unknown => tab.store.space('s').collection('boards').get('b')?.['order'];

test('edits of a list that cross those of another tab, or device, hit what the page saw', async (t) => {
    const made = browser(t);
    const [a, b] = [await made.open(), await made.open()];
    const edit = (tab: FakeTab, what: (tx: Transaction) => void): Promise<void> => tab.store.space('s').transact(what);
    await edit(a, (tx) => order(tx).push('milk', 'eggs', 'bread'));
    await Promise.all([a, b].map((tab) => tab.store.space('s').collection('boards').load()));
    await Promise.all([edit(a, (tx) => order(tx).insert(0, 'tea')), edit(b, (tx) => order(tx).erase(1))]);
    await until(() => JSON.stringify(shown(b)) === '["tea","milk","bread"]', 'the eggs are gone, and nothing else');
    const crossing = edit(b, (tx) => order(tx).move(2, 0));
    made.engine.remote('s', '[{"op":"list_erase","doc":["boards","b"],"path":["order"],"index":0}]');
    await crossing;
    await until(() => JSON.stringify(shown(b)) === '["bread","milk"]', 'the bread is in front');
    // The same where two values are equal, so that the page is shown no other list.
    made.engine.remote('s', '[{"op":"list_push","doc":["boards","b"],"path":["order"],"values":["x","x"]}]');
    await until(() => JSON.stringify(shown(b)) === '["bread","milk","x","x"]', 'they are there');
    made.engine.remote('s', '[{"op":"list_move","doc":["boards","b"],"path":["order"],"index":2,"to":3}]');
    const stack = await b.store.space('s').undo();
    await stack.transact((tx) => order(tx).set(3, 'y'));
    await until(() => JSON.stringify(shown(b)) === '["bread","milk","x","y"]', 'the one that is last');
});

test('an edit of a list that is asked for again at the next leader hits what the page saw', async (t) => {
    const made = browser(t);
    const [a, b] = [await made.open(), await made.open()];
    await a.store.space('s').transact((tx) => order(tx).push('milk', 'eggs'));
    await b.store.space('s').document('boards', 'b').load();
    const crossing = b.store.space('s').transact((tx) => order(tx).erase(1));
    a.kill();
    await until(() => made.disk.openBy !== null, 'another leads');
    await crossing;
    assert.deepEqual(await b.store.space('s').document('boards', 'b').value, {order: ['milk']});
});

test('an edit of a list that was made but not answered is not reported as failed by the next leader', async (t) => {
    for (const way of ['space', 'undo'] as const) {
        const made = browser(t);
        const [a, b] = [await made.open(), await made.open()];
        const space = b.store.space('s');
        await a.store.space('s').transact((tx) => order(tx).push('milk', 'eggs'));
        await space.document('boards', 'b').load();
        const to = way === 'space' ? space : await space.undo();
        // The leader commits, and dies before it can say so.
        const {engine} = made;
        const name = way === 'space' ? 'transact' : 'undoTransact';
        const transact = engine[name].bind(engine) as (of: string | number, ops: string, once: string) => boolean;
        engine[name] = ((of: string | number, ops: string, once: string) => {
            const did = transact(of, ops, once);
            if (ops === '[]') return did;
            // And somebody erases what was just edited.
            engine[name] = transact as never;
            engine.remote('s', '[{"op":"list_erase","doc":["boards","b"],"path":["order"],"index":1}]');
            a.kill();
            throw new Error('nobody hears this');
        }) as never;
        await to.transact((tx) => order(tx).set(1, 'EGGS'));
        await until(() => JSON.stringify(space.document('boards', 'b').value) === '{"order":["milk"]}', 'it is shown');
    }
});

test('a leader with another replica id has other ids in its lists: those from before are not sent to it', async (t) => {
    const {store, client} = await browser(t).open();
    const space = store.space('s');
    await space.transact((tx) => order(tx).push('milk', 'eggs'));
    await Promise.all([space.collection('boards').load(), space.document('boards', 'b').load()]);
    const {listed} = record((tx) => order(tx).erase(1));
    const welcome = (replica: string): void => client.ontidings({t: 'welcome', replica, storage: 'opfs', warnings: []});
    welcome(store.replica);
    assert.notDeepEqual(space.seen(listed), {});
    welcome('00000000-0000-4000-8000-000000000002');
    assert.deepEqual(space.seen(listed), {});
});

/** A tab that shows a board with this list. */
async function board(t: TestContext, ...values: string[]): Promise<{made: FakeBrowser; tab: FakeTab; edit(what: (tx: Transaction) => void): Promise<void>}> {
    const made = browser(t);
    const tab = await made.open();
    const edit = (what: (tx: Transaction) => void): Promise<void> => tab.store.space('s').transact(what);
    await tab.store.space('s').collection('boards').load();
    if (values.length > 0) await edit((tx) => order(tx).push(...values));
    return {made, tab, edit};
}

test('edits that a page does not wait for count on one another', async (t) => {
    const {tab, edit} = await board(t, 'z');
    void edit((tx) => order(tx).insert(0, 'a'));
    void edit((tx) => order(tx).insert(0, 'b'));
    void edit((tx) => order(tx).insert(2, 'c'));
    void edit((tx) => order(tx).erase(1));
    void edit((tx) => order(tx).set(0, 'B'));
    const stack = await tab.store.space('s').undo();
    void stack.transact((tx) => order(tx).move(1, 0));
    await edit((tx) => order(tx).push('d'));
    assert.deepEqual(shown(tab), ['c', 'B', 'z', 'd']);
});

test('also where others change the list meanwhile', async (t) => {
    const {made, tab, edit} = await board(t, 'a', 'b', 'c');
    const edits = [edit((tx) => order(tx).erase(0)), edit((tx) => order(tx).move(1, 0)), edit((tx) => order(tx).insert(1, 'N')), edit((tx) => order(tx).set(1, 'M'))];
    made.engine.remote('s', '[{"op":"list_insert","doc":["boards","b"],"path":["order"],"index":1,"values":["x"]}]');
    await Promise.all(edits);
    assert.deepEqual((shown(tab) as string[]).filter((value) => value !== 'x'), ['c', 'M', 'b']);
    assert.ok((shown(tab) as string[]).includes('x'));
});

test('whatever a page waits for and does not, its list is what it made of it', async (t) => {
    for (let seed = 1; seed <= 40; seed++) {
        const random = new Random(seed);
        const {tab, edit} = await board(t, 'a', 'b');
        const list = ['a', 'b'];
        const edits: Promise<void>[] = [];
        for (let n = 0; n < 30; n++) {
            const [at, to, place] = [random.below(list.length), random.below(list.length), random.below(list.length + 1)];
            const kind = list.length === 0 ? 0 : random.below(4);
            if (kind === 0) list.splice(place, 0, `${n}`, `${n}'`);
            else if (kind === 1) list.splice(at, 1);
            else if (kind === 2) list.splice(to, 0, ...list.splice(at, 1));
            else list[at] = `${n}`;
            edits.push(
                edit((tx) => {
                    if (kind === 0) order(tx).insert(place, `${n}`, `${n}'`);
                    else if (kind === 1) order(tx).erase(at);
                    else if (kind === 2) order(tx).move(at, to);
                    else order(tx).set(at, `${n}`);
                }),
            );
            // Some of them are answered, some are shown, some are on their way.
            for (let turns = random.below(6); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
            if (random.below(8) === 0) await edits.at(-1);
        }
        await Promise.all(edits);
        assert.deepEqual(shown(tab), list, `seed ${seed}`);
    }
});

test('what counts on an edit that failed does nothing to other elements', async (t) => {
    const {made, tab, edit} = await board(t, 'a', 'b');
    made.engine.failWith = new SynclineError('schema_violation', 'no');
    const inserting = edit((tx) => order(tx).insert(0, 'x'));
    const erasing = edit((tx) => order(tx).erase(0));
    const setting = edit((tx) => order(tx).set(1, 'B'));
    await assert.rejects(inserting, {code: 'schema_violation'});
    await Promise.all([erasing, setting]);
    assert.deepEqual(shown(tab), ['a', 'B']);
    // Once it is answered it is not counted any more.
    await edit((tx) => order(tx).erase(0));
    assert.deepEqual(shown(tab), ['B']);
});

test('edits that were not waited for are asked again at the next leader, and count on one another there', async (t) => {
    const made = browser(t);
    const [a, b] = [await made.open(), await made.open()];
    await b.store.space('s').collection('boards').load();
    const edit = (what: (tx: Transaction) => void): Promise<void> => b.store.space('s').transact(what);
    await edit((tx) => order(tx).push('z'));
    const edits = [edit((tx) => order(tx).insert(0, 'a')), edit((tx) => order(tx).insert(0, 'b')), edit((tx) => order(tx).set(1, 'A'))];
    a.kill();
    await Promise.all(edits);
    await edit((tx) => order(tx).push('c'));
    await until(() => JSON.stringify(shown(b)) === '["b","A","z","c"]', 'they are there');
});

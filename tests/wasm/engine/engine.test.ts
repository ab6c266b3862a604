// One engine: documents, events, undo, history, errors. What the types do is tested natively; here it is about
// what goes through the module's border.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import type {Value} from '../../../wasm/js/api.js';
import {MemoryStorage, type EngineEvent, type Op} from '../../../wasm/js/engine-node.js';
import {openEngine} from './support.js';

const space = 'team';
const set = (id: string, value: Value): Op => ({op: 'set', doc: ['docs', id], path: ['v'], value});

test('every kind of value comes back as it was written', async (t) => {
    const engine = await openEngine(t);
    const values: {readonly [name: string]: Value} = {
        nothing: null,
        yes: true,
        integer: -42,
        fraction: 0.1,
        most: 2 ** 53 - 1,
        huge: 1.5e300,
        notANumber: NaN,
        infinite: -Infinity,
        long: 9223372036854775807n,
        text: 'naïve 🙂 "quoted" \\ \u0000 \u2028',
        empty: '',
        bytes: Uint8Array.from({length: 300}, (_, i) => i % 256),
        list: [1, [2, [3, {}]], new Uint8Array(0)],
        map: {b: 1, a: {c: null}},
        looksLikeBytes: {$bytes: 'not base64'},
        looksLikeNumber: {$number: 'nan', other: 1},
        looksLikeMap: {$map: {$number: 1}},
        prototype: JSON.parse('{"__proto__": {"x": [1]}, "constructor": "y"}') as Value,
        digits: '12345678901234567890',
    };
    for (const [id, value] of Object.entries(values)) engine.transact(space, [set(id, value)]);
    for (const [id, value] of Object.entries(values)) {
        assert.deepEqual(engine.get(space, 'docs', id), {v: value}, id);
    }
    assert.deepEqual(
        engine.all(space, 'docs'),
        Object.fromEntries(Object.entries(values).map(([id, v]) => [id, {v}])),
    );
});

test('large requests and answers pass while the memory grows', async (t) => {
    const engine = await openEngine(t);
    const before = engine.memoryBytes;
    const text = 'é🙂x'.repeat(50_000);
    for (let i = 0; i < 30; ++i) engine.transact(space, [set(`d${i}`, `${i}${text}`)]);
    const all = engine.all(space, 'docs');
    for (let i = 0; i < 30; ++i) assert.equal(all[`d${i}`]?.['v'], `${i}${text}`);
    assert.ok(engine.memoryBytes > before);
});

test('what is wrong is an error with a code, and nothing of the transaction happened', async (t) => {
    const engine = await openEngine(t);
    engine.transact(space, [set('a', 1)]);
    const broken = (ops: Value) => () => engine.transact(space, ops as unknown as Op[]);
    assert.throws(broken([{op: 'nonsense', doc: ['docs', 'a'], path: ['v']}]), {
        name: 'SynclineError',
        code: 'invalid_argument',
    });
    assert.throws(broken('no list'), {code: 'invalid_argument'});
    assert.throws(
        () =>
            engine.transact(space, [
                set('a', 2),
                {op: 'list_erase', doc: ['docs', 'a'], path: ['list'], index: 7},
            ]),
        {code: 'out_of_range'},
    );
    assert.throws(() => engine.transact(space, [set('b', '\ud800')]), {code: 'malformed'});
    assert.throws(() => engine.transact('no such name!', [set('a', 1)]), {code: 'invalid_argument'});
    assert.throws(() => engine.transact(space, [set('big', 'x'.repeat(1 << 20))]), {code: 'too_large'});
    assert.throws(() => engine.request('no_such_method'), {code: 'invalid_argument'});
    assert.throws(() => engine.request('get', '17', '"docs"', '"a"'), {code: 'invalid_argument'});
    assert.throws(() => engine.request('get', '{'), {code: 'malformed'});
    assert.deepEqual(engine.all(space, 'docs'), {a: {v: 1}});
    assert.equal(engine.get(space, 'docs', 'nobody'), null);
    assert.throws(() => engine.history(space, 'docs', 'a'), {code: 'not_found'});
});

test('listeners hear changes in order, also those that listeners make', async (t) => {
    const engine = await openEngine(t);
    const heard: string[] = [];
    const stop = engine.observe(space, (documents) => {
        for (const {id, remote} of documents) {
            assert.equal(remote, false);
            heard.push(id);
            if (id === 'a') engine.transact(space, [set('b', 1), set('c', 1)]);
        }
    });
    const statuses: EngineEvent[] = [];
    engine.onEvent((event) => {
        if (event.type === 'status') statuses.push(event);
    });
    engine.observe(space, () => assert.fail('another collection'), 'others');
    engine.transact(space, [set('a', 1)]);
    assert.deepEqual(heard, ['a', 'b', 'c']);
    assert.equal(engine.status(space).pending, 2);
    assert.ok(statuses.length > 0);
    stop();
    engine.transact(space, [set('d', 1)]);
    assert.deepEqual(heard, ['a', 'b', 'c']);
});

test('undo and redo take back what went through a stack', async (t) => {
    const engine = await openEngine(t);
    const stack = engine.undoStack(space, {mergeMs: 0});
    stack.transact([set('a', 1)]);
    engine.transact(space, [set('b', 1)]);
    stack.beginGroup();
    stack.transact([set('a', 2)]);
    stack.transact([set('a', 3)]);
    stack.endGroup();
    assert.equal(stack.undo(), true);
    assert.deepEqual(engine.get(space, 'docs', 'a'), {v: 1});
    assert.equal(stack.canRedo, true);
    assert.equal(stack.redo(), true);
    assert.deepEqual(engine.get(space, 'docs', 'a'), {v: 3});
    assert.equal(stack.undo() && stack.undo(), true);
    assert.equal(stack.undo(), false);
    assert.deepEqual(engine.all(space, 'docs'), {b: {v: 1}});
    stack.free();
    assert.throws(() => stack.undo(), {code: 'closed'});
});

test('handles stay with what they were taken at, in UTF-16', async (t) => {
    const engine = await openEngine(t);
    const doc = ['docs', 'a'] as const;
    engine.transact(space, [
        {op: 'text_insert', doc, path: ['text'], index: 0, text: '🙂 world', unit: 'utf16'},
        {op: 'text_mark', doc, path: ['text'], index: 3, count: 5, name: 'bold', value: true, unit: 'utf16'},
    ]);
    const handle = engine.handle(space, {doc, path: ['text'], index: 3, unit: 'utf16'});
    engine.transact(space, [{op: 'text_insert', doc, path: ['text'], index: 0, text: 'hello ', unit: 'utf16'}]);
    assert.equal(engine.position(space, handle), 9);
    assert.deepEqual(engine.spans(space, doc, ['text']), [
        {properties: {}, text: 'hello 🙂 '},
        {properties: {bold: true}, text: 'world'},
    ]);
});

test('a schema is kept in the file, gives defaults and refuses', async (t) => {
    const storage = new MemoryStorage();
    const first = await openEngine(t, {storage});
    assert.equal(first.schema(), null);
    first.setSchema({
        version: 1,
        collections: {docs: {fields: {v: {type: 'register', kind: 'integer'}, done: {type: 'ew_flag', default: false}}}},
    });
    first.close();
    const second = await openEngine(t, {storage});
    second.transact(space, [set('a', 1)]);
    assert.deepEqual(second.get(space, 'docs', 'a'), {done: false, v: 1});
    assert.throws(() => second.transact(space, [set('a', 'text')]), {code: 'schema_violation'});
    second.setSchema(null);
    assert.equal(second.schema(), null);
});

test('an engine that is closed says so, and its file opens again', async (t) => {
    const storage = new MemoryStorage();
    const first = await openEngine(t, {storage});
    first.transact(space, [set('a', 1)]);
    await assert.rejects(openEngine(t, {storage}), {code: 'storage_locked'});
    const replica = first.replica();
    first.close();
    first.close();
    assert.throws(() => first.spaces(), {code: 'closed'});
    const second = await openEngine(t, {storage});
    assert.equal(second.replica(), replica);
    assert.deepEqual(second.get(space, 'docs', 'a'), {v: 1});
    assert.deepEqual(second.spaces(), [space]);
    second.verify();
});

test('an export is a whole store, and a file that is none is refused', async (t) => {
    const engine = await openEngine(t);
    for (let i = 0; i < 100; ++i) engine.transact(space, [set(`d${i}`, i)]);
    const bytes = engine.export();
    engine.transact(space, [set('later', 1)]);
    const copy = await openEngine(t, {storage: new MemoryStorage([['copy.db', bytes]]), path: 'copy.db'});
    assert.equal(Object.keys(copy.all(space, 'docs')).length, 100);
    copy.verify();

    const noStore = new MemoryStorage([['store.db', new TextEncoder().encode('This is no database. '.repeat(500))]]);
    await assert.rejects(openEngine(t, {storage: noStore}), {code: 'storage_not_ours'});
    bytes.fill(0xff, 8192, 12288);
    const damaged = await openEngine(t, {storage: new MemoryStorage([['store.db', bytes]])}).catch((error) => {
        assert.equal(error.code, 'storage_corrupt');
    });
    if (damaged) assert.throws(() => damaged.verify(), {code: 'storage_corrupt'});
});

// The package in Node: real files, a real relay.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {open, schema, type ListEditor, type OpenOptions, type Schema, type Space, type Store, type Warning} from '../../../wasm/js/node.js';
import {Client} from '../../../wasm/js/client.js';
import {enginePort} from '../../../wasm/js/engine-adapter.js';
import {Engine, MemoryStorage, nodeSockets} from '../../../wasm/js/engine-node.js';
import {systemHost} from '../../../wasm/js/host.js';
import {linkPair} from '../../../wasm/js/protocol.js';
import {Server} from '../../../wasm/js/server.js';
import {PageStore} from '../../../wasm/js/store.js';
import {module, moduleFile, run, startRelay, temporaryDirectory, type Test} from '../engine/support.js';

async function store<const S extends Schema>(t: Test, options: Partial<OpenOptions<S>> = {}): Promise<Store<S>> {
    const name = options.name ?? join(temporaryDirectory(t), 'a.db');
    const opened = await open<S>({wasmUrl: pathToFileURL(moduleFile), ...options, name});
    t.after(() => opened.close());
    return opened;
}

test('a store is a file, and all that was confirmed is in it', async (t) => {
    const name = join(temporaryDirectory(t), 'tasks.db');
    const first = await store(t, {name});
    assert.deepEqual([first.storage, first.role], ['file', 'leader']);
    const tasks = first.space('s').collection('tasks');
    await tasks.load();
    await first.space('s').transact((tx) => {
        const task = tx.document('tasks', 't1');
        task.set('title', 'Buy milk');
        task.set('big', 2n ** 62n);
        task.set('real', 0.5);
        task.counter('votes').add(2);
        task.text('notes').insert(0, 'two 😀 litres');
        task.list('steps').insertMap(0).set('what', 'open');
        task.list('steps').map(0).set('done', true);
    });
    const value = {
        title: 'Buy milk', big: 2n ** 62n, real: 0.5, votes: 2, notes: 'two 😀 litres', steps: [{what: 'open', done: true}],
    };
    assert.deepEqual(tasks.get('t1'), value);
    await assert.rejects(store(t, {name}), {code: 'storage_locked'});
    await first.close();
    const again = await store(t, {name});
    assert.equal(again.replica, first.replica);
    assert.deepEqual(await again.space('s').document('tasks', 't1').load(), value);
    assert.deepEqual(await again.space('s').collections(), ['tasks']);
    assert.deepEqual(await again.spaces(), ['s']);
});

test('the native tool opens what was exported', async (t) => {
    const made = await store(t);
    await made.space('s').transact((tx) => tx.document('tasks', 't').counter('n').add(3));
    const file = join(temporaryDirectory(t), 'exported.db');
    const {writeFileSync} = await import('node:fs');
    writeFileSync(file, await made.export());
    assert.equal(await run('syncline', '--store', file, '--space', 's', 'get', 'tasks/t', 'n'), '3');
});

test('a schema is kept to, and gives defaults and types', async (t) => {
    const app = schema({
        collections: {
            tasks: {
                fields: {
                    title: {type: 'register', kind: 'text', required: true},
                    n: {type: 'register', kind: 'integer', default: 7},
                    tags: {type: 'or_set', kind: 'text'},
                    notes: {type: 'text'},
                    steps: {type: 'list', elements: {type: 'map', fields: {what: {type: 'text'}}}},
                },
            },
        },
    });
    const made = await store(t, {schema: app});
    const space = made.space('s');
    await space.transact((tx) => {
        const task = tx.document('tasks', 't');
        task.set('title', 'x');
        task.setOf('tags').insert('home');
        task.text('notes').insert(0, 'one');
        task.list('steps').insertMap(0).text('what').insert(0, 'open');
    });
    const task = space.document('tasks', 't');
    const typed: {title: string; n: number; tags?: readonly string[]; notes?: string} | undefined = await task.load();
    assert.deepEqual(typed, {title: 'x', n: 7, tags: ['home'], notes: 'one', steps: [{what: 'open'}]});
    const text = await task.text(['steps', 0, 'what']);
    assert.equal(text.value, 'open');
    // What the types would refuse, the engine does.
    const loose: Space = space;
    const refused = (edit: Parameters<Space['transact']>[0]): Promise<void> => assert.rejects(loose.transact(edit), {code: 'schema_violation'});
    await refused((tx) => tx.document('tasks', 't').set('title', 1));
    await refused((tx) => tx.document('tasks', 't').text('title').insert(0, 'x'));
    await refused((tx) => tx.document('tasks', 'u').set('n', 1));
    await loose.transact((tx) => tx.document('tasks', 't').set('of a newer version', 1));
    assert.equal(task.value?.['of a newer version'], 1);
    await assert.rejects(store(t, {schema: {collections: {tasks: {fields: {title: {type: 'text'}}, closd: true}}}} as never), {code: 'malformed'});
});

test('undo, live text and anchors work on the engine itself', async (t) => {
    const made = await store(t);
    const space = made.space('s');
    const undo = await space.undo({mergeMs: 0});
    const notes = space.document('notes', 'n');
    await undo.transact((tx) => tx.document('notes', 'n').text('body').insert(0, 'one two'));
    const text = await notes.text(['body']);
    assert.equal(text.value, 'one two');
    const anchor = await text.anchor(4);
    const told: unknown[] = [];
    text.observe((delta) => told.push(delta));
    await text.edit([{insert: '😀 '}]);
    await space.transact((tx) => tx.document('notes', 'n').text('body').insert(0, '- '));
    assert.equal(text.value, '- 😀 one two');
    assert.deepEqual(told, [[{insert: '- '}]]);
    assert.equal(await text.resolve(anchor), 9);
    await text.edit([{retain: 5}, {retain: 3, properties: {bold: true}}]);
    assert.equal(text.value, '- 😀 one two');
    assert.equal(undo.canUndo, true);
    assert.equal(await undo.undo(), true);
    assert.equal(text.value, '- 😀 ');
    assert.equal(await undo.redo(), true);
    assert.equal(text.value, '- 😀 one two');
    assert.deepEqual([undo.canUndo, undo.canRedo], [true, false]);
});

test('a live text tells marks, of whoever makes them, and what is typed into them is marked', async (t) => {
    const made = await store(t);
    const space = made.space('s');
    await space.transact((tx) => {
        const body = tx.document('notes', 'n').text('body');
        body.insert(0, 'one 😀 three');
        body.mark(4, 2, 'link', {to: 'here'}, 'none');
    });
    const text = await space.document('notes', 'n').text(['body']);
    const link = {to: 'here'};
    assert.deepEqual(text.content, [{insert: 'one '}, {insert: '😀', properties: {link}}, {insert: ' three'}]);
    const told: unknown[] = [];
    text.observe((delta) => told.push(delta));
    await space.transact((tx) => tx.document('notes', 'n').text('body').mark(0, 3, 'bold', true));
    assert.deepEqual(told, [[{retain: 3, properties: {bold: true}}]]);
    await text.edit([{retain: 3}, {insert: 's'}]);
    // The mark grew with what was typed at its end; the engine knows that, and tells.
    assert.deepEqual(told.splice(0), [[{retain: 3, properties: {bold: true}}], [{retain: 3}, {retain: 1, properties: {bold: true}}]]);
    assert.deepEqual(text.content.slice(0, 2), [{insert: 'ones', properties: {bold: true}}, {insert: ' '}]);
    await text.edit([{retain: 2, properties: {bold: null}}, {retain: 5}, {retain: 6, properties: {size: 2}}]);
    assert.deepEqual(told, []);
    await space.transact((tx) => tx.document('notes', 'n').text('body').unmark(5, 2, 'link'));
    assert.deepEqual(told, [[{retain: 5}, {retain: 2, properties: {link: null}}]]);
    const content = [{insert: 'on'}, {insert: 'es', properties: {bold: true}}, {insert: ' 😀'}, {insert: ' three', properties: {size: 2}}];
    assert.deepEqual(text.content, content);
    assert.deepEqual((await space.document('notes', 'n').text(['body'])).content, content);
    const seen = text.content;
    assert.ok(Object.isFrozen(seen));
    await space.transact((tx) => tx.document('other', 'n').create());
    assert.equal(text.content, seen);
});

test('a text in a list stays itself when the list changes', async (t) => {
    const made = await store(t);
    const space = made.space('s');
    await space.transact((tx) => {
        const items = tx.document('boards', 'b').list('items');
        items.insertMap(0).text('notes').insert(0, 'first');
        items.insertMap(1).text('notes').insert(0, 'second');
    });
    const text = await space.document('boards', 'b').text(['items', 1, 'notes']);
    assert.equal(text.value, 'second');
    await space.transact((tx) => tx.document('boards', 'b').list('items').move(1, 0));
    await text.edit([{retain: 6}, {insert: '!'}]);
    const value = await space.document('boards', 'b').load();
    assert.deepEqual(value, {items: [{notes: 'second!'}, {notes: 'first'}]});
    await space.transact((tx) => tx.document('boards', 'b').list('items').erase(0));
    await assert.rejects(text.edit([{insert: 'x'}]), {code: 'not_found'});
});

test('edits of lists hit the elements that the page saw, also in lists of lists', async (t) => {
    const made = await store(t);
    const space = made.space('s');
    const board = space.document('boards', 'b');
    const names = (): unknown => (board.value?.['items'] as readonly {name?: string}[]).map(({name}) => name);
    await space.transact((tx) => {
        const items = tx.document('boards', 'b').list('items');
        for (const name of ['first', 'second', 'third']) {
            items.insertMap(0).set('name', name);
            items.map(0).list('steps').push('a', 'b', 'c');
        }
        tx.document('boards', 'b').setOf('tags').insert('x');
    });
    await board.load();
    assert.deepEqual(names(), ['third', 'second', 'first']);
    const edit = (what: (items: ListEditor) => void): Promise<void> => space.transact((tx) => what(tx.document('boards', 'b').list('items')));
    const stack = await space.undo();
    await stack.transact((tx) => tx.document('boards', 'b').list('items').insertMap(0).set('name', 'fourth'));
    // What follows is said of a list that the undo has changed by then.
    await Promise.all([
        stack.undo(),
        edit((items) => items.erase(1)),
        assert.rejects(edit((items) => items.map(0).set('name', 'x')), {code: 'not_found'}),
    ]);
    const steps = ['a', 'b', 'c'];
    assert.deepEqual(board.value, {items: [{name: 'second', steps}, {name: 'first', steps}], tags: ['x']});
    // And this of what the page itself has made of it: also of elements that are new, and of lists in these.
    const edits = [
        edit((items) => items.move(1, 0)),
        edit((items) => items.insertMap(1).set('name', 'new')),
        edit((items) => items.map(1).list('steps').push('k', 'l')),
        edit((items) => items.map(1).list('steps').insert(1, 'm')),
        edit((items) => items.map(1).list('steps').erase(0)),
        edit((items) => {
            items.map(2).list('steps').erase(1);
            items.map(2).list('steps').insertText(0).insert(0, 'live');
        }),
        edit((items) => items.map(2).set('name', 'Second')),
    ];
    const live = board.text(['items', 2, 'steps', 0]);
    const moved = edit((items) => items.move(2, 0));
    await Promise.all(edits);
    await (await live).edit([{insert: 'still a'}]);
    await moved;
    assert.deepEqual(board.value?.['items'], [{name: 'Second', steps: ['still alive', 'a', 'c']}, {name: 'first', steps}, {name: 'new', steps: ['m', 'l']}]);
    // The same for what comes with its collection.
    const items = space.collection('boards');
    await items.load();
    await Promise.all([edit((items) => items.erase(0)), edit((items) => items.map(0).set('name', 'FIRST')), edit((items) => items.erase(1))]);
    assert.deepEqual(items.get('b')?.['items'], [{name: 'FIRST', steps}]);
    assert.ok((await space.inspect()).clockOffsetMs === 0);
});

test('two stores and the native tool come to the same over a relay, with who is here, conflicts and history', async (t) => {
    const {url} = await startRelay(t);
    const [a, b] = await Promise.all([store(t, {url}), store(t, {url})]);
    await a.keepHistory(3_600_000);
    const [ofA, ofB] = [a.space('s'), b.space('s')];
    await Promise.all([ofA.collection('tasks').load(), ofB.collection('tasks').load(), ofA.inSync(20_000), ofB.inSync(20_000)]);
    ofA.presence.set({name: 'Ada'});
    await new Promise<void>((resolve) => {
        const stop = ofB.presence.observe((others) => {
            if (others.length === 0) return;
            stop();
            resolve();
        });
        if (ofB.presence.others().length > 0) resolve();
    });
    const [ada] = ofB.presence.others();
    assert.deepEqual([ada?.value, ada?.replica], [{name: 'Ada'}, a.replica]);
    const lost: string[] = [];
    for (const [who, space] of [['a', ofA], ['b', ofB]] as const) {
        space.document('tasks', 't').observeConflicts(['title'], (values) => lost.push(`${who}: ${JSON.stringify(values)}`));
    }
    await a.disconnect();
    await ofA.transact((tx) => tx.document('tasks', 't').set('title', 'of a'));
    await ofB.transact((tx) => tx.document('tasks', 't').set('title', 'of b'));
    await ofB.inSync(20_000);
    await a.connect();
    await Promise.all([ofA.inSync(20_000), ofB.inSync(20_000)]);
    const native = join(temporaryDirectory(t), 'native.db');
    await run('syncline', '--store', native, '--space', 's', 'sync', url);
    const digest = await run('syncline', '--store', native, '--space', 's', 'digest');
    assert.equal(await ofA.digest(), digest);
    await ofB.inSync(20_000);
    const titles = [(await ofA.document('tasks', 't').load())?.['title'], ...(await ofA.document('tasks', 't').conflicts(['title']))];
    // Both are told, though only one of them is shown another title.
    const told = JSON.stringify(titles.slice(1));
    assert.deepEqual(lost.sort(), [`a: ${told}`, `b: ${told}`]);
    assert.deepEqual(titles.sort(), ['of a', 'of b']);
    const settled = new Promise<void>((resolve) => ofA.document('tasks', 't').observeConflicts(['title'], ({length}) => length === 0 && resolve()));
    await ofB.document('tasks', 't').load();
    await ofB.transact((tx) => tx.document('tasks', 't').set('title', 'of both'));
    await Promise.all([settled, ofB.inSync(20_000)]);
    await ofA.inSync(20_000);
    assert.equal((await ofA.document('tasks', 't').load())?.['title'], 'of both', 'not what it was when it was loaded first');
    const report = await ofA.inspect();
    assert.deepEqual([report.replica, report.documents, report.pending], [a.replica, 1, 0]);
    assert.ok(report.bytesSent > 0 && report.bytesReceived > 0);
    assert.equal(Object.keys(report.versionVector).length, 2);
    assert.equal((await ofA.document('tasks', 't').history()).length, 3);
});

test('a device whose clock is wrong is told by the relay, and what it writes is stamped by the relay\'s', async (t) => {
    const {url} = await startRelay(t);
    const behindMs = 300_000;
    const system = {...systemHost, now: () => systemHost.now() - behindMs};
    const engine = await Engine.open({module, path: 'store.db', storage: new MemoryStorage(), sockets: nodeSockets(), system});
    const port = enginePort(engine, {bytesSent: 0, bytesReceived: 0}, (error) => assert.fail(error));
    t.after(() => port.close());
    const client = new Client({tab: 'a', schema: null, url, token: undefined});
    const made = new PageStore('a', client, {role: () => 'leader', close: () => Promise.resolve()});
    const server = new Server(port, {storage: 'memory', warnings: [], erase: () => Promise.resolve(), ended: () => undefined});
    const {page, engine: served} = linkPair();
    server.join(served);
    client.attach(page);
    await made.opened;
    const warned = new Promise<Warning>((resolve) => made.on('warning', resolve));
    const space = made.space('s');
    await made.keepHistory(3_600_000);
    await space.inSync(20_000);
    const warning = await warned;
    assert.ok(warning.code === 'clock_skew' && Math.abs(warning.offsetMs - behindMs) < 30_000, JSON.stringify(warning));
    assert.match(warning.message, /^this device's clock is \d+ s behind the relay's$/);
    await space.transact((tx) => tx.document('tasks', 't').set('title', 'x'));
    await space.inSync(20_000);
    const [{time} = {time: 0}] = await space.document('tasks', 't').history();
    assert.ok(Math.abs(time - Date.now()) < 60_000, `${time}`);
});

test('a store that is wiped is gone', async (t) => {
    const name = join(temporaryDirectory(t), 'a.db');
    const made = await store(t, {name});
    await made.space('s').transact((tx) => tx.document('tasks', 't').create());
    let wiped = 0;
    made.on('wiped', () => wiped++);
    await made.wipe();
    await assert.rejects(made.space('s').digest(), {code: 'wiped'});
    assert.equal(wiped, 1);
    assert.throws(() => readFileSync(name), {code: 'ENOENT'});
});

// Engines, a native relay and the native tool, on one space.
import assert from 'node:assert/strict';
import * as path from 'node:path';
import {test} from 'node:test';

import {NodeStorage} from '../../../wasm/js/engine-node.js';
import {inSync, openEngine, run, startRelay, temporaryDirectory, until} from './support.js';

const space = 'team';

test('two engines that edit at once show the same, and so does a native store', async (t) => {
    const {url} = await startRelay(t);
    const alice = await openEngine(t);
    const bob = await openEngine(t);
    alice.transact(space, [
        {op: 'set', doc: ['tasks', 't1'], path: ['title'], value: 'Milk'},
        {op: 'text_insert', doc: ['tasks', 't1'], path: ['notes'], index: 0, text: 'two litres'},
        {op: 'list_push', doc: ['tasks', 't1'], path: ['steps'], values: ['go', 'buy']},
    ]);
    alice.connect(url);
    bob.connect(url);
    bob.openSpace(space);
    await until(bob, () => bob.get(space, 'tasks', 't1') !== null);
    alice.transact(space, [
        {op: 'text_insert', doc: ['tasks', 't1'], path: ['notes'], index: 0, text: 'at least '},
        {op: 'add', doc: ['tasks', 't1'], path: ['votes'], value: 2},
    ]);
    bob.transact(space, [
        {op: 'text_insert', doc: ['tasks', 't1'], path: ['notes'], index: 10, text: '!'},
        {op: 'add', doc: ['tasks', 't1'], path: ['votes'], value: 3},
        {op: 'list_move', doc: ['tasks', 't1'], path: ['steps'], index: 0, to: 1},
    ]);
    await inSync(alice, space);
    await inSync(bob, space);
    const shown = {title: 'Milk', notes: 'at least two litres!', steps: ['buy', 'go'], votes: 5};
    await until(alice, () => alice.digest(space) === bob.digest(space));
    assert.deepEqual(alice.get(space, 'tasks', 't1'), shown);
    assert.deepEqual(bob.get(space, 'tasks', 't1'), shown);

    const store = path.join(temporaryDirectory(t), 'native.db');
    const native = (...words: string[]) => run('syncline', '--store', store, '--space', space, ...words);
    await native('sync', url);
    assert.equal(await native('digest'), alice.digest(space));
    assert.deepEqual(JSON.parse(await native('get', 'tasks/t1')), shown);
    await native('set', 'tasks/t1', 'title', '"Oat milk"');
    await native('sync', url);
    await until(bob, () => bob.get(space, 'tasks', 't1')?.['title'] === 'Oat milk');
});

test('what is edited while there is no relay arrives once there is one again', async (t) => {
    const first = await startRelay(t);
    const alice = await openEngine(t);
    alice.connect(first.url, {backoffMinMs: 1, backoffMaxMs: 20});
    alice.transact(space, [{op: 'set', doc: ['a', 'a'], path: ['v'], value: 1}]);
    await inSync(alice, space);
    first.process.kill('SIGKILL');
    await until(alice, () => alice.status(space).connection === 'offline');
    alice.transact(space, [{op: 'set', doc: ['a', 'a'], path: ['v'], value: 2}]);
    assert.equal(alice.status(space).pending, 1);
    // A relay without a memory: alice brings it what it lost.
    const second = await startRelay(t);
    alice.connect(second.url);
    await inSync(alice, space);
    const bob = await openEngine(t);
    bob.connect(second.url);
    bob.openSpace(space);
    await inSync(bob, space);
    assert.deepEqual(bob.get(space, 'a', 'a'), {v: 2});
    assert.equal(bob.digest(space), alice.digest(space));
});

test('a thousand changes pass between an engine on disk and one in memory', async (t) => {
    const {url} = await startRelay(t);
    const alice = await openEngine(t, {
        storage: new NodeStorage(),
        path: path.join(temporaryDirectory(t), 'alice.db'),
    });
    const bob = await openEngine(t);
    bob.connect(url);
    alice.connect(url);
    bob.openSpace(space);
    for (let i = 0; i < 1000; ++i) {
        alice.transact(space, [{op: 'set', doc: ['n', `d${i % 100}`], path: [`v${i % 7}`], value: i}]);
        if (i % 100 === 0) await new Promise(setImmediate);
    }
    await inSync(alice, space);
    await until(bob, () => bob.status(space).cursor === alice.status(space).cursor);
    assert.equal(bob.digest(space), alice.digest(space));
    assert.deepEqual(bob.all(space, 'n'), alice.all(space, 'n'));
});

test('an address where no relay is says so, and says when it is not a relay', async (t) => {
    const engine = await openEngine(t);
    engine.openSpace(space);
    engine.connect('ws://127.0.0.1:1', {backoffMinMs: 60_000});
    await until(engine, () => engine.status(space).lastError !== null);
    assert.equal(engine.status(space).lastError?.code, 'connection_lost');
    assert.match(engine.status(space).lastError?.message ?? '', /127\.0\.0\.1:1.*ECONNREFUSED/);

    const {url} = await startRelay(t);
    engine.connect(`${url}/healthz`, {backoffMinMs: 60_000});
    await until(engine, () => engine.status(space).lastError?.code === 'not_a_relay');
    assert.throws(() => engine.connect('http://relay.example'), {
        code: 'invalid_argument',
    });
});

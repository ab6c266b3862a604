// Stores on the disk: opened again, locked, shared with native programs, and full or failing disks.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {test} from 'node:test';

import type {Value} from '../../../wasm/js/api.js';
import {MemoryStorage, NodeStorage, StorageFailure, type Engine, type StorageHost} from '../../../wasm/js/engine-node.js';
import {openEngine, run, scaled, temporaryDirectory} from './support.js';

const space = 'team';
const write = (engine: Engine, id: string, value: Value) =>
    engine.transact(space, [{op: 'set', doc: ['docs', id], path: ['v'], value}]);

test('a store on the disk is there again, and each transaction was brought to the disk', async (t) => {
    const file = path.join(temporaryDirectory(t), 'store.db');
    const storage = new NodeStorage();
    const first = await openEngine(t, {storage, path: file});
    write(first, 'a', 1);
    const before = storage.syncs;
    for (let i = 0; i < 20; ++i) write(first, 'a', i);
    assert.ok(storage.syncs - before >= 20, `${storage.syncs - before} syncs for 20 transactions`);
    first.close();
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['store.db']);
    const second = await openEngine(t, {storage: new NodeStorage(), path: file});
    assert.deepEqual(second.get(space, 'docs', 'a'), {v: 19});
});

test('a store that is open is locked, and a dead process leaves no lock', async (t) => {
    const file = path.join(temporaryDirectory(t), 'store.db');
    const first = await openEngine(t, {storage: new NodeStorage(), path: file});
    write(first, 'a', 1);
    await assert.rejects(openEngine(t, {storage: new NodeStorage(), path: file}), {code: 'storage_locked'});
    first.close();
    // Of processes that are no more: one whose number is ours now, one that nobody has, and an empty file.
    for (const left of [`${process.pid} 1`, '4194304', '']) {
        fs.writeFileSync(`${file}.lock`, left);
        const next = await openEngine(t, {storage: new NodeStorage(), path: file});
        assert.deepEqual(next.get(space, 'docs', 'a'), {v: 1});
        next.close();
    }
    // A living one.
    fs.writeFileSync(`${file}.lock`, `${process.ppid}`);
    await assert.rejects(openEngine(t, {storage: new NodeStorage(), path: file}), {code: 'storage_locked'});
});

test('what Node refuses has a code and a cause', async (t) => {
    const directory = temporaryDirectory(t);
    const missing = path.join(directory, 'no', 'such', 'store.db');
    await assert.rejects(openEngine(t, {storage: new NodeStorage(), path: missing}), (error: Error) => {
        assert.equal((error as unknown as {code: string}).code, 'storage_failed');
        assert.match(error.message, /no\/such\/store\.db/);
        assert.ok(error.cause instanceof StorageFailure);
        return true;
    });
});

test('a file written here opens natively, and the reverse', async (t) => {
    const directory = temporaryDirectory(t);
    const file = path.join(directory, 'store.db');
    const native = (...words: string[]) => run('syncline', '--store', file, '--space', space, ...words);
    const first = await openEngine(t, {storage: new NodeStorage(), path: file});
    write(first, 'a', {list: [1, 2.5, 'three'], bytes: new Uint8Array([1, 2])});
    first.transact(space, [
        {op: 'text_insert', doc: ['docs', 'b'], path: ['text'], index: 0, text: 'naïve 🙂'},
        {op: 'add', doc: ['docs', 'b'], path: ['votes'], value: 3},
    ]);
    const exported = path.join(directory, 'exported.db');
    fs.writeFileSync(exported, first.export());
    const digest = first.digest(space);
    const b = first.get(space, 'docs', 'b');
    first.close();
    assert.equal(await native('digest'), digest);
    assert.deepEqual(JSON.parse(await native('get', 'docs/b')), b);
    assert.deepEqual(JSON.parse(await run('syncline', '--store', exported, '--space', space, 'get', 'docs/b')), b);
    await native('set', 'docs/a', 'v', '"by a native program"');
    await native('add', 'docs/b', 'votes', '4');
    const second = await openEngine(t, {storage: new NodeStorage(), path: file});
    assert.deepEqual(second.get(space, 'docs', 'a'), {v: 'by a native program'});
    assert.equal(second.get(space, 'docs', 'b')?.['votes'], 7);
    assert.equal(second.status(space).pending, 4);
    second.verify();
});

/** Memory that fails from its `fails`-th write or sync on, as `how`; what was not synced by then is lost. */
class FailingStorage extends MemoryStorage {
    #left = Infinity;
    #how: 'failed' | 'full' = 'failed';
    #durable = new Map<string, Uint8Array>();
    readonly #paths = new Map<number, string>();
    steps = 0;

    failAfter(steps: number, how: 'failed' | 'full'): void {
        this.#left = steps;
        this.#how = how;
    }
    /** As after a loss of power. */
    durable(): Map<string, Uint8Array> {
        return this.#durable;
    }
    #step(): void {
        ++this.steps;
        if (--this.#left < 0) throw new StorageFailure(this.#how, 'made to fail');
    }
    override open(...[name, how]: Parameters<StorageHost['open']>): number {
        const handle = super.open(name, how);
        this.#paths.set(handle, name);
        return handle;
    }
    override write(...what: Parameters<StorageHost['write']>): void {
        this.#step();
        super.write(...what);
    }
    override truncate(...what: Parameters<StorageHost['truncate']>): void {
        this.#step();
        super.truncate(...what);
    }
    override sync(handle?: number): void {
        this.#step();
        const name = this.#paths.get(handle ?? -1) ?? '';
        const bytes = this.files().get(name);
        if (bytes !== undefined) this.#durable.set(name, bytes);
    }
    override remove(name: string): void {
        this.#step();
        super.remove(name);
        this.#durable.delete(name);
    }
}

for (const how of ['failed', 'full'] as const) {
    test(`a disk that is ${how} at any write loses nothing that was acknowledged`, async (t) => {
        const whole = new FailingStorage();
        const calibrating = await openEngine(t, {storage: whole});
        for (let i = 0; i < 12; ++i) write(calibrating, `d${i}`, i);
        calibrating.close();
        const last = whole.steps;
        const stride = Math.max(1, Math.floor(last / scaled(60)));
        let refused = 0;
        for (let step = 0; step < last; step += stride) {
            const storage = new FailingStorage();
            storage.failAfter(step, how);
            let acknowledged = -1;
            try {
                const engine = await openEngine(t, {storage});
                for (let i = 0; i < 12; ++i) {
                    write(engine, `d${i}`, i);
                    acknowledged = i;
                }
            } catch (error) {
                const {code} = error as {code: string};
                assert.ok(code === 'storage_failed' || code === 'storage_full', `${step}: ${String(error)}`);
                if (how === 'full' && acknowledged >= 0) assert.equal(code, 'storage_full');
                ++refused;
            }
            const after = await openEngine(t, {storage: new MemoryStorage(storage.durable())});
            after.verify();
            const there = Object.keys(after.all(space, 'docs')).length;
            assert.ok(there > acknowledged, `step ${step}: ${acknowledged + 1} acknowledged, ${there} there`);
            // At most the one that was being made.
            assert.ok(there <= acknowledged + 2);
            after.close();
        }
        assert.ok(refused > 1);
    });
}

test('a full disk refuses with a sentence, and takes on when there is room again', async (t) => {
    const storage = new FailingStorage();
    const engine = await openEngine(t, {storage});
    write(engine, 'a', 1);
    storage.failAfter(0, 'full');
    assert.throws(() => write(engine, 'a', 2), (error: Error) => {
        assert.equal((error as unknown as {code: string}).code, 'storage_full');
        assert.match(error.message, /full/);
        assert.equal((error.cause as Error).message, 'made to fail');
        return true;
    });
    assert.deepEqual(engine.get(space, 'docs', 'a'), {v: 1});
    storage.failAfter(Infinity, 'full');
    write(engine, 'a', 3);
    assert.deepEqual(engine.get(space, 'docs', 'a'), {v: 3});
});

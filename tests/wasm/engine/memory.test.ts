// What happens when the module's memory is full.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import {test} from 'node:test';

import {Engine, MemoryStorage, nodeSockets} from '../../../wasm/js/engine-node.js';
import {moduleFile} from './support.js';

const pageBytes = 65536;

/** The module with a memory of at most `bytes`: the same bytes but for that number. */
function withMemoryOf(bytes: number): Promise<WebAssembly.Module> {
    const file = fs.readFileSync(moduleFile);
    let at = 8;
    const number = (): number => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const byte = file[at++] as number;
            value |= (byte & 127) << shift;
            if (byte < 128) return value;
        }
    };
    for (;;) {
        const section = file[at++];
        const end = number() + at;
        if (section === 5) break; // memories: how many, and the flags, the least and the most of the first
        at = end;
    }
    assert.deepEqual([number(), number()], [1, 1], 'one memory with a most');
    number();
    const pages = bytes / pageBytes;
    assert.equal(file.readUIntLE(at, 3), 0x048080, 'a most of 4 GiB, in three bytes');
    file.set([(pages & 127) | 128, (pages >> 7) | 128, 0], at);
    return WebAssembly.compile(file);
}

test('running out of memory is an error, and the end of the engine', async () => {
    const storage = new MemoryStorage();
    const module = await withMemoryOf(400 * pageBytes);
    const open = (files: MemoryStorage) =>
        Engine.open({module, path: 'store.db', storage: files, sockets: nodeSockets()});
    const engine = await open(storage);
    engine.transact('team', [{op: 'set', doc: ['docs', 'a'], path: ['v'], value: 'kept'}]);
    const tooMuch = new Array<number>(1_000_000).fill(1);
    assert.throws(() => engine.transact('team', [{op: 'set', doc: ['docs', 'b'], path: ['v'], value: tooMuch}]), {
        code: 'storage_failed',
        message: /out of memory/,
    });
    for (let again = 0; again < 3; ++again) {
        assert.throws(() => engine.get('team', 'docs', 'a'), {code: 'closed', message: /ran out of memory before/});
    }
    const next = await open(new MemoryStorage(storage.files()));
    assert.deepEqual(next.get('team', 'docs', 'a'), {v: 'kept'});
    next.close();
});

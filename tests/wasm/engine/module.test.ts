// The module itself: what it asks of its host, and how large it is.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import {test} from 'node:test';
import * as zlib from 'node:zlib';

import {module, moduleFile} from './support.js';

test('the module asks its host for what host.hpp says, and for no more than that', () => {
    const imports = WebAssembly.Module.imports(module).map((each) => `${each.module}.${each.name}`);
    const allowed = [
        ...['open', 'close', 'read', 'write', 'truncate', 'sync', 'size', 'remove', 'exists'].map((f) => `host.file_${f}`),
        ...['open', 'send', 'queued', 'close'].map((f) => `host.socket_${f}`),
        ...['timer_set', 'now', 'random'].map((f) => `host.${f}`),
        'env.emscripten_notify_memory_growth',
        ...['proc_exit', 'environ_get', 'environ_sizes_get', 'fd_write', 'fd_close', 'fd_seek'].map(
            (f) => `wasi_snapshot_preview1.${f}`,
        ),
    ];
    assert.deepEqual(
        imports.filter((name) => !allowed.includes(name)),
        [],
    );
    for (const each of WebAssembly.Module.imports(module)) assert.equal(each.kind, 'function');
});

test('the module is within its budget', (t) => {
    const raw = fs.readFileSync(moduleFile);
    const gzip = zlib.gzipSync(raw, {level: 9}).length;
    const brotli = zlib.brotliCompressSync(raw, {
        params: {[zlib.constants.BROTLI_PARAM_SIZE_HINT]: raw.length, [zlib.constants.BROTLI_PARAM_LGWIN]: 22},
    }).length;
    t.diagnostic(`syncline.wasm: ${raw.length} bytes, gzip ${gzip}, brotli ${brotli}`);
    const budget = 514_000;
    assert.ok(brotli <= budget, `${brotli} bytes by brotli, more than ${budget}`);
});

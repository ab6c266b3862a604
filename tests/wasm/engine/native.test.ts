// Native and WebAssembly are one engine: the same histories and the same requests give the same bytes.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {test} from 'node:test';

import type {Value} from '../../../wasm/js/api.js';
import {MemoryStorage, nodeSockets, type SystemHost} from '../../../wasm/js/engine-node.js';
import {encodeJson} from '../../../wasm/js/json.js';
import {ModuleInstance} from '../../../wasm/js/loader.js';
import {Random} from '../support/random.js';
import {module, moduleFile, programs, scaled, temporaryDirectory} from './support.js';

function output(command: string, words: readonly string[], input?: string, cwd?: string): string {
    const {status, stdout, stderr} = spawnSync(command, words, {input, cwd, maxBuffer: 1 << 30, encoding: 'utf8'});
    assert.equal(status, 0, stderr);
    return stdout;
}

test('random histories of three replicas have the same bytes natively and here', () => {
    const words = [process.env['SYNCLINE_TEST_SEED'] ?? '1', String(scaled(1000))];
    const native = output(path.join(programs, 'syncline-differential'), words);
    const script = path.join(path.dirname(moduleFile), 'bin/syncline-differential.js');
    const ours = output(process.execPath, [script, ...words]);
    assert.equal(native.split('\n').length, scaled(1000) + 1);
    assert.deepEqual(ours.split('\n'), native.split('\n'));
});

/** What tests/wasm/native/replay.cpp has in the place of a system. */
class RepeatableSystem implements SystemHost {
    #now = 1_700_000_000_000;
    now(): number {
        return (this.#now += 7);
    }
    random(into: Uint8Array): void {
        for (let i = 0; i < into.length; ++i) into[i] = (17 * i + into.length) & 0xff;
    }
    timer(): () => void {
        return () => {};
    }
}

/** An engine's life as requests, a line each; many of them make no sense. */
function* requests(random: Random, file: string): Generator<Value[]> {
    const pick = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
    const space = () => pick(['s', 's', 's', 'other']);
    const id = () => pick(['a', 'b', 'c', 'd\u00e9', 'x y']);
    const words = ['', 'x', 'hello ', 'na\u00efve', '\ud83d\ude42', 'a\u0301', '"\\\n', '12345678901234567'];
    const value = (depth = 2): Value =>
        pick<() => Value>([
            () => random.below(100) - 50,
            () => random.below(1_000_000) / 7,
            () => pick(words),
            () => pick<Value>([null, true, false, NaN, -Infinity, 2 ** 53, -9223372036854775808n, 1e300]),
            () => new Uint8Array([random.below(256), 0]),
            () => (depth === 0 ? 0 : [value(depth - 1), value(depth - 1)]),
            () => (depth === 0 ? '' : {k: value(depth - 1), $map: value(depth - 1)}),
        ])();
    const fields = ['reg', 'count', 'set', 'list', 'text', 'map', 'flag'];
    /** Mostly where `field` is; else anywhere. */
    const steps = (field: string): Value[] => {
        if (random.below(5) > 0) return [field];
        const first = pick(fields);
        return pick([[first], [first, pick(['k', 'l'])], [first, random.below(2)], [first, 0, 'k'], ['list', 0]]);
    };
    const op = (): Value => {
        const doc = [pick(['tasks', 'notes']), id()];
        const at = {doc, path: steps(pick(fields))};
        const list = {doc, path: steps('list')};
        const text = {doc, path: steps('text')};
        const index = random.below(random.below(3) + 1);
        const unit = pick(['utf16', 'code_point', 'byte']);
        return pick<() => Value>([
            () => ({...at, op: 'set', value: value()}),
            () => ({...at, op: 'set_multi_value', value: value()}),
            () => ({...at, op: 'add', value: random.below(9) - 4}),
            () => ({...at, op: pick(['insert', 'erase', 'insert_remove_wins', 'insert_grow_only']), value: value(0)}),
            () => ({...at, op: pick(['enable', 'disable', 'delete', 'create', 'create_list', 'create_text'])}),
            () => ({...list, op: 'list_push', values: [value(), value()]}),
            () => ({...list, op: 'list_push', new: pick(['map', 'list', 'text', 'counter'])}),
            () => ({...list, op: 'list_insert', index, value: value()}),
            () => ({...list, op: 'list_move', index, to: random.below(4)}),
            () => ({...list, op: pick(['list_erase']), index}),
            () => ({...text, op: 'text_insert', index, text: pick(words), unit}),
            () => ({...text, op: 'text_insert', index: 0, text: pick(words)}),
            () => ({...text, op: 'text_splice', index, count: random.below(3), text: pick(words), unit}),
            () => ({...text, op: 'text_mark', index, count: 2, name: 'bold', value: value(0), expand: pick(['after', 'none'])}),
            () => ({op: 'delete', doc}),
        ])();
    };
    const ops = () => Array.from({length: 1 + random.below(3)}, op);
    yield ['open', file];
    yield ['keep_history', pick([0, 1_000_000_000])];
    yield ['undo_new', 's', 10, pick([0, 50])];
    const count = 10 + random.below(40);
    for (let i = 0; i < count; ++i) {
        yield pick<() => Value[]>([
            () => ['transact', space(), ops(), pick(['', 'why'])],
            () => ['transact', space(), [op()]],
            () => ['transact', space(), [op()]],
            () => ['undo_transact', 1, [op()]],
            () => [pick(['undo', 'redo', 'can_undo']), 1],
            () => ['get', space(), 'tasks', id()],
            () => ['handle', space(), {doc: ['tasks', id()], path: steps(pick(['list', 'text'])), index: random.below(2)}],
            () => ['spans', space(), {doc: ['tasks', id()], path: ['text']}],
            () => ['history', 's', 'tasks', id()],
        ])();
    }
    for (const name of ['s', 'other']) {
        yield ['all', name, 'tasks'];
        yield ['all', name, 'notes'];
        yield ['digest', name];
        yield ['status', name];
    }
    yield ['checkpoint'];
    yield ['close'];
}

test('the same requests have the same answers, events and file natively and here', async (t) => {
    const memory = '/dev/shm';
    const directory = temporaryDirectory(t, fs.existsSync(memory) ? memory : undefined);
    const seeds = scaled(300);
    const lines: string[] = [];
    for (let seed = 1; seed <= seeds; ++seed) {
        for (const request of requests(new Random(seed), `${seed}.db`)) lines.push(encodeJson(request));
    }
    const native = output(path.join(programs, 'syncline-replay'), [], `${lines.join('\n')}\n`, directory);

    const system = new RepeatableSystem();
    const told: string[] = [];
    let storage = new MemoryStorage();
    let instance: ModuleInstance | undefined;
    const stores = new Map<string, MemoryStorage>();
    for (const line of lines) {
        if (line.startsWith('["open"')) {
            storage = new MemoryStorage();
            stores.set((JSON.parse(line) as string[])[1] as string, storage);
            instance ??= await ModuleInstance.create(module, {storage: delegate(() => storage), sockets: nodeSockets(), system}, () => {});
        }
        try {
            told.push((instance as ModuleInstance).call(line));
        } catch (error) {
            const {code, message} = error as {code: string; message: string};
            told.push(`${code}: ${message}`);
        }
        const events = (instance as ModuleInstance).takeEvents();
        if (events !== '') told.push(events);
    }
    const wanted = native.trimEnd().split('\n');
    const odd = wanted.findIndex((line, i) => line !== told[i]);
    assert.equal(odd < 0 ? undefined : told[odd], odd < 0 ? undefined : wanted[odd]);
    assert.equal(told.length, wanted.length);
    const refusals = told.filter((line) => /^[a-z_]+: /.test(line)).length;
    t.diagnostic(`${lines.length} requests of ${seeds} seeds, ${refusals} refused`);
    for (const [file, store] of stores) {
        const here = store.files().get(file) as Uint8Array;
        assert.ok(fs.readFileSync(path.join(directory, file)).equals(here), `${file} has the same bytes`);
    }
    instance?.dispose();
});

/** One host for one instance, though each store has files of its own. */
function delegate(current: () => MemoryStorage): MemoryStorage {
    return new Proxy({} as MemoryStorage, {
        get: (_, name: keyof MemoryStorage) => {
            const storage = current();
            return (storage[name] as (...words: unknown[]) => unknown).bind(storage);
        },
    });
}

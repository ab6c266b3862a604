// What the tests of the engine share: where things are, temporary directories, and native programs.
import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';

import {Engine, MemoryStorage, loadModule, nodeSockets, type EngineOptions} from '../../../wasm/js/engine-node.js';

/** The part of a test's context that is used. */
export interface Test {
    after(run: () => void | Promise<void>): void;
}

export const root = path.resolve(process.env['SYNCLINE_TESTS'] as string, '../..');
/** Where the native programs are. */
export const programs = process.env['SYNCLINE_BIN_DIR'] ?? path.join(root, 'build/dev/bin');
export const moduleFile = process.env['SYNCLINE_WASM'] ?? path.join(root, 'build/wasm/syncline.wasm');
export const module = await loadModule(pathToFileURL(moduleFile));

/** SYNCLINE_TEST_SCALE times `runs`, at least 1. */
export function scaled(runs: number): number {
    return Math.max(1, Math.round(runs * Number(process.env['SYNCLINE_TEST_SCALE'] ?? 1)));
}

/** A directory that is gone when the test is over. */
export function temporaryDirectory(test: Test, parent = os.tmpdir()): string {
    const directory = fs.mkdtempSync(path.join(parent, 'syncline-wasm-'));
    test.after(() => fs.rmSync(directory, {recursive: true, force: true}));
    return directory;
}

/** An engine in memory, unless `options` say otherwise, that is closed when the test is over. */
export async function openEngine(test: Test, options: Partial<EngineOptions> = {}): Promise<Engine> {
    const engine = await Engine.open({
        module,
        path: 'store.db',
        storage: new MemoryStorage(),
        sockets: nodeSockets(),
        ...options,
    });
    test.after(() => engine.close());
    return engine;
}

/** Resolves once `condition()` holds; it is asked after each event of the engine. */
export function until(engine: Engine, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
        const end = (how: () => void) => {
            clearTimeout(timer);
            unsubscribe();
            how();
        };
        const failure = new Error('it did not happen in 30 s');
        const timer = setTimeout(() => end(() => reject(failure)), 30_000);
        const look = () => {
            try {
                if (condition()) end(resolve);
            } catch (error) {
                end(() => reject(error));
            }
        };
        const unsubscribe = engine.onEvent(look);
        look();
    });
}

export function inSync(engine: Engine, space: string): Promise<void> {
    return until(engine, () => engine.status(space).inSync);
}

/** Runs a native program to its end and returns what it printed. */
export async function run(program: string, ...words: string[]): Promise<string> {
    const {stdout} = await promisify(execFile)(path.join(programs, program), words, {maxBuffer: 1 << 28});
    return stdout.trim();
}

/** A relay of its own, on a free port of loopback; stopped when the test is over. */
export async function startRelay(test: Test, ...words: string[]): Promise<{url: string; process: ChildProcess}> {
    const data = temporaryDirectory(test);
    const port = path.join(data, 'port');
    const settings = ['--data', data, '--listen', '127.0.0.1:0', '--port-file', port, '--log-level', 'error'];
    const relay = spawn(path.join(programs, 'syncline-relay'), [...settings, ...words], {
        stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(relay, 'exit');
    test.after(async () => {
        relay.kill('SIGTERM');
        await exited;
    });
    const portNow = () => (fs.existsSync(port) ? fs.readFileSync(port, 'utf8').trim() : '');
    for (const started = Date.now(); portNow() === ''; ) {
        if (relay.exitCode !== null) throw new Error(`the relay left with ${relay.exitCode}`);
        if (Date.now() - started > 30_000) throw new Error('the relay did not start in 30 s');
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return {url: `ws://127.0.0.1:${portNow()}`, process: relay};
}

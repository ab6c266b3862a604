import {execFile, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {promisify} from 'node:util';

/** The project's root. */
export const root = join(process.env['SYNCLINE_TESTS'] ?? '', '../..');

/** A program of ours; SYNCLINE_BIN_DIR names the folder where it is not in `build/`. */
export function program(name: string): string {
    const folders = [process.env['SYNCLINE_BIN_DIR'], join(root, 'build/dev/bin'), join(root, 'build/release/bin')];
    const found = folders.map((folder) => join(folder ?? '', name)).find((path) => existsSync(path));
    if (found === undefined)
        throw new Error(`${name} is in none of ${folders.filter(Boolean).join(', ')}: build it first`);
    return found;
}

/** Waits until `what` gives something. Looks again every 20 ms. */
export async function until<T>(what: () => Promise<T | undefined>, message: string, timeoutMs = 10_000): Promise<T> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await wait(20)) {
        const found = await what();
        if (found !== undefined) return found;
    }
    throw new Error(`waited ${timeoutMs} ms for ${message}`);
}

export interface Relay {
    readonly port: number;
    /** `ws://127.0.0.1:<port>` */
    readonly url: string;
    stop(): Promise<void>;
}

/** A relay on a free port of loopback, with its data in a folder of its own that goes with it. */
export async function startRelay(options: readonly string[] = []): Promise<Relay> {
    const folder = await mkdtemp(join(tmpdir(), 'syncline-relay-'));
    const portFile = join(folder, 'port');
    const child = spawn(
        program('syncline-relay'),
        [
            '--data',
            join(folder, 'data'),
            '--listen',
            '127.0.0.1:0',
            '--port-file',
            portFile,
            '--log-level',
            'warning',
            ...options,
        ],
        {stdio: ['ignore', 'ignore', 'inherit']},
    );
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const stop = async (): Promise<void> => {
        child.kill('SIGTERM');
        const killing = setTimeout(() => child.kill('SIGKILL'), 5000);
        await ended;
        clearTimeout(killing);
        await rm(folder, {recursive: true, force: true});
    };
    try {
        const port = await until(async () => {
            if (child.exitCode !== null) throw new Error(`the relay ended with exit code ${child.exitCode}`);
            const written = await readFile(portFile, 'utf8').catch(() => '');
            return written.trim() === '' ? undefined : Number(written);
        }, "the relay's port");
        return {port, url: `ws://127.0.0.1:${port}`, stop};
    } catch (error) {
        await stop();
        throw error;
    }
}

/** Runs a program to its end and gives what it printed; fails when it fails, with what it said. */
export async function run(
    file: string,
    parameters: readonly string[],
    options: {cwd?: string; env?: NodeJS.ProcessEnv} = {},
): Promise<string> {
    try {
        const {stdout} = await promisify(execFile)(file, parameters, {
            ...options,
            // A test runner below this one is its own.
            env: {...(options.env ?? process.env), NODE_TEST_CONTEXT: undefined},
            timeout: 120_000,
            maxBuffer: 1 << 24,
        });
        return stdout;
    } catch (error) {
        const {message, stdout = '', stderr = ''} = error as Error & {stdout?: string; stderr?: string};
        throw new Error(`${message}\n${stdout}\n${stderr}`);
    }
}

/** Where a test runs: a folder of its own, a real relay that serves the app, and what was built. */
import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {once} from 'node:events';

const root = process.env['SYNCLINE_ROOT'] ?? '';
const bin = process.env['SYNCLINE_BIN'] ?? '';
const patienceMs = 30_000;

interface BuildModule {
    build(out: string, options: {readonly salt: string}): Promise<void>;
}

/** Puts the app, as it was built for this run, into a folder. */
export function putApp(out: string): void {
    cpSync(process.env['SYNCLINE_APP'] ?? '', out, {recursive: true});
}

/** Builds another version of the app into the folder. */
export async function buildNextApp(out: string): Promise<void> {
    const {build} = (await import(join(root, 'demo/web/build.mjs'))) as BuildModule;
    await build(out, {salt: 'next'});
}

export class Folder {
    readonly path = mkdtempSync(join(tmpdir(), 'syncline-demo-'));
    remove(): void {
        rmSync(this.path, {recursive: true, force: true});
    }
}

/** A relay on loopback that serves the app in `folder/app`. */
export class Relay {
    #process: ChildProcess | null = null;
    #port = '0';

    constructor(
        readonly folder: string,
        /** Besides where it listens and what it serves. */
        readonly options: readonly string[] = [],
    ) {}

    get url(): string {
        return `http://127.0.0.1:${this.#port}/`;
    }

    /** On the port it had, or on a free one the first time. */
    async start(): Promise<void> {
        const portFile = join(this.folder, 'port');
        rmSync(portFile, {force: true});
        const child = spawn(
            join(bin, 'syncline-relay'),
            ['--data', join(this.folder, 'data'), '--listen', `127.0.0.1:${this.#port}`, '--port-file', portFile,
             '--static', join(this.folder, 'app'), '--log-level', 'warning', ...this.options],
            {stdio: ['ignore', 'inherit', 'inherit']},
        );
        this.#process = child;
        await until('the relay listens', () => existsSync(portFile) && readFileSync(portFile, 'utf8').trim() !== '');
        this.#port = readFileSync(portFile, 'utf8').trim();
    }

    /** As a crash would. */
    async kill(): Promise<void> {
        const child = this.#process;
        this.#process = null;
        if (child === null || child.exitCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
    }
}

/** Runs one of our programs in the folder; its output. Throws when it fails. */
export function program(name: string, args: readonly string[], folder: string): string {
    const {status, stdout, stderr} = spawnSync(join(bin, name), args, {cwd: folder, encoding: 'utf8', timeout: patienceMs});
    if (status !== 0) throw new Error(`${name} ${args.join(' ')}: exit code ${status}: ${stderr}`);
    return stdout;
}

/** Asks until it is so. For what tells nobody when it changes. */
export async function until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!(await so())) {
        if (Date.now() > end) throw new Error(`not in time: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

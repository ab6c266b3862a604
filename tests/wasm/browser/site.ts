import {readFile} from 'node:fs/promises';
import {build, type Plugin} from 'esbuild';
import {moduleFile, root} from '../engine/support.js';
import {serve, type StaticServer} from '../support/static-server.js';

/** Workers that are less than they could be, by what runs in them first. */
const handicaps = {
    worker: '',
    'worker-without-files': 'delete FileSystemFileHandle.prototype.createSyncAccessHandle;',
    // Tells that it stored what it did not.
    'worker-without-files-that-lies': `delete FileSystemFileHandle.prototype.createSyncAccessHandle;
        IDBObjectStore.prototype.put = () => undefined;`,
    'worker-without-storage':
        'delete FileSystemFileHandle.prototype.createSyncAccessHandle; Object.defineProperty(globalThis, "indexedDB", {value: {open() { throw new Error("refused"); }}});',
    // Chromium looks at IndexedDB's quota only now and then, so that a test cannot wait for it.
    'worker-without-room': `delete FileSystemFileHandle.prototype.createSyncAccessHandle;
        let full = false;
        const test = new BroadcastChannel('full');
        const worker = crypto.randomUUID();
        test.onmessage = ({data}) => {
            if (typeof data !== 'boolean') return;
            full = data;
            test.postMessage(worker);
        };
        const begin = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function (...words) {
            const transaction = begin.apply(this, words);
            if (!full || words[1] !== 'readwrite') return transaction;
            Object.defineProperty(transaction, 'error', {value: new DOMException('no room', 'QuotaExceededError')});
            setTimeout(() => transaction.abort());
            return transaction;
        };`,
    // Flushes nothing: what is written is in memory until the file is made shorter or let go.
    'worker-with-a-lying-disk': `const late = new WeakMap();
        const own = {...Object.getOwnPropertyDescriptors(FileSystemSyncAccessHandle.prototype)};
        const waiting = (handle) => late.get(handle) ?? (late.set(handle, []), late.get(handle));
        const settle = (handle) => {
            for (const {bytes, at} of waiting(handle).splice(0)) own.write.value.call(handle, bytes, {at});
        };
        Object.assign(FileSystemSyncAccessHandle.prototype, {
            write(bytes, {at}) {
                waiting(this).push({bytes: bytes.slice(), at});
                return bytes.length;
            },
            read(into, {at}) {
                let read = own.read.value.call(this, into, {at});
                for (const {bytes, at: there} of waiting(this)) {
                    const [from, to] = [Math.max(at, there), Math.min(at + into.length, there + bytes.length)];
                    if (from >= to) continue;
                    into.set(bytes.subarray(from - there, to - there), from - at);
                    read = Math.max(read, to - at);
                }
                return read;
            },
            getSize() {
                return Math.max(own.getSize.value.call(this), ...waiting(this).map(({bytes, at}) => at + bytes.length));
            },
            truncate(size) {
                settle(this);
                own.truncate.value.call(this, size);
            },
            close() {
                settle(this);
                own.close.value.call(this);
            },
            flush() {},
        });`,
    // Commits, but says nothing any more once it is told so: as if it were killed before the answer. It tells the test of each that it keeps.
    'worker-that-keeps-answers': `let silent = false;
        const test = new BroadcastChannel('answers');
        const say = BroadcastChannel.prototype.postMessage;
        test.onmessage = () => { silent = true; say.call(test, 'silent'); };
        const kept = (message) => {
            if (!silent || message?.t !== 'to_page') return false;
            if (message.message.t === 'answer') say.call(test, 'kept');
            return true;
        };
        BroadcastChannel.prototype.postMessage = function (message) { if (!kept(message)) say.call(this, message); };
        const toPage = globalThis.postMessage;
        globalThis.postMessage = (message, transfer) => { if (!kept(message)) toPage.call(globalThis, message, transfer); };`,
    'worker-that-cannot-delete':
        'FileSystemDirectoryHandle.prototype.removeEntry = () => Promise.reject(new DOMException("in use", "NoModificationAllowedError"));',
    'worker-that-hangs': 'new BroadcastChannel("hang").onmessage = () => { for (;;); };',
    'worker-of-tomorrow': 'const now = Date.now; Date.now = () => now() + 3 * 24 * 3600 * 1000;',
    'worker-of-last-week': 'const now = Date.now; Date.now = () => now() - 7 * 24 * 3600 * 1000;',
} as const;
export type WorkerName = keyof typeof handicaps;

/** The package as a later version would be that talks otherwise. */
const nextVersion: Plugin = {
    name: 'next version',
    setup({onLoad}) {
        onLoad({filter: /wasm\/js\/protocol\.ts$/}, async ({path}) => {
            const now = await readFile(path, 'utf8');
            const contents = now.replace(/PROTOCOL = \d+/, 'PROTOCOL = 1_000').replace(/VERSION = '[^']+'/, `VERSION = '${nextVersionName}'`);
            if (!contents.includes('1_000') || !contents.includes(nextVersionName)) throw new Error(`${path} has no protocol or version`);
            return {contents, loader: 'ts'};
        });
    },
};
export const nextVersionName = '1000.0.0';

async function bundle(file: string, plugins: Plugin[] = []): Promise<string> {
    const {outputFiles} = await build({
        entryPoints: [`${root}/${file}`],
        plugins,
        bundle: true,
        write: false,
        format: 'esm',
        target: 'es2022',
        external: ['node:*', 'ws'],
        tsconfigRaw: {},
        logLevel: 'warning',
    });
    return outputFiles[0]?.text ?? '';
}

const html = (script: string): string => `<!doctype html><html lang="en"><title>Test</title><script type="module" src="${script}"></script></html>`;

/** The test page and the package, on an origin of its own under a strict policy; at `/next/` those of a version that talks otherwise. */
export async function serveSite(): Promise<StaticServer> {
    const [page, worker, nextPage, nextWorker] = await Promise.all([
        bundle('tests/wasm/browser/page.ts'),
        bundle('wasm/js/worker.ts'),
        bundle('tests/wasm/browser/page.ts', [nextVersion]),
        bundle('wasm/js/worker.ts', [nextVersion]),
    ]);
    const pages: Record<string, string | Uint8Array> = {
        '/syncline.wasm': await readFile(moduleFile),
        '/index.html': html('/page.js'),
        '/page.js': page,
        '/next/syncline.wasm': await readFile(moduleFile),
        '/next/index.html': html('/next/page.js'),
        '/next/page.js': nextPage,
        '/next/worker.js': nextWorker,
    };
    for (const [name, first] of Object.entries(handicaps)) pages[`/${name}.js`] = first + worker;
    return serve('/nonexistent', pages);
}

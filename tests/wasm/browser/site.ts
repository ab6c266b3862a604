import {readFile} from 'node:fs/promises';
import {build} from 'esbuild';
import {moduleFile, root} from '../engine/support.js';
import {serve, type StaticServer} from '../support/static-server.js';

/** Workers that are less than they could be, by what runs in them first. */
const handicaps = {
    worker: '',
    'worker-without-files': 'delete FileSystemFileHandle.prototype.createSyncAccessHandle;',
    'worker-without-storage':
        'delete FileSystemFileHandle.prototype.createSyncAccessHandle; Object.defineProperty(globalThis, "indexedDB", {value: {open() { throw new Error("refused"); }}});',
    // Chromium looks at IndexedDB's quota only now and then, so that a test cannot wait for it.
    'worker-without-room': `delete FileSystemFileHandle.prototype.createSyncAccessHandle;
        let full = false;
        new BroadcastChannel('full').onmessage = ({data}) => { full = data; };
        const begin = IDBDatabase.prototype.transaction;
        IDBDatabase.prototype.transaction = function (...words) {
            const transaction = begin.apply(this, words);
            if (!full || words[1] !== 'readwrite') return transaction;
            Object.defineProperty(transaction, 'error', {value: new DOMException('no room', 'QuotaExceededError')});
            setTimeout(() => transaction.abort());
            return transaction;
        };`,
    'worker-that-hangs': 'new BroadcastChannel("hang").onmessage = () => { for (;;); };',
    'worker-of-tomorrow': 'const now = Date.now; Date.now = () => now() + 3 * 24 * 3600 * 1000;',
    'worker-of-last-week': 'const now = Date.now; Date.now = () => now() - 7 * 24 * 3600 * 1000;',
} as const;
export type WorkerName = keyof typeof handicaps;

async function bundle(file: string, first = ''): Promise<string> {
    const {outputFiles} = await build({
        entryPoints: [`${root}/${file}`],
        banner: {js: first},
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

/** The test page and the package, on an origin of its own under a strict policy. */
export async function serveSite(): Promise<StaticServer> {
    const pages: Record<string, string | Uint8Array> = {
        '/syncline.wasm': await readFile(moduleFile),
        '/index.html': '<!doctype html><html lang="en"><title>Test</title><script type="module" src="/page.js"></script></html>',
        '/page.js': await bundle('tests/wasm/browser/page.ts'),
    };
    const worker = await bundle('wasm/js/worker.ts');
    for (const [name, first] of Object.entries(handicaps)) pages[`/${name}.js`] = first + worker;
    return serve('/nonexistent', pages);
}

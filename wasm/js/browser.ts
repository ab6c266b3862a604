import type {Open, OpenOptions, Schema, Store} from './api.js';
import {Client} from './client.js';
import {SynclineError} from './errors.js';
import {PageStore} from './store.js';
import {Tab} from './tab.js';

export * from './api.js';

/** {@link Open} in a browser: docs/browser.md. */
export const open: Open = async <const S extends Schema = Schema>(options: OpenOptions<S>): Promise<Store<S>> => {
    const missing = whatIsMissing();
    if (missing !== null) throw new SynclineError('unsupported', missing);
    if (options.name === '') throw new SynclineError('invalid_argument', 'a store has a name');

    const client = new Client({
        tab: crypto.randomUUID(),
        schema: options.schema === undefined ? null : JSON.stringify(options.schema),
        url: options.url ?? null,
        token: options.token,
    });
    const tab = new Tab(
        client,
        {
            name: options.name,
            storage: options.storage ?? 'auto',
            wasmUrl: options.wasmUrl === undefined ? null : new URL(options.wasmUrl, location.href).href,
            startWorker: () => startWorker(options.workerUrl),
            locks: navigator.locks,
        },
        {
            roleChanged: () => store.roleChanged(),
            clashed: (detail) => store.clashed(detail),
            failed: (error) => store.failed(error),
        },
    );
    const store: PageStore = new PageStore(options.name, client, {role: () => tab.role, close: () => tab.close()});
    await tab.start();
    await store.opened;
    if (store.storage === 'opfs' || store.storage === 'indexeddb') void askToPersist(store);
    // The schema's types are a way to see what is there.
    return store as unknown as Store<S>;
};

function startWorker(url: string | URL | undefined): Worker {
    if (url !== undefined) return new Worker(url, {type: 'module', name: 'syncline'});
    // Written like this, bundlers find the worker and bring it along.
    return new Worker(new URL('./worker.js', import.meta.url), {type: 'module', name: 'syncline'});
}

function whatIsMissing(): string | null {
    if (!globalThis.isSecureContext) return 'this page is no secure context (https, or localhost), so it has neither locks nor files';
    if (!('locks' in navigator)) return 'this browser has no Web Locks';
    if (typeof BroadcastChannel === 'undefined') return 'this browser has no BroadcastChannel';
    if (typeof Worker === 'undefined') return 'this browser has no workers';
    return null;
}

/** Once a store: what a browser may evict when it is short of room, it may also promise to keep. */
async function askToPersist(store: PageStore): Promise<void> {
    try {
        if (await navigator.storage.persisted()) return;
        if (await navigator.storage.persist()) return;
    } catch {
        // As if refused.
    }
    store.warn({code: 'not_persistent', message: 'the browser may delete this origin\'s data when it is short of room'});
}

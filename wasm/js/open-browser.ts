import type {Warning} from './api.js';
import {enginePort} from './engine-adapter.js';
import {browserSockets, Engine, loadModule, MemoryStorage, type SocketHost, type StorageHost} from './engine-browser.js';
import {SynclineError} from './errors.js';
import {OpfsStorage} from './host-opfs.js';
import type {OpenEngine, Opened} from './leader.js';
import {countedSockets} from './net-counted.js';
import {gatedSockets} from './net-gated.js';
import {IndexedDbStorage} from './storage-idb.js';

/** A worker that was ended may hold its file's handles for a moment; one that hangs on to them for so long is not ended. */
const handlesWaitMs = 20_000;
const handlesRetryMs = 25;
const path = '/store.db';

/** Somewhere to put a store's bytes. */
interface Place {
    readonly kind: 'opfs' | 'indexeddb' | 'memory';
    readonly storage: StorageHost;
    readonly sockets: SocketHost;
    readonly durable?: () => Promise<void>;
    readonly onfull?: (full: () => void) => void;
    /** The same for what opening wrote; that there is no room for it is no reason not to open what is there. */
    readonly settle?: () => Promise<void>;
    close(): void;
    erase(): Promise<void>;
}

/** Opens the store of a name where this browser can: docs/browser.md. `broken` is called when the engine can do nothing more. */
export function openInBrowser(broken: (error: SynclineError) => void): OpenEngine {
    return async ({name, storage, wasmUrl}): Promise<Opened> => {
        const module = loadModule(wasmUrl ?? undefined);
        module.catch(() => undefined);
        const {place, warnings} = storage === 'memory' ? {place: memoryPlace(), warnings: []} : await findPlace(name, broken);
        try {
            const traffic = {bytesSent: 0, bytesReceived: 0};
            const sockets = countedSockets(place.sockets, traffic);
            const engine = await Engine.open({module: await module, path, storage: place.storage, sockets});
            await place.settle?.();
            return {
                engine: enginePort(engine, traffic, broken),
                options: {
                    storage: place.kind,
                    warnings,
                    ...(place.durable === undefined ? {} : {durable: place.durable}),
                    ...(place.onfull === undefined ? {} : {onfull: place.onfull}),
                    ...(place.kind === 'memory' ? {} : {estimate: () => navigator.storage.estimate()}),
                },
                close: () => Promise.resolve(place.close()),
                erase: () => place.erase(),
            };
        } catch (error) {
            place.close();
            throw error;
        }
    };
}

async function findPlace(name: string, broken: (error: SynclineError) => void): Promise<{place: Place; warnings: readonly Warning[]}> {
    const warnings: Warning[] = [];
    const fallback = (message: string): void => void warnings.push({code: 'storage_fallback', message});
    if (hasFiles()) {
        const directory = await directoryOf(name);
        if (directory !== null) return {place: await filePlace(name, directory), warnings};
        fallback('this browser refuses a private file system here; the store is kept in IndexedDB');
    } else {
        fallback('this browser has no files for workers; the store is kept in IndexedDB');
    }
    const place = await indexedDbPlace(name, broken);
    if (place !== null) return {place, warnings};
    fallback('this browser refuses IndexedDB here; the store is kept in memory and is gone with the last tab');
    return {place: memoryPlace(), warnings};
}

function hasFiles(): boolean {
    return typeof FileSystemFileHandle !== 'undefined' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
}

/** null where the browser refuses it, as some do in private windows. */
async function directoryOf(name: string): Promise<FileSystemDirectoryHandle | null> {
    try {
        const root = await navigator.storage.getDirectory();
        const all = await root.getDirectoryHandle('syncline', {create: true});
        return await all.getDirectoryHandle(encodeURIComponent(name), {create: true});
    } catch (thrown) {
        if (thrown instanceof DOMException && thrown.name === 'QuotaExceededError') {
            throw new SynclineError('storage_full', 'there is no room for a store in this origin');
        }
        return null;
    }
}

async function filePlace(name: string, directory: FileSystemDirectoryHandle): Promise<Place> {
    const storage = await openFiles(directory);
    return {
        kind: 'opfs',
        storage,
        sockets: browserSockets(),
        close: () => storage.closeAll(),
        erase: async () => {
            const root = await navigator.storage.getDirectory();
            const all = await root.getDirectoryHandle('syncline');
            await all.removeEntry(encodeURIComponent(name), {recursive: true});
        },
    };
}

async function openFiles(directory: FileSystemDirectoryHandle): Promise<OpfsStorage> {
    for (const end = Date.now() + handlesWaitMs; ; ) {
        try {
            return await OpfsStorage.open(directory);
        } catch (thrown) {
            const taken = thrown instanceof DOMException && thrown.name === 'NoModificationAllowedError';
            if (!taken) throw thrown;
            if (Date.now() > end) throw new SynclineError('storage_locked', 'another worker of this origin has the file open and does not let go');
        }
        await new Promise((resolve) => setTimeout(resolve, handlesRetryMs));
    }
}

async function indexedDbPlace(name: string, broken: (error: SynclineError) => void): Promise<Place | null> {
    const database = `syncline:${name}`;
    let storage: IndexedDbStorage;
    try {
        storage = await IndexedDbStorage.open(database);
    } catch {
        return null;
    }
    const durable = (): Promise<void> =>
        storage.flush().catch((error: SynclineError) => {
            // The engine holds what could not be stored: it has to begin anew from what is.
            storage.giveUp(error);
            broken(error);
            throw error;
        });
    return {
        kind: 'indexeddb',
        storage,
        // Nobody waits for what was only received: the next connection tries to store it again.
        sockets: gatedSockets(browserSockets(), () => storage.dirty, () => storage.flush()),
        durable,
        onfull: (full) => storage.watchRoom(full),
        settle: () =>
            storage.flush().catch((error: SynclineError) => {
                if (error.code !== 'storage_full') throw error;
            }),
        close: () => storage.closeDatabase(),
        erase: () => IndexedDbStorage.erase(database),
    };
}

function memoryPlace(): Place {
    return {kind: 'memory', storage: new MemoryStorage(), sockets: browserSockets(), close: () => undefined, erase: () => Promise.resolve()};
}

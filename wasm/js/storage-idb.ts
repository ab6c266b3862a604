import {SynclineError} from './errors.js';
import {StorageFailure, type OpenHow, type StorageHost} from './host.js';

/** Files are kept in pieces of this size; a flush stores those that were written. */
const blockBytes = 16 * 1024;
const blocksStore = 'blocks';
const filesStore = 'files';

interface File {
    size: number;
    readonly blocks: Uint8Array[];
    readonly written: Set<number>;
    /** Of the blocks that are stored, those from here on are of no more use. */
    storedBlocks: number;
    sizeChanged: boolean;
    temporary: boolean;
}

/**
 * Files in memory, brought to IndexedDB piece by piece: for browsers whose workers have no files of their own. The
 * engine's `sync` does nothing; `flush` stores all that was written since the last one, in one transaction, so that what
 * is stored is always a moment between two calls of the engine.
 */
export class IndexedDbStorage implements StorageHost {
    private readonly files = new Map<string, File>();
    private readonly handles = new Map<number, File>();
    private lastHandle = -1;
    private readonly removed = new Set<string>();
    private flushing: Promise<void> | null = null;
    private waiting: Promise<void> | null = null;
    private over: SynclineError | null = null;
    /** The last that was to be stored found no room. */
    private isFull = false;
    private onfull: () => void = () => undefined;

    private constructor(private readonly database: IDBDatabase) {}

    /** Opens the database of that name and reads all files into memory. */
    static async open(name: string): Promise<IndexedDbStorage> {
        const opening = indexedDB.open(name, 1);
        opening.onupgradeneeded = () => {
            opening.result.createObjectStore(blocksStore);
            opening.result.createObjectStore(filesStore);
        };
        const storage = new IndexedDbStorage(await result(opening));
        await storage.load();
        return storage;
    }
    static async erase(name: string): Promise<void> {
        await result(indexedDB.deleteDatabase(name));
    }

    /** Something was written that is not stored. */
    get dirty(): boolean {
        if (this.removed.size > 0) return true;
        for (const file of this.files.values()) if (file.written.size > 0 || file.sizeChanged) return true;
        return false;
    }

    /** Resolves when everything that is written now is stored. Error: `storage_full`, `storage_failed`; the next one tries it again. */
    flush(): Promise<void> {
        if (this.over !== null) return Promise.reject(this.over);
        if (this.flushing !== null) {
            // What is being stored was taken before; one more takes the rest, for all who wait.
            this.waiting ??= this.flushing
                .catch(() => undefined)
                .then(() => {
                    this.waiting = null;
                    return this.flush();
                });
            return this.waiting;
        }
        if (!this.dirty) return Promise.resolve();
        this.flushing = this.store().finally(() => {
            this.flushing = null;
        });
        return this.flushing;
    }

    /** From now on `full` is called when there is no room for what is to be stored; at once if there was none the last time. */
    watchRoom(full: () => void): void {
        this.onfull = full;
        if (this.isFull) full();
    }

    /** Nothing more is stored: somebody was told that what is here now is not. */
    giveUp(why: SynclineError): void {
        this.over ??= why;
    }

    closeDatabase(): void {
        this.database.close();
    }

    // ---- StorageHost

    open(path: string, how: OpenHow): number {
        let file = path === '' ? undefined : this.files.get(path);
        if (file !== undefined && how.exclusive) throw new StorageFailure('failed', `${path} is there already`);
        if (file === undefined) {
            if (!how.create && !how.temporary) throw new StorageFailure('missing', `there is no ${path}`);
            file = {size: 0, blocks: [], written: new Set(), storedBlocks: 0, sizeChanged: true, temporary: how.temporary || path === ''};
            if (!file.temporary) {
                this.files.set(path, file);
                this.removed.delete(path);
            }
        }
        this.handles.set(++this.lastHandle, file);
        return this.lastHandle;
    }
    close(handle: number): void {
        this.handles.delete(handle);
    }
    read(handle: number, into: Uint8Array, offset: number): number {
        const file = this.file(handle);
        const count = Math.max(0, Math.min(into.length, file.size - offset));
        eachPiece(offset, count, (block, from, to, at) => {
            const bytes = file.blocks[block];
            if (bytes === undefined) into.fill(0, at, at + to - from);
            else into.set(bytes.subarray(from, to), at);
        });
        return count;
    }
    write(handle: number, from: Uint8Array, offset: number): void {
        const file = this.file(handle);
        eachPiece(offset, from.length, (block, begin, end, at) => {
            let bytes = file.blocks[block];
            if (bytes === undefined) file.blocks[block] = bytes = new Uint8Array(blockBytes);
            bytes.set(from.subarray(at, at + end - begin), begin);
            file.written.add(block);
        });
        if (offset + from.length > file.size) this.setSize(file, offset + from.length);
    }
    truncate(handle: number, size: number): void {
        const file = this.file(handle);
        if (size < file.size) {
            const kept = Math.ceil(size / blockBytes);
            file.blocks.length = Math.min(file.blocks.length, kept);
            for (const block of file.written) if (block >= kept) file.written.delete(block);
            const last = file.blocks[kept - 1];
            if (last !== undefined && size % blockBytes !== 0) {
                last.fill(0, size % blockBytes);
                file.written.add(kept - 1);
            }
        }
        this.setSize(file, size);
    }
    sync(): void {
        return;
    }
    size(handle: number): number {
        return this.file(handle).size;
    }
    remove(path: string): void {
        if (!this.files.delete(path)) return;
        this.removed.add(path);
    }
    exists(path: string): boolean {
        return this.files.has(path);
    }

    private setSize(file: File, size: number): void {
        if (file.size === size) return;
        file.size = size;
        file.sizeChanged = true;
    }
    private file(handle: number): File {
        const file = this.handles.get(handle);
        if (file === undefined) throw new StorageFailure('failed', 'the file is not open');
        return file;
    }

    private async load(): Promise<void> {
        const transaction = this.database.transaction([filesStore, blocksStore], 'readonly');
        const [paths, sizes, keys, blocks] = await Promise.all([
            result(transaction.objectStore(filesStore).getAllKeys()),
            result(transaction.objectStore(filesStore).getAll() as IDBRequest<number[]>),
            result(transaction.objectStore(blocksStore).getAllKeys()),
            result(transaction.objectStore(blocksStore).getAll() as IDBRequest<Uint8Array[]>),
        ]);
        paths.forEach((path, at) => {
            const file: File = {size: sizes[at] ?? 0, blocks: [], written: new Set(), storedBlocks: 0, sizeChanged: false, temporary: false};
            this.files.set(path as string, file);
        });
        keys.forEach((key, at) => {
            const [path, block] = key as [string, number];
            const file = this.files.get(path);
            if (file === undefined) return;
            file.blocks[block] = blocks[at] as Uint8Array;
            file.storedBlocks = Math.max(file.storedBlocks, block + 1);
        });
    }

    private async store(): Promise<void> {
        const transaction = this.database.transaction([filesStore, blocksStore], 'readwrite', {durability: 'strict'});
        const files = transaction.objectStore(filesStore);
        const blocks = transaction.objectStore(blocksStore);
        const ended = new Promise<void>((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(storageError(transaction.error));
        });
        const taken: (() => void)[] = [];
        for (const path of this.removed) {
            files.delete(path);
            blocks.delete(IDBKeyRange.bound([path, 0], [path, Infinity]));
            taken.push(() => this.removed.add(path));
        }
        this.removed.clear();
        for (const [path, file] of this.files) {
            if (file.temporary || (file.written.size === 0 && !file.sizeChanged)) continue;
            const {storedBlocks} = file;
            const written = [...file.written];
            for (const block of written) {
                const bytes = file.blocks[block];
                if (bytes !== undefined) blocks.put(bytes.slice(), [path, block]);
            }
            const used = Math.ceil(file.size / blockBytes);
            if (used < storedBlocks) blocks.delete(IDBKeyRange.bound([path, used], [path, Infinity]));
            files.put(file.size, path);
            file.storedBlocks = used;
            file.sizeChanged = false;
            file.written.clear();
            taken.push(() => {
                file.storedBlocks = Math.max(file.storedBlocks, storedBlocks);
                file.sizeChanged = true;
                for (const block of written) file.written.add(block);
            });
        }
        try {
            await ended;
            this.isFull = false;
        } catch (error) {
            for (const back of taken) back();
            this.isFull = (error as SynclineError).code === 'storage_full';
            if (this.isFull) this.onfull();
            throw error;
        }
    }
}

/** The pieces of a range: its block, from where to where in it, and where that is in the range. */
function eachPiece(offset: number, length: number, piece: (block: number, from: number, to: number, at: number) => void): void {
    for (let at = 0; at < length; ) {
        const block = Math.floor((offset + at) / blockBytes);
        const from = (offset + at) % blockBytes;
        const to = Math.min(blockBytes, from + length - at);
        piece(block, from, to, at);
        at += to - from;
    }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
    });
}
function storageError(error: DOMException | null): SynclineError {
    const full = error?.name === 'QuotaExceededError';
    return new SynclineError(full ? 'storage_full' : 'storage_failed', error?.message ?? 'IndexedDB did not store it');
}

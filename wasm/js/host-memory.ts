import {StorageFailure, type OpenHow, type StorageHost} from './host.js';

interface File {
    bytes: Uint8Array;
    size: number;
}

/**
 * Files in memory: for tests, for pages that may keep nothing, and to open the bytes of an exported
 * store. Gone with the object.
 */
export class MemoryStorage implements StorageHost {
    readonly #files = new Map<string, File>();
    readonly #handles = new Map<number, {file: File; path: string; main: boolean}>();
    #lastHandle = -1;

    /** @param files  what is there from the beginning, by path; copied */
    constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
        for (const [path, bytes] of files) {
            this.#files.set(path, {bytes: bytes.slice(), size: bytes.length});
        }
    }

    /** A copy of all files, by path. */
    files(): Map<string, Uint8Array> {
        const copies = new Map<string, Uint8Array>();
        for (const [path, file] of this.#files) copies.set(path, file.bytes.slice(0, file.size));
        return copies;
    }

    open(path: string, how: OpenHow): number {
        let file = path === '' ? undefined : this.#files.get(path);
        if (file !== undefined && how.exclusive) {
            throw new StorageFailure('failed', `${path} is there already`);
        }
        if (how.main && [...this.#handles.values()].some((each) => each.main && each.path === path)) {
            throw new StorageFailure('locked', `${path} is open already`);
        }
        if (file === undefined) {
            if (!how.create && !how.temporary) throw new StorageFailure('missing', `there is no ${path}`);
            file = {bytes: new Uint8Array(4096), size: 0};
            if (!how.temporary) this.#files.set(path, file);
        }
        this.#handles.set(++this.#lastHandle, {file, path, main: how.main});
        return this.#lastHandle;
    }

    close(handle: number): void {
        this.#handles.delete(handle);
    }

    read(handle: number, into: Uint8Array, offset: number): number {
        const file = this.#file(handle);
        const count = Math.max(0, Math.min(into.length, file.size - offset));
        into.set(file.bytes.subarray(offset, offset + count));
        return count;
    }

    write(handle: number, from: Uint8Array, offset: number): void {
        const file = this.#file(handle);
        const end = offset + from.length;
        if (end > file.bytes.length) {
            const grown = new Uint8Array(Math.max(end, 2 * file.bytes.length));
            grown.set(file.bytes.subarray(0, file.size));
            file.bytes = grown;
        }
        file.bytes.set(from, offset);
        file.size = Math.max(file.size, end);
    }

    truncate(handle: number, size: number): void {
        const file = this.#file(handle);
        if (size < file.size) file.bytes.fill(0, size, file.size);
        file.size = Math.min(file.size, size);
    }

    sync(): void {
        // There is nothing behind memory.
    }

    size(handle: number): number {
        return this.#file(handle).size;
    }

    remove(path: string): void {
        if (!this.#files.delete(path)) throw new StorageFailure('missing', `there is no ${path}`);
    }

    exists(path: string): boolean {
        return this.#files.has(path);
    }

    #file(handle: number): File {
        const open = this.#handles.get(handle);
        if (open === undefined) throw new StorageFailure('failed', 'the file is closed');
        return open.file;
    }
}

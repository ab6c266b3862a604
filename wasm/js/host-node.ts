/// <reference types="node" />
import * as fs from 'node:fs';
import * as path from 'node:path';

import {StorageFailure, type OpenHow, type StorageFailureKind, type StorageHost} from './host.js';
import {takeLock, type Lock} from './lock-node.js';

interface OpenFile {
    readonly descriptor: number;
    readonly path: string;
    readonly lock: Lock | undefined;
    readonly temporary: boolean;
    /** Its name is not yet known to be in the directory on the disk. */
    nameIsNew: boolean;
}

/**
 * Files on the disk, by node:fs, with real fdatasync. Paths are those of the process.
 *
 * A store that is open has a lock file beside it, `<path>.lock`, which keeps other processes of this kind
 * away; the lock of a process that died is taken over. Node cannot take the locks that SQLite takes
 * natively, so do not open one file from Node and from a native program at the same time.
 */
export class NodeStorage implements StorageHost {
    readonly #files = new Map<number, OpenFile>();
    #temporaries = 0;
    #syncs = 0;

    /** How often something was brought to the disk. */
    get syncs(): number {
        return this.#syncs;
    }

    open(name: string, how: OpenHow): number {
        const file = name === '' ? `.syncline-${process.pid}-${++this.#temporaries}.tmp` : name;
        return guarded(() => {
            const lock = how.main ? takeLock(`${file}.lock`) : undefined;
            try {
                const wasThere = fs.existsSync(file);
                const create = how.create || how.temporary ? fs.constants.O_CREAT : 0;
                const exclusive = how.exclusive ? fs.constants.O_EXCL : 0;
                const descriptor = fs.openSync(file, fs.constants.O_RDWR | create | exclusive, 0o644);
                this.#files.set(descriptor, {
                    descriptor,
                    path: file,
                    lock,
                    temporary: how.temporary,
                    nameIsNew: !wasThere,
                });
                return descriptor;
            } catch (error) {
                lock?.release();
                throw error;
            }
        });
    }

    close(handle: number): void {
        const file = this.#file(handle);
        this.#files.delete(handle);
        guarded(() => {
            fs.closeSync(file.descriptor);
            if (file.temporary) fs.rmSync(file.path, {force: true});
            file.lock?.release();
        });
    }

    read(handle: number, into: Uint8Array, offset: number): number {
        return guarded(() => {
            let total = 0;
            while (total < into.length) {
                const got = fs.readSync(handle, into, total, into.length - total, offset + total);
                if (got === 0) break;
                total += got;
            }
            return total;
        });
    }

    write(handle: number, from: Uint8Array, offset: number): void {
        guarded(() => {
            for (let total = 0; total < from.length; ) {
                total += fs.writeSync(handle, from, total, from.length - total, offset + total);
            }
        });
    }

    truncate(handle: number, size: number): void {
        guarded(() => fs.ftruncateSync(handle, size));
    }

    sync(handle: number): void {
        const file = this.#file(handle);
        guarded(() => {
            fs.fdatasyncSync(handle);
            ++this.#syncs;
            if (!file.nameIsNew) return;
            this.#syncDirectory(file.path);
            file.nameIsNew = false;
        });
    }

    size(handle: number): number {
        return guarded(() => fs.fstatSync(handle).size);
    }

    remove(name: string, sync: boolean): void {
        guarded(() => {
            fs.unlinkSync(name);
            if (sync) this.#syncDirectory(name);
        });
    }

    exists(name: string): boolean {
        return fs.existsSync(name);
    }

    #file(handle: number): OpenFile {
        const file = this.#files.get(handle);
        if (file === undefined) throw new StorageFailure('failed', 'the file is closed');
        return file;
    }

    #syncDirectory(name: string): void {
        // Windows has no such thing.
        if (process.platform === 'win32') return;
        const directory = fs.openSync(path.dirname(name), 'r');
        try {
            fs.fsyncSync(directory);
            ++this.#syncs;
        } finally {
            fs.closeSync(directory);
        }
    }
}

const kinds: {readonly [code: string]: StorageFailureKind} = {
    ENOSPC: 'full',
    EDQUOT: 'full',
    EACCES: 'not_allowed',
    EPERM: 'not_allowed',
    EROFS: 'not_allowed',
    EMFILE: 'no_handle',
    ENFILE: 'no_handle',
    ENOENT: 'missing',
};

/** What Node throws, in the engine's words. */
function guarded<T>(run: () => T): T {
    try {
        return run();
    } catch (cause) {
        if (cause instanceof StorageFailure) throw cause;
        const {code, message} = cause as NodeJS.ErrnoException;
        throw new StorageFailure(kinds[code ?? ''] ?? 'failed', message, {cause});
    }
}

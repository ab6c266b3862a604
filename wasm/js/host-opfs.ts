import {StorageFailure, type OpenHow, type StorageHost} from './host.js';

/** The part of FileSystemSyncAccessHandle that is used; it exists in dedicated workers only. */
interface AccessHandle {
    read(into: Uint8Array, options: {readonly at: number}): number;
    write(from: Uint8Array, options: {readonly at: number}): number;
    truncate(size: number): void;
    flush(): void;
    getSize(): number;
    close(): void;
}

/** A file of the pool: the header, then the bytes. */
interface Slot {
    readonly handle: AccessHandle;
    /** '' while it is free. */
    path: string;
    temporary: boolean;
}

const headerBytes = 4096;
const magic = 0x53594e31;
/** A store has its file, a log and a journal; the rest is for temporary files. */
const slotsMin = 6;

/**
 * Files in the origin's private file system, which has files that can be used synchronously, but cannot open them
 * synchronously: so a number of files of random names is opened beforehand, and each says in its header whose bytes it
 * holds. The handles are exclusive: while this is open nobody else can open it, in whichever tab.
 */
export class OpfsStorage implements StorageHost {
    private readonly slots: Slot[] = [];

    /**
     * Opens the pool of this directory, or makes it. Throws a DOMException named `NoModificationAllowedError` while
     * somebody else has it, and `QuotaExceededError` when there is no room for it.
     */
    static async open(directory: FileSystemDirectoryHandle): Promise<OpfsStorage> {
        const storage = new OpfsStorage();
        try {
            for await (const [, entry] of directory as unknown as AsyncIterable<readonly [string, FileSystemHandle]>) {
                if (entry.kind === 'file') await storage.take(entry as FileSystemFileHandle);
            }
            while (storage.slots.length < slotsMin) {
                await storage.take(await directory.getFileHandle(crypto.randomUUID(), {create: true}));
            }
        } catch (error) {
            storage.closeAll();
            throw error;
        }
        return storage;
    }

    /** Lets the files go. */
    closeAll(): void {
        for (const {handle} of this.slots.splice(0)) handle.close();
    }

    // ---- StorageHost

    open(path: string, how: OpenHow): number {
        const found = path === '' ? -1 : this.slots.findIndex((slot) => slot.path === path);
        if (found >= 0) {
            if (how.exclusive) throw new StorageFailure('failed', `${path} is there already`);
            return found;
        }
        if (!how.create && !how.temporary) throw new StorageFailure('missing', `there is no ${path}`);
        const free = this.slots.findIndex((slot) => slot.path === '');
        const slot = this.slots[free];
        if (slot === undefined) throw new StorageFailure('no_handle', 'all files of the pool are in use');
        guarded(() => {
            slot.handle.truncate(headerBytes);
            if (!how.temporary) writeHeader(slot.handle, path);
        });
        slot.path = path === '' ? `temporary ${free}` : path;
        slot.temporary = how.temporary;
        return free;
    }
    close(file: number): void {
        const slot = this.slot(file);
        if (slot.temporary) this.free(slot);
    }
    read(file: number, into: Uint8Array, offset: number): number {
        return guarded(() => this.slot(file).handle.read(into, {at: headerBytes + offset}));
    }
    write(file: number, from: Uint8Array, offset: number): void {
        const written = guarded(() => this.slot(file).handle.write(from, {at: headerBytes + offset}));
        if (written < from.length) throw new StorageFailure('full', 'the file could not be written to its end');
    }
    truncate(file: number, size: number): void {
        guarded(() => this.slot(file).handle.truncate(headerBytes + size));
    }
    sync(file: number): void {
        guarded(() => this.slot(file).handle.flush());
    }
    size(file: number): number {
        return guarded(() => Math.max(0, this.slot(file).handle.getSize() - headerBytes));
    }
    remove(path: string, sync: boolean): void {
        const slot = this.slots.find((each) => each.path === path);
        if (slot === undefined) return;
        guarded(() => {
            this.free(slot);
            if (sync) slot.handle.flush();
        });
    }
    exists(path: string): boolean {
        return this.slots.some((slot) => slot.path === path);
    }

    private slot(file: number): Slot {
        const slot = this.slots[file];
        if (slot === undefined) throw new StorageFailure('failed', 'the file is not open');
        return slot;
    }
    private free(slot: Slot): void {
        slot.path = '';
        slot.temporary = false;
        // Without its header, it is nobody's.
        slot.handle.truncate(0);
    }
    private async take(file: FileSystemFileHandle): Promise<void> {
        const open = file as unknown as {createSyncAccessHandle(): Promise<AccessHandle>};
        const handle = await open.createSyncAccessHandle();
        this.slots.push({handle, path: readHeader(handle), temporary: false});
    }
}

/** Magic, length of the path, checksum of the path; then the path. */
function writeHeader(handle: AccessHandle, path: string): void {
    const bytes = new TextEncoder().encode(path);
    const header = new Uint8Array(headerBytes);
    const view = new DataView(header.buffer);
    view.setUint32(0, magic);
    view.setUint32(4, bytes.length);
    view.setUint32(8, checksum(bytes));
    header.set(bytes, 12);
    if (handle.write(header, {at: 0}) < headerBytes) throw new StorageFailure('full', 'there is no room for another file');
}

/** '' for a file without a sound header: it is free. */
function readHeader(handle: AccessHandle): string {
    const header = new Uint8Array(headerBytes);
    if (handle.read(header, {at: 0}) < headerBytes) return '';
    const view = new DataView(header.buffer);
    const length = view.getUint32(4);
    if (view.getUint32(0) !== magic || length > headerBytes - 12) return '';
    const bytes = header.subarray(12, 12 + length);
    return view.getUint32(8) === checksum(bytes) ? new TextDecoder().decode(bytes) : '';
}

/** FNV-1a. */
function checksum(bytes: Uint8Array): number {
    return bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** What the browser throws, as the engine understands it. */
function guarded<T>(step: () => T): T {
    try {
        return step();
    } catch (thrown) {
        if (thrown instanceof DOMException && thrown.name === 'QuotaExceededError') {
            throw new StorageFailure('full', 'the quota of this origin is used up', {cause: thrown});
        }
        throw thrown;
    }
}

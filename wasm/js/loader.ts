import {SynclineError} from './errors.js';
import {
    StorageFailure,
    type Socket,
    type SocketEnd,
    type SocketHost,
    type StorageFailureKind,
    type StorageHost,
    type SystemHost,
} from './host.js';

// The numbers of wasm/src/host.hpp, host_loop.hpp and abi.cpp.
const failureNumbers: Record<StorageFailureKind, number> = {
    failed: -1,
    full: -2,
    locked: -3,
    not_allowed: -4,
    no_handle: -5,
    missing: -6,
};
const openCreate = 1;
const openMain = 2;
const openTemporary = 4;
const openExclusive = 8;
const socketEnds: Record<SocketEnd, number> = {lost: 0, not_a_relay: 1, malformed: 2};
const hasFailed = 1;
const hasEvents = 2;

/** What the module exports. */
interface Exports {
    memory: WebAssembly.Memory;
    _initialize(): void;
    syncline_buffer(size: number): number;
    syncline_output(): number;
    syncline_output_size(): number;
    syncline_call(size: number): number;
    syncline_events(): number;
    syncline_socket_opened(socket: number): number;
    syncline_socket_received(socket: number, size: number): number;
    syncline_socket_closed(socket: number, end: number, size: number): number;
    syncline_timer(timer: number): number;
}

/** What an instance of the module works with. */
export interface Hosts {
    readonly storage: StorageHost;
    readonly sockets: SocketHost;
    readonly system: SystemHost;
}

/** A socket that nobody has opened yet. */
const notYetOpen = (): Socket => ({send() {}, queued: () => 0, close() {}, drop() {}});

const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * One instance of the module: its memory, its imports, and calls by text. It knows nothing of what is
 * called. Single-threaded and synchronous; `onEvents` is told, after a call or an event of the host, that
 * takeEvents() has something.
 */
export class ModuleInstance {
    readonly #hosts: Hosts;
    readonly #onEvents: () => void;
    readonly #sockets = new Map<number, Socket>();
    readonly #timers = new Map<number, () => void>();
    #exports!: Exports;
    #bytes = new Uint8Array(0);
    #dead: SynclineError | undefined;
    /** What a host threw during the call at hand. */
    #thrown: unknown;
    /** What the module printed; it does so only when it breaks. */
    #printed = '';
    /** The handle of the store's own file. */
    #mainFile: number | undefined;
    #sent = 0;
    #received = 0;
    /** Runs before each attempt to connect, which waits for it and fails with it. */
    beforeConnect: (() => Promise<void>) | undefined;

    private constructor(hosts: Hosts, onEvents: () => void) {
        this.#hosts = hosts;
        this.#onEvents = onEvents;
    }

    static async create(module: WebAssembly.Module, hosts: Hosts, onEvents: () => void): Promise<ModuleInstance> {
        const self = new ModuleInstance(hosts, onEvents);
        const instance = await WebAssembly.instantiate(module, self.#imports());
        self.#exports = instance.exports as unknown as Exports;
        self.#enter(() => {
            self.#exports._initialize();
            return 0;
        });
        return self;
    }

    /** Runs a request and returns the answer, both JSON. Throws SynclineError. */
    call(request: string): string {
        this.#thrown = undefined;
        const flags = this.#enter(() => this.#exports.syncline_call(this.#putText(request)));
        const answer = this.#output();
        if ((flags & hasEvents) !== 0) this.#onEvents();
        if ((flags & hasFailed) !== 0) throw this.#error(answer);
        return answer;
    }

    /** What happened since the last time, as JSON; empty when nothing did. */
    takeEvents(): string {
        this.#enter(() => this.#exports.syncline_events());
        return this.#output();
    }

    /** The bytes of the store's own file as they are on the host. */
    mainFile(): Uint8Array {
        if (this.#mainFile === undefined) throw new SynclineError('closed', 'no store is open');
        const {storage} = this.#hosts;
        const bytes = new Uint8Array(storage.size(this.#mainFile));
        storage.read(this.#mainFile, bytes, 0);
        return bytes;
    }

    /** Bytes of messages since the beginning. */
    get traffic(): {readonly sent: number; readonly received: number} {
        return {sent: this.#sent, received: this.#received};
    }

    /** How much memory the module has taken, in bytes. It never gives any back. */
    get memoryBytes(): number {
        return this.#exports.memory.buffer.byteLength;
    }

    /** Lets go of sockets and timers. The instance is of no more use. */
    dispose(): void {
        for (const cancel of this.#timers.values()) cancel();
        for (const socket of this.#sockets.values()) socket.drop();
        this.#timers.clear();
        this.#sockets.clear();
        this.#dead ??= new SynclineError('closed', 'the engine is closed');
    }

    /** Calls the module. A trap is the end of it. */
    #enter(run: () => number): number {
        if (this.#dead !== undefined) throw this.#dead;
        try {
            return run();
        } catch (cause) {
            this.dispose();
            const printed = this.#printed === '' ? '' : `: ${this.#printed.trim()}`;
            this.#dead = new SynclineError('engine_failed', `the engine broke${printed}`, {cause});
            throw this.#dead;
        }
    }

    /** An event of the host: `run` enters the module, unless it is gone. */
    #event(run: () => number): void {
        if (this.#dead !== undefined) return;
        let flags = hasEvents;
        try {
            flags = this.#enter(run);
        } catch {
            // Whoever is told looks at `broken`.
        }
        if ((flags & hasEvents) !== 0) this.#onEvents();
    }

    /** Why the instance is of no more use, if it is not. */
    get broken(): SynclineError | undefined {
        return this.#dead;
    }

    #error(answer: string): SynclineError {
        const told = JSON.parse(answer) as {code: string; message: string};
        const options = this.#thrown === undefined ? undefined : {cause: this.#thrown};
        return new SynclineError(told.code, told.message, options);
    }

    // ---- Memory

    /** The module's memory; another object after it grew. */
    #memory(): Uint8Array {
        const {buffer} = this.#exports.memory;
        if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
        return this.#bytes;
    }

    #view(at: number, size: number): Uint8Array {
        return this.#memory().subarray(at >>> 0, (at >>> 0) + size);
    }

    #text(at: number, size: number): string {
        return text.decode(this.#view(at, size));
    }

    #output(): string {
        return this.#text(this.#exports.syncline_output(), this.#exports.syncline_output_size());
    }

    #putText(value: string): number {
        const short = 1 << 14;
        if (value.length <= short) {
            const most = 3 * value.length;
            const at = this.#exports.syncline_buffer(most);
            return utf8.encodeInto(value, this.#view(at, most)).written;
        }
        return this.#putBytes(utf8.encode(value));
    }

    #putBytes(value: Uint8Array): number {
        const at = this.#exports.syncline_buffer(value.length);
        this.#view(at, value.length).set(value);
        return value.length;
    }

    // ---- Imports

    /** Runs what the module asked for. Nothing may be thrown through it: it would not clean up. */
    #guarded(run: () => number): number {
        try {
            return run();
        } catch (thrown) {
            this.#thrown = thrown;
            return failureNumbers[thrown instanceof StorageFailure ? thrown.kind : 'failed'];
        }
    }

    #imports(): WebAssembly.Imports {
        return {
            host: {...this.#storageImports(), ...this.#socketImports(), ...this.#systemImports()},
            env: {emscripten_notify_memory_growth: () => {}},
            wasi_snapshot_preview1: this.#wasiImports(),
        };
    }

    #storageImports(): WebAssembly.ModuleImports {
        const {storage} = this.#hosts;
        const done = (run: () => void) =>
            this.#guarded(() => {
                run();
                return 0;
            });
        return {
            file_open: (path: number, length: number, how: number) =>
                this.#guarded(() => {
                    const main = (how & openMain) !== 0;
                    const handle = storage.open(this.#text(path, length), {
                        create: (how & openCreate) !== 0,
                        exclusive: (how & openExclusive) !== 0,
                        temporary: (how & openTemporary) !== 0,
                        main,
                    });
                    if (main) this.#mainFile = handle;
                    return handle;
                }),
            file_close: (file: number) =>
                done(() => {
                    if (file === this.#mainFile) this.#mainFile = undefined;
                    storage.close(file);
                }),
            file_read: (file: number, into: number, size: number, offset: number) =>
                this.#guarded(() => storage.read(file, this.#view(into, size), offset)),
            file_write: (file: number, from: number, size: number, offset: number) =>
                done(() => storage.write(file, this.#view(from, size), offset)),
            file_truncate: (file: number, size: number) => done(() => storage.truncate(file, size)),
            file_sync: (file: number) => done(() => storage.sync(file)),
            file_size: (file: number) => this.#guarded(() => storage.size(file)),
            file_remove: (path: number, length: number, sync: number) =>
                done(() => storage.remove(this.#text(path, length), sync !== 0)),
            file_exists: (path: number, length: number) =>
                this.#guarded(() => (storage.exists(this.#text(path, length)) ? 1 : 0)),
        };
    }

    /** Connects, after `beforeConnect`. What the module does with the socket meanwhile happens to what stands for it. */
    #connect(socket: number, url: string, subprotocol: string): void {
        const closed = (end: SocketEnd, why: string) => {
            this.#sockets.delete(socket);
            this.#event(() => this.#exports.syncline_socket_closed(socket, socketEnds[end], this.#putText(why)));
        };
        const open = () => {
            const opened = this.#hosts.sockets.open(url, subprotocol, {
                opened: () => this.#event(() => this.#exports.syncline_socket_opened(socket)),
                received: (message) => {
                    this.#received += message.length;
                    this.#event(() => this.#exports.syncline_socket_received(socket, this.#putBytes(message)));
                },
                closed,
            });
            this.#sockets.set(socket, opened);
        };
        if (this.beforeConnect === undefined) {
            open();
            return;
        }
        const waiting = notYetOpen();
        this.#sockets.set(socket, waiting);
        this.beforeConnect()
            .then(() => {
                if (this.#sockets.get(socket) === waiting) open();
            })
            .catch((error: unknown) => {
                if (this.#sockets.get(socket) === waiting) closed('lost', String(error));
            });
    }

    #socketImports(): WebAssembly.ModuleImports {
        return {
            socket_open: (
                socket: number,
                url: number,
                urlLength: number,
                subprotocol: number,
                subprotocolLength: number,
            ) =>
                this.#guarded(() => {
                    this.#connect(socket, this.#text(url, urlLength), this.#text(subprotocol, subprotocolLength));
                    return 0;
                }),
            socket_send: (socket: number, message: number, size: number) =>
                this.#guarded(() => {
                    this.#sent += size;
                    this.#sockets.get(socket)?.send(this.#view(message, size));
                    return 0;
                }),
            socket_queued: (socket: number) => this.#guarded(() => this.#sockets.get(socket)?.queued() ?? 0),
            socket_close: (socket: number, code: number, reason: number, length: number) => {
                this.#guarded(() => {
                    if (code !== 0) {
                        this.#sockets.get(socket)?.close(code, this.#text(reason, length));
                    } else {
                        this.#sockets.get(socket)?.drop();
                        this.#sockets.delete(socket);
                    }
                    return 0;
                });
            },
        };
    }

    #systemImports(): WebAssembly.ModuleImports {
        const {system} = this.#hosts;
        return {
            timer_set: (timer: number, milliseconds: number) => {
                this.#timers.get(timer)?.();
                this.#timers.delete(timer);
                if (milliseconds < 0) return;
                const cancel = system.timer(milliseconds, () => {
                    this.#timers.delete(timer);
                    this.#event(() => this.#exports.syncline_timer(timer));
                });
                this.#timers.set(timer, cancel);
            },
            now: () => system.now(),
            random: (into: number, size: number) =>
                this.#guarded(() => {
                    system.random(this.#view(into, size));
                    return 0;
                }),
        };
    }

    /** What is left of libc's ideas of a system: a place to complain, and an end. */
    #wasiImports(): WebAssembly.ModuleImports {
        const success = 0;
        const badDescriptor = 8;
        return {
            proc_exit: (code: number) => {
                throw new Error(`the module left with ${code}`);
            },
            fd_write: (_file: number, vectors: number, count: number, written: number) => {
                const view = new DataView(this.#exports.memory.buffer);
                let total = 0;
                for (let i = 0; i < count; ++i) {
                    const at = view.getUint32(vectors + 8 * i, true);
                    const size = view.getUint32(vectors + 8 * i + 4, true);
                    this.#printed += this.#text(at, size);
                    total += size;
                }
                view.setUint32(written, total, true);
                return success;
            },
            fd_seek: () => badDescriptor,
            fd_close: () => success,
            environ_sizes_get: (count: number, size: number) => {
                const view = new DataView(this.#exports.memory.buffer);
                view.setUint32(count, 0, true);
                view.setUint32(size, 0, true);
                return success;
            },
            environ_get: () => success,
        };
    }
}

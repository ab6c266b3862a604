/**
 * What the engine asks of the platform it runs on: files, sockets, timers, a clock and randomness.
 * host-memory, host-node and host-opfs are the files there are; net-browser and net-node the sockets.
 *
 * Every method is synchronous and may throw; nothing here calls back into the engine while it is being
 * called. What happens on a socket or a timer comes later, as an event.
 */

/** Why a file could not be used. Anything else that a host throws counts as `failed`. */
export type StorageFailureKind =
    | 'failed'
    /** No room on the disk, or within the quota. */
    | 'full'
    /** Another process or tab has the file. */
    | 'locked'
    /** No permission. */
    | 'not_allowed'
    /** No handle is left to open a file with. */
    | 'no_handle'
    /** There is no such file. */
    | 'missing';

/** What a StorageHost throws. */
export class StorageFailure extends Error {
    override readonly name = 'StorageFailure';
    constructor(
        readonly kind: StorageFailureKind,
        message: string,
        options?: ErrorOptions,
    ) {
        super(message, options);
    }
}

/** How a file is opened. */
export interface OpenHow {
    /** Make it if it is not there; else a missing one is a failure. */
    readonly create: boolean;
    /** It must not be there yet. */
    readonly exclusive: boolean;
    /** The store's own file: nobody else may have it until it is closed. */
    readonly main: boolean;
    /** Gone once it is closed. */
    readonly temporary: boolean;
}

/**
 * Files, for SQLite. A path is a name; what it means is the host's affair. Durability stands and falls
 * with `sync`: when it returns, what was written before must survive a loss of power, the file's name in
 * its directory included.
 */
export interface StorageHost {
    /** A number of 0 or more that stands for the open file. An empty path is a temporary file. */
    open(path: string, how: OpenHow): number;
    close(file: number): void;
    /** Fills `into` from `offset` and returns how many bytes there were; fewer only at the end. */
    read(file: number, into: Uint8Array, offset: number): number;
    write(file: number, from: Uint8Array, offset: number): void;
    truncate(file: number, size: number): void;
    sync(file: number): void;
    size(file: number): number;
    /** With `sync` its absence is durable, too. */
    remove(path: string, sync: boolean): void;
    exists(path: string): boolean;
}

/** Why a connection ended. */
export type SocketEnd =
    /** It was lost, or could not be made. */
    | 'lost'
    /** There is something, but it does not speak our protocol. */
    | 'not_a_relay'
    /** It sent text, where only binary messages are expected. */
    | 'malformed';

/** What a socket tells. After `closed` nothing comes any more. */
export interface SocketEvents {
    opened(): void;
    /** One whole message; the engine copies it at once. */
    received(message: Uint8Array): void;
    closed(end: SocketEnd, why: string): void;
}

/** One connection. */
export interface Socket {
    /** Sends a copy of the message. */
    send(message: Uint8Array): void;
    /** Bytes handed over and not yet sent. */
    queued(): number;
    /** Closes politely; `closed` follows. */
    close(code: number, reason: string): void;
    /** Drops the connection; no event follows. */
    drop(): void;
}

/** Connections, by WebSocket. */
export interface SocketHost {
    /** Begins to connect; the events come later, never from inside this call. */
    open(url: string, subprotocol: string, events: SocketEvents): Socket;
}

/** Timers, a clock and randomness. `systemHost` is right everywhere; tests pass their own. */
export interface SystemHost {
    /** Calls `expired` once in so many milliseconds; the function returned prevents it. */
    timer(milliseconds: number, expired: () => void): () => void;
    /** Milliseconds since 1970. */
    now(): number;
    /** Fills with bytes that nobody can guess. */
    random(into: Uint8Array): void;
}

/** The platform's own. */
export const systemHost: SystemHost = {
    timer(milliseconds, expired) {
        const longest = 2 ** 31 - 1;
        const timer = setTimeout(expired, Math.min(milliseconds, longest));
        return () => clearTimeout(timer);
    },
    now: () => Date.now(),
    random(into) {
        const most = 65536;
        for (let at = 0; at < into.length; at += most) {
            // A copy: not every platform fills memory of a WebAssembly module.
            const bytes = new Uint8Array(Math.min(most, into.length - at));
            into.set(crypto.getRandomValues(bytes), at);
        }
    },
};

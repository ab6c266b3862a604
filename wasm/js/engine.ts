import type {DocumentValue, ErrorCode, HistoryEntry, Path, Schema, SyncStatus, Value} from './api.js';
import type {SynclineError} from './errors.js';
import {systemHost, type SocketHost, type StorageHost, type SystemHost} from './host.js';
import {decodeJson, encodeJson} from './json.js';
import {ModuleInstance} from './loader.js';

/** What an engine is made of. */
export interface EngineOptions {
    /** The compiled `syncline.wasm`; may be used for any number of engines. */
    readonly module: WebAssembly.Module;
    /** The store's file; made if it is not there. What it means is the storage host's affair. */
    readonly path: string;
    readonly storage: StorageHost;
    readonly sockets: SocketHost;
    /** The platform's timers, clock and randomness if it is not given. */
    readonly system?: SystemHost;
}

/** How to come back to a relay. */
export interface ConnectOptions {
    /**
     * Asked before each attempt; null or empty where the relay wants none. It shows the same subject each time. The
     * attempt fails, and is made again later, when it does.
     */
    readonly token?: () => string | null | Promise<string | null>;
    /** How long to wait, at most, before the first attempt to come back; 500 ms. It doubles. */
    readonly backoffMinMs?: number;
    /** And the longest; 60 s. */
    readonly backoffMaxMs?: number;
}

/** A document's collection and id: 1 to 128 bytes each. */
export type DocumentKey = readonly [collection: string, id: string];

/** What positions in texts count. JavaScript's own strings count `utf16`. */
export type Unit = 'utf16' | 'code_point' | 'byte';
/** At which ends a property grows with what is typed there. */
export type Expand = 'after' | 'before' | 'both' | 'none';

/** One edit of a transaction; `syncline_transact` in c_api.h tells each in words. */
export type Op = {readonly doc: DocumentKey} & (
    | {readonly op: 'create' | 'delete'; readonly path?: Path}
    | {
          readonly op:
              | 'set'
              | 'set_multi_value'
              | 'insert'
              | 'erase'
              | 'insert_remove_wins'
              | 'erase_remove_wins'
              | 'insert_grow_only';
          readonly path: Path;
          readonly value: Value;
      }
    | {readonly op: 'add'; readonly path: Path; readonly value: number | bigint}
    | {
          readonly op: 'enable' | 'disable' | 'create_list' | 'create_text';
          readonly path: Path;
      }
    | ({
          readonly op: 'list_insert';
          readonly path: Path;
          readonly index: number;
      } & NewElement)
    | ({readonly op: 'list_push'; readonly path: Path} & NewElement)
    | {
          readonly op: 'list_set';
          readonly path: Path;
          readonly index: number;
          readonly value: Value;
      }
    | {
          readonly op: 'list_erase';
          readonly path: Path;
          readonly index: number;
          readonly count?: number;
      }
    | {
          readonly op: 'list_move';
          readonly path: Path;
          readonly index: number;
          readonly to: number;
      }
    | {
          readonly op: 'text_insert';
          readonly path: Path;
          readonly index: number;
          readonly text: string;
          readonly unit?: Unit;
      }
    | {
          readonly op: 'text_erase';
          readonly path: Path;
          readonly index: number;
          readonly count: number;
          readonly unit?: Unit;
      }
    | {
          readonly op: 'text_splice';
          readonly path: Path;
          readonly index: number;
          readonly count: number;
          readonly text: string;
          readonly unit?: Unit;
      }
    | {
          readonly op: 'text_mark';
          readonly path: Path;
          readonly index: number;
          readonly count: number;
          readonly name: string;
          readonly value: Value;
          readonly expand?: Expand;
          readonly unit?: Unit;
      }
    | {
          readonly op: 'text_unmark';
          readonly path: Path;
          readonly index: number;
          readonly count: number;
          readonly name: string;
          readonly expand?: Expand;
          readonly unit?: Unit;
      }
);

/** What a list gets: one value, several, or something empty that is edited in place. */
export type NewElement =
    | {readonly value: Value}
    | {readonly values: readonly Value[]}
    | {readonly new: 'map' | 'list' | 'text' | 'counter'};

/** A document that shows something else now. */
export interface ChangedDocument {
    readonly collection: string;
    readonly id: string;
    /** It came from the relay, and not from this engine. */
    readonly remote: boolean;
}

/** An own change that the relay refused for ever: it is out of the documents. */
export interface RejectedChange {
    readonly code: ErrorCode;
    readonly reason: string;
    /** The message that it was made with. */
    readonly message: string;
    /** What it held. */
    readonly documents: readonly {
        readonly collection: string;
        readonly id: string;
        readonly edits: readonly Value[];
    }[];
}

/** A piece of a text with one set of properties. */
export interface TextSpan {
    readonly text: string;
    readonly properties: DocumentValue;
}

/** What happens in the engine. Told in order, after the call or the message that caused it. */
export type EngineEvent =
    | {
          readonly type: 'changed';
          readonly space: string;
          readonly documents: readonly ChangedDocument[];
      }
    | {
          readonly type: 'rejected';
          readonly space: string;
          readonly changes: readonly RejectedChange[];
      }
    /** Who is in the space (request 'presence') is another list now. */
    | {readonly type: 'presence'; readonly space: string}
    | {readonly type: 'status'; readonly space: string; readonly status: SyncStatus}
    /** The module broke while nobody had called it: the engine is of no more use. */
    | {readonly type: 'broken'; readonly error: SynclineError};

/** A place in a text, or an element of a list, that stays itself whatever is edited around it. */
export type Handle = DocumentValue;

/** Where to take a handle. */
export interface HandleQuestion {
    readonly doc: DocumentKey;
    readonly path: Path;
    readonly index: number;
    /** In a text: with which neighbour it keeps. `left` if it is not given. */
    readonly side?: 'left' | 'right';
    readonly unit?: Unit;
}

/**
 * One store, opened: the native client's engine in WebAssembly, as synchronous functions.
 *
 * Reads come from the engine's memory and its file, and a transaction is durable when it returns, so an
 * engine belongs where waiting for a disk is fine: in a worker, or in Node. A space is opened by the first
 * call that names it, is made if it is not there, and takes part in syncing from then on. Everything
 * throws SynclineError; after `engine_failed` open another engine.
 */
export class Engine {
    readonly #instance: ModuleInstance;
    readonly #listeners = new Set<(event: EngineEvent) => void>();
    readonly #untold: EngineEvent[] = [];
    #telling = false;
    #toldBroken = false;
    #closed = false;

    private constructor(instance: ModuleInstance) {
        this.#instance = instance;
    }

    /**
     * Opens a store. Asynchronous only because making an instance of a module is.
     * Throws `storage_locked`, `storage_not_ours`, `storage_newer`, `storage_corrupt`, `storage_readonly`,
     * `storage_full` and `storage_failed`.
     */
    static async open(options: EngineOptions): Promise<Engine> {
        const {module, storage, sockets, system = systemHost} = options;
        let gather = () => {};
        const instance = await ModuleInstance.create(module, {storage, sockets, system}, () => gather());
        const engine = new Engine(instance);
        gather = () => engine.#gather();
        try {
            engine.#ask('open', options.path);
        } catch (error) {
            instance.dispose();
            throw error;
        }
        return engine;
    }

    /** Disconnects and lets go of the file. The engine is of no more use. */
    close(): void {
        if (this.#closed) return;
        this.#closed = true;
        try {
            if (this.#instance.broken === undefined) this.#ask('close');
        } finally {
            this.#instance.dispose();
        }
    }

    /** Calls `listener` with every event from now on, until the function returned is called. */
    onEvent(listener: (event: EngineEvent) => void): () => void {
        // Of its own, so that one function may listen twice.
        const entry = (event: EngineEvent) => listener(event);
        this.#listeners.add(entry);
        return () => void this.#listeners.delete(entry);
    }

    /** Calls `listener` after each change in a space; of one collection if it is named. */
    observe(space: string, listener: (documents: readonly ChangedDocument[]) => void, collection?: string): () => void {
        this.openSpace(space);
        return this.onEvent((event) => {
            if (event.type !== 'changed' || event.space !== space) return;
            const documents = event.documents.filter(
                (each) => collection === undefined || each.collection === collection,
            );
            if (documents.length > 0) listener(documents);
        });
    }

    // ---- The store

    /** This device's id in the store. */
    replica(): string {
        return this.#ask('replica');
    }

    /** The spaces in the file. */
    spaces(): string[] {
        return this.#ask('spaces');
    }

    /** Keeps all spaces in sync with a relay from now on, through lost connections. */
    connect(url: string, options: ConnectOptions = {}): void {
        const {token, backoffMinMs = 500, backoffMaxMs = 60_000} = options;
        this.#instance.beforeConnect =
            token === undefined ? undefined : async () => void this.#ask('set_token', (await token()) ?? '');
        this.#ask('connect', url, backoffMinMs, backoffMaxMs);
    }

    /** Ends syncing. Nothing is lost; connect() resumes. */
    disconnect(): void {
        this.#ask('disconnect');
    }

    /** Declares the documents (docs/schema.md); null forgets the schema. */
    setSchema(schema: Schema | null): void {
        this.#ask('set_schema', schema as unknown as Value);
    }

    /** The schema in use, or null. */
    schema(): Schema | null {
        return this.#ask('schema');
    }

    /** Keeps what the relay delivers for so long, for history() and getAsOf(); 0 ends it. */
    keepHistory(milliseconds: number): void {
        this.#ask('keep_history', milliseconds);
    }

    /** Reads the whole file; throws `storage_corrupt` with what is wrong first. */
    verify(): void {
        this.#ask('verify');
    }

    /** The store as the bytes of one file, which every Syncline opens, as a device of its own. */
    export(): Uint8Array {
        this.#ask('checkpoint');
        return this.#instance.mainFile();
    }

    /** How much memory the module has taken; it never gives any back. */
    get memoryBytes(): number {
        return this.#instance.memoryBytes;
    }

    // ---- A space

    /** Opens a space, or makes it. Name: 1 to 128 of A-Z a-z 0-9 . _ : - */
    openSpace(space: string): void {
        this.#ask('space', space);
    }

    /**
     * Runs the ops as one atomic change: durable when this returns, and nothing of it when it throws.
     * `message` tells people who read the history what it was for.
     */
    transact(space: string, ops: readonly Op[], message = ''): void {
        this.#ask('transact', space, ops as unknown as Value, message);
    }

    /** The document with the schema's defaults, or null if it does not exist. */
    get(space: string, collection: string, id: string): DocumentValue | null {
        return this.#ask('get', space, collection, id);
    }

    /** All documents of a collection, by id. */
    all(space: string, collection: string): {readonly [id: string]: DocumentValue} {
        return this.#ask('all', space, collection);
    }

    /** The ids of a collection's documents, in the order of their bytes. */
    ids(space: string, collection: string): string[] {
        return this.#ask('ids', space, collection);
    }

    /** The collections that have a document. */
    collections(space: string): string[] {
        return this.#ask('collections', space);
    }

    /** How the space stands with the relay. */
    status(space: string): SyncStatus {
        return toStatus(this.#ask('status', space));
    }

    /** Of the confirmed state; equal on devices in sync. O(documents). */
    digest(space: string): string {
        return this.#ask('digest', space);
    }

    /** Who changed the document, when and how, oldest first. Throws `not_found` if none is kept. */
    history(space: string, collection: string, id: string): HistoryEntry[] {
        const entries: WrittenEntry[] = this.#ask('history', space, collection, id);
        return entries.map(({sequence = null, author, stamp_ms: time, message = '', edits}) => {
            return {sequence, author, time, message, edits};
        });
    }

    /** The document as it was when the relay's log had reached `sequence`. */
    getAsOf(space: string, collection: string, id: string, sequence: number): DocumentValue {
        return this.#ask('as_of', space, collection, id, sequence);
    }

    /** The text at a path, cut where its properties change. */
    spans(space: string, doc: DocumentKey, path: Path): TextSpan[] {
        return this.#ask('spans', space, {doc, path});
    }

    /** Takes a handle: of a point in a text, or of an element of a list. */
    handle(space: string, question: HandleQuestion): Handle {
        return this.#ask('handle', space, question as unknown as Value);
    }

    /** Where the handle is now, in the unit it was taken in; null while its element is gone. */
    position(space: string, handle: Handle): number | null {
        return this.#ask('position', space, handle);
    }

    /** A new undo stack of a space: takes back what is transacted through it, and nothing else. */
    undoStack(space: string, options: UndoOptions = {}): UndoStack {
        const {depthMax = 100, mergeMs = 500} = options;
        const id: number = this.#ask('undo_new', space, depthMax, mergeMs);
        return new UndoStack((method, ...values) => this.#ask(method, id, ...values));
    }

    // ---- Calls and events

    /**
     * Calls the engine by a method's name (wasm/src/engine.cpp), for whoever passes documents on as they are: the
     * arguments are JSON texts, and so is the answer.
     */
    request(method: string, ...argumentTexts: readonly string[]): string {
        return this.#instance.call(`[${[`"${method}"`, ...argumentTexts].join(',')}]`);
    }

    /** The types are those of engine.cpp. */
    #ask<T>(method: string, ...values: readonly Value[]): T {
        return decodeJson(this.request(method, ...values.map(encodeJson))) as T;
    }

    #gather(): void {
        const {broken} = this.#instance;
        if (broken !== undefined) {
            if (!this.#closed && !this.#toldBroken) this.#untold.push({type: 'broken', error: broken});
            this.#toldBroken = true;
        } else {
            const events = this.#instance.takeEvents();
            if (events !== '') this.#untold.push(...(decodeJson(events) as never[]).map(toEvent));
        }
        this.#tell();
    }

    /** In order, also when a listener calls the engine. */
    #tell(): void {
        if (this.#telling) return;
        this.#telling = true;
        for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift()) {
            for (const listener of [...this.#listeners]) {
                try {
                    listener(event);
                } catch (error) {
                    // The listener's own affair; the engine and the others go on.
                    queueMicrotask(() => {
                        throw error;
                    });
                }
            }
        }
        this.#telling = false;
    }
}

/** How an undo stack groups and forgets. */
export interface UndoOptions {
    /** How many groups are kept; 100. */
    readonly depthMax?: number;
    /** What follows within this time is one group; 500 ms. 0: each transaction is one. */
    readonly mergeMs?: number;
}

/**
 * Undo and redo of what one origin does in a space: a view, a window, a user. In memory only. An undo is a
 * change like any other: checked by the schema, synced, observed.
 */
export class UndoStack {
    readonly #ask: <T>(method: string, ...values: readonly Value[]) => T;

    /** @internal */
    constructor(ask: <T>(method: string, ...values: readonly Value[]) => T) {
        this.#ask = ask;
    }

    /** Engine.transact, to be undone. */
    transact(ops: readonly Op[], message = ''): void {
        this.#ask('undo_transact', ops as unknown as Value, message);
    }
    /** Takes back the last group that still has an effect; false when nothing was left. */
    undo(): boolean {
        return this.#ask('undo');
    }
    /** Takes back the last undo. */
    redo(): boolean {
        return this.#ask('redo');
    }
    /** There is something to try; others may have overtaken all of it. */
    get canUndo(): boolean {
        return this.#ask('can_undo');
    }
    /** Likewise. */
    get canRedo(): boolean {
        return this.#ask('can_redo');
    }
    /** Until endGroup() all is one group. They nest. */
    beginGroup(): void {
        this.#ask('begin_group');
    }
    /** Ends what beginGroup() began. */
    endGroup(): void {
        this.#ask('end_group');
    }
    /** Forgets everything. */
    clear(): void {
        this.#ask('clear');
    }
    /** Lets go of it. */
    free(): void {
        this.#ask('undo_free');
    }
}

// As engine.cpp writes them.

interface WrittenEntry {
    sequence?: number;
    author: string;
    stamp_ms: number;
    message?: string;
    edits: Value[];
}

interface WrittenStatus {
    connection: SyncStatus['connection'];
    in_sync: boolean;
    pending: number;
    cursor: number;
    last_error: SyncStatus['lastError'];
}

function toStatus(written: WrittenStatus): SyncStatus {
    const {connection, in_sync: inSync, pending, cursor, last_error: lastError} = written;
    return {connection, inSync, pending, cursor, lastError};
}

function toEvent(written: {type: string; status: WrittenStatus}): EngineEvent {
    if (written.type !== 'status') return written as unknown as EngineEvent;
    return {...written, status: toStatus(written.status)} as unknown as EngineEvent;
}

/**
 * What apps see of Syncline in TypeScript, in browsers and in Node. The implementations are beside this file, what a
 * schema is in schema.ts, and what it makes of types in fields.ts.
 *
 * ```ts
 * const store = await open({name: 'tasks', url: 'wss://relay.example', token: fetchToken});
 * const space = store.space('team-42');
 * const tasks = space.collection('tasks');
 * await tasks.load();
 *
 * await space.transact((tx) => {
 *   const task = tx.document('tasks', 't1');
 *   task.set('title', 'Buy milk');              // register, last writer wins
 *   task.counter('votes').add(1);               // counter
 *   task.setOf('tags').insert('home');          // add-wins set
 *   task.text('notes').insert(0, '2 litres');   // text that several people type into
 * });
 *
 * tasks.get('t1');                                // {title: 'Buy milk', votes: 1, …}, at once
 * const stop = tasks.observe(() => draw(tasks.entries()));
 * ```
 *
 * Types  of documents and editors follow from the schema that `open` is given ({@link schema}). Without one, and with a schema
 *     whose type is the broad `Schema`, any key may be read and written as anything.
 * Where things run  In a browser the file (SQLite), the CRDTs and the network live in a worker; the page holds
 *     what it loaded, as plain frozen values, and reads are synchronous against that. In Node all of it is in
 *     the process.
 * Writes  are promises that resolve when the change is durable on this device. The page shows a change as soon
 *     as the worker made it, which is before the promise resolves, and a little before it is durable.
 * Values  that are read are frozen and keep their identity while they do not change, deep down: a view that
 *     compares by identity redraws what changed.
 * Errors  are {@link SynclineError}s; branch on `code`.
 */

import type {
    AnyElement, AnyFields, CollectionOf, Counter, DocumentOf, ElementOf, FieldsOf, Flag, HeldIn, InnerOf, KeysOf, ListOf, MapOf, MultiValueRegister,
    PathTo, Read, Register, RemoveWinsSetOf, SetOf, Text, ValueAt,
} from './fields.js';
import type {Schema} from './schema.js';
import type {DocumentValue, Value} from './value.js';

export type * from './fields.js';
export {schema} from './schema.js';
export type {CollectionSchema, ElementSchema, FieldSchema, Kind, Schema} from './schema.js';
export type {DocumentValue, Path, Step, Value} from './value.js';

/** Positions in texts are UTF-16 units here, as everywhere in JavaScript. */
export type TextDelta = readonly (
    | {readonly retain: number; readonly properties?: Readonly<Record<string, Value>>}
    | {readonly insert: string; readonly properties?: Readonly<Record<string, Value>>}
    | {readonly delete: number}
)[];

/** A text with its marks: pieces with what they are marked with, neighbours that are marked alike as one. */
export type TextContent = readonly {readonly insert: string; readonly properties?: Readonly<Record<string, Value>>}[];

export type Stop = () => void;

/** The stable names of errors, as in C++ (`syncline/result.hpp`); a newer library may add some. */
export type ErrorCode = string;

export {SynclineError} from './errors.js';

// ---------------------------------------------------------------------------------------------------------------
// Stores

export interface OpenOptions<S extends Schema = Schema> {
    /** In a browser the name of the store, one file of this origin; in Node the path of its file. */
    readonly name: string;
    /** The relay, `wss://host` or `ws://host:port`; without it nothing is synced until {@link Store.connect}. */
    readonly url?: string;
    /** Asked before each connect and before a token ends. */
    readonly token?: () => string | Promise<string>;
    /** What documents are: {@link schema}. Without one any field may be written with any type. */
    readonly schema?: S;
    /**
     * `auto` (the default): a file in the origin's private file system; where a browser has none, snapshots in
     * IndexedDB; where that is refused too (a private window), memory. Each step down is a `warning`.
     */
    readonly storage?: 'auto' | 'memory';
    /** Where the module and the worker are, when a bundler puts them elsewhere than beside the package's files. */
    readonly wasmUrl?: string | URL;
    readonly workerUrl?: string | URL;
}

/**
 * Opens the store, or creates it. Errors: `storage_locked`, `storage_corrupt`, `storage_newer`, `unsupported`; `malformed` for what is no
 * schema, `schema_incompatible` for one that the stored one cannot grow into (docs/schema.md); `version_clash` where another tab runs
 * another version of the library; …
 */
export type Open = <const S extends Schema = Schema>(options: OpenOptions<S>) => Promise<Store<S>>;

/** What works less well than it could, and for people a sentence. More codes may come. */
export type Warning =
    /** The browser has no better place for the store than the one that the message names. */
    | {readonly code: 'storage_fallback'; readonly message: string}
    /** The browser may delete what the origin stores. */
    | {readonly code: 'not_persistent'; readonly message: string}
    /** The address that the store was opened with is none that can be connected with. */
    | {readonly code: 'not_connected'; readonly message: string}
    /**
     * A write found no room, or nine tenths of what the browser grants are used: bytes, null where it does not say. Told once, and
     * again when there was room in between.
     */
    | {readonly code: 'quota'; readonly message: string; readonly usage: number | null; readonly quota: number | null}
    /**
     * This device's clock differs from the relay's by a minute or more; `offsetMs` is the relay's minus this device's. What is written
     * online is stamped by the relay's time, so nobody's writes win by that. Of what was written before the first connection, stamps that
     * lie ahead are brought back; those of a clock that was behind stay, and lose against what others wrote meanwhile.
     */
    | {readonly code: 'clock_skew'; readonly message: string; readonly offsetMs: number};

export interface StoreEvents {
    /** Something works less well than it could. */
    warning: Warning;
    /** The relay refused own changes for ever: they are out of the documents, and this is what they held. */
    rejected: {readonly space: string; readonly code: ErrorCode; readonly reason: string; readonly change: Value};
    /** Another tab runs another version of the library that cannot share the store with this one. The message says which of them to reload. */
    version_clash: {readonly ours: string; readonly theirs: string; readonly message: string};
    /** This tab's worker owns the file now, or another's does. */
    role: {readonly role: 'leader' | 'follower'};
    /** Somebody wiped the store; it is closed. */
    wiped: Record<never, never>;
}

export interface Store<out S extends Schema = Schema> {
    readonly name: string;
    /** This replica's id, a UUID; all tabs of one browser share it. */
    readonly replica: string;
    readonly storage: 'file' | 'opfs' | 'indexeddb' | 'memory';
    readonly role: 'leader' | 'follower';
    /** The space; made when it is first used. Name: 1 to 128 of A-Z a-z 0-9 . _ : - */
    space(name: string): Space<S>;
    spaces(): Promise<readonly string[]>;
    /** Keeps all spaces in sync from now on, for all tabs. With no argument: with the relay of {@link open}. */
    connect(url?: string): Promise<void>;
    /** Ends that, for all tabs: the switch for offline. */
    disconnect(): Promise<void>;
    /** Keeps what the relay delivers for so long, for {@link Document.history}. 0 ends it. */
    keepHistory(milliseconds: number): Promise<void>;
    /** The SQLite file, as it is now: opens on the desktop, too. */
    export(): Promise<Uint8Array>;
    /** Disconnects, deletes the file with everything that was not synced, and closes, in all tabs. */
    wipe(): Promise<void>;
    /** Lets go. The last tab's close closes the file. */
    close(): Promise<void>;
    on<E extends keyof StoreEvents>(event: E, listener: (detail: StoreEvents[E]) => void): Stop;
}

/** How a space stands with the relay. A frozen value, the same one until something changes. */
export interface SyncStatus {
    readonly connection: 'offline' | 'connecting' | 'connected';
    /** Connected, all applied, nothing pending. */
    readonly inSync: boolean;
    /** Own changes that the relay's log has not confirmed. */
    readonly pending: number;
    /** Sequence number up to which the relay's log is applied. */
    readonly cursor: number;
    readonly lastError: {readonly code: ErrorCode; readonly message: string; readonly final: boolean} | null;
}

// ---------------------------------------------------------------------------------------------------------------
// Spaces

export interface Space<out S extends Schema = Schema> {
    readonly name: string;
    /**
     * Runs `edit`, which says what to change, and commits that as one atomic change. Resolves when it is durable.
     * `edit` runs at once, once, and must not wait; what is wrong is found by the engine, and then nothing of it
     * happened. Errors: `schema_violation`, `too_large`, `invalid_argument`, `out_of_range`, `storage_full`, …
     */
    transact(edit: (tx: Transaction<S>) => void): Promise<void>;
    /** A collection; one that the schema declares, if there is a schema. */
    collection<N extends CollectionOf<S>>(name: N): Collection<DocumentOf<S, N>>;
    document<N extends CollectionOf<S>>(collection: N, id: string): Document<FieldsOf<S, N>>;
    /** Names of the collections that have a document. */
    collections(): Promise<readonly string[]>;
    /** An undo stack for one origin in the app: a view, an editor. See docs/undo.md. */
    undo(options?: {readonly depth?: number; readonly mergeMs?: number}): Promise<UndoStack<S>>;
    readonly presence: Presence;
    status(): SyncStatus;
    observeStatus(listener: (status: SyncStatus) => void): Stop;
    /** Resolves when everything is synced. Errors: `timed_out`, or the final error that prevents it. */
    inSync(timeoutMs?: number): Promise<void>;
    /** Of the confirmed state, in hexadecimal; equal on replicas in sync. */
    digest(): Promise<string>;
    /** For people and tools: the version vector, traffic since the store was opened, and so on. */
    inspect(): Promise<SpaceReport>;
}

export interface SpaceReport {
    readonly replica: string;
    readonly cursor: number;
    readonly pending: number;
    readonly versionVector: Readonly<Record<string, number>>;
    /** The relay's clock minus this device's, as of the last connection; 0 before there was one. */
    readonly clockOffsetMs: number;
    readonly documents: number;
    readonly bytesSent: number;
    readonly bytesReceived: number;
}

/** A collection as far as this page loaded it. Two calls of `space.collection(name)` give the same object. */
export interface Collection<D = DocumentValue> {
    readonly name: string;
    /** Resolves once all its documents are here; they stay up to date from then on. */
    load(): Promise<void>;
    readonly loaded: boolean;
    /** The document, or undefined if there is none or nothing is loaded. */
    get(id: string): D | undefined;
    /** All documents by id, ascending; the same frozen array until one changes. */
    entries(): readonly (readonly [id: string, value: D])[];
    /**
     * Calls `listener` after changes, with the ids of what changed, once a change; loads the collection if that was
     * not done. With a filter: only what passes it, before or after.
     */
    observe(listener: (changed: readonly string[]) => void, filter?: (value: D, id: string) => boolean): Stop;
}

/** One document. `F` are its fields ({@link FieldsOf}). */
export interface Document<F = AnyFields> {
    readonly collection: string;
    readonly id: string;
    /** Resolves once it is here; it stays up to date from then on. */
    load(): Promise<Read<F> | undefined>;
    readonly value: Read<F> | undefined;
    observe(listener: (value: Read<F> | undefined) => void): Stop;
    /**
     * A text in it, for an editor. Everything that is typed here is this device's. Steps into lists mean the elements that
     * the page shows there now, if it has loaded the document, and stay with these.
     */
    text(path: PathTo<F, Text>): Promise<LiveText>;
    /** The values that lost against the one shown, of the register at the path; newest first. */
    conflicts<const P extends PathTo<F, Register<unknown>>>(path: P): Promise<readonly ValueAt<F, P>[]>;
    /**
     * Calls `listener` with these values whenever they are others, also where nothing that is shown changed; first when there are some. Who
     * wants to tell somebody that what they wrote was replaced looks for that among them: it is there from when it lost until the
     * register is written again by somebody who has seen both. What somebody wrote over it knowingly is no conflict.
     */
    observeConflicts<const P extends PathTo<F, Register<unknown>>>(path: P, listener: (lost: readonly ValueAt<F, P>[]) => void): Stop;
    /** Who changed it, when and how, oldest first, as far as history is kept. */
    history(): Promise<readonly HistoryEntry[]>;
    /** As it was when the relay's log had reached `sequence`. Errors: `not_found` outside of what is kept. */
    asOf(sequence: number): Promise<DocumentValue | undefined>;
}

export interface HistoryEntry {
    /** In the relay's log; null while pending. */
    readonly sequence: number | null;
    readonly author: string;
    /** Wall clock of the author, milliseconds since 1970. */
    readonly time: number;
    readonly message: string;
    readonly edits: readonly Value[];
}

/**
 * A text that an editor shows. The editor keeps its own copy, tells what was typed and is told what others did;
 * both sides agree on the order, however edits cross.
 */
export interface LiveText {
    /** The text as the listener was last told, with what was typed here. */
    readonly value: string;
    /** The same with its marks. A new frozen array when it changes. */
    readonly content: TextContent;
    /**
     * What was typed or marked here, against the text as it is here now. A property that is null takes the mark of its name
     * away. Resolves when it is durable. Error: `not_found` when the list element that holds the text was erased, by whomever. Then the
     * text has ended: it takes no more edits, and tells nothing more.
     */
    edit(delta: TextDelta): Promise<void>;
    /**
     * What others did (another tab or device, an undo): apply it to the editor's copy. Called in order. Marks are told as
     * properties, null where one was taken away; also that of what was typed here into a marked range.
     */
    observe(listener: (delta: TextDelta) => void): Stop;
    /** A position that stays with the text around it, to be sent to others as presence. */
    anchor(position: number): Promise<string>;
    /** Where an anchor of this text is now; null if it cannot be told (yet). */
    resolve(anchor: string): Promise<number | null>;
    close(): void;
}

/**
 * Undoes what went through it, and nothing that others did. In memory only: of the process in Node, of the leading tab in a
 * browser; see {@link UndoChange}.
 */
export interface UndoStack<out S extends Schema = Schema> {
    transact(edit: (tx: Transaction<S>) => void): Promise<void>;
    /** False: nothing was left. */
    undo(): Promise<boolean>;
    redo(): Promise<boolean>;
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    observe(listener: (change: UndoChange) => void): Stop;
    close(): void;
}

/** How an undo stack stands now. */
export interface UndoChange {
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    /**
     * What was on the stack is gone, without having been undone: stacks are in the memory of the tab that leads, and another one
     * leads now, or this tab had to join it anew. (In Node nobody else leads.) What is transacted from here on can be undone again.
     */
    readonly lost: boolean;
}

/** Who is here: small values that are sent to those who are online and never stored. */
export interface Presence {
    /** Says something about this tab to everybody in the space; it is renewed until it is cleared or the tab goes. */
    set(value: Value): void;
    clear(): void;
    /** The others, and this tab's other windows; the same frozen array until something changes. */
    others(): readonly PresenceEntry[];
    observe(listener: (others: readonly PresenceEntry[]) => void): Stop;
}

export interface PresenceEntry {
    /** A replica and one of its tabs; unique. */
    readonly key: string;
    /** Stamped by the relay. */
    readonly replica: string;
    /** Of the sender's token, if there was one. Stamped by the relay. */
    readonly subject: string | null;
    readonly value: Value;
}

// ---------------------------------------------------------------------------------------------------------------
// Transactions

/**
 * What a function given to `transact` says what to change with; of no use after it returned. One that is typed goes where
 * an untyped one is asked for: `const any: Transaction = tx` edits fields that the schema does not declare. So it is with
 * stores, spaces and undo stacks.
 */
export interface Transaction<out S extends Schema = Schema> {
    /** The document, to be edited. Nothing is made by that alone. */
    document<N extends CollectionOf<S>>(collection: N, id: string): DocumentEditor<FieldsOf<S, N>>;
}

/** Raises and lowers a counter. */
export interface CounterEditor {
    /** An integer. */
    add(amount: number): void;
}
/** Switches a flag. On wins over a concurrent off. */
export interface FlagEditor {
    enable(): void;
    disable(): void;
}
/** Puts elements into a set, and takes them out. */
export interface SetEditor<V = Value> {
    insert(element: V): void;
    erase(element: V): void;
}

/**
 * Edits the fields of a document, or of a map in one: `F` are those that the schema declares, and each has the methods of
 * its type alone. Where there is no schema any key takes any of them.
 */
export interface MapEditor<F = AnyFields> {
    /** A register, last writer wins. */
    set<K extends KeysOf<F, Register<unknown>>>(key: K, value: HeldIn<F, K>): void;
    /** A register that shows every concurrent value. */
    setMultiValue<K extends KeysOf<F, MultiValueRegister<unknown>>>(key: K, value: HeldIn<F, K>): void;
    counter(key: KeysOf<F, Counter>): CounterEditor;
    flag(key: KeysOf<F, Flag>): FlagEditor;
    setOf<K extends KeysOf<F, SetOf<unknown>>>(key: K): SetEditor<HeldIn<F, K>>;
    removeWinsSetOf<K extends KeysOf<F, RemoveWinsSetOf<unknown>>>(key: K): SetEditor<HeldIn<F, K>>;
    map<K extends KeysOf<F, MapOf<unknown>>>(key: K): MapEditor<InnerOf<F, K>> & {create(): void};
    list<K extends KeysOf<F, ListOf<unknown>>>(key: K): ListEditorOf<ElementOf<F, K>>;
    text(key: KeysOf<F, Text>): TextEditor;
    /** What is under this key, of every type. */
    delete(key: keyof F & string): void;
}

export interface DocumentEditor<F = AnyFields> extends MapEditor<F> {
    /** Makes it exist, even while it is empty. */
    create(): void;
    /** Removes what this device sees of it; what others write meanwhile survives. */
    deleteDocument(): void;
}

/**
 * What can be done with any list. An index means the element that the page shows there when `transact` is called, after what
 * this page did before, in this transaction or in earlier ones, whether these are shown yet or not: it is that element that is erased, moved or
 * edited, also where others have changed the list meanwhile, and what is inserted goes behind the one that it was to stand behind;
 * at 0, before the one that was first, and so behind what others have put before that meanwhile. What others erased is not erased
 * or moved again; editing it fails with `not_found`. So does editing what an earlier transaction was to insert, if that one failed.
 * What is undone or redone counts once it is shown. Where the page has not loaded the document, an index counts in the list as it is.
 * An index that is no whole number from 0 on is `out_of_range`.
 */
export interface ListSteps {
    create(): void;
    erase(index: number, count?: number): void;
    /** So that it is at `to` afterwards. Concurrent moves: one wins, never a duplicate. */
    move(from: number, to: number): void;
}
/** A list of plain values. */
export interface ValueListEditor<V = Value> extends ListSteps {
    insert(index: number, ...values: V[]): void;
    push(...values: V[]): void;
    set(index: number, value: V): void;
}
/** A list of maps. */
export interface MapListEditor<F = AnyFields> extends ListSteps {
    insertMap(index: number): MapEditor<F>;
    map(index: number): MapEditor<F>;
}
/** A list of texts. */
export interface TextListEditor extends ListSteps {
    insertText(index: number): TextEditor;
    text(index: number): TextEditor;
}
/** A list of lists. */
export interface ListListEditor<E = AnyElement> extends ListSteps {
    insertList(index: number): ListEditorOf<E>;
    list(index: number): ListEditorOf<E>;
}
/** A list of counters. */
export interface CounterListEditor extends ListSteps {
    insertCounter(index: number): CounterEditor;
    counter(index: number): CounterEditor;
}
/** A list of which no schema says what is in it: each element may be anything. */
export interface ListEditor extends ValueListEditor, MapListEditor, TextListEditor, ListListEditor, CounterListEditor {}

/** The editor of a list of elements of one type. */
export type ListEditorOf<E> = E extends Register<infer V> ? ValueListEditor<V>
    : E extends MapOf<infer F> ? MapListEditor<F>
    : E extends Text ? TextListEditor
    : E extends ListOf<infer I> ? ListListEditor<I>
    : E extends Counter ? CounterListEditor
    : ListEditor;

export interface TextEditor {
    create(): void;
    insert(index: number, text: string): void;
    erase(index: number, count: number): void;
    splice(index: number, count: number, text: string): void;
    mark(index: number, count: number, name: string, value: Value, expand?: 'after' | 'before' | 'both' | 'none'): void;
    unmark(index: number, count: number, name: string, expand?: 'after' | 'before' | 'both' | 'none'): void;
}

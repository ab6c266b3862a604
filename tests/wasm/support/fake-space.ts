import type {
    Collection,
    Document,
    DocumentEditor,
    DocumentValue,
    PresenceEntry,
    Space,
    SpaceReport,
    Stop,
    SyncStatus,
    Transaction,
    UndoChange,
    UndoStack,
    Value,
} from '../../../wasm/js/api.js';
import {FakeLog} from './fake-text.js';
import type {FakeText} from './fake-text.js';
import {Listeners} from './listeners.js';

type Entries = readonly (readonly [string, DocumentValue])[];

/** Registers and nothing else, in the page's memory; loads when the test says so. */
class FakeCollection implements Collection {
    readonly documents = new Map<string, DocumentValue>();
    readonly listeners = new Listeners<readonly string[]>();
    loaded = false;
    #entries: Entries | null = null;

    constructor(
        readonly name: string,
        readonly gate: () => Promise<void>,
    ) {}

    async load(): Promise<void> {
        await this.gate();
        this.#entries = null;
        this.loaded = true;
    }

    get(id: string): DocumentValue | undefined {
        return this.loaded ? this.documents.get(id) : undefined;
    }

    entries(): Entries {
        this.#entries ??= Object.freeze(
            this.loaded
                ? [...this.documents].sort(([a], [b]) => (a < b ? -1 : 1)).map((entry) => Object.freeze(entry))
                : [],
        );
        return this.#entries;
    }

    observe(listener: (changed: readonly string[]) => void): Stop {
        return this.listeners.add(listener);
    }

    change(id: string, value: DocumentValue | undefined): void {
        this.#entries = null;
        if (value === undefined) this.documents.delete(id);
        else this.documents.set(id, Object.freeze(value));
    }
}

class FakeUndo implements UndoStack {
    readonly listeners = new Listeners<UndoChange>();
    readonly #undone: (() => void)[] = [];
    closed = false;

    constructor(readonly space: FakeSpace) {}

    async transact(edit: (tx: Transaction) => void): Promise<void> {
        this.#undone.push(this.space.apply(edit));
        this.#tell();
    }

    async undo(): Promise<boolean> {
        const undone = this.#undone.pop();
        undone?.();
        this.#tell();
        return undone !== undefined;
    }

    /** As if another tab led from now on. */
    lose(): void {
        this.#undone.length = 0;
        this.#tell(true);
    }

    #tell(lost = false): void {
        this.listeners.tell({canUndo: this.canUndo, canRedo: false, lost});
    }

    async redo(): Promise<boolean> {
        return false;
    }

    get canUndo(): boolean {
        return this.#undone.length > 0;
    }

    readonly canRedo = false;

    observe(listener: (change: UndoChange) => void): Stop {
        return this.listeners.add(listener);
    }

    close(): void {
        this.closed = true;
    }
}

/**
 * As much of a space as a component sees, for tests that count subscriptions and decide when something arrives. An
 * app's own tests want the real engine, `open({name, storage: 'memory'})`.
 */
export class FakeSpace implements Pick<
    Space,
    'name' | 'transact' | 'document' | 'collections' | 'undo' | 'presence' | 'status' | 'observeStatus' | 'inspect'
> {
    readonly name = 'fake';
    readonly stacks: FakeUndo[] = [];
    /** Each that was opened. */
    readonly texts: FakeText[] = [];
    readonly statusListeners = new Listeners<SyncStatus>();
    readonly presenceListeners = new Listeners<readonly PresenceEntry[]>();
    /** What `presence.set` was called with, and undefined for each `clear`. */
    readonly said: (Value | undefined)[] = [];
    #collections = new Map<string, FakeCollection>();
    #status: SyncStatus = Object.freeze({connection: 'offline', inSync: false, pending: 0, cursor: 0, lastError: null});
    #others: readonly PresenceEntry[] = Object.freeze([]);
    report = {versionVector: {'replica-a': 3, 'replica-b': 12}, bytesSent: 0, bytesReceived: 0, clockOffsetMs: 0};
    /** What lost against the register at the path, its steps joined by slashes. */
    readonly lost = new Map<string, readonly Value[]>();
    /** What loads wait for. */
    gate = Promise.resolve();

    readonly presence = {
        set: (value: Value): void => void this.said.push(value),
        clear: (): void => void this.said.push(undefined),
        others: (): readonly PresenceEntry[] => this.#others,
        observe: (listener: (others: readonly PresenceEntry[]) => void): Stop => this.presenceListeners.add(listener),
    };

    /** For what takes a space; a test of something that uses more than this fake has fails with a TypeError. */
    get asSpace(): Space {
        return this as unknown as Space;
    }

    collection(name: string): FakeCollection {
        const known = this.#collections.get(name) ?? new FakeCollection(name, () => this.gate);
        this.#collections.set(name, known);
        return known;
    }

    document(collection: string, id: string): Document {
        const inside = this.collection(collection);
        const document: Pick<Document, 'collection' | 'id' | 'value' | 'load' | 'observe' | 'text' | 'conflicts'> = {
            collection,
            id,
            get value() {
                return inside.get(id);
            },
            load: async () => {
                await inside.load();
                return inside.get(id);
            },
            conflicts: async (path) => this.lost.get(path.join('/')) ?? [],
            text: async () => {
                const text = new FakeLog().join();
                this.texts.push(text);
                return text;
            },
            observe: (listener) => inside.listeners.add((changed) => changed.includes(id) && listener(inside.get(id))),
        };
        return document as Document;
    }

    async transact(edit: (tx: Transaction) => void): Promise<void> {
        this.apply(edit);
    }

    async collections(): Promise<readonly string[]> {
        return [...this.#collections].filter(([, {documents}]) => documents.size > 0).map(([name]) => name);
    }

    async inspect(): Promise<SpaceReport> {
        const {cursor, pending} = this.#status;
        const documents = [...this.#collections.values()].reduce(
            (sum, collection) => sum + collection.documents.size,
            0,
        );
        return {replica: 'replica-a', cursor, pending, documents, ...this.report};
    }

    async undo(): Promise<UndoStack> {
        const stack = new FakeUndo(this);
        this.stacks.push(stack);
        return stack;
    }

    status(): SyncStatus {
        return this.#status;
    }

    observeStatus(listener: (status: SyncStatus) => void): Stop {
        return this.statusListeners.add(listener);
    }

    setStatus(status: Partial<SyncStatus>): void {
        this.#status = Object.freeze({...this.#status, ...status});
        this.statusListeners.tell(this.#status);
    }

    setOthers(...others: PresenceEntry[]): void {
        this.#others = Object.freeze(others);
        this.presenceListeners.tell(this.#others);
    }

    /** Does the edit, whoever made it, and returns what takes it back. */
    apply(edit: (tx: Transaction) => void): () => void {
        const changed = new Map<FakeCollection, Map<string, DocumentValue | undefined>>();
        edit({document: (collection, id) => this.#editor(this.collection(collection), id, changed)});
        for (const [collection, ids] of changed) collection.listeners.tell([...ids.keys()]);
        return () => {
            for (const [collection, ids] of changed) {
                for (const [id, before] of ids) collection.change(id, before);
                collection.listeners.tell([...ids.keys()]);
            }
        };
    }

    #editor(
        collection: FakeCollection,
        id: string,
        changed: Map<FakeCollection, Map<string, DocumentValue | undefined>>,
    ): DocumentEditor {
        const note = (next: DocumentValue | undefined): void => {
            const ids = changed.get(collection) ?? new Map<string, DocumentValue | undefined>();
            changed.set(collection, ids);
            if (!ids.has(id)) ids.set(id, collection.documents.get(id));
            collection.change(id, next);
        };
        const editor: Pick<DocumentEditor, 'set' | 'deleteDocument'> = {
            set: (key, value) => note({...collection.documents.get(id), [key]: value}),
            deleteDocument: () => note(undefined),
        };
        return editor as DocumentEditor;
    }
}

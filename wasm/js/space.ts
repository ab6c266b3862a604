import type {
    Collection, Document, LiveText, Path, Space, SpaceReport, Stop, SyncStatus, Transaction, UndoStack, Value,
} from './api.js';
import type {Client} from './client.js';
import {PageCollection, type Told} from './collection.js';
import {PageDocument, type DocumentOwner} from './document.js';
import {SynclineError} from './errors.js';
import {decodeJson, encodeJson} from './json.js';
import {seenBelow, type SeenLists} from './list-places.js';
import {Listeners} from './listeners.js';
import {PagePresence} from './presence.js';
import {record} from './recorder.js';
import {PageUndoStack} from './undo.js';

const unknownStatus: SyncStatus = Object.freeze({connection: 'offline', inSync: false, pending: 0, cursor: 0, lastError: null});

/** What a space needs of its store. */
export interface SpaceOwner {
    openStack(space: string, options: {readonly depth: number; readonly mergeMs: number}): Promise<PageUndoStack>;
    openText(space: string, document: PageDocument, path: Path): Promise<LiveText>;
}

/** A space as a page holds it. What a schema says of types is for whoever has it: {@link Space}. */
export class PageSpace implements Space, DocumentOwner {
    readonly presence: PagePresence;
    private current: SyncStatus = unknownStatus;
    private readonly statusListeners = new Listeners<SyncStatus>();
    private readonly held = new Map<string, PageCollection>();
    private readonly documents = new Map<string, PageDocument>();

    constructor(
        private readonly client: Client,
        private readonly owner: SpaceOwner,
        readonly name: string,
    ) {
        this.presence = new PagePresence(client, name);
        this.open();
    }

    async transact(edit: (tx: Transaction) => void): Promise<void> {
        const {ops, listed} = record(edit);
        await this.client.ask('transact', {space: this.name, ops, ...this.seen(listed), once: this.client.once()});
    }
    collection(name: string): Collection {
        return this.heldCollection(name);
    }
    document(collection: string, id: string): Document {
        const key = JSON.stringify([collection, id]);
        let document = this.documents.get(key);
        if (document === undefined) {
            document = new PageDocument(this.client, this, this.heldCollection(collection), id);
            this.documents.set(key, document);
        }
        return document;
    }
    collections(): Promise<readonly string[]> {
        return this.client.ask('collections', {space: this.name});
    }
    undo(options: {readonly depth?: number; readonly mergeMs?: number} = {}): Promise<UndoStack> {
        return this.owner.openStack(this.name, {depth: options.depth ?? 100, mergeMs: options.mergeMs ?? 500});
    }
    status(): SyncStatus {
        return this.current;
    }
    observeStatus(listener: (status: SyncStatus) => void): Stop {
        return this.statusListeners.add(listener);
    }
    inSync(timeoutMs?: number): Promise<void> {
        return new Promise((resolve, reject) => {
            let timer: ReturnType<typeof setTimeout> | undefined;
            const stop = this.statusListeners.add(() => check());
            const done = (settle: () => void): void => {
                stop();
                clearTimeout(timer);
                settle();
            };
            const check = (): void => {
                const {inSync, lastError} = this.current;
                if (inSync) done(resolve);
                else if (lastError?.final === true) done(() => reject(new SynclineError(lastError.code, lastError.message)));
            };
            if (timeoutMs !== undefined) {
                timer = setTimeout(() => {
                    const why = this.current.lastError === null ? '' : `; last error: ${this.current.lastError.message}`;
                    done(() => reject(new SynclineError('timed_out', `not in sync after ${timeoutMs} ms${why}`)));
                }, timeoutMs);
            }
            // What was asked before this is answered before this, and its status told.
            this.client.ask('openSpace', {space: this.name}).then(check, (error: SynclineError) => done(() => reject(error)));
        });
    }
    digest(): Promise<string> {
        return this.client.ask('digest', {space: this.name});
    }
    async inspect(): Promise<SpaceReport> {
        return Object.freeze(decodeJson(await this.client.ask('inspect', {space: this.name})) as unknown as SpaceReport);
    }

    // ---- What the store tells it

    reattached(): void {
        this.open();
        for (const collection of this.held.values()) collection.reattached();
        for (const document of this.documents.values()) document.reattached();
        this.presence.reattached();
    }
    arrived(collection: string, documents: string): void {
        this.heldCollection(collection).arrived(documents);
    }
    /** What this page holds of the lists in these fields of documents, to be sent with indexes in them. */
    seen(listed: ReadonlyMap<string, ReadonlySet<string>>): {readonly seen?: SeenLists} {
        const seen: Value[] = [];
        for (const [name, fields] of listed) {
            const [collection, id] = JSON.parse(name) as [string, string];
            const lists = this.documents.get(name)?.seen ?? this.held.get(collection)?.listsOf(id);
            if (lists !== undefined) seen.push([[collection, id], seenBelow(lists, fields) as Value]);
        }
        return seen.length === 0 ? {} : {seen: encodeJson(seen)};
    }
    /** This device has other ids than were told. */
    renamed(): void {
        for (const collection of this.held.values()) collection.renamed();
        for (const document of this.documents.values()) document.renamed();
    }
    /** `[[collection, id, value or null, lists?], …]` */
    changed(documents: string): void {
        const list = decodeJson(documents) as unknown as readonly (readonly [string, ...Told])[];
        const byCollection = new Map<string, Told[]>();
        for (const [collection, ...told] of list) {
            const rows = byCollection.get(collection);
            if (rows === undefined) byCollection.set(collection, [told]);
            else rows.push(told);
        }
        for (const [name, rows] of byCollection) {
            const collection = this.held.get(name);
            if (collection?.held === true) collection.changed(rows);
        }
        for (const [collection, ...told] of list) this.documents.get(JSON.stringify([collection, told[0]]))?.changed(told);
    }
    statusChanged(status: SyncStatus): void {
        this.current = Object.freeze({...status, lastError: status.lastError === null ? null : Object.freeze(status.lastError)});
        this.statusListeners.tell(this.current);
    }

    openText(document: PageDocument, path: Path): Promise<LiveText> {
        return this.owner.openText(this.name, document, path);
    }

    private open(): void {
        // What is wrong with the name is told by whatever is done with the space.
        this.client.ask('openSpace', {space: this.name}).catch(() => undefined);
    }
    private heldCollection(name: string): PageCollection {
        let collection = this.held.get(name);
        if (collection === undefined) {
            collection = new PageCollection(this.client, this.name, name);
            this.held.set(name, collection);
        }
        return collection;
    }
}


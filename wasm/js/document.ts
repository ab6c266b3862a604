import type {Document, DocumentValue, HistoryEntry, LiveText, Path, Stop, Value} from './api.js';
import type {Client} from './client.js';
import type {PageCollection, Told} from './collection.js';
import {decodeJson} from './json.js';
import type {Lists} from './list-places.js';
import {Listeners} from './listeners.js';
import {frozen, shared} from './values.js';

/** What a document needs of its space. */
export interface DocumentOwner {
    readonly name: string;
    openText(document: PageDocument, path: Path): Promise<LiveText>;
}

/** A document as this page holds it: by itself, or as part of its collection when that is loaded. */
export class PageDocument implements Document {
    private current: DocumentValue | undefined;
    /** null: they have other ids by now. */
    private lists: Lists | null | undefined;
    private loading: Promise<void> | null = null;
    private readonly listeners = new Listeners<DocumentValue | undefined>();
    /** Something in it is other than it was, though perhaps nothing that is shown. */
    private readonly touched = new Listeners<undefined>();

    constructor(
        private readonly client: Client,
        private readonly owner: DocumentOwner,
        private readonly from: PageCollection,
        readonly id: string,
    ) {}

    get collection(): string {
        return this.from.name;
    }
    get value(): DocumentValue | undefined {
        return this.from.loaded ? this.from.get(this.id) : this.current;
    }
    async load(): Promise<DocumentValue | undefined> {
        this.loading ??= this.watch();
        await this.loading;
        return this.value;
    }
    observe(listener: (value: DocumentValue | undefined) => void): Stop {
        const stop = this.listeners.add(listener);
        this.load().catch(() => undefined);
        return stop;
    }
    text(path: Path): Promise<LiveText> {
        return this.owner.openText(this, path);
    }
    async conflicts(path: Path): Promise<readonly Value[]> {
        return frozen(decodeJson(await this.client.ask('conflicts', {...this.at, path}))) as readonly Value[];
    }
    observeConflicts(path: Path, listener: (lost: readonly Value[]) => void): Stop {
        let known = '[]';
        let wanted = true;
        const look = async (): Promise<void> => {
            const lost = await this.client.ask('conflicts', {...this.at, path});
            if (!wanted || lost === known) return;
            known = lost;
            listener(frozen(decodeJson(lost)) as readonly Value[]);
        };
        // As of an observer: who waits for something hears of a failure there.
        const ignored = (): void => undefined;
        const stop = this.touched.add(() => void look().catch(ignored));
        this.load().then(look).catch(ignored);
        return () => {
            wanted = false;
            stop();
        };
    }
    async history(): Promise<readonly HistoryEntry[]> {
        const entries = decodeJson(await this.client.ask('history', this.at)) as readonly {readonly [key: string]: Value}[];
        return Object.freeze(entries.map(historyEntry));
    }
    async asOf(sequence: number): Promise<DocumentValue | undefined> {
        const value = frozen(decodeJson(await this.client.ask('asOf', {...this.at, sequence}))) as DocumentValue;
        return Object.keys(value).length === 0 ? undefined : value;
    }

    // ---- What the store tells it

    reattached(): void {
        if (this.loading !== null) this.loading = this.watch();
        this.loading?.catch(() => undefined);
    }

    /** The ids in its lists, as this page holds it; undefined where it does not hold it. */
    get seen(): Lists | undefined {
        if (this.from.loaded) return this.from.listsOf(this.id);
        return this.current === undefined || this.lists === null ? undefined : (this.lists ?? []);
    }
    renamed(): void {
        if (this.lists !== undefined) this.lists = null;
    }
    /** It has this value now; null: there is none. */
    changed([, value, lists]: Told): void {
        this.lists = lists;
        const next = this.from.loaded ? this.from.get(this.id) : value === null ? undefined : shared(this.current, value);
        if (next !== this.current) {
            this.current = next;
            this.listeners.tell(next);
        }
        this.touched.tell(undefined);
    }

    get at(): {space: string; collection: string; id: string} {
        return {space: this.owner.name, collection: this.collection, id: this.id};
    }

    private async watch(): Promise<void> {
        try {
            await this.client.ask('watchDocument', this.at);
        } catch (error) {
            this.loading = null;
            throw error;
        }
    }
}

function historyEntry(entry: {readonly [key: string]: Value}): HistoryEntry {
    return Object.freeze({
        sequence: (entry['sequence'] as number | undefined) ?? null,
        author: entry['author'] as string,
        time: entry['stamp_ms'] as number,
        message: (entry['message'] as string | undefined) ?? '',
        edits: frozen(entry['edits'] as readonly Value[]),
    });
}

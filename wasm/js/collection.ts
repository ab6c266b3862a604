import type {Collection, DocumentValue, Stop} from './api.js';
import type {Client} from './client.js';
import {decodeJson} from './json.js';
import type {Lists} from './list-places.js';
import {Listeners} from './listeners.js';
import {Rows, type Row} from './rows.js';
import {shared} from './values.js';

interface Change {
    readonly id: string;
    readonly before: DocumentValue | undefined;
    readonly after: DocumentValue | undefined;
}

/** A document as it is told: with the ids in its lists, if it has any. */
export type Told = readonly [id: string, value: DocumentValue | null, lists?: Lists];

/** A collection as this page holds it. */
export class PageCollection implements Collection {
    private rows = new Rows();
    /** While it is loaded (again): what has come. The other is shown until all is here. */
    private coming: Rows | null = null;
    private loading: Promise<void> | null = null;
    private isLoaded = false;
    private readonly listeners = new Listeners<readonly Change[]>();

    constructor(
        private readonly client: Client,
        private readonly space: string,
        readonly name: string,
    ) {}

    get loaded(): boolean {
        return this.isLoaded;
    }
    /** It is loaded, or about to be. */
    get held(): boolean {
        return this.loading !== null;
    }
    load(): Promise<void> {
        this.loading ??= this.loadAll();
        return this.loading;
    }
    get(id: string): DocumentValue | undefined {
        return this.rows.get(id);
    }
    entries(): readonly Row[] {
        return this.rows.list();
    }
    observe(listener: (changed: readonly string[]) => void, filter?: (value: DocumentValue, id: string) => boolean): Stop {
        const passes = (value: DocumentValue | undefined, id: string): boolean =>
            value !== undefined && (filter === undefined || filter(value, id));
        const stop = this.listeners.add((changes) => {
            const ids = changes.filter(({id, before, after}) => passes(before, id) || passes(after, id)).map(({id}) => id);
            if (ids.length > 0) listener(ids);
        });
        // Who waits for it hears of a failure by load(); an observer has nothing to observe then.
        this.load().catch(() => undefined);
        return stop;
    }

    // ---- What the store tells it

    /** There is a new leader, which knows nothing of this page. */
    reattached(): void {
        if (this.loading !== null) this.loading = this.loadAll();
        this.loading?.catch(() => undefined);
    }

    /** The ids in a document's lists, as this page holds it; undefined where it does not hold it. */
    listsOf(id: string): Lists | undefined {
        return this.rows.get(id) === undefined ? undefined : this.rows.listsOf(id);
    }
    /** The ids that were told mean nothing any more. */
    renamed(): void {
        for (const rows of [this.rows, this.coming]) rows?.forgetLists();
    }

    /** A piece of what `load` asked for: `[[id, value, lists?], …]`. */
    arrived(documents: string): void {
        const coming = (this.coming ??= new Rows());
        for (const [id, value, lists] of decodeJson(documents) as unknown as readonly (readonly [...Row, Lists?])[]) {
            coming.put(id, shared(this.rows.get(id), value));
            coming.putLists(id, lists);
        }
    }

    /** Documents have these values now; null: there is none any more. */
    changed(documents: readonly Told[]): void {
        const changes: Change[] = [];
        for (const [id, value, lists] of documents) {
            const before = this.rows.get(id);
            const after = value === null ? undefined : shared(before, value);
            // What comes after this in pieces was read after it.
            this.coming?.put(id, after);
            for (const rows of [this.rows, this.coming]) rows?.putLists(id, lists);
            if (before === after) continue;
            this.rows.put(id, after);
            changes.push({id, before, after});
        }
        if (changes.length > 0) this.listeners.tell(changes);
    }

    private async loadAll(): Promise<void> {
        this.coming = new Rows();
        try {
            await this.client.ask('watch', {space: this.space, collection: this.name});
        } catch (error) {
            this.loading = null;
            throw error;
        }
        // Asked twice (before and after a leader went), it is answered twice, and taken once.
        if (this.coming !== null) this.take(this.coming);
    }

    private take(next: Rows): void {
        const old = this.rows;
        this.rows = next;
        this.coming = null;
        this.isLoaded = true;
        if (this.listeners.size === 0) return;
        const changes: Change[] = [];
        for (const id of old.ids()) {
            if (next.get(id) === undefined) changes.push({id, before: old.get(id), after: undefined});
        }
        for (const id of next.ids()) {
            const before = old.get(id);
            const after = next.get(id);
            if (before !== after) changes.push({id, before, after});
        }
        if (changes.length > 0) this.listeners.tell(changes);
    }
}

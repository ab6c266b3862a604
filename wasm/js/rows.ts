import type {DocumentValue} from './api.js';
import type {Lists} from './list-places.js';

export type Row = readonly [id: string, value: DocumentValue];

/** Above so many changes at once, sorting anew is cheaper than putting each in its place. */
const placesAtOnce = 256;

/** Documents by id, and the list of them in order, made when it is asked for. */
export class Rows {
    private readonly values = new Map<string, DocumentValue>();
    /** Of those that have some. null: they have other ids by now. */
    private readonly lists = new Map<string, Lists | null>();
    private sorted: readonly Row[] = Object.freeze([]);
    private readonly stale = new Set<string>();

    get size(): number {
        return this.values.size;
    }
    get(id: string): DocumentValue | undefined {
        return this.values.get(id);
    }
    ids(): IterableIterator<string> {
        return this.values.keys();
    }
    /** undefined: not known. */
    listsOf(id: string): Lists | undefined {
        const lists = this.lists.get(id);
        return lists === null ? undefined : (lists ?? []);
    }
    /** The ids in the lists may be others where the value is the same. */
    putLists(id: string, lists: Lists | undefined): void {
        if (lists === undefined) this.lists.delete(id);
        else this.lists.set(id, lists);
    }
    forgetLists(): void {
        for (const id of this.lists.keys()) this.lists.set(id, null);
    }
    /** undefined removes. */
    put(id: string, value: DocumentValue | undefined): void {
        if (value === undefined) this.values.delete(id);
        else this.values.set(id, value);
        this.stale.add(id);
    }

    /** All, ascending by id; the same frozen array until one changes. O(n) after a change, of the cheapest kind. */
    list(): readonly Row[] {
        if (this.stale.size === 0) return this.sorted;
        const changed = [...this.stale];
        this.stale.clear();
        if (changed.length > placesAtOnce) {
            this.sorted = Object.freeze([...this.values].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map((row) => Object.freeze(row)));
        } else {
            const rows = this.sorted.slice();
            for (const id of changed) this.place(rows, id);
            this.sorted = Object.freeze(rows);
        }
        return this.sorted;
    }

    private place(rows: Row[], id: string): void {
        let low = 0;
        for (let high = rows.length; low < high; ) {
            const middle = (low + high) >>> 1;
            if ((rows[middle] as Row)[0] < id) low = middle + 1;
            else high = middle;
        }
        const there = rows[low]?.[0] === id ? 1 : 0;
        const value = this.values.get(id);
        if (value === undefined) rows.splice(low, there);
        else rows.splice(low, there, Object.freeze([id, value] as const));
    }
}

import type {Path} from './api.js';
import {encodeJson} from './json.js';
import {
    listsIn, opsIn, Outline, placeOps, placePath, Places, seenDocuments, type ListsNow, type SeenDocument, type SeenLists,
} from './list-places.js';
import type {Value} from './value.js';

/** What a page did to the lists of a document. */
class Edit {
    /** With so many messages the page is told of it. */
    told = Infinity;
    private names: readonly string[] | undefined;

    constructor(
        readonly space: string,
        readonly seen: SeenDocument,
        /** So many edits that it was not told of are in what it did this on. */
        readonly unseen: number,
        private readonly ops: string,
        /** The lists after it: JSON. `null` if it failed. */
        private readonly after: string,
    ) {}

    /** Does the same to lists that the page saw without it. */
    onto(lists: Outline): Outline {
        this.names ??= this.namesMade();
        this.run(new Places(this.seen.outline(), lists, this.names));
        return lists;
    }

    private namesMade(): readonly string[] {
        const places = this.seen.places();
        this.run(places);
        const names = places.now.names(listsIn(this.after));
        return places.made.map((name) => names.get(name) ?? name);
    }
    private run(places: Places): void {
        for (const op of opsIn(this.ops)) {
            if (encodeJson(op['doc'] as Value) !== this.seen.name) continue;
            try {
                places.place(op);
            } catch {
                // Then all of it failed, which is its own answer.
            }
        }
    }
}

/**
 * One page's edits of lists, as far as it was not told of them. An index that it says next means a place in the list as it has changed it:
 * what it saw, and on that those edits.
 */
export class ListEdits {
    private edits: Edit[] = [];

    constructor(private readonly listsOf: (space: string) => ListsNow) {}

    clear(): void {
        this.edits = [];
    }
    /** The page had so many messages when it asked for what comes now. */
    heard(messages: number): void {
        this.edits = this.edits.filter(({told}) => told > messages);
    }
    /** With so many messages the page is told of what was made until now. */
    told(messages: number): void {
        for (const edit of this.edits) edit.told = Math.min(edit.told, messages);
    }

    path(space: string, document: readonly [collection: string, id: string], path: Path, seen: SeenLists | undefined): Path {
        return placePath(document, path, this.documents(space, seen));
    }

    /** Has the ops made, as they have to be for the lists as they are now. */
    make(space: string, ops: string, seen: SeenLists | undefined, make: (placed: string) => void): void {
        const documents = this.documents(space, seen);
        let made = false;
        try {
            make(placeOps(ops, documents));
            made = true;
        } finally {
            for (const one of documents) {
                const after = made ? this.listsOf(space)(...one.document) : 'null';
                this.edits.push(new Edit(space, one, this.unseen(space, one.name).length, ops, after));
            }
        }
    }

    private documents(space: string, seen: SeenLists | undefined): readonly SeenDocument[] {
        return seenDocuments(seen, this.listsOf(space), (name, then) => {
            const unseen = this.unseen(space, name);
            const last = unseen.at(-1);
            if (last === undefined) return undefined;
            // Many edits in a row stand on one another.
            const inRow = last.unseen === unseen.length - 1 && last.seen.text === encodeJson(then as Value);
            return inRow ? last.onto(last.seen.outline()) : unseen.reduce((lists, edit) => edit.onto(lists), new Outline(then));
        });
    }
    private unseen(space: string, name: string): readonly Edit[] {
        return this.edits.filter((edit) => edit.space === space && edit.seen.name === name);
    }
}

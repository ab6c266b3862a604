import type {Path, Step, Value} from './api.js';
import {SynclineError} from './errors.js';
import {decodeJson, encodeJson} from './json.js';

/**
 * Indexes in lists say what a page meant only together with the list that it saw. It says both: the ids of the elements
 * that its indexes counted go with the ops, and here the indexes are found anew for the list as it is now. An element
 * keeps its id wherever it is moved; what is inserted goes behind the element that it was to stand behind.
 */

/** A document's lists, those outside before those inside: of each the path, and the ids of its elements, in runs. */
export type Lists = readonly (readonly [path: Path, ids: readonly (readonly (string | number)[])[]])[];

/** What a page saw: of each document its lists. JSON of `[[[collection, id], lists], …]`. */
export type SeenLists = string;

/** What a page saw of a document, as far as its lists are below these fields: an empty list says that there was none. */
export function seenBelow(lists: Lists, fields: ReadonlySet<string>): Lists {
    const seen = lists.filter(([path]) => fields.has(path[0] as string));
    const none = [...fields].filter((field) => !seen.some(([path]) => path[0] === field));
    return [...seen, ...none.map((field) => [[field], []] as const)];
}

/** Whether it can be an index, or a count: a whole number from 0 on. */
export function isIndex(value: unknown): value is number {
    return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Asks for a document's lists as they are now. JSON, or `null` for none. */
export type ListsNow = (collection: string, id: string) => string;

type DocumentName = readonly [collection: string, id: string];
export type Op = {readonly [member: string]: Value};
type Key = readonly (string | readonly [id: string])[];

/** The ops as they have to be for the lists as they are now. Errors: `not_found` where an element was erased meanwhile. */
export function placeOps(ops: string, documents: readonly SeenDocument[]): string {
    const moved = new Map(documents.filter(({moved}) => moved).map((document) => [document.name, document.places()]));
    if (moved.size === 0) return ops;
    return encodeJson(opsIn(ops).flatMap((op) => moved.get(encodeJson(op['doc'] as Value))?.place(op) ?? [op]) as Value);
}

/** Likewise a path in a document, as it leads to the same place now. */
export function placePath(document: readonly [collection: string, id: string], path: Path, documents: readonly SeenDocument[]): Path {
    const name = encodeJson(document);
    return documents.find((seen) => seen.name === name && seen.moved)?.places().path(path) ?? path;
}

export function opsIn(ops: string): readonly Op[] {
    return decodeJson(ops) as unknown as readonly Op[];
}

/** What a page saw, with the lists as they are now. `changed` gives a document's lists as the page had changed them already, if it had. */
export function seenDocuments(
    seen: SeenLists | undefined,
    listsNow: ListsNow,
    changed: (name: string, then: Lists) => Outline | undefined = () => undefined,
): readonly SeenDocument[] {
    if (seen === undefined) return [];
    return (decodeJson(seen) as unknown as readonly (readonly [DocumentName, Lists])[]).map(([document, then]) => {
        const name = encodeJson(document);
        return new SeenDocument(document, name, then, listsIn(listsNow(...document)), changed(name, then));
    });
}

export function listsIn(text: string): Lists {
    return (decodeJson(text) ?? []) as unknown as Lists;
}

/** A document as a page saw it, and as it is. */
export class SeenDocument {
    /** Of what it saw: equal for equal lists. */
    readonly text: string;
    /** Its lists are others than the page saw. */
    readonly moved: boolean;

    constructor(
        readonly document: DocumentName,
        readonly name: string,
        private readonly then: Lists,
        readonly now: Lists,
        /** The lists as the page had changed them already, if it had. */
        private readonly changed: Outline | undefined,
    ) {
        const keys = new Set(then.map(([path]) => path[0]));
        this.text = encodeJson(then as Value);
        this.moved = changed !== undefined || this.text !== encodeJson(now.filter(([path]) => keys.has(path[0])) as Value);
    }
    /** To be changed in place. */
    outline(): Outline {
        return this.changed?.copy() ?? new Outline(this.then);
    }
    places(): Places {
        return new Places(this.outline(), new Outline(this.now));
    }
}

/** Lists by where they are, with ids in place of indexes. */
export class Outline {
    private readonly lists = new Map<string, string[]>();

    constructor(lists: Lists) {
        for (const [path, ids] of lists) this.lists.set(encodeJson(this.key(path) as Value), idsOf(ids));
    }
    copy(): Outline {
        const copied = new Outline([]);
        for (const [name, ids] of this.lists) copied.lists.set(name, [...ids]);
        return copied;
    }
    /** What elements are called in these lists, by what they are called here. */
    names(lists: Lists): ReadonlyMap<string | undefined, string> {
        const names = new Map<string | undefined, string>();
        for (const [path, ids] of lists) {
            const here = this.at(this.key(path));
            idsOf(ids).forEach((id, at) => names.set(here[at], id));
        }
        return names;
    }
    /** To be changed in place; empty where there is none. */
    at(key: Key): string[] {
        const name = encodeJson(key as Value);
        let list = this.lists.get(name);
        if (list === undefined) this.lists.set(name, (list = []));
        return list;
    }
    /** What is there, and below, is gone. */
    clear(key: Key): void {
        const name = encodeJson(key as Value);
        const below = key.length === 0 ? '[' : `${name.slice(0, -1)},`;
        for (const one of [...this.lists.keys()]) if (one === name || one.startsWith(below)) this.lists.delete(one);
    }
    private key(path: Path): Key {
        const key: (string | readonly [string])[] = [];
        for (const step of path) key.push(typeof step === 'string' ? step : [this.at(key)[step] ?? '']);
        return key;
    }
}

function idsOf(runs: Lists[number][1]): string[] {
    const ids: string[] = [];
    for (const [replica, ...ends] of runs) {
        for (let at = 0; at < ends.length; at += 2) {
            for (let counter = Number(ends[at]); counter <= Number(ends[at + 1]); counter++) ids.push(`${replica}:${counter}`);
        }
    }
    return ids;
}

/** One document's lists as a page saw them and as they are, both changed by op after op of one transaction. */
export class Places {
    private static named = 0;
    /** What the elements are called that were made, in order. */
    readonly made: string[] = [];

    constructor(
        readonly then: Outline,
        readonly now: Outline,
        private readonly names: readonly string[] = [],
    ) {}

    path(path: Path): Path {
        const found = this.find(path);
        if (found === null) throw gone();
        return found.path;
    }

    place(op: Op): readonly Op[] {
        const found = this.find((op['path'] ?? []) as Path);
        // What is gone needs no removing any more.
        if (found === null) {
            if (removals.has(op['op'] as string)) return [];
            throw gone();
        }
        const {path, key} = found;
        const there: Op = op['path'] === undefined ? op : {...op, path: path as Value};
        if (op['op'] === 'delete') {
            this.then.clear(key);
            this.now.clear(key);
        }
        return (op['op'] as string).startsWith('list_') ? this.placeInList(there, this.then.at(key), this.now.at(key)) : [there];
    }

    private placeInList(op: Op, then: string[], now: string[]): readonly Op[] {
        const index = indexIn(op['op'] === 'list_push' ? then.length : op['index']);
        switch (op['op']) {
            case 'list_push':
            case 'list_insert': {
                mustBe(index <= then.length);
                const ids = Array.from({length: Array.isArray(op['values']) ? op['values'].length : 1}, () => this.name());
                const at = op['op'] === 'list_push' ? now.length : behind(then, index, now);
                then.splice(index, 0, ...ids);
                now.splice(at, 0, ...ids);
                return [op['op'] === 'list_push' ? op : {...op, index: at}];
            }
            case 'list_erase': {
                const count = indexIn(op['count'] ?? 1);
                mustBe(index + count <= then.length);
                const erased: {[member: string]: Value}[] = [];
                for (const id of then.splice(index, count)) {
                    const at = now.indexOf(id);
                    if (at < 0) continue;
                    now.splice(at, 1);
                    const last = erased.at(-1);
                    if (last?.['index'] === at) last['count'] = (last['count'] as number) + 1;
                    else erased.push({...op, index: at, count: 1});
                }
                return erased;
            }
            case 'list_move': {
                const to = indexIn(op['to']);
                mustBe(index < then.length && to < then.length);
                const [id] = then.splice(index, 1) as [string];
                const from = now.indexOf(id);
                if (from >= 0) now.splice(from, 1);
                const at = behind(then, to, now);
                then.splice(to, 0, id);
                if (from < 0) return [];
                now.splice(at, 0, id);
                return [{...op, index: from, to: at}];
            }
            default: {
                mustBe(index < then.length);
                const at = now.indexOf(then[index] as string);
                if (at < 0) throw gone();
                return [{...op, index: at}];
            }
        }
    }

    private name(): string {
        const name = this.names[this.made.length] ?? `new:${++Places.named}`;
        this.made.push(name);
        return name;
    }
    /** null: an element on the way is gone. */
    private find(path: Path): {readonly path: Path; readonly key: Key} | null {
        const found: Step[] = [];
        const key: (string | readonly [string])[] = [];
        for (const step of path) {
            if (typeof step === 'string') {
                found.push(step);
                key.push(step);
                continue;
            }
            const id = this.then.at(key)[step];
            mustBe(id !== undefined);
            const at = this.now.at(key).indexOf(id as string);
            if (at < 0) return null;
            found.push(at);
            key.push([id as string]);
        }
        return {path: found, key};
    }
}

/** Ops that only take away. */
const removals = new Set(['delete', 'erase', 'erase_remove_wins', 'list_erase', 'list_move', 'text_erase']);

/** Where in `now` is what is at `index` of `then`: behind the nearest one on the left that is still there, else before one on the right. */
function behind(then: readonly string[], index: number, now: readonly string[]): number {
    for (let left = index - 1; left >= 0; left--) {
        const at = now.indexOf(then[left] as string);
        if (at >= 0) return at + 1;
    }
    for (const id of then.slice(index)) {
        const at = now.indexOf(id);
        if (at >= 0) return at;
    }
    return index === 0 ? 0 : now.length;
}

/** Pages look themselves (recorder.ts), and are not trusted: counted from the end, -1 would be another element. */
function indexIn(value: Value | undefined): number {
    mustBe(isIndex(value));
    return value as number;
}
function mustBe(inside: boolean): void {
    if (!inside) throw new SynclineError('out_of_range', 'the list has no such place, as this page has it');
}
function gone(): SynclineError {
    return new SynclineError('not_found', 'the list element was erased meanwhile');
}

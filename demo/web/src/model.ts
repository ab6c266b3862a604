/**
 * What a board is.
 *
 * A board is a space: the unit that the relay syncs and gives rights to, so that sharing a board is sharing its
 * name. In it are the items, one document each, and one document `board/main` with the board's title and the order
 * of the items. The order is a list of ids and not a number in each item: a list has a move, and of two people who
 * move one item at the same time one wins and the item is there once.
 */
import {schema} from 'syncline';

export const app = schema({
    version: 1,
    collections: {
        board: {
            fields: {
                title: {type: 'register', kind: 'text'},
                order: {type: 'list', elements: {type: 'register', kind: 'text'}},
            },
        },
        items: {
            // None of it is required: an item that one person removes while another votes for it comes back as
            // that vote, and an undo must be able to take back the rest.
            fields: {
                title: {type: 'register', kind: 'text'},
                votes: {type: 'pn_counter', default: 0},
                tags: {type: 'or_set', kind: 'text'},
                done: {type: 'ew_flag', default: false},
                notes: {type: 'text'},
            },
        },
        // Names of those who wrote something, by replica: the history wants them when they are not here.
        people: {fields: {name: {type: 'register', kind: 'text'}}},
    },
});
export type App = typeof app;

export const mainId = 'main';

export interface Item {
    readonly id: string;
    readonly title: string;
    readonly votes: number;
    readonly tags: readonly string[];
    readonly done: boolean;
    readonly notes: string;
}

/**
 * A document as it is read. Its types would say more, and all that this app writes is so: but a register holds what whoever
 * wrote it last put there, and that may be another app.
 */
export type Fields = {readonly [key: string]: unknown};
export type Entries = readonly (readonly [id: string, value: Fields])[];

/** What is shown for an item that has no title (any more). */
export const untitled = 'Untitled';

/** The same item as long as the value is the same. */
export function itemOf(id: string, value: Fields): Item {
    const known = items.get(value);
    if (known !== undefined) return known;
    const item: Item = {
        id,
        title: textOf(value['title']),
        votes: typeof value['votes'] === 'number' ? value['votes'] : 0,
        tags: textsOf(value['tags']),
        done: value['done'] === true,
        notes: textOf(value['notes']),
    };
    items.set(value, item);
    return item;
}
const items = new WeakMap<Fields, Item>();

export function boardTitle(main: Fields | undefined): string {
    return textOf(main?.['title']);
}

/** The ids as the list holds them: some may be of items that are gone, and some may be there twice. */
export function listedOrder(main: Fields | undefined): readonly string[] {
    return textsOf(main?.['order']);
}

/**
 * The items as they are shown: in the list's order, each once; behind them those that the list does not hold. (An
 * item whose removal met somebody's edit is back without a place.)
 */
export function itemsInOrder(order: readonly string[], entries: Entries): readonly Item[] {
    const left = new Map(entries);
    const shown: Item[] = [];
    for (const id of order) {
        const value = left.get(id);
        if (value === undefined) continue;
        left.delete(id);
        shown.push(itemOf(id, value));
    }
    for (const [id, value] of left) shown.push(itemOf(id, value));
    return shown;
}

/** All tags of the items, those that are used most first. */
export function tagsOf(all: readonly Item[]): readonly string[] {
    const uses = new Map<string, number>();
    for (const tag of all.flatMap((item) => item.tags)) uses.set(tag, (uses.get(tag) ?? 0) + 1);
    return [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || a.localeCompare(b));
}

function textOf(value: unknown): string {
    return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): readonly string[] {
    return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

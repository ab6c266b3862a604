import {useEffect, useMemo, useRef, useSyncExternalStore} from 'react';
import type {RefObject} from 'react';
import type {DocumentValue, Space} from '../api.js';
import {useSpace} from './context.js';
import {LoadingSource} from './loading-source.js';
import type {Source} from './source.js';
import type {Loaded} from './loading-source.js';

/** A document with its id. */
export type Entry<D = DocumentValue> = readonly [id: string, value: D];

export interface CollectionOptions<D = DocumentValue> {
    /** Which documents to show. */
    readonly filter?: (value: D, id: string) => boolean;
    /** The order to show them in, as for `Array.sort`; without it by id, ascending. */
    readonly sort?: (a: Entry<D>, b: Entry<D>) => number;
}

/** A new object when something in it changes. */
export interface CollectionState<D = DocumentValue> {
    /** The same array until one of the documents shown, or their order, changes. */
    readonly entries: readonly Entry<D>[];
    /** False until all documents of the collection are here. */
    readonly loaded: boolean;
    /** Why they could not be loaded. */
    readonly error: Error | null;
}

const nothing: CollectionState = Object.freeze({entries: Object.freeze([]), loaded: false, error: null});

function collectionSource(space: Space, name: string): LoadingSource<readonly Entry[]> {
    const collection = space.collection(name);
    return new LoadingSource(
        {
            read: () => collection.entries(),
            complete: () => collection.loaded,
            load: () => collection.load(),
            observe: (listener) => collection.observe(listener),
        },
        nothing.entries,
    );
}

function pick(all: readonly Entry[], {filter, sort}: CollectionOptions): readonly Entry[] {
    if (filter === undefined && sort === undefined) return all;
    const picked = filter === undefined ? [...all] : all.filter(([id, value]) => filter(value, id));
    return Object.freeze(sort === undefined ? picked : picked.sort(sort));
}

function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
    return (
        a === b || (a.length === b.length && a.every(([id, value], at) => id === b[at]?.[0] && value === b[at]?.[1]))
    );
}

/**
 * The part of the collection that the options ask for, as a snapshot: computed once for each state of the
 * collection, and the one before when nothing in it differs. `shown` is what was computed for an earlier render.
 */
function selection(
    source: Source<Loaded<readonly Entry[]>>,
    options: CollectionOptions,
    shown: RefObject<CollectionState>,
): () => CollectionState {
    let seen: Loaded<readonly Entry[]> | null = null;
    let selected: CollectionState | null = null;
    return () => {
        const now = source.snapshot();
        if (now === seen && selected !== null) return selected;
        const before = selected ?? shown.current;
        const picked = pick(now.value, options);
        const entries = sameEntries(before.entries, picked) ? before.entries : picked;
        const same = entries === before.entries && now.loaded === before.loaded && now.error === before.error;
        seen = now;
        selected = same ? before : Object.freeze({entries, loaded: now.loaded, error: now.error});
        return selected;
    };
}

/**
 * The documents of a collection, or those that pass a filter. The component renders again when one that it shows
 * changes, comes or goes. `filter` and `sort` may be written inline and may use props and state: they are as in the
 * latest render. Cost: each is run over the whole collection once a change, and once a render where it is inline.
 */
export function useCollection(name: string, options: CollectionOptions = {}): CollectionState {
    const space = useSpace();
    const source = useMemo(() => collectionSource(space, name), [space, name]);
    const {filter, sort} = options;
    const shown = useRef(nothing);
    const snapshot = useMemo(() => selection(source, options, shown), [source, filter, sort]);
    const state = useSyncExternalStore(source.subscribe, snapshot, () => nothing);
    useEffect(() => {
        shown.current = state;
    }, [state]);
    return state;
}

import {useSyncExternalStore} from 'react';
import type {Stop} from '../api.js';

/** Something outside of React that components show. Its functions need no `this`. */
export interface Source<T> {
    /** Calls `listener` after each change of the snapshot. */
    readonly subscribe: (listener: () => void) => Stop;
    /** What is to be shown now: the same value, by identity, until it changes. */
    readonly snapshot: () => T;
    /** What a server renders, and the first render of the page that takes over from it. */
    readonly serverSnapshot: () => T;
}

/** Shows a source: renders again when its snapshot changes, and never shows two states of it in one render. */
export function useSource<T>(source: Source<T>): T {
    return useSyncExternalStore(source.subscribe, source.snapshot, source.serverSnapshot);
}

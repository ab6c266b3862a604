import type {ReactNode} from 'react';
import type {CollectionOf, DocumentOf, FieldsOf, PathTo, Schema, Space, Text} from '../api.js';
import {useCollection} from './collection.js';
import type {CollectionOptions, CollectionState} from './collection.js';
import {SynclineProvider, useSpace} from './context.js';
import type {SynclineProviderProps} from './context.js';
import {useDocument} from './document.js';
import {useLiveText} from './live-text.js';
import type {LiveTextState} from './live-text.js';
import type {Loaded} from './loading-source.js';
import {useUndo} from './undo.js';
import type {Undo} from './undo.js';

/** The hooks that deal with documents, as an app's schema has them. */
export interface Hooks<S extends Schema> {
    /** {@link SynclineProvider}, for spaces of this schema only. */
    readonly SynclineProvider: (props: SynclineProviderProps<S>) => ReactNode;
    /** {@link useSpace} */
    readonly useSpace: () => Space<S>;
    /** {@link useDocument} */
    readonly useDocument: <N extends CollectionOf<S>>(collection: N, id: string) => Loaded<DocumentOf<S, N> | undefined>;
    /** {@link useCollection} */
    readonly useCollection: <N extends CollectionOf<S>>(
        name: N,
        options?: CollectionOptions<DocumentOf<S, N>>,
    ) => CollectionState<DocumentOf<S, N>>;
    /** {@link useLiveText} */
    readonly useLiveText: <N extends CollectionOf<S>>(collection: N, id: string, path: PathTo<FieldsOf<S, N>, Text>) => LiveTextState;
    /** {@link useUndo} */
    readonly useUndo: () => Undo<S>;
}

const untyped = {SynclineProvider, useSpace, useDocument, useCollection, useLiveText, useUndo};

/**
 * The hooks with the types of an app's documents. They are the same functions; call this once, where the schema is:
 *
 * ```ts
 * export const {SynclineProvider, useCollection, useDocument, useUndo} = hooksFor(app);
 * ```
 *
 * `declared` is what the store was opened with, and is asked for its type alone: `hooksFor<typeof app>()` does, too.
 */
export function hooksFor<S extends Schema>(declared?: S): Hooks<S> {
    void declared;
    return untyped as unknown as Hooks<S>;
}

import {createContext, createElement, useContext, useEffect, useMemo} from 'react';
import type {ReactNode} from 'react';
import type {Schema, Space} from '../api.js';
import {UndoSource} from './undo-source.js';
import type {UndoOptions} from './undo-source.js';

interface Held {
    readonly space: Space;
    readonly undo: UndoSource;
}

const HeldContext = createContext<Held | null>(null);

export interface SynclineProviderProps<S extends Schema = Schema> {
    /** The space that the hooks below this element use. Open the store outside of React, once. */
    readonly space: Space<S>;
    /** For {@link useUndo}; as they are when the provider first renders with this space. */
    readonly undo?: UndoOptions;
    readonly children?: ReactNode;
}

/** Gives a space, and one undo stack of it, to the hooks in `children`. Providers nest: the nearest one counts. */
export function SynclineProvider<S extends Schema = Schema>(props: SynclineProviderProps<S>): ReactNode {
    const space = props.space as unknown as Space;
    const options = props.undo;
    // The options count when the stack is opened: written inline they are new in each render, and mean nothing by it.
    const held = useMemo<Held>(() => ({space, undo: new UndoSource(space, options)}), [space]);
    useEffect(() => () => held.undo.close(), [held]);
    return createElement(HeldContext.Provider, {value: held}, props.children);
}

export function useHeld(): Held {
    const held = useContext(HeldContext);
    if (held === null) throw new Error('Syncline hooks work below a <SynclineProvider space={…}>.');
    return held;
}

/** The space of the nearest {@link SynclineProvider}; throws where there is none. */
export function useSpace(): Space {
    return useHeld().space;
}

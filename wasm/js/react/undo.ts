import {useMemo} from 'react';
import type {Schema, Transaction, UndoChange} from '../api.js';
import {useHeld} from './context.js';
import {useSource} from './source.js';

export interface Undo<S extends Schema = Schema> {
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    /**
     * What could be undone is gone, since another tab leads by now ({@link UndoChange}): true from then on until something is recorded
     * again. For an app that wants to say so beside the button.
     */
    readonly lost: boolean;
    /** Takes back the last group that was recorded here; false: nothing was left. */
    readonly undo: () => Promise<boolean>;
    readonly redo: () => Promise<boolean>;
    /** As `space.transact`, and recorded. */
    readonly transact: (edit: (tx: Transaction<S>) => void) => Promise<void>;
}

/**
 * The undo stack of the nearest provider: all components below it share one. Only what goes through this `transact`
 * is recorded; what others do is never taken back. The functions keep their identity.
 */
export function useUndo(): Undo {
    const {undo: source} = useHeld();
    const {canUndo, canRedo, lost} = useSource(source);
    return useMemo(
        () => ({canUndo, canRedo, lost, undo: source.undo, redo: source.redo, transact: source.transact}),
        [source, canUndo, canRedo, lost],
    );
}

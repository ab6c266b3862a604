import {useEffect} from 'react';
import type {Board} from '../board';

/** Ctrl+Z, Shift+Ctrl+Z and Ctrl+Y (⌘ on a Mac), except where one types: a field has an undo of its own. */
export function useUndoKeys({undo, redo}: Pick<Board, 'undo' | 'redo'>): void {
    useEffect(() => {
        const onKey = (event: KeyboardEvent): void => {
            if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event)) return;
            const key = event.key.toLowerCase();
            if (key === 'z' && !event.shiftKey) undo();
            else if (key === 'y' || (key === 'z' && event.shiftKey)) redo();
            else return;
            event.preventDefault();
        };
        addEventListener('keydown', onKey);
        return () => removeEventListener('keydown', onKey);
    }, [undo, redo]);
}

function isTyping(event: KeyboardEvent): boolean {
    const target = event.composedPath()[0];
    if (!(target instanceof HTMLElement)) return false;
    if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
    return target instanceof HTMLTextAreaElement || target.isContentEditable;
}

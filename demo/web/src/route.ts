/** Where the person is, in the address: `#/`, `#/b/<board>`, `#/b/<board>/<item>`. An address of any other form is lost. */
import {useSyncExternalStore} from 'react';

export interface Route {
    readonly board: string | null;
    readonly item: string | null;
    /** It leads nowhere: a link that was cut off, or mistyped. */
    readonly lost: boolean;
}

export const home = '#/';
export const boardAddress = (board: string): string => `#/b/${board}`;
export const itemAddress = (board: string, item: string): string => `#/b/${board}/${item}`;

export function parseRoute(hash: string): Route {
    if (/^#?\/?$/.test(hash)) return {board: null, item: null, lost: false};
    const [, kind, board, item] = hash.split('/');
    if (kind !== 'b' || board === undefined || !isBoardName(board)) return {board: null, item: null, lost: true};
    return {board, item: item === undefined || item === '' ? null : decoded(item), lost: false};
}

/** As it is where it is not well-formed: then no item is called so, and that is said. */
function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/** As a space is named. */
export function isBoardName(name: string): boolean {
    return /^[A-Za-z0-9._:-]{1,128}$/.test(name);
}

/** A board's name in what somebody pasted: the name, or a link that ends in it. */
export function boardIn(text: string): string | null {
    const trimmed = text.trim();
    const linked = /#\/b\/([A-Za-z0-9._:-]{1,128})/.exec(trimmed)?.[1];
    if (linked !== undefined) return linked;
    return isBoardName(trimmed) ? trimmed : null;
}

/** The item's address came right after its board's, so that it is left by going back. */
let cameFromBoard = false;

/** Shows the board again, and leaves no item behind that a press on the browser's Back would open. */
export function leaveItem(board: string): void {
    if (cameFromBoard) history.back();
    else location.hash = boardAddress(board);
}

export function useRoute(): Route {
    const hash = useSyncExternalStore(observeHash, () => location.hash);
    return parseRoute(hash);
}

function observeHash(listener: () => void): () => void {
    const changed = ({oldURL, newURL}: HashChangeEvent): void => {
        const [before, now] = [parseRoute(new URL(oldURL).hash), parseRoute(new URL(newURL).hash)];
        cameFromBoard = before.board !== null && before.board === now.board && before.item === null && now.item !== null;
        listener();
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
}

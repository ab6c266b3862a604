/** Where the person is, in the address: `#/`, `#/b/<board>`, `#/b/<board>/<item>`. */
import {useSyncExternalStore} from 'react';

export interface Route {
    readonly board: string | null;
    readonly item: string | null;
}

export const home = '#/';
export const boardAddress = (board: string): string => `#/b/${board}`;
export const itemAddress = (board: string, item: string): string => `#/b/${board}/${item}`;

export function parseRoute(hash: string): Route {
    const [, kind, board, item] = hash.split('/');
    if (kind !== 'b' || board === undefined || !isBoardName(board)) return {board: null, item: null};
    return {board, item: item === undefined || item === '' ? null : decodeURIComponent(item)};
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

export function useRoute(): Route {
    const hash = useSyncExternalStore(observeHash, () => location.hash);
    return parseRoute(hash);
}

function observeHash(listener: () => void): () => void {
    addEventListener('hashchange', listener);
    return () => removeEventListener('hashchange', listener);
}

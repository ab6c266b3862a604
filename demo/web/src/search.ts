import type {Item} from './model';

/** What the list is narrowed to. */
export interface Filter {
    readonly words: string;
    readonly tag: string | null;
    readonly open: boolean;
}

export const everything: Filter = {words: '', tag: null, open: false};

export function isNarrow(filter: Filter): boolean {
    return filter.words.trim() !== '' || filter.tag !== null || filter.open;
}

/** That no item is left, and by what. */
export function noneFitWords({words, tag, open}: Filter): string {
    const sought = words.trim();
    const among = `${open ? ' open' : ''} item${tag === null ? '' : ` tagged “${tag}”`}`;
    return sought === '' ? `There is no${among}.` : `No${among} has “${sought}” in its title, notes or tags.`;
}

/** Each word has to be in the title, the notes or a tag, in whatever case. */
export function matches(item: Item, filter: Filter): boolean {
    if (filter.open && item.done) return false;
    if (filter.tag !== null && !item.tags.includes(filter.tag)) return false;
    const text = fold([item.title, item.notes, ...item.tags].join('\n'));
    return wordsOf(filter).every((word) => text.includes(word));
}

export interface Piece {
    readonly text: string;
    readonly found: boolean;
}

/** The text cut where what was searched begins and ends. */
export function pieces(text: string, filter: Filter): readonly Piece[] {
    const words = wordsOf(filter);
    const folded = fold(text);
    // Folding may change a text's length (İ); then positions would not fit, and nothing is marked.
    if (words.length === 0 || folded.length !== text.length) return [{text, found: false}];
    const cut: Piece[] = [];
    let at = 0;
    while (at < text.length) {
        const next = nextHit(folded, words, at);
        if (next === null) break;
        if (next.from > at) cut.push({text: text.slice(at, next.from), found: false});
        cut.push({text: text.slice(next.from, next.to), found: true});
        at = next.to;
    }
    if (at < text.length) cut.push({text: text.slice(at), found: false});
    return cut;
}

function nextHit(folded: string, words: readonly string[], at: number): {from: number; to: number} | null {
    let best: {from: number; to: number} | null = null;
    for (const word of words) {
        const from = folded.indexOf(word, at);
        if (from < 0) continue;
        const earlier = best === null || from < best.from || (from === best.from && from + word.length > best.to);
        if (earlier) best = {from, to: from + word.length};
    }
    return best;
}

function wordsOf(filter: Filter): readonly string[] {
    return fold(filter.words).split(/\s+/).filter((word) => word !== '');
}

function fold(text: string): string {
    return text.toLowerCase();
}

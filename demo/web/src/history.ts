/** A document's history in plain words. */
import type {HistoryEntry, Value} from 'syncline';

/** What somebody did, in one go. */
export interface Told {
    readonly author: string;
    readonly time: number;
    readonly sent: boolean;
    readonly deeds: readonly string[];
}

const pauseMs = 10 * 60_000;

/** The history, newest first. Typing is a change for each key: what one person wrote without a longer pause is told once. */
export function tell(entries: readonly HistoryEntry[]): readonly Told[] {
    const told: Told[] = [];
    for (const entry of entries.toReversed()) {
        const next = {author: entry.author, time: entry.time, sent: entry.sequence !== null, deeds: deeds(entry)};
        const last = told.at(-1);
        const goesOn =
            last !== undefined &&
            last.author === next.author &&
            last.time - next.time < pauseMs &&
            isWriting(last) &&
            isWriting(next);
        if (!goesOn) told.push(next);
    }
    return told;
}

function isWriting(told: Told): boolean {
    return told.deeds.every((deed) => deed === wrote);
}

const wrote = 'wrote in its notes';

/** What one change did to an item: "renamed it to “Tent”", "voted for it", … Never empty. */
export function deeds(entry: HistoryEntry): readonly string[] {
    const said = new Set<string>();
    for (const edit of entry.edits) said.add(deed(edit));
    return [...said];
}

function deed(edit: Value): string {
    const field = member(edit, 'field');
    const key = Array.isArray(field) ? field[0] : undefined;
    const op = member(edit, 'op');
    switch (key) {
        case 'title':
            return op === 'set' ? `called it “${String(member(edit, 'value'))}”` : 'took its title away';
        case 'votes':
            return votes(member(edit, 'amount'));
        case 'tags':
            return op === 'erase' ? 'took a tag away' : `tagged it “${String(member(edit, 'value'))}”`;
        case 'done':
            return op === 'disable' ? 'opened it again' : 'ticked it off';
        case 'notes':
            return wrote;
        default:
            return 'removed it';
    }
}

function votes(amount: Value | undefined): string {
    if (typeof amount !== 'number' || amount === 0) return 'took votes back';
    if (amount === 1) return 'voted for it';
    return amount > 0 ? `gave it ${amount} votes` : amount === -1 ? 'took a vote back' : `took ${-amount} votes back`;
}

function member(value: Value, key: string): Value | undefined {
    if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) return undefined;
    return (value as {readonly [key: string]: Value})[key];
}

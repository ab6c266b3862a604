/** Who is here, as presence tells it. */
import type {PresenceEntry, Value} from 'syncline';
import type {Caret} from 'syncline/codemirror';

export interface Person {
    readonly key: string;
    readonly replica: string;
    readonly name: string;
    /** The item they have open. */
    readonly item: string | null;
}

/** What this tab tells the others. */
export function aboutMe(name: string, item: string | null, caret: Caret | null): Value {
    return {name, item, caret};
}

export function nameIn(value: Value): string | null {
    return text(value, 'name')?.slice(0, nameMax) ?? null;
}

/** What their editor said of their caret; unchecked, as they sent it. */
export function caretIn(value: Value): Value | undefined {
    return member(value, 'caret');
}

const nameMax = 60;

/** One for each replica, even when somebody has several tabs; others' values are not to be trusted in form. */
export function peopleOf(others: readonly PresenceEntry[]): readonly Person[] {
    const people = new Map<string, Person>();
    for (const {key, replica, value} of others) {
        const name = nameIn(value);
        if (name === null) continue;
        const item = text(value, 'item');
        const known = people.get(replica);
        if (known === undefined || known.item === null) people.set(replica, {key, replica, name, item});
    }
    return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function member(value: Value, key: string): Value | undefined {
    if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) return undefined;
    return (value as {readonly [key: string]: Value})[key];
}

function text(value: Value, key: string): string | null {
    const found = member(value, key);
    return typeof found === 'string' && found !== '' ? found : null;
}

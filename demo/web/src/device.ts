/** What this browser remembers for its person: small settings, in localStorage where that is allowed. */

const nameKey = 'syncline-demo.name';
const offlineKey = 'syncline-demo.offline';

/** The name others see; a friendly one is made up until a real one is given. */
export function readName(): string {
    const known = read(nameKey);
    if (known !== null && known !== '') return known;
    const made = `${pick(adjectives)} ${pick(animals)}`;
    write(nameKey, made);
    return made;
}

export function writeName(name: string): void {
    write(nameKey, name);
}

/** Whether the person switched to offline; a reload keeps that. */
export function readOffline(): boolean {
    return read(offlineKey) === 'yes';
}

export function writeOffline(offline: boolean): void {
    write(offlineKey, offline ? 'yes' : 'no');
}

/** A name for a new board or item: 60 random bits, in letters that survive being read out. */
export function randomId(): string {
    const letters = 'abcdefghjkmnpqrstuvwxyz023456789';
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => letters[byte % 32]).join('');
}

/** One of eight colours for a replica; everybody sees it in the same one. */
export function hueOf(replica: string): number {
    let sum = 0;
    for (const letter of replica) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
    return sum % 8;
}

/** "Ada Lovelace" → "AL" */
export function initials(name: string): string {
    const words = name.trim().split(/\s+/);
    const first = [...(words[0] ?? '')][0] ?? '?';
    const last = words.length > 1 ? ([...(words[words.length - 1] ?? '')][0] ?? '') : '';
    return (first + last).toUpperCase();
}

const adjectives = ['Quiet', 'Brave', 'Sunny', 'Swift', 'Gentle', 'Clever', 'Merry', 'Calm'] as const;
const animals = ['Otter', 'Heron', 'Badger', 'Finch', 'Hare', 'Lynx', 'Seal', 'Wren'] as const;

function pick<T>(from: readonly [T, ...T[]]): T {
    return from[Math.floor(Math.random() * from.length)] ?? from[0];
}

function read(key: string): string | null {
    try {
        return localStorage.getItem(key);
    } catch {
        return null; // a browser that allows no storage; the name then lasts for this visit
    }
}

function write(key: string, value: string): void {
    try {
        localStorage.setItem(key, value);
    } catch {
        // as above
    }
}

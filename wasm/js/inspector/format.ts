import type {DocumentValue, Path, Value} from '../api.js';

/** A value as text for people, in the manner of JSON; bytes and big integers are told apart. */
export function written(value: Value | undefined, indent = ''): string {
    if (value === undefined) return 'nothing';
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Uint8Array) return `bytes(${value.length})`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const deeper = `${indent}  `;
    const [open, close, lines] = isArray(value)
        ? (['[', ']', value.map((element) => written(element, deeper))] as const)
        : (['{', '}', Object.entries(value).map(([key, member]) => `${key}: ${written(member, deeper)}`)] as const);
    if (lines.length === 0) return open + close;
    const flat = `${open}${lines.join(', ')}${close}`;
    if (flat.length <= 60 && !flat.includes('\n')) return flat;
    return `${open}\n${lines.map((line) => deeper + line).join(',\n')}\n${indent}${close}`;
}

/** One line of a document, to know it by. */
export function summary(value: DocumentValue): string {
    const text = written(value).replace(/\s+/g, ' ');
    return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** Paths of what may be registers: everything that is no container. At most `limit`. */
export function leaves(value: DocumentValue, limit: number): readonly Path[] {
    const found: Path[] = [];
    const walk = (inside: Value, path: Path): void => {
        if (found.length >= limit) return;
        if (isArray(inside)) inside.forEach((element, index) => walk(element, [...path, index]));
        else if (isMap(inside)) for (const [key, member] of Object.entries(inside)) walk(member, [...path, key]);
        else found.push(path);
    };
    walk(value, []);
    return found;
}

export function bytes(count: number): string {
    if (count < 1000) return `${count} B`;
    if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
    return `${(count / 1_000_000).toFixed(1)} MB`;
}

export function isArray(value: Value): value is readonly Value[] {
    return Array.isArray(value);
}

function isMap(value: Value): value is {readonly [key: string]: Value} {
    return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
